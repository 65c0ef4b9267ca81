import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { markTags } from '../../resources/marks.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import type { OthersRuleInput } from '../../simulator/arm/others.ts';
import { makeByHand, type OwnRegistryIds, ownRegistryIds, type ResourcePart } from '../support/ownRegistry.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  attemptAfter,
  lastHeartbeatOf,
  startAzure,
  subscriptionId,
} from './support.ts';

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
  await azure.reset({ clusterEtags: true, quotas: { standardDDSv5Family: 5000, cores: 5000 } });
});
afterAll(() => azure.close());

/** Somebody else's act right before this request takes effect. */
async function meanwhile(method: OthersRuleInput['method'], id: string, does: OthersRuleInput['does']): Promise<void> {
  const { status } = await azure.send('POST', '/simulator/others', { method, path: `${id}$`, when: 'before', does });
  if (status !== 201) throw new Error(`others: ${status}`);
}

/** Runs an activity as the server does: once more after a failure that may pass. Returns that failure. */
async function twice(work: (environment: ReturnType<typeof attempt>) => Promise<unknown>) {
  const first = attempt();
  const heartbeat = lastHeartbeatOf(first);
  const failure = await activityFailure(work(first));
  await work(attempt(2, heartbeat()));
  return failure;
}

const existing = async (name: string): Promise<ClusterReference> => {
  const cluster = { subscriptionId, resourceGroup: `rg-${name}`, name };
  await createExistingCluster(azure.simulator, { cluster, pools: { system: { mode: 'System', count: 1 } } });
  return cluster;
};
const whole = async (id: string) => (await azure.get(id)).body as { properties: Record<string, unknown> };
const busyPolicy = { minutes: 60, abort: false };
const cached = { artifactSource: 'Cache', containerRegistryId: null } as const;

