import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isCancellation } from '@temporalio/workflow';
import type { FailureDetails, Progress, ReimageNodePoolsInput } from '../../contract/index.ts';
import { agentPoolId, type ClusterReference, clusterId } from '../../resources/ids.ts';
import { failureDetailsOf, failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { sampled } from '../support/sampled.ts';
import {
  blockedBudget,
  existingCluster,
  isolationOf,
  kubectl,
  newNodeImage,
  verified,
  waitUntil,
  writesSince,
} from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
});
afterAll(() => harness.close());

const threePools = {
  system: { mode: 'System', count: 1 },
  work: { mode: 'User', count: 2 },
  other: { mode: 'User', count: 2 },
} as const;

const replacing = { agentPools: ['work'], reimage: { whenNotReimaged: 'temporaryPool' as const } };
const always = 1_000;
const poolsOf = async (cluster: ClusterReference): Promise<string[]> => {
  const { body } = await harness.azure.get(`${clusterId(cluster)}/agentPools`);
  return (body as { value: { name: string }[] }).value.map(({ name }) => name).sort();
};
const tagsOf = async (cluster: ClusterReference, pool: string): Promise<unknown> =>
  (await harness.azure.get(agentPoolId(clusterId(cluster), pool))).at('properties.tags');

const idOf = (cluster: ClusterReference, pool: string) => agentPoolId(clusterId(cluster), pool).toLowerCase();
/** Azure answers IDs with another case than they were asked for. */
const leftIn = ({ leftovers }: FailureDetails) => leftovers.map(({ resourceId }) => resourceId.toLowerCase());

/** A fault on the requests of one pool, until it is released. */
const faultOn = (
  cluster: ClusterReference,
  method: 'PUT' | 'DELETE',
  pool: string,
  effect: Omit<Parameters<Harness['azure']['fault']>[0], 'method' | 'path'>,
) => harness.azure.fault({ method, path: `${agentPoolId(clusterId(cluster), pool)}$`, ...effect });
const drainFailed = {
  times: always,
  operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain failed', afterSeconds: 30 },
} as const;
const refused = { times: always, answer: { status: 403, code: 'RequestDisallowedByPolicy', message: 'No.' } };

