import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type CreateClusterInput,
  clusterWorkflowId,
  type PlanReport,
  type Progress,
  type StepProgress,
  searchAttributes,
  type VerificationReport,
} from '../../contract/index.ts';
import { clusterPath, groupPath, input, subscriptionId } from '../support/azure.ts';
import { failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';

const states = (steps: readonly StepProgress[]) => Object.fromEntries(steps.map(({ id, state }) => [id, state]));

async function verified(harness: Harness, given: CreateClusterInput): Promise<VerificationReport> {
  const result = await (await harness.client.createCluster(given)).result();
  if (result.outcome !== 'verified') throw new Error(`Expected a verified cluster, got ${result.outcome}`);
  return result;
}

describe('createCluster, profile current', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  it.concurrent.each(['privateLink', 'vnetIntegration'] as const)(
    'creates and verifies a cluster with %s',
    async (apiServerAccess) => {
      const given = input(`new-${apiServerAccess.toLowerCase()}`, { apiServerAccess });
      const report = await verified(harness, given);
      expect(states(report.steps)).toEqual({
        'provider:Microsoft.ContainerService': 'unchanged',
        'provider:Microsoft.ContainerRegistry': 'unchanged',
        resourceGroup: 'done',
        cluster: 'done',
      });
      expect(report.checks.length).toBeGreaterThan(10);
      expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(await harness.azure.writesTo(given)).toEqual([
        `PUT ${groupPath(given)} 201`,
        `PUT ${clusterPath(given)} 201`,
      ]);
    },
  );

  it.concurrent('sends what the guide asks for, private also with VNet integration', async () => {
    const given = input('body', { apiServerAccess: 'vnetIntegration', tags: { team: 'platform' } });
    await verified(harness, given);
    const put = (await harness.azure.recorded()).find(
      ({ method, url }) => method === 'PUT' && url.includes(clusterPath(given)),
    );
    expect(put?.body).toMatchObject({
      location: 'westeurope',
      identity: { type: 'SystemAssigned' },
      tags: { team: 'platform', 'aks-isolation-workflow': `aks/${subscriptionId}/rg-body/body` },
      properties: {
        bootstrapProfile: { artifactSource: 'Cache' },
        networkProfile: { networkPlugin: 'azure', outboundType: 'none' },
        apiServerAccessProfile: { enablePrivateCluster: true, enableVnetIntegration: true },
      },
    });
  });

  it.concurrent('takes several pools, a version and a user-assigned identity', async () => {
    const identity = await harness.azure.createIdentity('rg-identities', 'control-plane');
    const given = input('full', {
      kubernetesVersion: '1.35',
      identity: { type: 'UserAssigned', resourceId: identity },
      agentPoolProfiles: [
        { name: 'system', count: 2 },
        {
          name: 'work',
          mode: 'User',
          count: 1,
          enableAutoScaling: true,
          minCount: 1,
          maxCount: 5,
          nodeLabels: { for: 'work' },
        },
      ],
    });
    const { checks } = await verified(harness, given);
    expect(checks.map(({ id }) => id)).toEqual(expect.arrayContaining(['pool system', 'pool work']));
    expect(checks.find(({ id }) => id === 'kubernetesVersion')).toMatchObject({ expected: '1.35', seen: '1.35' });
  });

  it.concurrent('finds everything there when it is started again, and writes nothing', async () => {
    const given = input('again');
    await verified(harness, given);
    const writes = await harness.azure.writesTo(given);
    const report = await verified(harness, given);
    expect(states(report.steps)).toMatchObject({ resourceGroup: 'unchanged', cluster: 'unchanged' });
    expect(await harness.azure.writesTo(given)).toEqual(writes);
  });

  it.concurrent('plans without writing in a dry run, under any workflow ID', async () => {
    const given = input('dry', { dryRun: true });
    const run = await harness.client.createCluster(given);
    const { outcome, plan } = (await run.result()) as PlanReport;
    expect(run.workflowId).not.toBe(`aks/${subscriptionId}/rg-dry/dry`);
    expect(outcome).toBe('planned');
    expect(plan.steps.map(({ id, action, needs }) => [id, action, needs])).toEqual([
      ['provider:Microsoft.ContainerService', 'none', []],
      ['provider:Microsoft.ContainerRegistry', 'none', []],
      ['resourceGroup', 'create', []],
      [
        'cluster',
        'create',
        ['resourceGroup', 'provider:Microsoft.ContainerService', 'provider:Microsoft.ContainerRegistry'],
      ],
    ]);
    expect(plan.differences.map(({ id }) => id)).toEqual(['P1', 'P7']);
    expect(await harness.azure.writesTo(given)).toEqual([]);
  });

  it.concurrent('returns the problems of a dry run instead of failing, unless it is to fail', async () => {
    const given = input('dry-problems', { dryRun: true, kubernetesVersion: '1.20' });
    const run = await harness.client.createCluster(given);
    const { applicable, plan } = (await run.result()) as PlanReport;
    expect(applicable).toBe(false);
    expect(plan.problems.map(({ where }) => where)).toEqual(['kubernetesVersion']);
    const failing = await harness.client.createCluster({ ...given, failOnProblems: true });
    expect(await problemsOf(failing.result())).toEqual({ type: 'PreflightFailed', problems: plan.problems });
    const fine = await harness.client.createCluster(input('dry-fine', { dryRun: true, failOnProblems: true }));
    expect(await fine.result()).toMatchObject({ outcome: 'planned', applicable: true });
  });

  it.concurrent('reports everything that would stop it together, and writes nothing', async () => {
    const missing = `/subscriptions/${subscriptionId}/resourceGroups/none/providers/Microsoft.ManagedIdentity/userAssignedIdentities/none`;
    const given = input('preflight', {
      location: 'atlantis',
      kubernetesVersion: '1.12.3',
      identity: { type: 'UserAssigned', resourceId: missing },
    });
    const run = await harness.client.createCluster(given);
    const { type, problems } = await problemsOf(run.result());
    expect(type).toBe('PreflightFailed');
    expect(problems.map(({ where }) => where)).toEqual(expect.arrayContaining(['location', 'identity.resourceId']));
    expect(await run.progress()).toMatchObject({ phase: 'failed', problems });
    expect(await harness.azure.writesTo(given)).toEqual([]);
  });

  it.concurrent('refuses a Kubernetes version that the region does not offer, and says which it does', async () => {
    const given = input('version', { kubernetesVersion: '1.30.3' });
    const { problems } = await problemsOf((await harness.client.createCluster(given)).result());
    expect(problems).toEqual([
      {
        where: 'kubernetesVersion',
        problem: expect.stringContaining('not offered'),
        whatToDo: expect.stringContaining('1.34'),
      },
    ]);
  });

  it.concurrent('does not change a cluster that is there and differs', async () => {
    const given = input('differs');
    await verified(harness, given);
    const writes = await harness.azure.writesTo(given);
    const other = input('differs', {
      apiServerAccess: 'vnetIntegration',
      agentPoolProfiles: [{ name: 'nodepool1', count: 5 }],
    });
    const { type, problems } = await problemsOf((await harness.client.createCluster(other)).result());
    expect(type).toBe('PreflightFailed');
    expect(problems.map(({ problem }) => problem)).toEqual([
      'apiServerAccessProfile.enableVnetIntegration: asked true, got false',
      'agentPoolProfiles.nodepool1.count: asked 5, got 3',
    ]);
    expect(await harness.azure.writesTo(given)).toEqual(writes);
  });

  it.concurrent('refuses bad input that comes past the client, with every problem', async () => {
    const handle = await harness.temporal.workflow.start('createCluster', {
      taskQueue: harness.taskQueue,
      workflowId: 'bad-input',
      args: [{ cluster: { subscriptionId, name: '-' }, location: 'westeurope', outboundType: 'block', extra: 1 }],
    });
    const { type, problems } = await problemsOf(handle.result());
    expect(type).toBe('InvalidInput');
    expect(problems.map(({ where }) => where)).toEqual(
      expect.arrayContaining([
        'cluster.resourceGroup',
        'cluster.name',
        'registry',
        'apiServerAccess',
        'extra',
        'outboundType',
      ]),
    );
  });

  it.concurrent('refuses a wrong workflow ID and names the right one', async () => {
    const given = input('wrong-id');
    const handle = await harness.temporal.workflow.start('createCluster', {
      taskQueue: harness.taskQueue,
      workflowId: 'my-own-id',
      args: [given],
    });
    const { type, problems } = await problemsOf(handle.result());
    expect(type).toBe('WrongWorkflowId');
    expect(problems[0]?.whatToDo).toContain(`aks/${subscriptionId}/rg-wrong-id/wrong-id`);
    expect(await harness.azure.writesTo(given)).toEqual([]);
    expect(await handle.query<Progress>('progress')).toMatchObject({ phase: 'failed', problems });
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.get(searchAttributes.phase)).toBe('Failed');
  });

  it.concurrent('ends at once where the workflow type is mistyped, and says which there are', async () => {
    const { workflow } = harness.temporal;
    const workflowId = clusterWorkflowId(input('mistyped').cluster);
    const run = await workflow.start('createClusters', { taskQueue: harness.taskQueue, workflowId, args: [{}] });
    expect(await failureOf(run.result())).toMatchObject({
      type: 'UnknownScenario',
      message: expect.stringMatching(
        /^Nothing was changed: there is no scenario createClusters\. Scenarios: createCluster, .*, rolloutFleet\./,
      ),
    });
    expect(await run.query<Progress>('progress')).toMatchObject({
      scenario: 'createClusters',
      problems: [{ where: 'workflow type', problem: 'there is no scenario createClusters' }],
    });
  });

  it.concurrent('can be found by its search attributes', async () => {
    const given = input('searched');
    const { workflowId } = await harness.client.createCluster(given);
    const handle = harness.temporal.workflow.getHandle(workflowId);
    await handle.result();
    expect((await handle.describe()).searchAttributes).toMatchObject({
      AksCluster: ['searched'],
      AksResourceGroup: ['rg-searched'],
      AksScenario: ['createCluster'],
      AksRegistryMode: ['managed'],
      AksPhase: ['Succeeded'],
    });
  });
});

