import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterWorkflowId } from '../../../contract/index.ts';
import { clusterId } from '../../../resources/ids.ts';
import { existingCluster, updateByHand, waitUntil } from '../../scenarios/existingCluster.ts';
import { manyClusters } from '../../scenarios/ownRegistry.ts';
import { clusterPath, input } from '../../support/azure.ts';
import { type Harness, startHarness } from '../../support/harness.ts';
import { waitFor } from '../../support/waitFor.ts';
import { aksIsolation, inputFile, untilSaid } from './support.ts';

const registry = { mode: 'managed' } as const;

describe('aks-isolation', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  const aks = (...args: string[]) => aksIsolation(harness, ...args);

  it.concurrent('shows the command that lets a run pass its gate, and that command does', async () => {
    const cluster = await existingCluster(harness, 'cli-gate');
    const workflowId = clusterWorkflowId(cluster);
    const file = inputFile('gate.json', { cluster, registry, approvals: ['cutEgress'] });
    const applying = aks('apply', file, '--scenario', 'isolateCluster', '--yes');
    await untilSaid(applying, `aks-isolation approve ${workflowId} cutEgress --wait `);
    const found = async () => (await aks('list', '--waiting', '--cluster', cluster.name)).stdout.includes(workflowId);
    await waitFor(found, 'The list never had it');
    const wrong = await aks('approve', workflowId, 'reimage');
    expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining('Gates that wait: cutEgress.')]);
    const { stdout, exitCode } = await aks('approve', workflowId, 'cutEgress', '--note', 'Seen.');
    expect([exitCode, stdout]).toEqual([0, `Approved cutEgress in the name of ${userInfo().username}.`]);
    expect((await applying).exitCode).toBe(0);
    expect(await harness.client.scenarioOf(cluster).result()).toMatchObject({
      approvals: [{ gate: 'cutEgress', by: userInfo().username, note: 'Seen.' }],
    });
  });

  it.concurrent('pauses, resumes, and decides for a run that is held', async () => {
    const given = input('cli-held', { onFailure: 'hold' });
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No.' };
    await harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, answer });
    const run = await harness.client.createCluster(given);
    const { workflowId } = run;
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    expect((await aks('pause', workflowId)).exitCode).toBe(0);
    expect((await run.progress()).paused).toBe(true);
    const watching = aks('watch', workflowId);
    await untilSaid(watching, `aks-isolation resume ${workflowId}`);
    expect((await aks('resume', workflowId)).exitCode).toBe(0);
    const decided = await aks('decide', workflowId, 'rollBack', '--output', 'json');
    expect(JSON.parse(decided.stdout)).toMatchObject({ workflowId });
    const { stdout, exitCode } = await watching;
    expect(exitCode).toBe(1);
    expect(stdout).toContain('RequestDisallowedByPolicy: No.');
    const late = await aks('decide', workflowId, 'retry');
    expect([late.exitCode, late.stderr]).toEqual([1, `The run ${workflowId} has ended. Nothing was changed.`]);
  });

  it.concurrent('cancels a run, and says what became of it', async () => {
    const given = input('cli-cancel');
    const end = await harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation: { held: true } });
    const run = await harness.client.createCluster(given);
    await waitUntil(run, ({ steps }) => steps.some(({ id, state }) => id === 'cluster' && state === 'running'));
    const watching = aks('watch', run.workflowId);
    await untilSaid(watching, 'running    Cluster cli-cancel');
    expect((await aks('cancel', run.workflowId)).exitCode).toBe(0);
    await end();
    const { stdout, exitCode } = await watching;
    expect(exitCode).toBe(1);
    expect(stdout).toContain('Cancelled. Everything that it had changed was taken back.');
  });

  it.concurrent('audits with the verdict as exit code', async () => {
    const cluster = await existingCluster(harness, 'cli-audit');
    const id = clusterId(cluster);
    const open = await aks('audit', '--cluster', id);
    expect([open.exitCode, open.stdout]).toEqual([3, expect.stringMatching(/^Drifted: /)]);
    await (await harness.client.isolateCluster({ cluster, registry })).result();
    const isolated = await aks('audit', '--cluster', id, '--output', 'json');
    expect([isolated.exitCode, JSON.parse(isolated.stdout)]).toEqual([
      0,
      expect.objectContaining({ verdict: 'Isolated' }),
    ]);
    await updateByHand(harness.azure, cluster, (properties) => {
      properties.apiServerAccessProfile = { ...(properties.apiServerAccessProfile as object), disableRunCommand: true };
    });
    const blind = await aks('audit', inputFile('blind.json', { cluster }));
    expect([blind.exitCode, blind.stdout]).toEqual([4, expect.stringMatching(/^Unproven: /)]);
    const gone = await aks('audit', '--cluster', id.replace('cli-audit', 'cli-other'));
    expect([gone.exitCode, gone.stdout]).toEqual([1, expect.stringContaining('ClusterNotFound')]);
  });
});
