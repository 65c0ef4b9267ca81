import type { MockActivityEnvironment } from '@temporalio/testing';
import type { FaultRule } from '../../../simulator/index.ts';
import {
  makeByHand,
  type OwnRegistryIds,
  type OwnRegistryPart,
  ownRegistryIds,
  type ResourcePart,
} from '../../support/ownRegistry.ts';
import { type AzureUnderTest, activityFailure, attempt, type Failure, lastHeartbeatOf, marks } from '../support.ts';

export const location = 'westeurope';
export const another = { ...marks, 'aks-isolation-workflow': 'another', 'aks-isolation-run': 'another' };
export const mapping = { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' };
export const access = { publicNetworkAccess: 'Disabled', anonymousPullEnabled: false };
export const tags = marks;

type Activity<T> = [activity: (argument: T) => Promise<unknown>, argument: T];
type Call = (environment: MockActivityEnvironment) => Promise<unknown>;
export const call =
  <T>(...[activity, argument]: Activity<T>): Call =>
  (environment) =>
    environment.run(activity, argument);

/** One kind of resource around a cluster. */
export interface ResourceCase {
  part: ResourcePart;
  /** Makes the resources that must be there before. */
  after: OwnRegistryPart[];
  create(azure: AzureUnderTest, ids: OwnRegistryIds): Call;
  remove(azure: AzureUnderTest, ids: OwnRegistryIds, marks: Record<string, string>, ofThisRun?: boolean): Call;
  /** Status codes of a creation and a deletion. */
  created: number;
  deleted: number;
  /** Written in one answer: there is no operation to resume. */
  atOnce?: boolean;
  /** Not to be seen before its operation has ended, so that it may be sent again, which changes nothing. */
  hidden?: boolean;
  /** Cannot say whose it is. */
  unmarked?: boolean;
}

export const nodeSubnet = (ids: OwnRegistryIds) => ({
  id: ids.nodeSubnet,
  name: 'aks-subnet',
  use: 'nodeSubnet' as const,
  addressPrefix: '192.168.1.0/24',
  defaultOutboundAccess: false,
});

const kinds: ResourceCase[] = [
  {
    part: 'vnet',
    after: ['group'],
    create: (azure, ids) =>
      call(azure.activities.createVirtualNetwork, {
        id: ids.vnet,
        location,
        tags,
        addressPrefixes: ['192.168.0.0/16'],
        subnets: [nodeSubnet(ids)],
      }),
    remove: (azure, { vnet: id }, marks, ofThisRun = false) =>
      call(azure.activities.deleteVirtualNetwork, { id, marks, ofThisRun }),
    created: 201,
    deleted: 202,
  },
  {
    part: 'nodeSubnet',
    after: ['vnet'],
    create: (azure, ids) => call(azure.activities.createSubnet, nodeSubnet(ids)),
    remove: (azure, { nodeSubnet: id }) => call(azure.activities.deleteSubnet, id),
    created: 201,
    deleted: 202,
    unmarked: true,
  },
  {
    part: 'registry',
    after: ['group'],
    create: (azure, { registry: id }) => call(azure.activities.createRegistry, { id, location, tags, ...access }),
    remove: (azure, { registry: id }, marks, ofThisRun = false) =>
      call(azure.activities.deleteRegistry, { id, marks, ofThisRun }),
    created: 201,
    deleted: 200,
  },
  {
    part: 'cacheRule',
    after: ['registry'],
    create: (azure, { cacheRule: id }) => call(azure.activities.createCacheRule, { id, ...mapping }),
    remove: (azure, { cacheRule: id }) => call(azure.activities.deleteCacheRule, id),
    created: 201,
    deleted: 202,
    unmarked: true,
  },
  {
    part: 'privateEndpoint',
    after: ['registry', 'registrySubnet'],
    create: (azure, { privateEndpoint: id, registry, registrySubnet, registryRecord, dataRecord }) =>
      call(azure.activities.createPrivateEndpoint, {
        id,
        location,
        tags,
        subnetId: registrySubnet,
        connectionName: 'myConnection',
        registryId: registry,
        records: [nameOf(registryRecord), nameOf(dataRecord)],
      }),
    remove: (azure, { privateEndpoint: id }, marks, ofThisRun = false) =>
      call(azure.activities.deletePrivateEndpoint, { id, marks, ofThisRun }),
    created: 201,
    deleted: 202,
  },
  {
    part: 'zone',
    after: ['group'],
    create: (azure, { zone: id }) => call(azure.activities.createPrivateDnsZone, { id, tags }),
    remove: (azure, { zone: id }, marks, ofThisRun = false) =>
      call(azure.activities.deletePrivateDnsZone, { id, marks, ofThisRun }),
    created: 202,
    deleted: 202,
    hidden: true,
  },
  {
    part: 'link',
    after: ['zone', 'vnet'],
    create: (azure, { link: id, vnet }) => call(azure.activities.createZoneLink, { id, tags, virtualNetworkId: vnet }),
    remove: (azure, { link: id }, marks, ofThisRun = false) =>
      call(azure.activities.deleteZoneLink, { id, marks, ofThisRun }),
    created: 202,
    deleted: 202,
    hidden: true,
  },
  {
    part: 'registryRecord',
    after: ['zone'],
    create: (azure, { registryRecord: id }) =>
      call(azure.activities.createRecord, { id, metadata: marks, addresses: ['192.168.2.5'] }),
    remove: (azure, { registryRecord: id }, marks, ofThisRun = false) =>
      call(azure.activities.deleteRecord, { id, marks, ofThisRun }),
    created: 201,
    deleted: 200,
    atOnce: true,
  },
  {
    part: 'kubelet',
    after: ['group'],
    create: (azure, { kubelet: id }) => call(azure.activities.createIdentity, { id, location, tags }),
    remove: (azure, { kubelet: id }, marks, ofThisRun = false) =>
      call(azure.activities.deleteIdentity, { id, marks, ofThisRun }),
    created: 201,
    deleted: 200,
    atOnce: true,
  },
];
export const eachKind = kinds.map((kind) => [kind.part, kind] as const);
export const longKinds = eachKind.filter(([, { atOnce }]) => !atOnce);
export const markedKinds = eachKind.filter(([, { unmarked }]) => !unmarked);

export const kindOf = (part: ResourcePart): ResourceCase => {
  const kind = kinds.find((each) => each.part === part);
  if (!kind) throw new Error(part);
  return kind;
};

export const nameOf = (id: string) => id.split('/').at(-1) ?? '';

/** Short enough for the name of a registry. */
export const idsOf = (test: string, kind: ResourceCase): OwnRegistryIds =>
  ownRegistryIds(`${test}-${kinds.indexOf(kind)}`);

/** Everything that the kind needs, for a cluster of its own. */
export async function prepared(azure: AzureUnderTest, test: string, kind: ResourceCase): Promise<OwnRegistryIds> {
  const ids = idsOf(test, kind);
  for (const needed of kind.after) await makeByHand(azure, ids, needed);
  return ids;
}

/** Methods and status codes of the writes to exactly this resource. */
export async function writesTo(azure: AzureUnderTest, id: string): Promise<string[]> {
  const requests = (await azure.recorded()).filter(({ method }) => method !== 'GET');
  const own = requests.filter(({ url }) => new URL(url).pathname.toLowerCase() === id.toLowerCase());
  return own.map(({ method, status }) => `${method} ${status}`);
}
/** Those of them that Azure took. */
export const accepted = async (azure: AzureUnderTest, id: string) =>
  (await writesTo(azure, id)).filter((write) => / 20\d$/.test(write));

/** Tries again as the server would, with what the last attempt left, until it succeeds. */
export async function untilDone(work: Call, first: number, lastHeartbeat?: unknown): Promise<unknown> {
  let heartbeat = lastHeartbeat;
  for (let number = first; ; number += 1) {
    const environment = attempt(number, heartbeat);
    const last = lastHeartbeatOf(environment);
    const failure = await activityFailure(work(environment)).catch((error: Error) => error);
    if (failure instanceof Error) return;
    if (failure.nonRetryable || number > 50) throw new Error(JSON.stringify(failure));
    heartbeat = last();
  }
}
/** Lets the next such request, or its answer, get lost. */
export const lost = (azure: AzureUnderTest, method: FaultRule['method'], id: string, drop: 'before' | 'after') =>
  azure.fault({ method, path: `${id}$`, drop });
export const unreachable: Partial<Failure> = { type: 'Unreachable', nonRetryable: false };
