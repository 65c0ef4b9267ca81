import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { parentPath } from '../../arm/ids.ts';
import type { Provider } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { propertiesOf } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { writeRecord } from './privateDns.ts';
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

/** The other way to an endpoint's records: Azure writes them, and takes them away again. */
export const privateDnsZoneGroups: Provider = {
  types: [{ kind: 'stored', type, view: withEtag, transitions, put, delete: remove }],
  behaviours: [
    {
      id: 'zone-group',
      resourceType: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
      says: "A private DNS zone group writes the endpoint's A records into its zones and takes them away with it or the endpoint; meanwhile the endpoint shows no customDnsConfigs.",
      evidence: 'documented',
      source:
        'Microsoft Learn, "Azure private endpoint private DNS zone values"; Terraform, azurerm_private_endpoint (10 s, and its records only once, are modelled)',
      test: 'privateEndpoints.test.ts: a private DNS zone group writes the records, hides the addresses, and takes the records away again',
    },
    {
      id: 'zone-group-one',
      resourceType: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
      says: 'An endpoint has one private DNS zone group at most.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Manage DNS records of private endpoints" (the code is modelled)',
      test: 'privateEndpoints.test.ts: a private DNS zone group writes the records, hides the addresses, and takes the records away again',
    },
  ],
};

/** Whether an endpoint's records are Azure's business. */
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
  const body = { id, name: id.split('/').at(-1), type };
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
    const recordSetName = fqdn.replace(/\.azurecr\.io$/, '');
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
