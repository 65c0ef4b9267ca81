import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import type { FleetPlanReport, FleetProgress } from '../../contract/fleet.ts';
import { startedByMemo } from '../../contract/index.ts';
import type { RolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import type { Problem } from '../../contract/problem.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { startSimulatedAzure, subscriptionId } from '../support/azure.ts';
import { type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';
import { manyClusters } from './ownRegistry.ts';
import { smallClusters } from './rollouts.ts';

describe('rolloutFleet, by a worker with a policy', () => {
  let harness: Harness;
  beforeAll(async () => {
    const azure = await startSimulatedAzure();
    azure.connection.policy = {
      approvals: { starterMayApprove: false },
      subscriptions: [subscriptionId],
      locations: ['westeurope'],
    };
    harness = await startHarness({ azure });
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  const start = (given: Omit<RolloutFleetInput, 'name'>, startedBy?: string): Promise<WorkflowHandle> => {
    const name = `policy-${randomUUID().slice(0, 8)}`;
    return harness.temporal.workflow.start('rolloutFleet', {
      taskQueue: harness.taskQueue,
      workflowId: `fleet/${name}`,
      // Each run of the chain knows who has started the first.
      args: [{ ...given, name }, { settings: { startsPerRun: 1 } }],
      ...(startedBy !== undefined && { memo: { [startedByMemo]: startedBy } }),
    });
  };
  const audits = { scenario: 'auditCluster', input: { probes: 'none' } } as const;
  const gated = [
    { name: 'canary', count: 1 },
    { name: 'rest', gate: true },
  ];

  it('lets a ring begin by somebody else than its starter, and says so beforehand', async () => {
    const clusters = await smallClusters(harness, 'policy-gate', 2);
    const given = { ...audits, clusters, rings: gated };
    const others =
      "Somebody else than Grace Hopper lets a ring begin that waits at its gate, for the worker's policy wants it.";
    const planned: FleetPlanReport = await (await start({ ...given, dryRun: true }, 'Grace Hopper')).result();
    expect(planned).toMatchObject({ applicable: true, plan: { byOther: true } });
    expect(planned.plan.notes).toContain(others);

    const run = await start(given, 'Grace Hopper');
    let progress: FleetProgress | undefined;
    await waitFor(async () => {
      progress = await run.query<FleetProgress>('progress');
      return progress.phase === 'awaitingApproval';
    }, 'it came to no gate');
    expect(progress?.waitsFor).toBe('the approval of ring rest, by somebody else than Grace Hopper');
    const approve = (by: string) => run.executeUpdate('approve', { args: [{ ring: 'rest', by }] });
    const refused = await approve(' GRACE  hopper').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
    expect((refused as WorkflowUpdateFailedError).cause?.message).toBe(
      "Grace Hopper started this run. The worker's policy wants the approval of somebody else.",
    );
    await approve('Ada');
    expect(await run.result()).toMatchObject({ outcome: 'rolledOut', approvals: [{ ring: 'rest', by: 'Ada' }] });
  });

  it('refuses gates where nobody says who starts, and asks for no name where there is none', async () => {
    const clusters = await smallClusters(harness, 'policy-nobody', 2);
    const nobodys = await start({ ...audits, clusters, rings: gated });
    const { type, problems } = await problemsOf(nobodys.result());
    expect([type, problems.map(({ where }) => where)]).toEqual(['PreflightFailed', ['memo startedBy']]);
    const open = await start({ ...audits, clusters, rings: [{ name: 'all' }] });
    expect(await open.result()).toMatchObject({ outcome: 'rolledOut' });
  });

  it('names each cluster that the policy forbids, with the reason, beside all else, and begins nothing', async () => {
    const [good] = await smallClusters(harness, 'policy-places', 1);
    const [away, beside] = ['policy-away', 'policy-beside'].map((name) => ({
      subscriptionId,
      resourceGroup: 'policy-places',
      name,
    })) as [ClusterReference, ClusterReference];
    const agentPoolProfiles = [{ name: 'system', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }];
    for (const cluster of [away, beside])
      await harness.azure.put(clusterId(cluster), {
        location: 'northeurope',
        identity: { type: 'SystemAssigned' },
        properties: { dnsPrefix: cluster.name, agentPoolProfiles },
      });
    const absent = { ...away, name: 'policy-absent' };
    const elsewhere = { ...away, subscriptionId: '99999999-9999-4999-9999-999999999999' };
    const given = { ...audits, clusters: [good as ClusterReference, away, absent, elsewhere] };
    const expected = [
      [clusterId(away), 'northeurope: this region may not be used, says the policy of the worker'],
      [clusterId(elsewhere), 'this subscription may not be touched, says the policy of the worker'],
      ['clusters[2]', `there is no cluster ${clusterId(absent)}`],
    ];
    const told = (problems: readonly Problem[]) => problems.map(({ where, problem }) => [where, problem]);
    const planned: FleetPlanReport = await (await start({ ...given, dryRun: true, failOnProblems: false })).result();
    expect([planned.applicable, told(planned.plan.problems)]).toEqual([false, expected]);
    const run = await start(given);
    const { type, problems } = await problemsOf(run.result());
    expect([type, told(problems)]).toEqual(['PreflightFailed', expected]);
    expect(await run.query('progress')).toMatchObject({ phase: 'failed', problems });
  });

  it('names what the policy forbids for all of them, before the first begins', async () => {
    const clusters = await smallClusters(harness, 'policy-template', 2);
    const elsewhere = '/subscriptions/99999999-9999-4999-9999-999999999999';
    const containerRegistryId = `${elsewhere}/resourceGroups/shared/providers/Microsoft.ContainerRegistry/registries/theirs`;
    const run = await start({
      scenario: 'changeRegistry',
      input: { registry: { mode: 'bringYourOwn', containerRegistryId } },
      clusters,
    });
    const { type, problems } = await problemsOf(run.result());
    expect([type, problems.map(({ where, problem }) => [where, problem])]).toEqual([
      'PreflightFailed',
      [[elsewhere, 'this subscription may not be touched, says the policy of the worker']],
    ]);
  });
});