describe('a pool that could not be made anew', () => {
  it('is put back, and its copy removed, where its nodes could not be drained', async () => {
    const cluster = await existingCluster(harness, 'drain-failed');
    await faultOn(cluster, 'DELETE', 'work', drainFailed);
    const run = await harness.client.reimageNodePools({ cluster, ...replacing });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/PodDrainFailure/);
    expect(failure.message).not.toContain('Everything that this run had changed was taken back.');
    expect(failure.message).toContain('what has no inverse stays');
    expect(leftIn(details)).toEqual([idOf(cluster, 'work')]);
    expect(details.leftovers).toMatchObject([{ why: expect.stringMatching(/no inverse/) }]);
    expect(await poolsOf(cluster)).toEqual(['system', 'work']);
    expect((await harness.azure.get(agentPoolId(clusterId(cluster), 'work'))).at('properties.provisioningState')).toBe(
      'Succeeded',
    );
  });

  it('names the copy that nobody could remove, by its ID and with what to do', async () => {
    const cluster = await existingCluster(harness, 'copy-stays');
    await faultOn(cluster, 'DELETE', 'work', drainFailed);
    const end = await faultOn(cluster, 'DELETE', 'tmpwork', refused);
    const run = await harness.client.reimageNodePools({ cluster, ...replacing });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.type).toBe('RollbackIncomplete');
    expect(leftIn(details)).toEqual([idOf(cluster, 'work'), idOf(cluster, 'tmpwork')]);
    expect(details.leftovers[1]).toMatchObject({
      why: 'temporary copy of node pool work',
      whatToDo: expect.stringContaining('start the scenario again'),
    });
    expect(failure.message).toContain('agentPools/tmpwork (temporary copy of node pool work)');
    await end();
    await harness.azure.send('DELETE', '/simulator/faults');
    const { plan, reimages } = await verified(harness.client.reimageNodePools({ cluster, ...replacing }));
    expect(plan.steps).toMatchObject([
      { kind: 'temporaryPool', title: 'Delete tmpwork, the temporary copy of node pool work', action: 'delete' },
      { id: 'reimage:work', needs: ['temporaryPool:tmpwork'] },
    ]);
    expect(reimages).toMatchObject([{ pool: 'work', how: 'replaced', reimaged: true }]);
    expect(await poolsOf(cluster)).toEqual(['system', 'work']);
  });

  it('is named as gone where undo is refused it as well, and is there again after the next run', async () => {
    const cluster = await existingCluster(harness, 'new-pool-refused');
    const path = agentPoolId(clusterId(cluster), 'work');
    const own = await harness.azure.get(path);
    const tags = { team: 'shop' };
    await harness.azure.put(path, { properties: { ...(own.at('properties') as object), tags } });
    const end = await faultOn(cluster, 'PUT', 'work', refused);
    const run = await harness.client.reimageNodePools({ cluster, ...replacing });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.type).toBe('RollbackIncomplete');
    expect(leftIn(details)).toEqual([clusterId(cluster).toLowerCase(), idOf(cluster, 'tmpwork')]);
    expect(details.leftovers).toMatchObject([
      { why: 'its node pool work was deleted, and could not be made anew' },
      { why: 'temporary copy of node pool work' },
    ]);
    expect(await poolsOf(cluster)).toEqual(['system', 'tmpwork']);
    await end();
    const { steps } = await verified(harness.client.reimageNodePools({ cluster, ...replacing }));
    expect(steps).toMatchObject([
      {
        id: 'temporaryPool:tmpwork',
        title: 'Make node pool work anew from its temporary copy tmpwork, and delete that',
        state: 'done',
      },
    ]);
    expect(await poolsOf(cluster)).toEqual(['system', 'work']);
    expect(await tagsOf(cluster, 'work')).toEqual(tags);
  });

  it('goes on after a retry: with no second copy, and no second deletion', async () => {
    const cluster = await existingCluster(harness, 'new-pool-retried');
    const end = await faultOn(cluster, 'PUT', 'work', refused);
    const writes = await writesSince(harness, cluster);
    const run = await harness.client.reimageNodePools({ cluster, ...replacing, onFailure: 'hold' });
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    await end();
    await run.decide('retry');
    expect(await run.result()).toMatchObject({ outcome: 'verified', reimages: [{ how: 'replaced', reimaged: true }] });
    expect(await writes()).toEqual([
      'POST work/upgradeNodeImageVersion 202',
      'PUT tmpwork 201',
      'DELETE work 202',
      'PUT work 403',
      'PUT work 201',
      'DELETE tmpwork 202',
    ]);
  });

  it.each(
    sampled(
      [
        ['while its copy is made', 'PUT', 'tmpwork'],
        ['while it is deleted', 'DELETE', 'work'],
        ['while it is made anew', 'PUT', 'work'],
      ] as const,
      3,
      1,
    ),
  )('is put back where the run is cancelled %s', async (_when, method, pool) => {
    const cluster = await existingCluster(harness, `cancelled-${method}-${pool}`.toLowerCase());
    const end = await faultOn(cluster, method, pool, { operation: { held: true } });
    const run = await harness.client.reimageNodePools({ cluster, ...replacing });
    await harness.azure.untilRequested(`${method} ${agentPoolId(clusterId(cluster), pool)} `);
    await run.cancel();
    await end();
    expect(isCancellation(await failureOf(run.result()))).toBe(true);
    expect(await poolsOf(cluster)).toEqual(['system', 'work']);
  });

  it('is put back, and boots as before, where the change of its cluster is taken back', async () => {
    const cluster = await existingCluster(harness, 'isolation-taken-back');
    const path = `${idOf(cluster, 'work')}/upgradeNodeImageVersion$`;
    const answer = { status: 304, code: 'NotModified', message: '' };
    await harness.azure.fault({ method: 'POST', path, answer });
    await faultOn(cluster, 'DELETE', 'work', drainFailed);
    const { reimage } = replacing;
    const run = await harness.client.isolateCluster({ cluster, registry: { mode: 'managed' }, reimage });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/PodDrainFailure[\s\S]*Everything that this run had changed was taken back/);
    expect(details.leftovers).toEqual([]);
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({ artifactSource: 'Direct' });
    expect(await poolsOf(cluster)).toEqual(['system', 'work']);
  });

  it('is named with its copy where everything is left as asked', async () => {
    const cluster = await existingCluster(harness, 'left-as-asked');
    await faultOn(cluster, 'DELETE', 'work', drainFailed);
    const run = await harness.client.reimageNodePools({ cluster, ...replacing, onFailure: 'leave' });
    const { details } = await failureDetailsOf(run.result());
    expect(leftIn(details)).toEqual([idOf(cluster, 'work'), idOf(cluster, 'tmpwork')]);
    await harness.azure.send('DELETE', '/simulator/faults');
    // A pool whose drain has failed may have closed nodes: its copy stays until it is reimaged.
    const { steps } = await verified(harness.client.reimageNodePools({ cluster, ...replacing }));
    expect(steps.map(({ id, state }) => [id, state])).toEqual([
      ['reimage:work', 'done'],
      ['temporaryPool:tmpwork', 'done'],
    ]);
    expect(await poolsOf(cluster)).toEqual(['system', 'work']);
  });
});

