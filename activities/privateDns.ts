import { restorePoller, type VirtualNetworkLink } from '@azure/arm-privatedns';
import { failureOf, retryable } from '../contract/failures.ts';
import { parentId, resourceReference, sameResourceId } from '../resources/ids.ts';
import { carriesMarks, type Marks, marksIn } from '../resources/marks.ts';
import {
  type PrivateDnsZoneFacts,
  type PrivateDnsZoneSpecification,
  type RecordFacts,
  type RecordSpecification,
  registryZoneName,
  sameAddresses,
  type ZoneLinkFacts,
  type ZoneLinkSpecification,
} from '../resources/privateDns.ts';
import type { ResourceFacts } from '../resources/provisioningState.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureRead, azureReadIfRegistered } from './arm/errors.ts';
import { createResource, deleteResource, mayLag, updateResource } from './arm/ownedResource.ts';

/** The zone alone, without links and records. */
export async function readZone(clients: ClientsOf, id: string): Promise<ResourceFacts | undefined> {
  const { subscriptionId, resourceGroup, name } = resourceReference(id);
  const { privateZones } = clients(subscriptionId).privateDns;
  const found = await azureRead(id, () => privateZones.get(resourceGroup, name));
  if (!found) return undefined;
  return {
    id: found.id ?? id,
    provisioningState: found.provisioningState ?? 'Unknown',
    marks: marksIn(found.tags),
  };
}

/** A zone with all its links and those of the given A records that are there. */
export async function readPrivateDnsZone(
  clients: ClientsOf,
  id: string,
  recordNames: readonly string[],
): Promise<PrivateDnsZoneFacts | undefined> {
  const zone = await readZone(clients, id);
  if (!zone) return undefined;
  const [links, records] = await Promise.all([
    listLinks(clients, id),
    Promise.all(recordNames.map(async (name) => [name, await readRecord(clients, `${id}/A/${name}`)] as const)),
  ]);
  return {
    ...zone,
    links,
    records: Object.fromEntries(records.flatMap(([name, facts]) => (facts ? [[name, facts]] : []))),
  };
}

/** All record sets of a zone but the one that every zone has; none if the zone is absent. */
export async function listRecords(clients: ClientsOf, zoneId: string): Promise<Pick<RecordFacts, 'id' | 'marks'>[]> {
  const { subscriptionId, resourceGroup, name: zone } = resourceReference(zoneId);
  const { recordSets } = clients(subscriptionId).privateDns;
  const records: Pick<RecordFacts, 'id' | 'marks'>[] = [];
  await azureRead(zoneId, async () => {
    for await (const { name, type, metadata } of recordSets.list(resourceGroup, zone)) {
      const kind = type?.split('/').at(-1) ?? '';
      if (kind !== 'SOA') records.push({ id: `${zoneId}/${kind}/${name}`, marks: marksIn(metadata) });
    }
  });
  return records;
}

/** IDs of the other zones of the same name in these subscriptions that are linked to a network: Azure allows it one. */
export async function readOtherLinkedZones(
  clients: ClientsOf,
  subscriptionIds: readonly string[],
  zoneId: string,
  virtualNetworkId: string,
): Promise<string[]> {
  const links = await readLinksTo(clients, subscriptionIds, virtualNetworkId);
  return links.map(({ id }) => parentId(id)).filter((id) => !sameResourceId(id, zoneId));
}

/** The links of registries' zones in these subscriptions to a network; Azure allows it one. */
export async function readLinksTo(
  clients: ClientsOf,
  subscriptionIds: readonly string[],
  virtualNetworkId: string,
): Promise<ZoneLinkFacts[]> {
  const zones: string[] = [];
  for (const subscriptionId of new Set(subscriptionIds)) {
    await azureReadIfRegistered(`/subscriptions/${subscriptionId}`, async () => {
      for await (const { id = '', name } of clients(subscriptionId).privateDns.privateZones.list())
        if (name === registryZoneName) zones.push(id);
    });
  }
  const links = await Promise.all(zones.map((id) => listLinks(clients, id)));
  return links.flat().filter((link) => sameResourceId(link.virtualNetworkId, virtualNetworkId));
}

