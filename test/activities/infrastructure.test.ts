import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MockActivityEnvironment } from '@temporalio/testing';
import { boundTo } from '../../activities/arm/marks.ts';
import type { FaultRule } from '../../simulator/index.ts';
import {
  makeByHand,
  type OwnRegistryIds,
  type OwnRegistryPart,
  ownRegistryIds,
  type ResourcePart,
} from '../support/ownRegistry.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  attemptAfter,
  type Failure,
  killOnceSent,
  lastHeartbeatOf,
  marks,
  startAzure,
  workflowId,
} from './support.ts';

const location = 'westeurope';
const another = { ...marks, 'aks-isolation-workflow': 'another', 'aks-isolation-run': 'another' };
const mapping = { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' };
const access = { publicNetworkAccess: 'Disabled', anonymousPullEnabled: false };
const tags = marks;

type Activity<T> = [activity: (argument: T) => Promise<unknown>, argument: T];
type Call = (environment: MockActivityEnvironment) => Promise<unknown>;
const call =
  <T>(...[activity, argument]: Activity<T>): Call =>
  (environment) =>
    environment.run(activity, argument);

/** One kind of resource around a cluster. */
interface ResourceCase {
  part: ResourcePart;
  /** Makes the resources that must be there before. */
  after: OwnRegistryPart[];
  create(ids: OwnRegistryIds): Call;
  remove(ids: OwnRegistryIds, marks: Record<string, string>, ofThisRun?: boolean): Call;
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

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.close());

const nodeSubnet = (ids: OwnRegistryIds) => ({
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
    create: (ids) =>
      call(azure.activities.createVirtualNetwork, {
        id: ids.vnet,
        location,
        tags,
        addressPrefixes: ['192.168.0.0/16'],
        subnets: [nodeSubnet(ids)],
      }),
    remove: ({ vnet: id }, marks, ofThisRun = false) =>
      call(azure.activities.deleteVirtualNetwork, { id, marks, ofThisRun }),
    created: 201,
    deleted: 202,
  },
  {
    part: 'nodeSubnet',
    after: ['vnet'],
    create: (ids) => call(azure.activities.createSubnet, nodeSubnet(ids)),
    remove: ({ nodeSubnet: id }) => call(azure.activities.deleteSubnet, id),
    created: 201,
    deleted: 202,
    unmarked: true,
  },
  {
    part: 'registry',
    after: ['group'],
    create: ({ registry: id }) => call(azure.activities.createRegistry, { id, location, tags, ...access }),
    remove: ({ registry: id }, marks, ofThisRun = false) =>
      call(azure.activities.deleteRegistry, { id, marks, ofThisRun }),
    created: 201,
    deleted: 200,
  },
  {
    part: 'cacheRule',
    after: ['registry'],
    create: ({ cacheRule: id }) => call(azure.activities.createCacheRule, { id, ...mapping }),
    remove: ({ cacheRule: id }) => call(azure.activities.deleteCacheRule, id),
    created: 201,
    deleted: 202,
    unmarked: true,
  },
  {
    part: 'privateEndpoint',
    after: ['registry', 'registrySubnet'],
    create: ({ privateEndpoint: id, registry, registrySubnet, registryRecord, dataRecord }) =>
      call(azure.activities.createPrivateEndpoint, {
        id,
        location,
        tags,
        subnetId: registrySubnet,
        connectionName: 'myConnection',
        registryId: registry,
        records: [nameOf(registryRecord), nameOf(dataRecord)],
      }),
    remove: ({ privateEndpoint: id }, marks, ofThisRun = false) =>
      call(azure.activities.deletePrivateEndpoint, { id, marks, ofThisRun }),
    created: 201,
    deleted: 202,
  },
  {
    part: 'zone',
    after: ['group'],
    create: ({ zone: id }) => call(azure.activities.createPrivateDnsZone, { id, tags }),
    remove: ({ zone: id }, marks, ofThisRun = false) =>
      call(azure.activities.deletePrivateDnsZone, { id, marks, ofThisRun }),
    created: 202,
    deleted: 202,
    hidden: true,
  },
  {
    part: 'link',
    after: ['zone', 'vnet'],
    create: ({ link: id, vnet }) => call(azure.activities.createZoneLink, { id, tags, virtualNetworkId: vnet }),
    remove: ({ link: id }, marks, ofThisRun = false) => call(azure.activities.deleteZoneLink, { id, marks, ofThisRun }),
    created: 202,
    deleted: 202,
    hidden: true,
  },
  {
    part: 'registryRecord',
    after: ['zone'],
    create: ({ registryRecord: id }) =>
      call(azure.activities.createRecord, { id, metadata: marks, addresses: ['192.168.2.5'] }),
    remove: ({ registryRecord: id }, marks, ofThisRun = false) =>
      call(azure.activities.deleteRecord, { id, marks, ofThisRun }),
    created: 201,
    deleted: 200,
    atOnce: true,
  },
  {
    part: 'kubelet',
    after: ['group'],
    create: ({ kubelet: id }) => call(azure.activities.createIdentity, { id, location, tags }),
    remove: ({ kubelet: id }, marks, ofThisRun = false) =>
      call(azure.activities.deleteIdentity, { id, marks, ofThisRun }),
    created: 201,
    deleted: 200,
    atOnce: true,
  },
];
const each = kinds.map((kind) => [kind.part, kind] as const);
const long = each.filter(([, { atOnce }]) => !atOnce);
const marked = each.filter(([, { unmarked }]) => !unmarked);

const kindOf = (part: ResourcePart): ResourceCase => {
  const kind = kinds.find((each) => each.part === part);
  if (!kind) throw new Error(part);
  return kind;
};

const nameOf = (id: string) => id.split('/').at(-1) ?? '';

/** Short enough for the name of a registry. */
const idsOf = (test: string, kind: ResourceCase): OwnRegistryIds => ownRegistryIds(`${test}-${kinds.indexOf(kind)}`);

/** Everything that the kind needs, for a cluster of its own. */
async function prepared(test: string, kind: ResourceCase): Promise<OwnRegistryIds> {
  const ids = idsOf(test, kind);
  for (const needed of kind.after) await makeByHand(azure, ids, needed);
  return ids;
}

/** Methods and status codes of the writes to exactly this resource. */
async function writesTo(id: string): Promise<string[]> {
  const requests = (await azure.recorded()).filter(({ method }) => method !== 'GET');
  const own = requests.filter(({ url }) => new URL(url).pathname.toLowerCase() === id.toLowerCase());
  return own.map(({ method, status }) => `${method} ${status}`);
}
const accepted = async (id: string) => (await writesTo(id)).filter((write) => / 20\d$/.test(write));

/** Tries again as the server would, with what the last attempt left, until it succeeds. */
async function untilDone(work: Call, first: number, lastHeartbeat?: unknown): Promise<unknown> {
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
const lost = (method: FaultRule['method'], id: string, drop: 'before' | 'after') =>
  azure.fault({ method, path: `${id}$`, drop });
const unreachable: Partial<Failure> = { type: 'Unreachable', nonRetryable: false };

describe('creating', () => {
  it.concurrent.each(each)('a %s is one request, whose end is read back', async (_part, kind) => {
    const ids = await prepared('new', kind);
    await kind.create(ids)(attempt());
    expect(await writesTo(ids[kind.part])).toEqual([`PUT ${kind.created}`]);
    const seen = await azure.get(ids[kind.part]);
    expect(['Succeeded', undefined]).toContain(seen.at('properties.provisioningState'));
    if (!kind.unmarked)
      expect(seen.at('tags') ?? seen.at('properties.metadata')).toEqual(boundTo(ids[kind.part], marks));
  });

  it.concurrent.each(long)('a %s goes on where a killed worker left it', async (_part, kind) => {
    const ids = await prepared('killed', kind);
    const first = attempt();
    const lastHeartbeat = await killOnceSent(first, kind.create(ids)(first));
    expect(lastHeartbeat).toMatchObject({ sent: true, poller: expect.any(String) });
    await kind.create(ids)(attempt(2, lastHeartbeat));
    expect(await writesTo(ids[kind.part])).toEqual([`PUT ${kind.created}`]);
  });

  it.concurrent.each(
    each.flatMap(([part, kind]) => [
      [part, 'a heartbeat', kind, { sent: true }] as const,
      [part, 'no heartbeat at all', kind, undefined] as const,
    ]),
  )('a %s takes effect once where its answer was lost, after %s', async (_part, what, kind, heartbeat) => {
    const ids = await prepared(what === 'a heartbeat' ? 'lost' : 'lost-all', kind);
    await lost('PUT', ids[kind.part], 'after');
    expect(await activityFailure(kind.create(ids)(attempt()))).toMatchObject(unreachable);
    await untilDone(kind.create(ids), 2, heartbeat);
    const writes = await accepted(ids[kind.part]);
    expect(kind.hidden ? [...new Set(writes)] : writes).toEqual([`PUT ${kind.created}`]);
  });

  it.concurrent.each(each)('a %s is sent again where it never arrived', async (_part, kind) => {
    const ids = await prepared('unsent', kind);
    await lost('PUT', ids[kind.part], 'before');
    expect(await activityFailure(kind.create(ids)(attempt()))).toMatchObject(unreachable);
    await kind.create(ids)(attempt(2, { sent: true }));
    expect(await writesTo(ids[kind.part])).toEqual(['PUT null', `PUT ${kind.created}`]);
  });

  it.concurrent.each<[part: ResourcePart, body?: unknown]>([
    // Without the subnets that are wanted.
    ['vnet'],
    ['nodeSubnet', { properties: { addressPrefix: '192.168.1.0/26', defaultOutboundAccess: false } }],
    ['registry', { location, sku: { name: 'Premium' }, properties: { publicNetworkAccess: 'Enabled' } }],
    ['registryRecord', { properties: { ttl: 3600, aRecords: [{ ipv4Address: '192.168.2.77' }] } }],
  ])('leaves a %s alone that somebody else has made otherwise meanwhile', async (part, body) => {
    const kind = kindOf(part);
    const ids = await prepared('raced', kind);
    await makeByHand(azure, ids, kind.part, body === undefined ? {} : { [part]: body });
    const before = await azure.get(ids[kind.part]);
    expect(await activityFailure(kind.create(ids)(attempt()))).toMatchObject({
      type: 'NotOwned',
      nonRetryable: true,
      details: { resourceId: ids[kind.part], whatToDo: expect.stringMatching(/Somebody else/), sent: false },
    });
    expect(await accepted(ids[kind.part])).toHaveLength(1);
    expect((await azure.get(ids[kind.part])).body).toEqual(before.body);
  });

  it.concurrent.each(each.filter(([part]) => part !== 'vnet'))(
    'takes a %s that somebody else has made as wanted meanwhile, and says that it is not its own',
    async (_part, kind) => {
      const ids = await prepared('adopted', kind);
      await makeByHand(azure, ids, kind.part);
      const before = await azure.get(ids[kind.part]);
      expect(await kind.create(ids)(attempt())).toMatchObject({ adopted: true });
      expect(await accepted(ids[kind.part])).toHaveLength(1);
      expect((await azure.get(ids[kind.part])).body).toEqual(before.body);
    },
  );

  it.concurrent.each(each)('says of a %s that Azure refuses that it has not begun', async (_part, kind) => {
    const ids = await prepared('refused', kind);
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No.' };
    await azure.fault({ method: 'PUT', path: `${ids[kind.part]}$`, answer });
    expect(await activityFailure(kind.create(ids)(attempt()))).toMatchObject({ details: { sent: false } });
  });

  it.concurrent('does not call a subnet its own where only a read had failed before', async () => {
    const kind = kindOf('nodeSubnet');
    const ids = await prepared('read', kind);
    const answer = { status: 429, code: 'TooManyRequests', message: 'Not now.' };
    await azure.fault({ method: 'GET', path: `${ids.nodeSubnet}$`, answer });
    const first = attempt();
    const last = lastHeartbeatOf(first);
    await activityFailure(kind.create(ids)(first));
    const otherwise = { properties: { addressPrefix: '192.168.1.0/26', defaultOutboundAccess: false } };
    await makeByHand(azure, ids, 'nodeSubnet', { nodeSubnet: otherwise });
    expect(await activityFailure(kind.create(ids)(attempt(2, last())))).toMatchObject({ type: 'NotOwned' });
  });

  it.concurrent('leaves a subnet and a rule that somebody has changed since', async () => {
    const ids = await prepared('changed', kindOf('nodeSubnet'));
    await makeByHand(azure, ids, 'cacheRule');
    await makeByHand(azure, ids, 'nodeSubnet');
    const subnet = { ...nodeSubnet(ids), addressPrefix: '192.168.1.0/25' };
    const rule = { ...mapping, targetRepository: 'other/*' };
    for (const [environment, removal] of [
      [attempt(), () => azure.activities.deleteSubnet(ids.nodeSubnet, subnet)],
      [attempt(), () => azure.activities.deleteCacheRule(ids.cacheRule, rule)],
    ] as const) {
      expect(await activityFailure(environment.run(removal))).toMatchObject({
        type: 'ChangedSince',
        nonRetryable: true,
      });
    }
    expect((await azure.get(ids.nodeSubnet)).status).toBe(200);
    expect((await azure.get(ids.cacheRule)).status).toBe(200);
  });

  it.concurrent('puts an old value back only where Azure shows what this run wrote', async () => {
    const kind = kindOf('registryRecord');
    const ids = await prepared('newer', kind);
    await makeByHand(azure, ids, 'registryRecord');
    await makeByHand(azure, ids, 'registry');
    await makeByHand(azure, ids, 'nodeSubnet');
    const record = { id: ids.registryRecord, addresses: ['192.168.2.9'] };
    const open = { id: ids.registry, publicNetworkAccess: 'Enabled', anonymousPullEnabled: true };
    const written = { publicNetworkAccess: 'Enabled', anonymousPullEnabled: false };
    const subnet = { id: ids.nodeSubnet, properties: { defaultOutboundAccess: null } };
    for (const undo of [
      () => azure.activities.updateRecord(record, ['192.168.2.77']),
      () => azure.activities.updateRegistry(open, written),
      () => azure.activities.updateSubnet(subnet, { defaultOutboundAccess: true }),
    ]) {
      expect(await activityFailure(attempt().run(undo))).toMatchObject({
        type: 'ChangedSince',
        details: { sent: false },
      });
    }
    await attempt().run(() => azure.activities.updateRecord(record, ['192.168.2.5']));
    expect((await azure.get(ids.registryRecord)).at('properties.aRecords')).toEqual([{ ipv4Address: '192.168.2.9' }]);
  });

  it.concurrent.each(marked)('sees a %s of its own that no region shows yet, and removes it', async (_part, kind) => {
    const ids = await prepared('lagging', kind);
    await kind.create(ids)(attempt());
    const answer = { status: 404, code: 'ResourceNotFound', message: 'not found' };
    await azure.fault({ method: 'GET', path: `${ids[kind.part]}$`, answer });
    await kind.remove(ids, marks, true)(attempt());
    expect((await azure.get(ids[kind.part])).status).toBe(404);
  });

  it.concurrent.each<[part: ResourcePart, ignored: string, said: RegExp]>([
    ['vnet', 'properties.subnets', /^subnet aks-subnet: asked for, got none \(/],
    ['nodeSubnet', 'properties.defaultOutboundAccess', /^defaultOutboundAccess: asked false, got none \(/],
    ['registry', 'properties.publicNetworkAccess', /^publicNetworkAccess: asked Disabled, got Enabled \(/],
    ['registryRecord', 'properties.aRecords', /^aRecords: asked 192.168.2.5, got none \(/],
  ])('a %s fails where Azure silently ignores %s', async (part, path, said) => {
    const kind = kindOf(part);
    const ids = await prepared('ignored', kind);
    await azure.fault({ method: 'PUT', path: `${ids[part]}$`, ignore: { path } });
    expect(await activityFailure(kind.create(ids)(attempt()))).toMatchObject({
      type: 'ReadBackMismatch',
      nonRetryable: true,
      message: expect.stringMatching(said),
    });
  });

  it.concurrent('an endpoint fails where Azure gives it no address for a record', async () => {
    const ids = ownRegistryIds('no-address');
    for (const part of ['registry', 'registrySubnet'] as const) await makeByHand(azure, ids, part);
    const { privateEndpoint: id, registry: registryId, registrySubnet: subnetId } = ids;
    const wanted = { id, registryId, subnetId, location, tags, connectionName: 'c' };
    const records = [nameOf(registryId), `${nameOf(registryId)}.swedencentral.data`];
    const work = attempt().run(azure.activities.createPrivateEndpoint, { ...wanted, records });
    expect(await activityFailure(work)).toMatchObject({
      type: 'ReadBackMismatch',
      message: expect.stringContaining(`customDnsConfigs: asked an address for ${records[1]}, got none`),
    });
  });

  it.concurrent('an endpoint returns its addresses, an identity its principal', async () => {
    const ids = ownRegistryIds('returns');
    for (const part of ['registry', 'registrySubnet'] as const) await makeByHand(azure, ids, part);
    const created = async (part: ResourcePart) => each.find(([name]) => name === part)?.[1].create(ids)(attempt());
    const [endpoint, identity] = await Promise.all([created('privateEndpoint'), created('kubelet')]);
    expect(endpoint).toMatchObject({
      status: 'Approved',
      addresses: {
        [`${nameOf(ids.dataRecord)}.azurecr.io`]: ['192.168.2.4'],
        [`${nameOf(ids.registryRecord)}.azurecr.io`]: ['192.168.2.5'],
      },
    });
    const principalId = (await azure.get(ids.kubelet)).at('properties.principalId');
    expect(identity).toMatchObject({ principalId, clientId: expect.stringMatching(/^[-0-9a-f]{36}$/) });
  });

  it.concurrent('a registry is Premium and closed, a link registers nothing', async () => {
    const ids = ownRegistryIds('bodies');
    for (const part of ['zone', 'vnet'] as const) await makeByHand(azure, ids, part);
    for (const [part, kind] of each) if (part === 'registry' || part === 'link') await kind.create(ids)(attempt());
    expect((await azure.get(ids.registry)).body).toMatchObject({
      sku: { name: 'Premium' },
      properties: { ...access, adminUserEnabled: false },
    });
    expect((await azure.get(ids.link)).at('properties.registrationEnabled')).toBe(false);
  });
});

describe('creating, while something passes', () => {
  const kindOf = (part: ResourcePart): ResourceCase => {
    const kind = kinds.find((one) => one.part === part);
    if (!kind) throw new Error(part);
    return kind;
  };

  it.concurrent('a subnet is tried again while another write runs in its network', async () => {
    const ids = ownRegistryIds('busy-network');
    await makeByHand(azure, ids, 'registrySubnet');
    await azure.fault({ method: 'PUT', path: `${ids.registrySubnet}$`, operation: { held: true } });
    const running = await azure.get(ids.registrySubnet);
    await azure.send('PUT', `${ids.registrySubnet}?api-version=2025-07-01`, running.body);
    expect(await activityFailure(kindOf('nodeSubnet').create(ids)(attempt()))).toMatchObject({
      type: 'AnotherOperationInProgress',
      nonRetryable: false,
    });
  });

  it.concurrent('an endpoint is tried again while its registry is changed', async () => {
    const ids = await prepared('busy-registry', kindOf('privateEndpoint'));
    await azure.fault({ method: 'PATCH', path: `${ids.registry}$`, operation: { held: true } });
    await azure.send('PATCH', `${ids.registry}?api-version=2025-11-01`, { tags: {} });
    expect(await activityFailure(kindOf('privateEndpoint').create(ids)(attempt()))).toMatchObject({
      type: 'RetryableError',
      nonRetryable: false,
      details: { status: 429 },
    });
  });

  it.concurrent.each(each)(
    'a %s is tried again where regions do not know its parent yet, but not forever',
    async (_part, kind) => {
      const ids = idsOf('orphan', kind);
      const notYet = await activityFailure(kind.create(ids)(attemptAfter(0)));
      expect(notYet).toMatchObject({ nonRetryable: false, nextRetryDelay: '2 seconds', details: { status: 404 } });
      expect(await activityFailure(kind.create(ids)(attemptAfter(125_000)))).toMatchObject({
        type: notYet.type,
        nonRetryable: true,
      });
    },
  );
});

describe('changing', () => {
  const update = (ids: OwnRegistryIds, properties: Parameters<typeof azure.activities.updateSubnet>[0]['properties']) =>
    call(azure.activities.updateSubnet, { id: ids.nodeSubnet, properties });
  const group = (ids: OwnRegistryIds, name: string) => ({ id: `${ids.group}/providers/Microsoft.Network/${name}` });
  const withEverything = (ids: OwnRegistryIds) => ({
    properties: {
      addressPrefix: '192.168.1.0/24',
      networkSecurityGroup: group(ids, 'networkSecurityGroups/nsg'),
      routeTable: group(ids, 'routeTables/routes'),
      natGateway: group(ids, 'natGateways/nat'),
      serviceEndpoints: [{ service: 'Microsoft.Storage', locations: ['westeurope'] }],
      serviceEndpointPolicies: [group(ids, 'serviceEndpointPolicies/policy')],
      delegations: [{ name: 'theirs', properties: { serviceName: 'Microsoft.Web/serverFarms' } }],
      privateEndpointNetworkPolicies: 'Enabled',
      privateLinkServiceNetworkPolicies: 'Disabled',
    },
  });
  /** Without what changes with every write. */
  const settings = async (id: string) => {
    const { provisioningState: _state, ...rest } = (await azure.get(id)).at('properties') as Record<string, unknown>;
    return rest;
  };

  it.concurrent('a subnet keeps everything else of it', async () => {
    const ids = ownRegistryIds('kept');
    await azure.put(ids.group, { location });
    const theirs = withEverything(ids).properties;
    for (const { id } of [theirs.networkSecurityGroup, theirs.routeTable, theirs.natGateway])
      await azure.put(id, { location });
    await makeByHand(azure, ids, 'nodeSubnet', { nodeSubnet: withEverything(ids) });
    const before = await settings(ids.nodeSubnet);
    expect(Object.keys(before)).toEqual(expect.arrayContaining(Object.keys(withEverything(ids).properties)));
    await update(ids, { defaultOutboundAccess: false })(attempt());
    expect(await settings(ids.nodeSubnet)).toEqual({ ...before, defaultOutboundAccess: false });
    await update(ids, { defaultOutboundAccess: true, privateEndpointNetworkPolicies: 'Disabled' })(attempt());
    expect(await settings(ids.nodeSubnet)).toEqual({
      ...before,
      defaultOutboundAccess: true,
      privateEndpointNetworkPolicies: 'Disabled',
    });
    expect(await writesTo(ids.nodeSubnet)).toEqual(['PUT 201', 'PUT 200', 'PUT 200']);
  });

  it.concurrent('a subnet gets a delegation, and loses it again', async () => {
    const ids = ownRegistryIds('delegated');
    await makeByHand(azure, ids, 'nodeSubnet');
    const before = await settings(ids.nodeSubnet);
    const delegation = 'Microsoft.ContainerService/managedClusters';
    await expect(update(ids, { delegation })(attempt())).resolves.toMatchObject({ delegations: [delegation] });
    await update(ids, { delegation: '' })(attempt());
    expect(await settings(ids.nodeSubnet)).toEqual(before);
  });

  it.concurrent.each(['killed', 'lost'])('a subnet is sent once where the worker or the answer is %s', async (how) => {
    const ids = ownRegistryIds(`update-${how}`);
    await makeByHand(azure, ids, 'nodeSubnet', { nodeSubnet: { properties: { addressPrefix: '192.168.1.0/24' } } });
    const work = update(ids, { defaultOutboundAccess: false });
    const first = attempt();
    if (how === 'lost') await lost('PUT', ids.nodeSubnet, 'after');
    const heartbeat = how === 'killed' ? await killOnceSent(first, work(first)) : { sent: true };
    if (how === 'lost') expect(await activityFailure(work(first))).toMatchObject(unreachable);
    await work(attempt(2, heartbeat));
    expect(await writesTo(ids.nodeSubnet)).toEqual(['PUT 201', 'PUT 200']);
  });

  it.concurrent('a subnet fails where Azure silently ignores it', async () => {
    const ids = ownRegistryIds('update-ignored');
    await makeByHand(azure, ids, 'nodeSubnet');
    await azure.fault({ method: 'PUT', path: `${ids.nodeSubnet}$`, ignore: { path: 'properties.delegations' } });
    expect(await activityFailure(update(ids, { delegation: 'Microsoft.Web/serverFarms' })(attempt()))).toMatchObject({
      type: 'ReadBackMismatch',
      message: expect.stringMatching(/^delegations: asked Microsoft.Web\/serverFarms, got none/),
    });
  });

  it.concurrent('a registry keeps everything else of it, and is sent once where the answer was lost', async () => {
    const ids = ownRegistryIds('closed');
    const registry = {
      location,
      sku: { name: 'Premium' },
      tags: { team: 'a' },
      properties: { adminUserEnabled: true },
    };
    await makeByHand(azure, ids, 'registry', { registry });
    const before = await azure.get(ids.registry);
    await lost('PATCH', ids.registry, 'after');
    const close = call(azure.activities.updateRegistry, { id: ids.registry, ...access, anonymousPullEnabled: true });
    expect(await activityFailure(close(attempt()))).toMatchObject(unreachable);
    await close(attempt(2, { sent: true }));
    expect(await writesTo(ids.registry)).toEqual(['PUT 201', 'PATCH 201']);
    const after = await azure.get(ids.registry);
    expect(after.at('tags')).toEqual({ team: 'a' });
    expect(after.at('properties')).toEqual({
      ...(before.at('properties') as object),
      publicNetworkAccess: 'Disabled',
      anonymousPullEnabled: true,
    });
  });

  it.concurrent('a record keeps whose it is, and how long it is believed', async () => {
    const ids = ownRegistryIds('record');
    await makeByHand(azure, ids, 'zone');
    const properties = { ttl: 60, metadata: { team: 'dns' }, aRecords: [{ ipv4Address: '10.0.0.4' }] };
    await azure.put(ids.registryRecord, { properties });
    await attempt().run(azure.activities.updateRecord, { id: ids.registryRecord, addresses: ['10.0.0.5', '10.0.0.6'] });
    expect((await azure.get(ids.registryRecord)).at('properties')).toMatchObject({
      ttl: 60,
      metadata: { team: 'dns' },
      aRecords: [{ ipv4Address: '10.0.0.5' }, { ipv4Address: '10.0.0.6' }],
    });
  });
});

describe('deleting', () => {
  const made = async (test: string, kind: ResourceCase) => {
    const ids = await prepared(test, kind);
    await kind.create(ids)(attempt());
    return ids;
  };
  const removals = async (ids: OwnRegistryIds, { part }: ResourceCase) =>
    (await writesTo(ids[part])).filter((write) => write.startsWith('DELETE'));

  it.concurrent.each(each)('a %s is one request until it is gone, and nothing once it is', async (_part, kind) => {
    const ids = await made('gone', kind);
    await kind.remove(ids, marks)(attempt());
    expect((await azure.get(ids[kind.part])).status).toBe(404);
    await kind.remove(ids, marks)(attempt());
    expect(await removals(ids, kind)).toEqual([`DELETE ${kind.deleted}`]);
  });

  it.concurrent.each(each)('a %s is nothing where not even its group is there', async (part, kind) => {
    const ids = idsOf('never', kind);
    await kind.remove(ids, marks)(attempt());
    expect(await writesTo(ids[part])).toEqual([]);
  });

  it.concurrent.each(marked)("leaves somebody else's %s as it is", async (_part, kind) => {
    const ids = await made('theirs', kind);
    const before = await azure.get(ids[kind.part]);
    expect(await activityFailure(kind.remove(ids, another)(attempt()))).toMatchObject({
      type: 'NotOwned',
      nonRetryable: true,
      details: { resourceId: ids[kind.part], whatToDo: expect.any(String) },
    });
    expect(await removals(ids, kind)).toEqual([]);
    expect((await azure.get(ids[kind.part])).body).toEqual(before.body);
  });

  it.concurrent.each(marked)(
    'a %s needs no run where any run of the workflow may have made it',
    async (_part, kind) => {
      const ids = await made('any-run', kind);
      await kind.remove(ids, { 'aks-isolation-workflow': workflowId })(attempt());
      expect((await azure.get(ids[kind.part])).status).toBe(404);
    },
  );

  const deletedLong = long.filter(([, { deleted }]) => deleted === 202);
  it.concurrent.each(deletedLong)('a %s goes on where a killed worker left it', async (_part, kind) => {
    const ids = await made('removal-killed', kind);
    const first = attempt();
    const lastHeartbeat = await killOnceSent(first, kind.remove(ids, marks)(first));
    await kind.remove(ids, marks)(attempt(2, lastHeartbeat));
    expect(await removals(ids, kind)).toEqual(['DELETE 202']);
  });

  it.concurrent.each(each)('a %s takes effect once where its answer was lost', async (_part, kind) => {
    const ids = await made('removal-lost', kind);
    await lost('DELETE', ids[kind.part], 'after');
    expect(await activityFailure(kind.remove(ids, marks)(attempt()))).toMatchObject(unreachable);
    await untilDone(kind.remove(ids, marks), 2, { sent: true });
    expect((await azure.get(ids[kind.part])).status).toBe(404);
    // One that is sent again to what is gone meanwhile is answered 204.
    const effects = (await removals(ids, kind)).filter((write) => / 20[0-2]$/.test(write));
    expect(effects).toEqual([`DELETE ${kind.deleted}`]);
  });

  it.concurrent('what is still in use says so', async () => {
    const ids = ownRegistryIds('in-use');
    await makeByHand(azure, ids, 'privateEndpoint');
    await makeByHand(azure, ids, 'link');
    const refused = (work: Promise<unknown>) =>
      activityFailure(work).then(({ type, nonRetryable }) => [type, nonRetryable]);
    const { deletePrivateDnsZone, deleteVirtualNetwork } = azure.activities;
    const zone = await refused(attempt().run(deletePrivateDnsZone, { id: ids.zone, marks: {} }));
    expect(zone).toEqual(['CannotDeleteResource', true]);
    const network = await refused(attempt().run(deleteVirtualNetwork, { id: ids.vnet, marks: {} }));
    expect(network).toEqual(['InUseSubnetCannotBeDeleted', true]);
  });

  it.concurrent('is proven by what is still there, of every kind', async () => {
    const ids = ownRegistryIds('remains');
    for (const part of ['link', 'registryRecord', 'controlPlane'] as const) await makeByHand(azure, ids, part);
    const { group, vnet, registry, privateEndpoint, zone, link, registryRecord, controlPlane } = ids;
    const present = [group, vnet, registry, privateEndpoint, zone, link, registryRecord, controlPlane];
    const absent = [ids.cluster, ids.dataRecord, ids.kubelet, `${group}-2`, `${link}-2`, `${vnet}-2`];
    const remaining = await attempt().run(azure.activities.readRemaining, [...present, ...absent]);
    expect(remaining).toEqual(present);
  });
});