describe('a look that fails after a pool was changed', () => {
  /** Looks fail from this one on. Discovery's is the first, and the reimage's the second. */
  const looksFail = (cluster: ClusterReference, after: number, times: number) =>
    harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/runCommand$`,
      after,
      times,
      answer: { status: 404, code: 'KubernetesOperationError', message: 'Failed to run command', wrapped: false },
    });

  it('is repeated before the step fails', async () => {
    const cluster = await existingCluster(harness, 'look-repeated');
    await newNodeImage(harness);
    await looksFail(cluster, 1, 3);
    const writes = await writesSince(harness, cluster);
    const { reimages } = await verified(harness.client.reimageNodePools({ cluster, agentPools: ['work'] }));
    expect(reimages).toMatchObject([{ evidence: 'nodes', reimaged: true }]);
    expect(await writes()).toEqual(['POST work/upgradeNodeImageVersion 202']);
  });

  const copied = ['PUT tmpwork 201', 'DELETE work 202', 'PUT work 201', 'DELETE tmpwork 202'];
  // Where AKS has left the nodes as they are, the next means follows.
  it.each(
    sampled<[how: string, newImage: boolean, after: number, given: Partial<ReimageNodePoolsInput>, then: string[]]>(
      [
        ['reimaged', true, 1, { agentPools: ['work'] }, []],
        ['replaced', false, 2, replacing, copied],
        ['settingChanged', false, 1, { agentPools: ['work'] }, ['PUT work 200', 'PUT work 200']],
      ],
      3,
      1,
    ),
  )('does not have the pool %s again, however often an operator tries', async (how, newImage, after, given, then) => {
    const cluster = await existingCluster(harness, `look-${how}`);
    if (newImage) await newNodeImage(harness);
    const end = await looksFail(cluster, after, always);
    const writes = await writesSince(harness, cluster);
    const run = await harness.client.reimageNodePools({ cluster, ...given, onFailure: 'hold' });
    const isHeld = ({ decisions }: Progress) => decisions !== undefined;
    const held = await waitUntil(run, isHeld);
    expect(held.steps.find(({ id }) => id === 'reimage:work')?.error).toMatch(/LookFailed: .*is not known/);
    await run.decide('retry');
    await waitUntil(run, (progress) => !isHeld(progress));
    await waitUntil(run, isHeld);
    await end();
    await run.decide('retry');
    expect(await run.result()).toMatchObject({ outcome: 'verified', reimages: [{ how, reimaged: true }] });
    expect(await writes()).toEqual(['POST work/upgradeNodeImageVersion 202', ...then]);
  });
});

describe('a pod that an earlier look has left', () => {
  const podsOf = async (cluster: ClusterReference): Promise<unknown> =>
    (await harness.azure.send('GET', `/simulator/truth?cluster=${clusterId(cluster)}`)).at('pods');
  const leave = (cluster: ClusterReference, name: string, labels: string) =>
    kubectl(
      harness.azure,
      cluster,
      `kubectl run ${name} --namespace kube-system --image mcr.microsoft.com/azurelinux/busybox:1.36 --labels ${labels}`,
    );

  it('is removed by the next look, unless it may be at work or is of somebody else', async () => {
    const cluster = await existingCluster(harness, 'left-pods');
    await leave(cluster, 'aks-isolation-probe-old', 'aks-isolation=probe');
    await leave(cluster, 'debugger', 'run=debugger');
    await harness.azure.send('POST', '/simulator/clock', { advanceSeconds: 600 });
    await leave(cluster, 'aks-isolation-probe-new', 'aks-isolation=probe');
    await (await harness.client.reimageNodePools({ cluster, dryRun: true })).result();
    expect(await podsOf(cluster)).toEqual(['kube-system/debugger', 'kube-system/aks-isolation-probe-new']);
  });
});

describe('copies of pools with long names', () => {
  it('are two for pools that begin alike, and go with them', async () => {
    const pools = {
      system: { mode: 'System', count: 1 },
      workload001: { mode: 'User', count: 1 },
      workload002: { mode: 'User', count: 2 },
    } as const;
    const cluster = await existingCluster(harness, 'long-names', { pools });
    const reimage = { whenNotReimaged: 'temporaryPool' as const, maxParallelPools: 2 };
    const writes = await writesSince(harness, cluster);
    const agentPools = ['workload001', 'workload002'];
    const { reimages } = await verified(harness.client.reimageNodePools({ cluster, agentPools, reimage }));
    expect(reimages.map(({ how }) => how)).toEqual(['replaced', 'replaced']);
    const copies = (await writes()).filter((write) => /^PUT tmp/.test(write));
    expect(new Set(copies).size).toBe(2);
    expect(await poolsOf(cluster)).toEqual(['system', ...agentPools]);
    expect(await tagsOf(cluster, 'workload001')).toBeUndefined();
  });
});

describe('a replacement whose run is terminated', () => {
  it.each(
    sampled(
      [
        ['while the copy is made', 'PUT', 'tmpwork'],
        ['while the pool is deleted', 'DELETE', 'work'],
        ['while the pool is made anew', 'PUT', 'work'],
        ['while the copy is removed', 'DELETE', 'tmpwork'],
      ] as const,
      4,
      2,
    ),
  )('is finished by the next run: %s', async (_when, method, pool) => {
    const name = `ended-${method}-${pool}`.toLowerCase();
    const cluster = await existingCluster(harness, name);
    const end = await faultOn(cluster, method, pool, { operation: { held: true } });
    const first = await harness.client.reimageNodePools({ cluster, ...replacing });
    await harness.azure.untilRequested(`${method} ${agentPoolId(clusterId(cluster), pool)} `);
    await harness.temporal.workflow.getHandle(first.workflowId).terminate();
    const second = await harness.client.reimageNodePools({ cluster, ...replacing });
    await end();
    await verified(Promise.resolve(second));
    expect(await poolsOf(cluster)).toEqual(['system', 'work']);
    expect(await tagsOf(cluster, 'work')).toBeUndefined();
  });
});

describe('a pool of virtual machines', () => {
  it('is told as what it is', async () => {
    const cluster = await existingCluster(harness, 'virtual-machines');
    const scale = { manual: [{ size: 'Standard_D4ds_v5', count: 2 }] };
    const properties = { type: 'VirtualMachines', mode: 'User', virtualMachinesProfile: { scale } };
    await harness.azure.put(`${clusterId(cluster)}/agentPools/vms`, { properties });
    await newNodeImage(harness);
    const { plan, reimages } = await verified(harness.client.reimageNodePools({ cluster, agentPools: ['vms'] }));
    expect(plan.steps.map(({ title }) => title)).toContain(
      'Reimage node pool vms (User, virtual machines: 2 of Standard_D4ds_v5)',
    );
    expect(reimages).toMatchObject([{ pool: 'vms', how: 'reimaged', seen: '2 of 2 nodes have a new disk' }]);
  });
});

describe('a disruption budget', () => {
  it('does not stop the reimage of pools that its pods are not on', async () => {
    const cluster = await existingCluster(harness, 'budget-elsewhere', { pools: threePools });
    await newNodeImage(harness);
    const nodes = await kubectl(harness.azure, cluster, 'kubectl get nodes --output name');
    const ofWork = nodes.split('\n').filter((name) => name.includes('-work-'));
    for (const node of ofWork) await kubectl(harness.azure, cluster, `kubectl cordon ${node.split('/')[1]}`);
    await blockedBudget(harness.azure, cluster);
    for (const node of ofWork) await kubectl(harness.azure, cluster, `kubectl uncordon ${node.split('/')[1]}`);
    const refused = await problemsOf((await harness.client.reimageNodePools({ cluster })).result());
    expect(refused.problems.map(({ problem }) => problem).join()).toMatch(/default\/cart allows no disruption/);
    const { reimages } = await verified(harness.client.reimageNodePools({ cluster, agentPools: ['work'] }));
    expect(reimages).toMatchObject([{ pool: 'work', reimaged: true }]);
  });
});
