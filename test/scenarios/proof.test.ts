import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterId } from '../../resources/ids.ts';
import { input } from '../support/azure.ts';
import { failureDetailsOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import {
  addsPoolMeanwhile,
  existingCluster,
  isolationOf,
  newNodeImage,
  reference,
  verified,
  waitUntil,
  writesSince,
} from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

const registry = { mode: 'managed' } as const;

/** Clusters as they are found, whose isolation is not proven, or impossible. */
describe('isolateCluster', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  it('refuses a cluster whose nodes reach their API server through the egress that is to be cut', async () => {
    await harness.azure.createGroup('rg-public');
    await harness.azure.createForeignCluster(input('public'));
    const cluster = reference('public');
    const writes = await writesSince(harness, cluster);
    const { type, problems } = await problemsOf((await harness.client.isolateCluster({ cluster, registry })).result());
    expect(type).toBe('PreflightFailed');
    expect(problems.map(({ problem }) => problem)).toContainEqual(expect.stringMatching(/API server is public/));
    expect(await writes()).toEqual([]);
  });

  it('does not cut egress where run-command fails, which is not the same as forbidden', async () => {
    const cluster = await existingCluster(harness, 'unseen');
    await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/runCommand$`,
      times: 10_000,
      answer: { status: 404, code: 'KubernetesOperationError', message: 'Failed to run command', wrapped: false },
    });
    const run = await harness.client.isolateCluster({ cluster, registry, probes: 'ifAllowed' });
    const { failure } = await failureDetailsOf(run.result());
    // Nodes boot from the registry now, and nobody has seen that they do not.
    expect(failure.message).toMatch(/^LookFailed: [\s\S]*left as it is, for nothing was seen that is not as promised/);
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({
      outboundType: 'loadBalancer',
      artifactSource: 'Cache',
    });
  });

  it('does not cut the egress of a pool that somebody adds meanwhile', async () => {
    const cluster = await existingCluster(harness, 'added');
    // Right before the update: its node boots from Microsoft, and it is in no plan.
    await addsPoolMeanwhile(harness, cluster);
    const { failure } = await failureDetailsOf(
      (await harness.client.isolateCluster({ cluster, registry, onFailure: 'leave' })).result(),
    );
    expect(failure.message).toMatch(/NotProven.*Nodes of late boot from/);
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({ outboundType: 'loadBalancer' });
  });

  it('asks a pool for its proof that somebody adds while the cut waits for its approval', async () => {
    const { azure, client } = harness;
    const cluster = await existingCluster(harness, 'approved-late');
    const run = await client.isolateCluster({ cluster, registry, approvals: ['cutEgress'], onFailure: 'leave' });
    await waitUntil(run, ({ awaitingApproval }) => awaitingApproval?.includes('cutEgress') ?? false);
    const id = clusterId(cluster);
    await azure.put(`${id}/agentPools/late`, { properties: { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5' } });
    await azure.send('POST', '/simulator/nodes', { cluster: id, pool: 'late', becomes: 'silent' });
    await azure.send('POST', '/simulator/clock', { advanceSeconds: 60 });
    await run.approve({ gate: 'cutEgress', by: 'Ada' });
    const { failure } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/NotProven.*Nodes of late that were seen/);
    expect(await isolationOf(azure, cluster)).toMatchObject({ outboundType: 'loadBalancer' });
  });

  it('leaves a new cluster as it is where nobody can look at it, and asks again where it is to hold', async () => {
    const given = input('unlooked', { onFailure: 'hold' });
    const release = await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(given.cluster)}/runCommand$`,
      times: 10_000,
      answer: { status: 404, code: 'KubernetesOperationError', message: 'Failed to run command', wrapped: false },
    });
    const run = await harness.client.createCluster(given);
    const held = await waitUntil(run, ({ decisions }) => decisions !== undefined);
    expect(held).toMatchObject({ phase: 'waitingForOperator', byDefault: 'leave' });
    await run.decide('leave');
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.type).toBe('Unproven');
    expect(failure.message).toMatch(/^Not proven: .*KubernetesOperationError/);
    expect(details.unproven.length).toBeGreaterThan(1);
    expect(details.checks.map(({ id }) => id)).toEqual([...new Set(details.checks.map(({ id }) => id))]);
    expect((await harness.azure.get(clusterId(given.cluster))).status).toBe(200);
    await release();
    const again = await (await harness.client.createCluster(given)).result();
    expect(again).toMatchObject({ outcome: 'verified', nothingToDo: true, unproven: [] });
  });

  it('does not take a cluster back where Azure refuses to be read after the last step', async () => {
    const given = input('unread');
    await harness.azure.fault({
      method: 'GET',
      path: '/resourceGroups/MC_rg-unread_.*/Microsoft.ContainerRegistry/registries/[^/]+$',
      times: 10_000,
      answer: { status: 403, code: 'AuthorizationFailed', message: 'no permission' },
    });
    const { failure } = await failureDetailsOf((await harness.client.createCluster(given)).result());
    expect(failure.type).toBe('Unproven');
    expect(failure.message).toMatch(/no permission[\s\S]*nothing was seen that is not as promised/);
    expect((await harness.azure.get(clusterId(given.cluster))).status).toBe(200);
  });

  it('tells first what it could not prove, where the input accepts that', async () => {
    const cluster = await existingCluster(harness, 'forbidden-command');
    // Without a look from inside, a newer image is the only proof of a reimage.
    await newNodeImage(harness);
    await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/runCommand$`,
      times: 10_000,
      answer: { status: 403, code: 'AuthorizationFailed', message: 'no permission' },
    });
    const release = await harness.azure.fault({
      method: 'GET',
      path: '/locks$',
      times: 10_000,
      answer: { status: 403, code: 'AuthorizationFailed', message: 'no permission' },
    });
    const run = await harness.client.isolateCluster({ cluster, registry, probes: 'ifAllowed' });
    const report = await verified(Promise.resolve(run));
    await release();
    const locks = expect.stringMatching(/^locks could not be read: \/subscriptions\/.*no permission/);
    expect(report.unread).toEqual([locks]);
    expect(report.plan.unread).toEqual([locks]);
    const { found = [] } = await run.progress();
    expect(found.findIndex((line) => line.startsWith('not seen: locks'))).toBe(report.unproven.length);
    expect(found.at(-1)).toMatch(/checks ok$/);
    expect(report.unproven).toContainEqual(
      expect.stringMatching(/Egress from inside the cluster: AuthorizationFailed/),
    );
    expect(report.checks).toContainEqual(expect.objectContaining({ id: 'egress', ok: true, accepted: true }));
  });
});
