import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { boundTo } from '../../../activities/arm/marks.ts';
import { makeByHand, ownRegistryIds, type ResourcePart } from '../../support/ownRegistry.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  attemptAfter,
  attemptOnClockAhead,
  killOnceSent,
  lastHeartbeatOf,
  marks,
  startAzure,
} from '../support.ts';
import {
  accepted,
  access,
  eachKind,
  idsOf,
  kindOf,
  location,
  longKinds,
  lost,
  nameOf,
  prepared,
  tags,
  unreachable,
  untilDone,
  writesTo,
} from './support.ts';

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.close());

describe('creating', () => {
  it.concurrent.each(eachKind)('a %s is one request, whose end is read back', async (_part, kind) => {
    const ids = await prepared(azure, 'new', kind);
    await kind.create(azure, ids)(attempt());
    expect(await writesTo(azure, ids[kind.part])).toEqual([`PUT ${kind.created}`]);
    const seen = await azure.get(ids[kind.part]);
    expect(['Succeeded', undefined]).toContain(seen.at('properties.provisioningState'));
    if (!kind.unmarked)
      expect(seen.at('tags') ?? seen.at('properties.metadata')).toMatchObject(boundTo(ids[kind.part], marks));
  });

  it.concurrent.each(longKinds)('a %s goes on where a killed worker left it', async (_part, kind) => {
    const ids = await prepared(azure, 'killed', kind);
    const first = attempt();
    const lastHeartbeat = await killOnceSent(first, kind.create(azure, ids)(first));
    expect(lastHeartbeat).toMatchObject({ sent: true, poller: expect.any(String) });
    await kind.create(azure, ids)(attempt(2, lastHeartbeat));
    expect(await writesTo(azure, ids[kind.part])).toEqual([`PUT ${kind.created}`]);
  });

  it.concurrent.each(
    eachKind.flatMap(([part, kind]) => [
      [part, 'a heartbeat', kind, { sent: true }] as const,
      [part, 'no heartbeat at all', kind, undefined] as const,
    ]),
  )('a %s takes effect once where its answer was lost, after %s', async (_part, what, kind, heartbeat) => {
    const ids = await prepared(azure, what === 'a heartbeat' ? 'lost' : 'lost-all', kind);
    await lost(azure, 'PUT', ids[kind.part], 'after');
    expect(await activityFailure(kind.create(azure, ids)(attempt()))).toMatchObject(unreachable);
    await untilDone(kind.create(azure, ids), 2, heartbeat);
    const writes = await accepted(azure, ids[kind.part]);
    expect(kind.hidden ? [...new Set(writes)] : writes).toEqual([`PUT ${kind.created}`]);
  });

  it.concurrent('a network that ended Failed is written again as it is now, with what others have put into it', async () => {
    const kind = kindOf('vnet');
    const ids = await prepared(azure, 'failed-network', kind);
    const operation = { status: 'Failed', code: 'InternalServerError', message: 'No.' } as const;
    await azure.fault({ method: 'PUT', path: `${ids.vnet}$`, operation });
    await activityFailure(kind.create(azure, ids)(attempt()));
    await azure.put(`${ids.vnet}/subnets/colleague`, { properties: { addressPrefix: '192.168.200.0/24' } });
    await kind.create(azure, ids)(attempt(2, { sent: true }));
    const seen = await azure.get(ids.vnet);
    expect(seen.at('properties.provisioningState')).toBe('Succeeded');
    expect((seen.at('properties.subnets') as { name: string }[]).map(({ name }) => name).sort()).toEqual([
      'aks-subnet',
      'colleague',
    ]);
    const last = (await azure.recorded()).findLast(
      ({ method, url }) => method === 'PUT' && url.includes(`${ids.vnet}?`),
    );
    expect(last?.headers).toHaveProperty('if-match');
  });

  it.concurrent.each(eachKind)('a %s is sent again where it never arrived', async (_part, kind) => {
    const ids = await prepared(azure, 'unsent', kind);
    await lost(azure, 'PUT', ids[kind.part], 'before');
    expect(await activityFailure(kind.create(azure, ids)(attempt()))).toMatchObject(unreachable);
    await kind.create(azure, ids)(attempt(2, { sent: true }));
    expect(await writesTo(azure, ids[kind.part])).toEqual(['PUT null', `PUT ${kind.created}`]);
  });

  it.concurrent.each<[part: ResourcePart, body?: unknown]>([
    // Without the subnets that are wanted.
    ['vnet'],
    ['nodeSubnet', { properties: { addressPrefix: '192.168.1.0/26', defaultOutboundAccess: false } }],
    ['registry', { location, sku: { name: 'Premium' }, properties: { publicNetworkAccess: 'Enabled' } }],
    ['registryRecord', { properties: { ttl: 3600, aRecords: [{ ipv4Address: '192.168.2.77' }] } }],
  ])('leaves a %s alone that somebody else has made otherwise meanwhile', async (part, body) => {
    const kind = kindOf(part);
    const ids = await prepared(azure, 'raced', kind);
    await makeByHand(azure, ids, kind.part, body === undefined ? {} : { [part]: body });
    const before = await azure.get(ids[kind.part]);
    expect(await activityFailure(kind.create(azure, ids)(attempt()))).toMatchObject({
      type: 'NotOwned',
      nonRetryable: true,
      details: { resourceId: ids[kind.part], whatToDo: expect.stringMatching(/Somebody else/), sent: false },
    });
    expect(await accepted(azure, ids[kind.part])).toHaveLength(1);
    expect((await azure.get(ids[kind.part])).body).toEqual(before.body);
  });

  it.concurrent.each(eachKind.filter(([part]) => part !== 'vnet'))(
    'takes a %s that somebody else has made as wanted meanwhile, and says that it is not its own',
    async (_part, kind) => {
      const ids = await prepared(azure, 'adopted', kind);
      await makeByHand(azure, ids, kind.part);
      const before = await azure.get(ids[kind.part]);
      expect(await kind.create(azure, ids)(attempt())).toMatchObject({ adopted: true });
      expect(await accepted(azure, ids[kind.part])).toHaveLength(1);
      expect((await azure.get(ids[kind.part])).body).toEqual(before.body);
    },
  );

  it.concurrent.each<ResourcePart>(['vnet', 'kubelet'])(
    'takes a %s whose answer was lost, and whose marks a policy has stripped, for its own, so that undo names it',
    async (part) => {
      const kind = kindOf(part);
      const ids = await prepared(azure, 'stripped', kind);
      await lost(azure, 'PUT', ids[part], 'after');
      const first = attempt();
      const last = lastHeartbeatOf(first);
      await activityFailure(kind.create(azure, ids)(first));
      await azure.put(ids[part], { tags: {} }, 'PATCH');
      expect(await kind.create(azure, ids)(attempt(2, last()))).not.toMatchObject({ adopted: true });
      expect(await activityFailure(kind.remove(azure, ids, marks, true)(attempt()))).toMatchObject({
        type: 'NotOwned',
      });
      expect((await azure.get(ids[part])).status).toBe(200);
    },
  );

  it.concurrent.each(eachKind)('says of a %s that Azure refuses that it has not begun', async (_part, kind) => {
    const ids = await prepared(azure, 'refused', kind);
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No.' };
    await azure.fault({ method: 'PUT', path: `${ids[kind.part]}$`, answer });
    expect(await activityFailure(kind.create(azure, ids)(attempt()))).toMatchObject({ details: { sent: false } });
  });

  it.concurrent('does not call a subnet its own where only a read had failed before', async () => {
    const kind = kindOf('nodeSubnet');
    const ids = await prepared(azure, 'read', kind);
    const answer = { status: 429, code: 'TooManyRequests', message: 'Not now.' };
    await azure.fault({ method: 'GET', path: `${ids.nodeSubnet}$`, answer });
    const first = attempt();
    const last = lastHeartbeatOf(first);
    await activityFailure(kind.create(azure, ids)(first));
    const otherwise = { properties: { addressPrefix: '192.168.1.0/26', defaultOutboundAccess: false } };
    await makeByHand(azure, ids, 'nodeSubnet', { nodeSubnet: otherwise });
    expect(await activityFailure(kind.create(azure, ids)(attempt(2, last())))).toMatchObject({ type: 'NotOwned' });
  });

  it.concurrent.each<[part: ResourcePart, ignored: string, said: RegExp]>([
    ['vnet', 'properties.subnets', /^subnet aks-subnet: asked for, got none \(/],
    ['nodeSubnet', 'properties.defaultOutboundAccess', /^defaultOutboundAccess: asked false, got none \(/],
    ['registry', 'properties.publicNetworkAccess', /^publicNetworkAccess: asked Disabled, got Enabled \(/],
    ['registryRecord', 'properties.aRecords', /^aRecords: asked 192.168.2.5, got none \(/],
  ])('a %s fails where Azure silently ignores %s', async (part, path, said) => {
    const kind = kindOf(part);
    const ids = await prepared(azure, 'ignored', kind);
    await azure.fault({ method: 'PUT', path: `${ids[part]}$`, ignore: { path } });
    expect(await activityFailure(kind.create(azure, ids)(attempt()))).toMatchObject({
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
    const created = async (part: ResourcePart) =>
      eachKind.find(([name]) => name === part)?.[1].create(azure, ids)(attempt());
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
    for (const [part, kind] of eachKind)
      if (part === 'registry' || part === 'link') await kind.create(azure, ids)(attempt());
    expect((await azure.get(ids.registry)).body).toMatchObject({
      sku: { name: 'Premium' },
      properties: { ...access, adminUserEnabled: false },
    });
    expect((await azure.get(ids.link)).at('properties.registrationEnabled')).toBe(false);
  });
});

describe('creating, while something passes', () => {
  it.concurrent.each([10, -10])('is as patient where the clock of the worker is %p minutes ahead', async (minutes) => {
    const kind = kindOf('registry');
    const create = kind.create(azure, idsOf(`clock-${minutes}`, kind));
    const failure = await activityFailure(create(attemptOnClockAhead(minutes * 60_000)));
    expect(failure).toMatchObject({ nonRetryable: false, nextRetryDelay: '2 seconds', details: { status: 404 } });
  });

  it.concurrent('a subnet is tried again while another write runs in its network', async () => {
    const ids = ownRegistryIds('busy-network');
    await makeByHand(azure, ids, 'registrySubnet');
    await azure.fault({ method: 'PUT', path: `${ids.registrySubnet}$`, operation: { held: true } });
    const running = await azure.get(ids.registrySubnet);
    await azure.send('PUT', `${ids.registrySubnet}?api-version=2025-07-01`, running.body);
    expect(await activityFailure(kindOf('nodeSubnet').create(azure, ids)(attempt()))).toMatchObject({
      type: 'AnotherOperationInProgress',
      nonRetryable: false,
    });
  });

  it.concurrent('an endpoint is tried again while its registry is changed', async () => {
    const ids = await prepared(azure, 'busy-registry', kindOf('privateEndpoint'));
    await azure.fault({ method: 'PATCH', path: `${ids.registry}$`, operation: { held: true } });
    await azure.send('PATCH', `${ids.registry}?api-version=2025-11-01`, { tags: {} });
    expect(await activityFailure(kindOf('privateEndpoint').create(azure, ids)(attempt()))).toMatchObject({
      type: 'RetryableError',
      nonRetryable: false,
      details: { status: 429 },
    });
  });

  it.concurrent.each(eachKind)(
    'a %s is tried again where regions do not know its parent yet, but not forever',
    async (_part, kind) => {
      const ids = idsOf('orphan', kind);
      const notYet = await activityFailure(kind.create(azure, ids)(attemptAfter(0)));
      expect(notYet).toMatchObject({ nonRetryable: false, nextRetryDelay: '2 seconds', details: { status: 404 } });
      expect(await activityFailure(kind.create(azure, ids)(attemptAfter(125_000)))).toMatchObject({
        type: notYet.type,
        nonRetryable: true,
      });
    },
  );
});