/** None of a zone that is gone by now: zones of other clusters come and go. */
async function listLinks(clients: ClientsOf, zoneId: string): Promise<ZoneLinkFacts[]> {
  const { subscriptionId, resourceGroup, name } = resourceReference(zoneId);
  const links: ZoneLinkFacts[] = [];
  await azureRead(zoneId, async () => {
    for await (const link of clients(subscriptionId).privateDns.virtualNetworkLinks.list(resourceGroup, name))
      links.push(linkFacts(link));
  });
  return links;
}

export async function readRecord(clients: ClientsOf, id: string): Promise<RecordFacts | undefined> {
  const { subscriptionId, resourceGroup, name, parents } = resourceReference(id);
  const { recordSets } = clients(subscriptionId).privateDns;
  const found = await azureRead(id, () => recordSets.get(resourceGroup, parents[0] ?? '', 'A', name));
  if (!found) return undefined;
  return {
    id: found.id ?? id,
    marks: marksIn(found.metadata),
    addresses: (found.aRecords ?? []).map(({ ipv4Address }) => ipv4Address ?? ''),
  };
}

export function privateDnsActivities(clients: ClientsOf) {
  return {
    async createPrivateDnsZone({ id, tags }: PrivateDnsZoneSpecification): Promise<void> {
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const client = clients(subscriptionId).privateDns;
      await createResource({
        ...zoneReader(id),
        marks: tags,
        write: {
          start: () => client.privateZones.createOrUpdate(resourceGroup, name, { location: 'global', tags }),
          restore: (state) => restorePoller(client, state, client.privateZones.createOrUpdate),
        },
        differences: () => [],
      });
    },

    async deletePrivateDnsZone({ id, marks }: { id: string; marks: Marks }): Promise<void> {
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const client = clients(subscriptionId).privateDns;
      await deleteResource({
        ...zoneReader(id),
        marks,
        holdsForeign: async () => {
          const records = await listRecords(clients, id);
          return records.filter((record) => !carriesMarks(record.marks, marks)).map((record) => record.id);
        },
        write: {
          start: () => client.privateZones.delete(resourceGroup, name),
          restore: (state) => restorePoller(client, state, client.privateZones.delete),
        },
      });
    },

    /** Links the zone to a network, without registration: the network's machines are no business of this zone. */
    async createZoneLink({ id, tags, virtualNetworkId }: ZoneLinkSpecification): Promise<void> {
      const { client, resourceGroup, zone, name } = childClient(id);
      const link = createResource({
        ...linkReader(id),
        marks: tags,
        write: {
          start: () =>
            client.virtualNetworkLinks.createOrUpdate(resourceGroup, zone, name, {
              location: 'global',
              tags,
              virtualNetwork: { id: virtualNetworkId },
              registrationEnabled: false,
            }),
          restore: (state) => restorePoller(client, state, client.virtualNetworkLinks.createOrUpdate),
        },
        differences: (seen) =>
          sameResourceId(seen.virtualNetworkId, virtualNetworkId)
            ? []
            : [`virtualNetwork: asked ${virtualNetworkId}, got ${seen.virtualNetworkId}`],
      });
      await link.catch(retriedWhileUnlinked);
    },

    async deleteZoneLink({ id, marks }: { id: string; marks: Marks }): Promise<void> {
      const { client, resourceGroup, zone, name } = childClient(id);
      await deleteResource({
        ...linkReader(id),
        marks,
        write: {
          start: () => client.virtualNetworkLinks.delete(resourceGroup, zone, name),
          restore: (state) => restorePoller(client, state, client.virtualNetworkLinks.delete),
        },
      });
    },

    async createRecord(record: RecordSpecification): Promise<void> {
      await createResource({
        ...recordReader(record.id),
        marks: record.metadata,
        write: recordWrite(record.id, record.addresses, record.metadata),
        differences: recordDifferences(record.addresses),
      });
    },

    /** Gives a record other addresses; all else of it stays. */
    async updateRecord({ id, addresses }: { id: string; addresses: string[] }): Promise<void> {
      const { client, resourceGroup, zone, name } = childClient(id);
      const current = await azureRead(id, () => client.recordSets.get(resourceGroup, zone, 'A', name));
      await updateResource({
        ...recordReader(id),
        write: recordWrite(id, addresses, current?.metadata, current?.ttl),
        differences: recordDifferences(addresses),
      });
    },

    async deleteRecord({ id, marks }: { id: string; marks: Marks }): Promise<void> {
      const { client, resourceGroup, zone, name } = childClient(id);
      await deleteResource({
        ...recordReader(id),
        marks,
        write: { send: () => client.recordSets.delete(resourceGroup, zone, 'A', name) },
      });
    },
  };

  function childClient(id: string) {
    const { subscriptionId, resourceGroup, name, parents } = resourceReference(id);
    return { client: clients(subscriptionId).privateDns, resourceGroup, zone: parents[0] ?? '', name };
  }

  function zoneReader(id: string) {
    return {
      id,
      kind: 'private DNS zone',
      read: () => readZone(clients, id),
      state: ({ provisioningState }: ResourceFacts) => provisioningState,
      marksOf: ({ marks }: ResourceFacts) => marks,
    };
  }

  function linkReader(id: string) {
    const { client, resourceGroup, zone, name } = childClient(id);
    return {
      id,
      kind: 'virtual network link',
      read: async () => {
        const found = await azureRead(id, () => client.virtualNetworkLinks.get(resourceGroup, zone, name));
        return found && linkFacts(found);
      },
      state: ({ provisioningState }: ZoneLinkFacts) => provisioningState,
      marksOf: ({ marks }: ZoneLinkFacts) => marks,
    };
  }

  function recordReader(id: string) {
    return {
      id,
      kind: 'record',
      read: () => readRecord(clients, id),
      marksOf: ({ marks }: RecordFacts) => marks,
    };
  }

  function recordWrite(id: string, addresses: string[], metadata: Marks | undefined, ttl = 3600) {
    const { client, resourceGroup, zone, name } = childClient(id);
    const aRecords = addresses.map((ipv4Address) => ({ ipv4Address }));
    const record = { ttl, aRecords, ...(metadata && { metadata }) };
    return { send: () => client.recordSets.createOrUpdate(resourceGroup, zone, 'A', name, record) };
  }
}

/** Another zone of the name may be unlinked a moment ago: AKS removes that of its own registry by itself. */
function retriedWhileUnlinked(error: unknown): never {
  const failure = failureOf(error);
  const overlaps = failure && /overlapping namespaces/i.test(failure.message);
  throw overlaps && mayLag() ? retryable(failure, '5 seconds') : error;
}

const recordDifferences =
  (addresses: readonly string[]) =>
  (seen: RecordFacts): string[] =>
    sameAddresses(addresses, seen.addresses)
      ? []
      : [`aRecords: asked ${addresses.join(', ')}, got ${seen.addresses.join(', ') || 'none'}`];

function linkFacts(link: VirtualNetworkLink): ZoneLinkFacts {
  return {
    id: link.id ?? '',
    name: link.name ?? '',
    provisioningState: link.provisioningState ?? 'Unknown',
    marks: marksIn(link.tags),
    virtualNetworkId: link.virtualNetwork?.id ?? '',
    registrationEnabled: link.registrationEnabled ?? false,
    linkState: link.virtualNetworkLinkState ?? 'Unknown',
  };
}
