import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf, parentPath } from '../../arm/ids.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { writeRecord } from './dnsRecords.ts';
import { networkTransitions, withEtag } from './style.ts';

const type = 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups';
const transitions = networkTransitions(10);

const groupProperties = z.looseObject({
  privateDnsZoneConfigs: z
    .array(z.looseObject({ name: z.string(), properties: z.looseObject({ privateDnsZoneId: z.string() }) }))
    .min(1),
});
const groupBody = z.looseObject({ properties: groupProperties });
const recordSets = z.looseObject({
  privateDnsZoneConfigs: z.array(
    z.looseObject({
      properties: z.looseObject({
        privateDnsZoneId: z.string(),
        recordSets: z.array(z.looseObject({ recordSetName: z.string() })).default([]),
      }),
    }),
  ),
});
const endpointNames = z.looseObject({
  customDnsConfigs: z.array(z.looseObject({ fqdn: z.string(), ipAddresses: z.array(z.string()) })),
});

/** With a zone group, Azure itself writes an endpoint's DNS records and takes them away again. */
export const privateDnsZoneGroupTypes: readonly ResourceType[] = [
  { kind: 'stored', type, view: withEtag, transitions, put, delete: remove },
];

/** Whether Azure writes an endpoint's DNS records. */
export const hasZoneGroup = (world: World, endpointId: string): boolean =>
  world.store.list(type, endpointId).some((group) => propertiesOf(group).provisioningState === 'Succeeded');

/** Takes the records away that an endpoint's zone groups have written. */
export function removeGroupRecords(world: World, endpointId: string): void {
  for (const group of world.store.list(type, endpointId)) {
    for (const { properties } of recordSets.parse(propertiesOf(group)).privateDnsZoneConfigs) {
      for (const { recordSetName } of properties.recordSets)
        world.remove(`${properties.privateDnsZoneId}/A/${recordSetName}`);
    }
  }
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const { properties } = parseBody(request, groupBody);
  const id = existing?.id ?? request.resourceId;
  const endpointId = parentPath(id);
  if (world.store.list(type, endpointId).some((group) => group !== existing)) {
    throw new ArmError(400, 'PrivateDnsZoneGroupLimitExceeded', `${endpointId} has a private DNS zone group already.`);
  }
  for (const { properties: config } of properties.privateDnsZoneConfigs) {
    if (!world.store.get(config.privateDnsZoneId))
      throw new ArmError(400, 'InvalidResourceReference', `${config.privateDnsZoneId} was not found.`);
  }
  const body = { id, name: nameOf(id), type };
  const group = world.store.put(id, type, { ...body, properties });
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location: String(world.store.get(endpointId)?.body.location),
    body: () => withEtag(group),
    atEnd(status) {
      if (status !== 'Succeeded') return;
      const privateDnsZoneConfigs = properties.privateDnsZoneConfigs.map((config) => ({
        ...config,
        properties: { ...config.properties, recordSets: writeRecords(world, endpointId, config.properties) },
      }));
      world.store.put(id, type, { ...body, properties: { privateDnsZoneConfigs, provisioningState: status } });
    },
  });
}

function writeRecords(world: World, endpointId: string, { privateDnsZoneId }: { privateDnsZoneId: string }) {
  const endpoint = world.store.get(endpointId);
  const names = endpoint ? endpointNames.parse(propertiesOf(endpoint)).customDnsConfigs : [];
  return names.map(({ fqdn, ipAddresses }) => {
    const domain = nameOf(privateDnsZoneId).replace(/^privatelink\./, '');
    const recordSetName = fqdn.endsWith(`.${domain}`) ? fqdn.slice(0, -domain.length - 1) : fqdn;
    writeRecord(world, `${privateDnsZoneId}/A/${recordSetName}`, ipAddresses);
    return { recordType: 'A', recordSetName, fqdn, ttl: 10, ipAddresses, provisioningState: 'Succeeded' };
  });
}

function remove(request: ArmRequest, group: Resource): Reply {
  const { world } = request;
  return transit(world, transitions.delete, {
    id: group.id,
    location: String(world.store.get(parentPath(group.id))?.body.location),
    atEnd(status) {
      if (status === 'Succeeded') removeGroupRecords(world, parentPath(group.id));
    },
  });
}