describe('a change that somebody else is quicker than is refused by Azure, read again, and made on top of theirs', () => {
  const refused = { type: 'PreconditionFailed', nonRetryable: false, details: { status: 412, sent: false } };

  it.concurrent('on a subnet', async () => {
    const ids = ownRegistryIds('raced-subnet');
    await makeByHand(azure, ids, 'nodeSubnet');
    const theirs = { ...(await whole(ids.nodeSubnet)).properties, serviceEndpoints: [{ service: 'Microsoft.Sql' }] };
    await meanwhile('PUT', ids.nodeSubnet, [{ method: 'PUT', path: ids.nodeSubnet, body: { properties: theirs } }]);
    const properties = { privateEndpointNetworkPolicies: 'Enabled' };
    const work = () => azure.activities.updateSubnet({ id: ids.nodeSubnet, properties });
    expect(await twice((environment) => environment.run(work))).toMatchObject(refused);
    expect(await whole(ids.nodeSubnet)).toMatchObject({
      properties: { ...properties, serviceEndpoints: theirs.serviceEndpoints },
    });
  });

  it.concurrent('on a record', async () => {
    const ids = ownRegistryIds('raced-record');
    await makeByHand(azure, ids, 'registryRecord');
    const theirs = { ttl: 30, metadata: { team: 'dns' }, aRecords: [{ ipv4Address: '10.0.0.9' }] };
    await meanwhile('PUT', ids.registryRecord, [
      { method: 'PUT', path: ids.registryRecord, body: { properties: theirs } },
    ]);
    const work = () => azure.activities.updateRecord({ id: ids.registryRecord, addresses: ['10.0.0.4'] });
    expect(await twice((environment) => environment.run(work))).toMatchObject(refused);
    expect(await whole(ids.registryRecord)).toMatchObject({
      properties: { ttl: 30, metadata: { team: 'dns' }, aRecords: [{ ipv4Address: '10.0.0.4' }] },
    });
  });

  it.concurrent('on a record that is to be deleted', async () => {
    const ids = ownRegistryIds('raced-deletion');
    await makeByHand(azure, ids, 'registryRecord');
    const { aRecords } = (await whole(ids.registryRecord)).properties as { aRecords: { ipv4Address: string }[] };
    const theirs = { ttl: 30, aRecords: [{ ipv4Address: '10.0.0.9' }] };
    await meanwhile('DELETE', ids.registryRecord, [
      { method: 'PUT', path: ids.registryRecord, body: { properties: theirs } },
    ]);
    const written = aRecords.map(({ ipv4Address }) => ipv4Address);
    const work = () => azure.activities.deleteRecord({ id: ids.registryRecord, marks: {} }, written);
    expect(await activityFailure(attempt().run(work))).toMatchObject(refused);
    expect(await activityFailure(attempt(2).run(work))).toMatchObject({ type: 'ChangedSince' });
    expect(await whole(ids.registryRecord)).toMatchObject({ properties: theirs });
  });

  it.concurrent('on a zone and a link that are to be deleted', async () => {
    const ids = ownRegistryIds('raced-zone');
    await makeByHand(azure, ids, 'link');
    const zones = 'Microsoft.Network/privateDnsZones';
    for (const [id, type, remove] of [
      [ids.link, `${zones}/virtualNetworkLinks`, azure.activities.deleteZoneLink],
      [ids.zone, zones, azure.activities.deletePrivateDnsZone],
    ] as const) {
      await meanwhile('DELETE', id, [{ method: 'PUT', each: { type, id }, change: { 'tags.team': 'dns' } }]);
      const work = () => remove({ id, marks: {} });
      expect(await twice((environment) => environment.run(work))).toMatchObject(refused);
      expect((await azure.get(id)).status).toBe(404);
    }
  });

  it('on a cluster and a node pool that are to be deleted', async () => {
    const cluster = await existing('raced-removal');
    const clusters = 'Microsoft.ContainerService/managedClusters';
    const pool = `${clusterId(cluster)}/agentPools/more`;
    await azure.put(pool, { properties: { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5' } });
    const { deleteAgentPool, deleteCluster } = azure.activities;
    for (const [id, type, tag, work] of [
      [
        pool,
        `${clusters}/agentPools`,
        'properties.tags.team',
        () => deleteAgentPool({ cluster, pool: 'more', marks: {} }),
      ],
      [clusterId(cluster), clusters, 'tags.team', () => deleteCluster({ cluster, marks: {} })],
    ] as const) {
      await meanwhile('DELETE', id, [{ method: 'PUT', each: { type, id }, change: { [tag]: 'theirs' } }]);
      expect(await twice((environment) => environment.run(work))).toMatchObject(refused);
      expect((await azure.get(id)).status).toBe(404);
    }
  });

  it('on a node pool of its own that is to be made again', async () => {
    const cluster = await existing('raced-again');
    const pool = `${clusterId(cluster)}/agentPools/copy`;
    const settings = { count: 1, vmSize: 'Standard_D4ds_v5', mode: 'User' as const };
    const marks = { [markTags.workflow]: 'w', [markTags.run]: 'r' };
    const failed = { status: 'Failed', code: 'QuotaExceeded', message: 'Not enough cores' } as const;
    await azure.fault({ method: 'PUT', path: `${pool}$`, operation: failed });
    const work = () => azure.activities.createAgentPool({ cluster, pool: 'copy', settings, marks });
    expect(await activityFailure(attempt().run(work))).toMatchObject({ type: 'QuotaExceeded' });
    const type = 'Microsoft.ContainerService/managedClusters/agentPools';
    await meanwhile('PUT', pool, [
      { method: 'PUT', each: { type, id: pool }, change: { 'properties.tags.team': 'theirs' } },
    ]);
    const again = await activityFailure(attempt(2, { sent: true, ended: true }).run(work));
    expect(again).toMatchObject({ ...refused, details: { status: 412 } });
  });

  it('on a cluster', async () => {
    const cluster = await existing('raced-cluster');
    const id = clusterId(cluster);
    const theirs = await whole(id);
    Object.assign(theirs.properties, { disableLocalAccounts: true });
    await meanwhile('PUT', id, [{ method: 'PUT', path: id, body: theirs }]);
    const work = () => azure.activities.updateCluster({ cluster, change: cached, busyPolicy });
    expect(await activityFailure(attemptAfter(0).run(work))).toMatchObject(refused);
    await attemptAfter(0, 2).run(work);
    expect(await whole(id)).toMatchObject({
      properties: { disableLocalAccounts: true, bootstrapProfile: { artifactSource: 'Cache' } },
    });
  });

  it.each(['a cluster', 'a node pool'])('where it is the creation of %s', async (what) => {
    const name = what === 'a cluster' ? 'raced-creation' : 'raced-pool';
    const wanted = await azure.specification(name);
    const settings = { count: 1, vmSize: 'Standard_D4ds_v5', mode: 'User' as const };
    if (what === 'a node pool') await attempt().run(azure.activities.createOrUpdateCluster, wanted);
    const id = clusterId(wanted.cluster);
    const pool = `${id}/agentPools/copy`;
    const theirs = {
      method: 'PUT' as const,
      path: what === 'a cluster' ? id : pool,
      body:
        what === 'a cluster'
          ? { location: 'westeurope', identity: { type: 'SystemAssigned' }, ...wireCluster }
          : { properties: settings },
    };
    await meanwhile('PUT', theirs.path, [theirs]);
    const work = (environment: ReturnType<typeof attempt>) =>
      what === 'a cluster'
        ? environment.run(azure.activities.createOrUpdateCluster, wanted)
        : environment.run(azure.activities.createAgentPool, {
            cluster: wanted.cluster,
            pool: 'copy',
            settings,
            marks: wanted.tags,
          });
    // A resource that a run makes is read again at once.
    const first = what === 'a cluster' ? refused : { type: 'NotOwned', details: { sent: false } };
    expect(await activityFailure(work(attempt()))).toMatchObject(first);
    const before = await whole(theirs.path);
    expect(await activityFailure(work(attempt(2)))).toMatchObject({ type: 'NotOwned' });
    expect(await whole(theirs.path)).toEqual(before);
  });
});

const wireCluster = {
  properties: {
    dnsPrefix: 'theirs',
    agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }],
    networkProfile: { networkPlugin: 'azure', outboundType: 'loadBalancer' },
  },
};

it('a deletion needs no second try where somebody deletes the whole group right before it', async () => {
  const ids = ownRegistryIds('around-record');
  await makeByHand(azure, ids, 'registryRecord');
  await meanwhile('DELETE', ids.registryRecord, [{ method: 'DELETE', path: ids.group }]);
  await attempt().run(azure.activities.deleteRecord, { id: ids.registryRecord, marks: {} });
  expect(await azure.sent(ids.registryRecord)).toContainEqual(expect.stringMatching(/^DELETE 404/));
});

describe('undo', () => {
  const undoes: [part: ResourcePart, undo: (ids: OwnRegistryIds) => Promise<unknown>][] = [
    [
      'registryRecord',
      ({ registryRecord: id }) => azure.activities.updateRecord({ id, addresses: ['10.0.0.9'] }, ['10.0.0.4']),
    ],
    [
      'registry',
      ({ registry: id }) =>
        azure.activities.updateRegistry(
          { id, publicNetworkAccess: 'Enabled', anonymousPullEnabled: true },
          { publicNetworkAccess: 'Disabled', anonymousPullEnabled: false },
        ),
    ],
    [
      'nodeSubnet',
      ({ nodeSubnet: id }) =>
        azure.activities.updateSubnet(
          { id, properties: { defaultOutboundAccess: null } },
          { defaultOutboundAccess: false },
        ),
    ],
  ];

  it.concurrent.each(undoes)(
    'has nothing to put back where somebody has deleted the %s, or all around it',
    async (part, undo) => {
      const ids = ownRegistryIds(`gone-${part.toLowerCase()}`);
      await attempt().run(() => undo(ids));
      await makeByHand(azure, ids, part);
      await azure.remove(ids[part]);
      await attempt().run(() => undo(ids));
      expect((await azure.get(ids[part])).status).toBe(404);
    },
  );

  it.concurrent('puts back what is as the run wrote it, beside what somebody has put back already', async () => {
    const ids = ownRegistryIds('halfback');
    const registry = {
      location: 'westeurope',
      sku: { name: 'Premium' },
      properties: { publicNetworkAccess: 'Enabled', anonymousPullEnabled: false },
    };
    await makeByHand(azure, ids, 'registry', { registry });
    const undo = undoes.find(([part]) => part === 'registry');
    await attempt().run(() => undo?.[1](ids) ?? Promise.reject(new Error('none')));
    expect(await whole(ids.registry)).toMatchObject({
      properties: { publicNetworkAccess: 'Enabled', anonymousPullEnabled: true },
    });
  });

  const put = (cluster: ClusterReference, change: object, written: object) =>
    attemptAfter(0).run(azure.activities.updateCluster, { cluster, change, written, busyPolicy });

  it('of a cluster keeps what somebody has changed meanwhile', async () => {
    const cluster = await existing('undo-keeps');
    const id = clusterId(cluster);
    await attemptAfter(0).run(azure.activities.updateCluster, { cluster, change: cached, busyPolicy });
    const theirs = await whole(id);
    Object.assign(theirs.properties, { disableLocalAccounts: true });
    await azure.put(id, { ...theirs, tags: { team: 'a' } });
    await put(cluster, { artifactSource: 'Direct' }, cached);
    expect(await whole(id)).toMatchObject({
      tags: { team: 'a' },
      properties: { disableLocalAccounts: true, bootstrapProfile: { artifactSource: 'Direct' } },
    });
  });

  it.each([
    [
      'where nodes boot from',
      { artifactSource: 'Direct' },
      { artifactSource: 'Cache', containerRegistryId: '/theirs' },
    ],
    ['the outbound type', { outboundType: 'managedNATGateway' }, { outboundType: 'none' }],
  ])("of a cluster leaves somebody's newer change of %s", async (what, before, written) => {
    const cluster = await existing(what.length > 17 ? 'undo-newer-1' : 'undo-newer-2');
    const id = clusterId(cluster);
    if (what === 'where nodes boot from')
      await attemptAfter(0).run(azure.activities.updateCluster, { cluster, change: cached, busyPolicy });
    const theirs = await whole(id);
    expect(await activityFailure(put(cluster, before, written))).toMatchObject({
      type: 'ChangedSince',
      nonRetryable: true,
      details: { sent: false },
    });
    expect(await whole(id)).toEqual(theirs);
  });
});
