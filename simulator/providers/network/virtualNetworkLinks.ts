import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf, nameOf, parentPath } from '../../arm/ids.ts';
import { type Body, valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/permissions.ts';
import { acceptedReply, type DnsTags, dnsTags, dnsTransitions, refuseWhileDnsBusy, zoneType } from './dnsStyle.ts';
import { networkNames } from './style.ts';

export const linkType = `${zoneType}/virtualNetworkLinks`;
const linkBody = z.looseObject({
  location: z.literal('global'),
  tags: dnsTags,
  properties: z.looseObject({
    virtualNetwork: z.looseObject({ id: z.string() }),
    registrationEnabled: z.boolean().nullish(),
    resolutionPolicy: z.enum(['Default', 'NxDomainRedirect']).nullish(),
  }),
});
const transitions = dnsTransitions('UpsertVirtualNetworkLink', 'DeleteVirtualNetworkLink');

export const virtualNetworkLinkTypes: readonly ResourceType[] = [
  { kind: 'stored', type: linkType, tracked: true, names: networkNames(80), view, transitions, put, delete: remove },
];

/** The links of a network, to zones in any subscription. */
export const linksOf = (world: World, vnetId: string): Resource[] =>
  world.store.referencesTo(vnetId).filter((each) => each.type === linkType && keyOf(networkOf(each)) === keyOf(vnetId));

/** IDs of the zones for registries that a network is linked to. */
export const registryZones = (world: World, vnetId: string): string[] =>
  linksOf(world, vnetId)
    .map((link) => parentPath(link.id))
    .filter((zone) => zone.toLowerCase().endsWith('/privatelink.azurecr.io'));

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const { properties, tags } = parseBody(request, linkBody);
  const vnetId = properties.virtualNetwork.id;
  const id = existing?.id ?? `${parentPath(request.resourceId, 1)}/${request.id.names[1]?.toLowerCase()}`;
  refuseWhileDnsBusy(world, id);
  if (world.store.get(vnetId)?.type !== 'Microsoft.Network/virtualNetworks') {
    throw new ArmError(400, 'BadRequest', `The virtual network ${vnetId} was not found.`);
  }
  refuseUnlinked(request, 'Microsoft.Network/virtualNetworks/join/action', vnetId);
  if (existing && keyOf(networkOf(existing)) !== keyOf(vnetId)) {
    throw new ArmError(400, 'BadRequest', `The virtual network of link ${existing.name} cannot be changed.`);
  }
  const zone = nameOf(parentPath(id)).toLowerCase();
  const other = linksOf(world, vnetId).find(
    (link) => link !== existing && nameOf(parentPath(link.id)).toLowerCase() === zone,
  );
  if (other) {
    throw new ArmError(
      409,
      'Conflict',
      `A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network ${vnetId}, which is linked by ${other.id}.`,
    );
  }
  const { registrationEnabled, resolutionPolicy } = properties;
  const settings = {
    registrationEnabled: registrationEnabled ?? false,
    resolutionPolicy: resolutionPolicy ?? 'Default',
  };
  return acceptedReply(world, id, transitions.put, () => storeLink(world, id, tags, vnetId, settings));
}

function remove(request: ArmRequest, link: Resource): Reply {
  const { world } = request;
  refuseWhileDnsBusy(world, link.id);
  return acceptedReply(world, link.id, transitions.delete);
}

export function storeLink(
  world: World,
  id: string,
  tags: DnsTags,
  vnetId: string,
  settings: Body = { registrationEnabled: false, resolutionPolicy: 'Default' },
): Resource {
  return world.store.put(id, linkType, {
    id,
    name: nameOf(id),
    type: linkType,
    location: 'global',
    ...(tags && { tags }),
    properties: {
      ...settings,
      virtualNetwork: { id: vnetId },
      virtualNetworkLinkState: 'Completed',
      provisioningState: 'Succeeded',
    },
  });
}

const networkOf = (link: Resource): string => String(valueAt(link.body, 'properties.virtualNetwork.id') ?? '');

/** A link writes its ETag with quotes of its own, where the rest of Microsoft.Network writes it weakly. */
function view({ body, etag }: Resource): Body {
  return { ...body, etag: `"${etag}"` };
}
