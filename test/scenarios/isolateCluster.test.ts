import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterId } from '../../resources/ids.ts';
import { failureDetailsOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import {
  blockedBudget,
  existingCluster,
  isolationOf,
  reference,
  updateByHand,
  verified,
  waitUntil,
  writesSince,
} from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

const managed = { mode: 'managed' } as const;

describe('isolateCluster', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  it('isolates an ordinary cluster: registry, nodes one pool after the other, egress last, each write once, and none again', async () => {
    const cluster = await existingCluster(harness, 'isolate-managed');
    const tags = { team: 'a' };
    await harness.azure.put(clusterId(cluster), { tags }, 'PATCH');
    const writes = await writesSince(harness, cluster);
    const { reimages, checks } = await verified(harness.client.isolateCluster({ cluster, registry: managed }));
    expect(await writes()).toEqual([
      'PUT cluster 200',
      'POST work/upgradeNodeImageVersion 202',
      'POST system/upgradeNodeImageVersion 202',
      'PUT cluster 200',
    ]);
    expect(reimages.map(({ pool, evidence, how, nodes }) => [pool, evidence, how, nodes.length])).toEqual([
      ['work', 'nodes', 'reimaged', 2],
      ['system', 'nodes', 'reimaged', 1],
    ]);
    expect(checks.map(({ id }) => id)).toEqual(expect.arrayContaining(['boots:work', 'pulls:system', 'reimage:work']));
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({ outboundType: 'none', artifactSource: 'Cache' });
    // It leaves as Azure makes it: nothing of that is to be kept.
    expect((await harness.azure.get(clusterId(cluster))).at('tags')).toEqual(tags);
    const more = await writesSince(harness, cluster);
    const { steps } = await verified(harness.client.isolateCluster({ cluster, registry: managed }));
    expect(await more()).toEqual([]);
    expect(steps.filter(({ action }) => action !== 'none')).toEqual([]);
  });

  it('isolates a cluster in its own network, with a registry of its own and the identity that it has', async () => {
    const cluster = await existingCluster(harness, 'isolate-byo', { ownNetwork: true });
    const given = { cluster, registry: { mode: 'bringYourOwn' as const, name: 'isolatebyo1' } };
    const { steps } = await verified(harness.client.isolateCluster({ ...given, reimage: { maxParallelPools: 2 } }));
    const done = steps.filter(({ state }) => state === 'done').map(({ id }) => id);
    expect(done).toEqual(
      expect.arrayContaining(['subnet:nodeSubnet', 'registry', 'cacheRule', 'zoneLink', 'role:acrPull:isolatebyo1']),
    );
    const { containerRegistryId } = await isolationOf(harness.azure, cluster);
    expect(containerRegistryId).toMatch(/registries\/isolatebyo1$/);
    const audit = await (await harness.client.auditCluster({ cluster })).result();
    expect(audit.checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  inFull.it('isolates a cluster in a network that AKS manages with a registry of its own', async () => {
    const cluster = await existingCluster(harness, 'isolate-byo-managed');
    const registry = { mode: 'bringYourOwn' as const, name: 'isolatebyomanaged1' };
    await verified(harness.client.isolateCluster({ cluster, registry }));
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({ outboundType: 'none', artifactSource: 'Cache' });
  });

  it('repairs a cluster whose egress was cut before its nodes were reimaged, which an audit recognises', async () => {
    const cluster = await existingCluster(harness, 'isolate-wrong-order');
    const { azure, client } = harness;
    await updateByHand(azure, cluster, (properties) => {
      properties.bootstrapProfile = { artifactSource: 'Cache' };
    });
    await updateByHand(azure, cluster, (properties) => {
      properties.networkProfile = { ...(properties.networkProfile as object), outboundType: 'none' };
    });
    const before = await (await client.auditCluster({ cluster })).result();
    expect(before.isolated).toBe(false);
    expect(before.checks.filter(({ ok }) => !ok).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['boots:work', 'boots:system']),
    );
    const writes = await writesSince(harness, cluster);
    await verified(client.isolateCluster({ cluster, registry: managed }));
    expect(await writes()).toEqual([
      'POST work/upgradeNodeImageVersion 202',
      'POST system/upgradeNodeImageVersion 202',
    ]);
    expect(await (await client.auditCluster({ cluster })).result()).toMatchObject({ isolated: true });
  });

  it('waits for what somebody else does to the cluster, and for approvals, refuses what is none, and reports who approved', async () => {
    const cluster = await existingCluster(harness, 'isolate-approved');
    await harness.azure.send('PATCH', `${clusterId(cluster)}?api-version=2026-06-01`, { tags: { owner: 'somebody' } });
    const writes = await writesSince(harness, cluster);
    const run = await harness.client.isolateCluster({ cluster, registry: managed, approvals: ['cutEgress'] });
    await waitUntil(run, ({ awaitingApproval }) => awaitingApproval?.includes('cutEgress') ?? false);
    expect((await writes()).filter((write) => write.startsWith('PUT'))).toHaveLength(1);
    const handle = harness.temporal.workflow.getHandle(run.workflowId);
    const refused = (args: [unknown]) =>
      handle.executeUpdate('approve', { args }).catch((error) => error.cause.message);
    expect(await refused([{ note: 'go' }])).toMatch(/gate: missing[\s\S]*by: missing/);
    expect(await refused([{ gate: 'reimage', by: 'Ada' }])).toMatch(/Nothing waits for the approval of reimage/);
    await run.approve({ gate: 'cutEgress', by: 'Ada', note: 'change 4711' });
    const result = await run.result();
    expect(result).toMatchObject({
      outcome: 'verified',
      approvals: [{ gate: 'cutEgress', by: 'Ada', note: 'change 4711', at: expect.any(String) }],
    });
    expect((await writes()).filter((write) => write.endsWith('409'))).toEqual([]);
  });

  it('puts the cluster back, and reimages the pools that it had reimaged, when a pool cannot be', async () => {
    const cluster = await existingCluster(harness, 'isolate-rollback');
    const before = await isolationOf(harness.azure, cluster);
    await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/agentPools/system/upgradeNodeImageVersion`,
      times: 2,
      operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain of node failed', afterSeconds: 20 },
    });
    const writes = await writesSince(harness, cluster);
    const run = await harness.client.isolateCluster({ cluster, registry: managed });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/PodDrainFailure/);
    expect(details.leftovers).toEqual([]);
    expect(await writes()).toEqual([
      'PUT cluster 200',
      'POST work/upgradeNodeImageVersion 202',
      'POST system/upgradeNodeImageVersion 202',
      // Once more, before onFailure decides.
      'POST system/upgradeNodeImageVersion 202',
      'PUT cluster 200',
      expect.stringMatching(/^POST (work|system).upgradeNodeImageVersion 202$/),
      expect.stringMatching(/^POST (work|system).upgradeNodeImageVersion 202$/),
    ]);
    expect(await isolationOf(harness.azure, cluster)).toEqual(before);
    const undone = details.steps.filter(({ state }) => state === 'undone').map(({ id }) => id);
    expect(undone).toEqual(expect.arrayContaining(['bootstrap', 'reimage:work', 'reimage:system']));
  });

  inFull.it('leaves the nodes alone that AKS has reimaged by itself, from Kubernetes 1.37', async () => {
    const cluster = await existingCluster(harness, 'isolate-recent', { kubernetesVersion: '1.37' });
    const writes = await writesSince(harness, cluster);
    const { reimages } = await verified(harness.client.isolateCluster({ cluster, registry: managed }));
    expect(reimages.map(({ pool, how }) => [pool, how])).toEqual([
      ['work', 'byAzure'],
      ['system', 'byAzure'],
    ]);
    expect(await writes()).toEqual(['PUT cluster 200', 'PUT cluster 200']);
  });

  inFull.it('waits for an operator who mends the cause, and does nothing twice', async () => {
    const cluster = await existingCluster(harness, 'isolate-held');
    await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/agentPools/system/upgradeNodeImageVersion`,
      times: 2,
      operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain of node failed', afterSeconds: 20 },
    });
    const writes = await writesSince(harness, cluster);
    const run = await harness.client.isolateCluster({ cluster, registry: managed, onFailure: 'hold' });
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    await run.decide('retry');
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    expect((await writes()).filter((write) => write.includes('work'))).toHaveLength(1);
  });

  it('cuts nothing where no node has proven that it does without', async () => {
    const cluster = await existingCluster(harness, 'isolate-unproven');
    // Looks: at first, after the update, after each of two pools, and the one that matters.
    await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/runCommand`,
      after: 4,
      times: 10_000,
      answer: { status: 403, code: 'AuthorizationFailed', message: 'somebody has taken the permission away' },
    });
    const run = await harness.client.isolateCluster({ cluster, registry: managed });
    const { failure } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/NotProven: .*somebody has taken the permission away/);
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({
      outboundType: 'loadBalancer',
      artifactSource: 'Direct',
    });
  });

  it('refuses a registry that is not there before it changes anything', async () => {
    const cluster = await existingCluster(harness, 'isolate-network', { ownNetwork: true });
    const containerRegistryId = `/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/elsewhere`;
    const run = await harness.client.isolateCluster({
      cluster,
      registry: { mode: 'bringYourOwn', containerRegistryId },
    });
    expect((await problemsOf(run.result())).problems.map(({ where }) => where)).toEqual([
      'registry.containerRegistryId',
    ]);
  });

  inFull.it('puts everything back when it is cancelled while a pool is on its way', async () => {
    const cluster = await existingCluster(harness, 'isolate-midway');
    const before = await isolationOf(harness.azure, cluster);
    const end = await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/agentPools/work/upgradeNodeImageVersion`,
      operation: { held: true, status: 'Failed', code: 'Held', message: 'held' },
    });
    const run = await harness.client.isolateCluster({ cluster, registry: managed });
    await waitUntil(run, ({ steps }) => steps.some(({ id, state }) => id === 'reimage:work' && state === 'running'));
    await harness.azure.untilRequested(`POST ${clusterId(cluster)}/agentPools/work/upgradeNodeImageVersion`);
    await run.cancel();
    await run.progress();
    await end();
    await expect(run.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(await isolationOf(harness.azure, cluster)).toEqual(before);
    const { steps } = await run.progress();
    expect(steps.map(({ id, state }) => [id, state])).toEqual(
      expect.arrayContaining([
        ['bootstrap', 'undone'],
        ['reimage:work', 'undone'],
        ['reimage:system', 'skipped'],
      ]),
    );
  });

  inFull.it('goes back also from a pool that it had to make anew', async () => {
    const cluster = await existingCluster(harness, 'isolate-replaced');
    const before = await isolationOf(harness.azure, cluster);
    const reimageOf = (pool: string) => `${clusterId(cluster)}/agentPools/${pool}/upgradeNodeImageVersion`;
    // Done, says Azure, and has done nothing.
    await harness.azure.fault({
      method: 'POST',
      path: reimageOf('work'),
      operation: { status: 'Succeeded', afterSeconds: 5 },
    });
    await harness.azure.fault({
      method: 'POST',
      path: reimageOf('system'),
      times: 2,
      operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain failed', afterSeconds: 20 },
    });
    const reimage = { whenNotReimaged: 'temporaryPool' as const };
    const run = await harness.client.isolateCluster({ cluster, registry: managed, reimage });
    const { details } = await failureDetailsOf(run.result());
    expect(details.reimages).toMatchObject([{ pool: 'work', how: 'replaced', reimaged: true }]);
    expect(details.leftovers).toEqual([]);
    expect(await isolationOf(harness.azure, cluster)).toEqual(before);
    const pools = (await harness.azure.get(clusterId(cluster))).at('properties.agentPoolProfiles') as {
      name: string;
    }[];
    expect(pools.map(({ name }) => name).sort()).toEqual(['system', 'work']);
  });

  it('gives the way back a name where it is cancelled in the middle', async () => {
    const cluster = await existingCluster(harness, 'isolate-cancelled');
    const before = await isolationOf(harness.azure, cluster);
    const run = await harness.client.isolateCluster({ cluster, registry: managed, approvals: ['cutEgress'] });
    await waitUntil(run, ({ awaitingApproval }) => awaitingApproval !== undefined);
    await run.cancel();
    await expect(run.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(await isolationOf(harness.azure, cluster)).toEqual(before);
  });

  it('names a disruption budget that allows nothing before it changes anything', async () => {
    const cluster = await existingCluster(harness, 'isolate-budget');
    await blockedBudget(harness.azure, cluster);
    const writes = await writesSince(harness, cluster);
    const { type, problems } = await problemsOf(
      (await harness.client.isolateCluster({ cluster, registry: managed })).result(),
    );
    expect([type, problems.map(({ problem }) => problem).join()]).toEqual([
      'PreflightFailed',
      expect.stringMatching(/default\/cart allows no disruption/),
    ]);
    expect(await writes()).toEqual([]);
  });

  it('refuses a cluster that is not there, and one that is stopped', async () => {
    const absent = harness.client.isolateCluster({ cluster: reference('isolate-absent'), registry: managed });
    expect((await problemsOf((await absent).result())).problems[0]?.problem).toMatch(/does not exist/);
    const cluster = await existingCluster(harness, 'isolate-stopped');
    const id = clusterId(cluster);
    await harness.azure.answerAtEnd(await harness.azure.send('POST', `${id}/stop?api-version=2026-06-01`));
    const stopped = harness.client.isolateCluster({ cluster, registry: managed });
    expect((await problemsOf((await stopped).result())).problems.map(({ problem }) => problem)).toEqual([
      'the cluster is stopped',
    ]);
  });

  inFull.it('ends with a clear error, and leaves nothing behind, when the cluster is deleted meanwhile', async () => {
    const cluster = await existingCluster(harness, 'isolate-deleted', { ownNetwork: true });
    const registry = { mode: 'bringYourOwn' as const, name: 'isolatedeleted1' };
    const run = await harness.client.isolateCluster({ cluster, registry, approvals: ['reimage'] });
    await waitUntil(run, ({ awaitingApproval }) => awaitingApproval !== undefined);
    await harness.azure.remove(clusterId(cluster));
    await run.approve({ gate: 'reimage', by: 'Ada' });
    const { failure } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/ClusterNotFound|AgentPoolNotFound/);
    expect(Object.keys(await harness.azure.state()).filter((id) => id.includes('isolatedeleted1'))).toEqual([]);
  });

  // The last one: it begins with another Azure.
  describe('where not everything is allowed', () => {
    const other = '22222222-2222-2222-2222-222222222222';
    beforeAll(async () => {
      const reimage = 'Microsoft.ContainerService/managedClusters/agentPools/upgradeNodeImageVersion/action';
      await harness.azure.reset({
        ...manyClusters,
        tenants: { [other]: '44444444-4444-4444-4444-444444444444' },
        callerPermissions: [{ scope: '/', actions: ['*'], notActions: [reimage] }],
      });
    });
    it('names what the worker may not do, and a registry of another tenant, before it changes anything', async () => {
      const cluster = await existingCluster(harness, 'isolate-forbidden');
      const containerRegistryId = `/subscriptions/${other}/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/theirs`;
      const writes = await writesSince(harness, cluster);
      const registry = { mode: 'bringYourOwn' as const, containerRegistryId };
      const { problems } = await problemsOf((await harness.client.isolateCluster({ cluster, registry })).result());
      expect(problems.map(({ problem }) => problem)).toEqual(
        expect.arrayContaining([
          expect.stringContaining('the registry is in tenant 44444444-4444-4444-4444-444444444444'),
          expect.stringContaining(
            'may not Microsoft.ContainerService/managedClusters/agentPools/upgradeNodeImageVersion/action',
          ),
        ]),
      );
      expect(await writes()).toEqual([]);
    });
  });
});

