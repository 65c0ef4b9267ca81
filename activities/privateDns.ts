import type { PrivateZone, RecordSet, VirtualNetworkLink } from '@azure/arm-privatedns';
import { applicationFailure, retryable } from '../contract/failures.ts';
import { parentId, sameResourceId } from '../resources/ids.ts';
import { carriesMarks } from '../resources/marks.ts';
import {
  type PrivateDnsZoneFacts,
  type PrivateDnsZoneSpecification,
  type RecordFacts,
  type RecordSpecification,
  sameAddresses,
  type ZoneLinkFacts,
  type ZoneLinkSpecification,
} from '../resources/privateDns.ts';
import type { ResourceFacts } from '../resources/provisioningState.ts';
import { type ClientsOf, type Located, locate } from './arm/connection.ts';
import { azureList, azureRead } from './arm/errors.ts';
import { boundTo, marksOn } from './arm/marks.ts';
import {
  adoption,
  createResource,
  deleteResource,
  type MarkedResource,
  type MaybeAdopted,
  type MaybeUnseen,
  type ResourceType,
  type WriteConditions,
} from './arm/ownedResource.ts';
import { mayLag } from './arm/replication.ts';
import { updateResource } from './arm/resourceUpdate.ts';
import { usersOf } from './users/usersOf.ts';

/** Reads a zone without its links and records. */
export async function readZone(clients: ClientsOf, id: string): Promise<ResourceFacts | undefined> {
  const found = await getZone(clients, id);
  return found && zoneFacts(id, found);
}

function getZone(clients: ClientsOf, id: string): Promise<PrivateZone | undefined> {
  const { client, resourceGroup, name } = locate(clients, 'privateDns', id);
  return azureRead(id, () => client.privateZones.get(resourceGroup, name));
}

const zoneFacts = (id: string, found: PrivateZone): ResourceFacts => ({
  id: found.id ?? id,
  provisioningState: found.provisioningState ?? 'Unknown',
  marks: marksOn(id, found.tags),
});

/** Reads a zone with all its links, and the A records of these names that it has. */
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

/** Lists the record sets of a zone, without the SOA record that every zone has. Empty if the zone is absent. */
export async function listRecords(clients: ClientsOf, zoneId: string): Promise<Pick<RecordFacts, 'id' | 'marks'>[]> {
  const { client, resourceGroup, name: zone } = locate(clients, 'privateDns', zoneId);
  const records = await azureList(zoneId, () => client.recordSets.list(resourceGroup, zone));
  return records.flatMap(({ name, type, metadata }) => {
    const kind = type?.split('/').at(-1) ?? '';
    const id = `${zoneId}/${kind}/${name}`;
    return kind === 'SOA' ? [] : [{ id, marks: marksOn(id, metadata) }];
  });
}

/** Lists the links of a zone. Empty if the zone has gone meanwhile, for zones of other clusters come and go. */
export async function listLinks(clients: ClientsOf, zoneId: string): Promise<ZoneLinkFacts[]> {
  const { client, resourceGroup, name } = locate(clients, 'privateDns', zoneId);
  const links = await azureList(zoneId, () => client.virtualNetworkLinks.list(resourceGroup, name));
  return links.map(linkFacts);
}

export async function readRecord(clients: ClientsOf, id: string): Promise<RecordFacts | undefined> {
  const found = await getRecord(clients, id);
  return found && recordFacts(found);
}

function getRecord(clients: ClientsOf, id: string): Promise<RecordSet | undefined> {
  const { client, resourceGroup, parent, name } = locate(clients, 'privateDns', id);
  return azureRead(id, () => client.recordSets.get(resourceGroup, parent, 'A', name));
}

const recordFacts = ({ id = '', metadata, aRecords = [] }: RecordSet): RecordFacts => ({
  id,
  marks: marksOn(id, metadata),
  addresses: aRecords.map(({ ipv4Address }) => ipv4Address ?? ''),
});

const zoneType: ResourceType<'privateDns', ResourceFacts> = {
  kind: 'private DNS zone',
  service: 'privateDns',
  takesConditions: true,
  async read(clients, id) {
    const found = await getZone(clients, id);
    return found && { ...zoneFacts(id, found), etag: found.etag };
  },
  remove: ({ client, resourceGroup, name }, conditions) => client.privateZones.delete(resourceGroup, name, conditions),
};

const linkType: ResourceType<'privateDns', ZoneLinkFacts> = {
  kind: 'virtual network link',
  service: 'privateDns',
  takesConditions: true,
  async read(clients, id) {
    const { client, resourceGroup, parent, name } = locate(clients, 'privateDns', id);
    const found = await azureRead(id, () => client.virtualNetworkLinks.get(resourceGroup, parent, name));
    return found && { ...linkFacts(found), etag: found.etag };
  },
  remove: ({ client, resourceGroup, parent, name }, conditions) =>
    client.virtualNetworkLinks.delete(resourceGroup, parent, name, conditions),
};

const recordType: ResourceType<'privateDns', RecordFacts> = {
  kind: 'record',
  service: 'privateDns',
  takesConditions: true,
  async read(clients, id) {
    const found = await getRecord(clients, id);
    return found && { ...recordFacts(found), etag: found.etag };
  },
  remove: ({ client, resourceGroup, parent, name }, conditions) =>
    client.recordSets.delete(resourceGroup, parent, 'A', name, conditions),
};

/** The records have it that `az network private-dns record-set a add-record` makes, as the guide does. */
const defaultTtlSeconds = 3600;

