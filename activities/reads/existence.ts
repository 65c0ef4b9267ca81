import { isFailure } from '../../contract/failures.ts';
import { keyOf, parentId, parseResourceId, sameResourceId } from '../../resources/ids.ts';
import { getPool } from '../agentPools.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { azureRead } from '../arm/errors.ts';
import { onceReplicated } from '../arm/replication.ts';
import { readIdentity } from '../identities.ts';
import { readCluster } from '../managedClusters.ts';
import { readPrivateDnsZone, readRecord, readZone } from '../privateDns.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readCacheRule, readRegistry } from '../registries.ts';
import { readResourceGroup } from '../resourceGroups.ts';
import { readSubnet } from '../subnets.ts';
import { readVirtualNetwork } from '../virtualNetworks.ts';

type Reader = (clients: ClientsOf, id: string) => Promise<unknown>;

/** How to read a resource of a type; every type of which a run makes or deletes something. */
const readers: Readonly<Record<string, Reader>> = {
  'microsoft.containerservice/managedclusters'(clients, id) {
    const { subscriptionId = '', resourceGroup = '', name = '' } = parseResourceId(id) ?? {};
    return readCluster(clients, { subscriptionId, resourceGroup, name });
  },
  'microsoft.containerservice/managedclusters/agentpools': getPool,
  'microsoft.containerregistry/registries': readRegistry,
  'microsoft.containerregistry/registries/cacherules': readCacheRule,
  'microsoft.network/privateendpoints': readPrivateEndpoint,
  'microsoft.network/privatednszones': readZone,
  'microsoft.network/privatednszones/a': readRecord,
  async 'microsoft.network/privatednszones/virtualnetworklinks'(clients, id) {
    const zone = await readPrivateDnsZone(clients, parentId(id), []);
    return zone?.links.find((link) => sameResourceId(link.id, id));
  },
  'microsoft.network/virtualnetworks': readVirtualNetwork,
  'microsoft.network/virtualnetworks/subnets': readSubnet,
  'microsoft.managedidentity/userassignedidentities': readIdentity,
};

const readRoleAssignment: Reader = (clients, id) => {
  const [, , subscriptionId = ''] = id.split('/');
  return azureRead(id, () => clients(subscriptionId).authorization.roleAssignments.getById(id));
};

/** @returns `undefined` where nobody knows how to read the resource. */
function readerOf(id: string): Reader | undefined {
  if (/\/providers\/Microsoft\.Authorization\/roleAssignments\/[^/]+$/i.test(id)) return readRoleAssignment;
  const [, group] = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)$/i.exec(id) ?? [];
  if (group === undefined) return readers[keyOf(parseResourceId(id)?.type ?? '')];
  const [, , subscriptionId = ''] = id.split('/');
  return (clients) => readResourceGroup(clients, { subscriptionId, name: group });
}

export const existenceActivities = (clients: ClientsOf) => ({
  /** Lists those of the resources that are there. */
  async readRemaining(ids: string[]): Promise<string[]> {
    const isThere = async (id: string) => {
      const read = readerOf(id);
      // A resource of a type that nobody knows how to read counts as there.
      return !read || (await read(clients, id)) !== undefined;
    };
    const there = await Promise.all(ids.map(async (id) => ((await isThere(id)) ? [id] : [])));
    return there.flat();
  },

  /**
   * Lists those of the resources that are gone. One that cannot be looked at counts as there, and so does one that a region of ARM
   * may not know yet.
   */
  async findGone(ids: string[]): Promise<string[]> {
    const gone = await Promise.all(
      ids.map(async (id) => {
        const read = readerOf(id);
        const look = async () => (read ? ((await read(clients, id)) !== undefined ? 'there' : 'gone') : 'there');
        const state = await onceReplicated(look, (seen) => seen === 'there').catch(unlessThrottled);
        return state === 'gone' ? [id] : [];
      }),
    );
    return gone.flat();
  },
});

/** Temporal tries again where Azure is busy. */
function unlessThrottled(error: unknown): 'there' {
  if (isFailure(error, 'SubscriptionRequestsThrottled', 'Throttled')) throw error;
  return 'there';
}
