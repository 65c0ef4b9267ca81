import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import type { Body } from '../../arm/json.ts';
import type { NameRule, ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { recordType, storeRecord, withBareEtag } from './dnsRecords.ts';
import {
  acceptedReply,
  type DnsTags,
  dnsTags,
  dnsTransitions,
  refuseBusy,
  refuseWhileDnsBusy,
  zoneType,
} from './dnsStyle.ts';
import { isReleasedLate } from './networkWrites.ts';
import { linkType, storeLink } from './virtualNetworkLinks.ts';

const zoneBody = z.looseObject({ location: z.literal('global'), tags: dnsTags });
const transitions = dnsTransitions('UpsertPrivateDnsZone', 'DeletePrivateDnsZone');

const zoneNames: NameRule = {
  pattern: /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?){1,33}$/i,
  rule: 'It must have 2 to 34 labels of up to 63 letters, digits, underscores and dashes.',
};

export const privateDnsZoneTypes: readonly ResourceType[] = [
  { kind: 'stored', type: zoneType, tracked: true, names: zoneNames, view, transitions, put, delete: remove },
];

/** Makes a finished zone, linked to a network and with these A records, from inside the cloud, as AKS does. The TTL is the one that az sets by default. */
export function createLinkedZone(
  world: World,
  zoneId: string,
  link: { readonly name: string; readonly vnet: string },
  records: Readonly<Record<string, string>>,
): void {
  storeZone(world, zoneId, undefined);
  storeLink(world, `${zoneId}/virtualNetworkLinks/${link.name}`, undefined, link.vnet);
  for (const [name, ipv4Address] of Object.entries(records)) {
    storeRecord(world, `${zoneId}/A/${name}`, { ttl: 3600, aRecords: [{ ipv4Address }] });
  }
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, zoneBody);
  const id = existing?.id ?? request.resourceId;
  refuseWhileDnsBusy(world, id);
  return acceptedReply(world, id, transitions.put, () => storeZone(world, id, sent.tags));
}

function remove(request: ArmRequest, zone: Resource): Reply {
  const { world } = request;
  refuseBusy(world.operations.runningBelow(zone.id));
  const links = world.store.list(linkType, zone.id);
  if (links.length > 0 || isReleasedLate(world, zone.id)) {
    throw new ArmError(
      409,
      'CannotDeleteResource',
      `Can not delete resource before nested resources are deleted: ${links.map(({ id }) => id).join(', ')}.`,
    );
  }
  return acceptedReply(world, zone.id, transitions.delete);
}

function storeZone(world: World, id: string, tags: DnsTags): Resource {
  return world.store.put(id, zoneType, {
    id,
    name: nameOf(id),
    type: zoneType,
    location: 'global',
    ...(tags && { tags }),
    properties: {
      // Azure's limits on every zone.
      maxNumberOfRecordSets: 25000,
      maxNumberOfVirtualNetworkLinks: 1000,
      maxNumberOfVirtualNetworkLinksWithRegistration: 100,
      provisioningState: 'Succeeded',
    },
  });
}

function view(zone: Resource, world: World): Body {
  const links = world.store.list(linkType, zone.id);
  const registering = links.filter((link) => propertiesOf(link).registrationEnabled === true);
  return {
    ...withBareEtag(zone),
    properties: {
      ...propertiesOf(zone),
      // The SOA record counts too.
      numberOfRecordSets: world.store.list(recordType, zone.id).length + 1,
      numberOfVirtualNetworkLinks: links.length,
      numberOfVirtualNetworkLinksWithRegistration: registering.length,
    },
  };
}