describe('createCluster, profile preview', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ edition: '2024-preview' });
  });
  afterAll(() => harness.close());

  // One after the other: feature flags belong to the subscription.
  it('registers the features, waits, registers the providers again, and creates the cluster of the guide', async () => {
    const given = input('guide', { profile: 'preview', apiServerAccess: 'vnetIntegration', outboundType: 'block' });
    const report = await verified(harness, given);
    expect(states(report.steps)).toEqual({
      'feature:NetworkIsolatedClusterPreview': 'done',
      'feature:EnableAPIServerVnetIntegrationPreview': 'done',
      'provider:Microsoft.ContainerService': 'done',
      'provider:Microsoft.ContainerRegistry': 'done',
      resourceGroup: 'done',
      cluster: 'done',
    });
    const writes = await harness.azure.writes();
    const at = (text: string) => writes.findIndex((write) => write.includes(text));
    expect(at('NetworkIsolatedClusterPreview/register')).toBeLessThan(at('Microsoft.ContainerService/register'));
    expect(at('Microsoft.ContainerRegistry/register')).toBeLessThan(at(clusterPath(given)));
    expect(report.checks.find(({ id }) => id === 'outboundType')).toMatchObject({ seen: 'block', ok: true });
    expect(report.checks.find(({ id }) => id === 'kubernetesVersion')).toMatchObject({ seen: '1.30.3' });
    expect(report.checks.find(({ id }) => id === 'privateCluster')).toMatchObject({ expected: 'false' });
    expect(report.plan.differences.map(({ id }) => id)).toEqual(['P1', 'P5', 'P6', 'P7']);
  });

  it('leaves registered features alone', async () => {
    const report = await verified(harness, input('second', { profile: 'preview' }));
    expect(states(report.steps)).toMatchObject({ 'feature:NetworkIsolatedClusterPreview': 'unchanged' });
  });

  it('stops to wait for a registration when it is cancelled, and keeps what is registered', async () => {
    await harness.azure.reset();
    await harness.azure.fault({
      method: 'GET',
      path: 'NetworkIsolatedClusterPreview$',
      after: 1,
      times: 1000,
      answer: { status: 503, code: 'ServiceUnavailable', message: 'Try later' },
    });
    const given = input('bounded', { profile: 'preview', registrationTimeoutMinutes: 1 });
    const run = await harness.client.createCluster(given);
    for await (const { steps } of run.watch(50)) {
      const waiting = steps.find(({ id }) => id === 'feature:NetworkIsolatedClusterPreview');
      if (waiting?.waitsFor?.includes('at most 1 minutes')) break;
    }
    await run.cancel();
    await expect(run.result()).rejects.toThrow();
    expect(await run.progress()).toMatchObject({ phase: 'rolledBack' });
    expect(await harness.azure.writesTo(given)).toEqual([
      `PUT ${groupPath(given)} 201`,
      `DELETE ${groupPath(given)} 202`,
    ]);
  });
});