describe('isolateCluster in the Azure of 2024', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ edition: '2024-preview' });
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  inFull.it('blocks all egress, and goes back when the nodes fail on it', async () => {
    const cluster = await existingCluster(harness, 'isolate-block');
    const given = { cluster, registry: managed, profile: 'preview' as const, outboundType: 'block' as const };
    await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/agentPools/work/upgradeNodeImageVersion`,
      times: 2,
      operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain failed', afterSeconds: 100 },
    });
    const { details } = await failureDetailsOf((await harness.client.isolateCluster(given)).result());
    expect(details.leftovers.map(({ resourceId }) => resourceId)).toEqual([
      expect.stringContaining('/providers/Microsoft.ContainerRegistry'),
      expect.stringContaining('/providers/Microsoft.ContainerService'),
      expect.stringContaining('NetworkIsolatedClusterPreview'),
    ]);
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({
      outboundType: 'loadBalancer',
      artifactSource: 'Direct',
    });
    await verified(harness.client.isolateCluster(given));
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({ outboundType: 'block', artifactSource: 'Cache' });
  });

  it('does as the guide says: one update, then the nodes', async () => {
    const cluster = await existingCluster(harness, 'isolate-preview');
    const writes = await writesSince(harness, cluster);
    await verified(harness.client.isolateCluster({ cluster, registry: managed, profile: 'preview' }));
    expect(await writes()).toEqual([
      'PUT cluster 200',
      'POST work/upgradeNodeImageVersion 202',
      'POST system/upgradeNodeImageVersion 202',
    ]);
  });
});