const putRecord =
  (addresses: readonly string[], { metadata, ttl = defaultTtlSeconds, etag }: Partial<RecordSet> = {}) =>
  ({ client, resourceGroup, parent, name }: Located<'privateDns'>, conditions?: WriteConditions) => {
    const aRecords = addresses.map((ipv4Address) => ({ ipv4Address }));
    const record = { ttl, aRecords, ...(metadata && { metadata }) };
    const ifMatch = etag === undefined ? {} : { ifMatch: etag };
    return client.recordSets.createOrUpdate(resourceGroup, parent, 'A', name, record, { ...ifMatch, ...conditions });
  };

export const privateDnsActivities = (clients: ClientsOf) => ({
  async createPrivateDnsZone({ id, tags }: PrivateDnsZoneSpecification): Promise<MaybeAdopted | undefined> {
    const made = await createResource(clients, zoneType, id, {
      marks: tags,
      send: ({ client, resourceGroup, name }, conditions, found) =>
        client.privateZones.createOrUpdate(
          resourceGroup,
          name,
          { location: 'global', tags: { ...found, ...boundTo(id, tags) } },
          conditions,
        ),
      mismatches: () => [],
    });
    return adoption(made);
  },

  deletePrivateDnsZone: (zone: MarkedResource): Promise<MaybeUnseen | undefined> =>
    deleteResource(clients, zoneType, zone, {
      async holdsForeign() {
        const records = await listRecords(clients, zone.id);
        return records.filter(({ marks }) => !carriesMarks(marks, zone.marks)).map(({ id }) => id);
      },
      usersOf: () => usersOf(clients, zone.id, zone.marks),
    }),

  /** Links the zone to a network, without registration: the zone is for the registry, not for the network's machines. */
  async createZoneLink({ id, tags, virtualNetworkId }: ZoneLinkSpecification): Promise<MaybeAdopted | undefined> {
    const link = createResource(clients, linkType, id, {
      marks: tags,
      send: ({ client, resourceGroup, parent, name }, conditions, found) => {
        const body = {
          location: 'global',
          tags: { ...found, ...boundTo(id, tags) },
          virtualNetwork: { id: virtualNetworkId },
          registrationEnabled: false,
        };
        return client.virtualNetworkLinks.createOrUpdate(resourceGroup, parent, name, body, conditions);
      },
      mismatches: (seen) =>
        sameResourceId(seen.virtualNetworkId, virtualNetworkId)
          ? []
          : [`virtualNetwork: asked ${virtualNetworkId}, got ${seen.virtualNetworkId}`],
    });
    return adoption(await link.catch(linkedOtherwise(clients, parentId(id), virtualNetworkId)));
  },

  deleteZoneLink: (link: MarkedResource): Promise<MaybeUnseen | undefined> =>
    deleteResource(clients, linkType, link, { usersOf: () => usersOf(clients, link.id, link.marks) }),

  async createRecord({ id, addresses, metadata }: RecordSpecification): Promise<MaybeAdopted | undefined> {
    const made = await createResource(clients, recordType, id, {
      marks: metadata,
      send: putRecord(addresses, { metadata: boundTo(id, metadata) }),
      mismatches: recordMismatches(addresses),
    });
    return adoption(made);
  },

  /**
   * Gives a record other addresses. Its metadata and TTL stay.
   *
   * @param written For undo: what this run wrote. Where Azure shows something else, somebody's newer addresses stay.
   * @throws ApplicationFailure `ChangedSince`.
   */
  async updateRecord({ id, addresses }: { id: string; addresses: string[] }, written?: string[]): Promise<void> {
    await updateResource(clients, recordType, id, {
      get: ({ client, resourceGroup, parent, name }) => client.recordSets.get(resourceGroup, parent, 'A', name),
      factsOf: recordFacts,
      send: (record, current) => putRecord(addresses, current)(record),
      mismatches: recordMismatches(addresses),
      putBack:
        written &&
        ((seen) => [{ before: recordMismatches(addresses)(seen), written: recordMismatches(written)(seen) }]),
    });
  },

  /** @param written For undo: the addresses that this run wrote. A record that leads elsewhere since is somebody else's. */
  deleteRecord: (record: MarkedResource, written?: readonly string[]): Promise<MaybeUnseen | undefined> =>
    deleteResource(clients, recordType, record, reservations(clients, record, written)),
});

const reservations = (clients: ClientsOf, { id, marks }: MarkedResource, written?: readonly string[]) => ({
  isAsWritten: (seen: RecordFacts) => !written || recordMismatches(written)(seen).length === 0,
  usersOf: () => usersOf(clients, id, marks),
});

/**
 * The network is linked already, as Azure says. A link of another name in the same zone serves: somebody has made it since discovery.
 * That of another zone may be going, while AKS removes that of its own registry.
 */
const linkedOtherwise =
  (clients: ClientsOf, zoneId: string, virtualNetworkId: string) =>
  async (error: unknown): Promise<MaybeAdopted> => {
    const failure = applicationFailure(error);
    if (!failure || !/overlapping namespaces/i.test(failure.message)) throw error;
    const links = await listLinks(clients, zoneId);
    const there = links.find((link) => sameResourceId(link.virtualNetworkId, virtualNetworkId));
    if (there?.provisioningState === 'Succeeded') return { adopted: true };
    // The removal of a link is an operation of its own, and takes longer than replication.
    throw mayLag() ? retryable(failure, '5 seconds') : error;
  };

const recordMismatches =
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
    marks: marksOn(link.id ?? '', link.tags),
    virtualNetworkId: link.virtualNetwork?.id ?? '',
    registrationEnabled: link.registrationEnabled ?? false,
    linkState: link.virtualNetworkLinkState ?? 'Unknown',
  };
}
