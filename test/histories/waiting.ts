import type { ScenarioHandle } from '../../client/index.ts';
import type { ApprovalGate, Progress, ScenarioResult } from '../../contract/index.ts';
import type { FaultRule } from '../../simulator/index.ts';
import { reference } from '../scenarios/existingCluster.ts';
import { input } from '../support/azure.ts';
import { type ScenarioPlace, type SweptScenario, successfulScenarios } from '../sweep/scenarios.ts';

/** A run as it is when a new version of the workers comes: it waits for something. */
export interface WaitingRun extends Pick<SweptScenario, 'prepare' | 'start' | 'failsOf'> {
  /** Default: `current`. */
  edition?: '2024-preview';
  faults?: readonly FaultRule[];
  /** Makes the run wait. */
  meanwhile?(place: ScenarioPlace, run: ScenarioHandle<ScenarioResult>): Promise<void>;
  waits(progress: Progress): boolean;
  /** Ends the wait, and the name of the history of the whole run; left out where it is recorded while it waits only. */
  goesOn?: { name: string; by(run: ScenarioHandle<ScenarioResult>, place: ScenarioPlace): Promise<void> };
}

const registry = { mode: 'managed' } as const;
const clusterUpdate = { method: 'PUT', path: '/managedClusters/[^/]+$' } as const;
const refusedOnce = { answer: { status: 400, code: 'InvalidParameter', message: 'No.' } } as const;

const isApplying = ({ phase, steps }: Progress): boolean =>
  phase === 'applying' && steps.some(({ state }) => state === 'running');
const approve = async (run: ScenarioHandle<ScenarioResult>, gate: ApprovalGate): Promise<void> => {
  for await (const { awaitingApproval } of run.watch(25)) if (awaitingApproval?.includes(gate)) break;
  await run.approve({ gate, by: 'recorder' });
};

/** By name: scenario and what it waits for. */
export const waitingRuns: Readonly<Record<string, WaitingRun>> = {
  'isolate-managed-held': {
    prepare: successfulScenarios['isolate-managed'].prepare,
    start: ({ client, name }) => client.isolateCluster({ cluster: reference(name), registry, onFailure: 'hold' }),
    // The second update cuts egress.
    faults: [{ ...clusterUpdate, after: 1, ...refusedOnce }],
    waits: ({ phase }) => phase === 'waitingForOperator',
    goesOn: { name: 'isolate-managed-retried', by: (run) => run.decide('retry') },
  },
  'isolate-managed-gated': {
    prepare: successfulScenarios['isolate-managed'].prepare,
    start: ({ client, name }) =>
      client.isolateCluster({ cluster: reference(name), registry, approvals: ['reimage', 'cutEgress'] }),
    waits: ({ phase }) => phase === 'awaitingApproval',
    goesOn: {
      name: 'isolate-managed-approved',
      async by(run) {
        await approve(run, 'reimage');
        await approve(run, 'cutEgress');
      },
    },
  },
  'reimage-gated': {
    prepare: successfulScenarios.reimage.prepare,
    start: ({ client, name }) =>
      client.reimageNodePools({ cluster: reference(name), approvals: ['reimage'], approvalTimeoutMinutes: 1 }),
    waits: ({ phase }) => phase === 'awaitingApproval',
    // Nobody approves, and the minute is a real one.
    goesOn: { name: 'reimage-approvalTimedOut', by: async () => undefined },
  },
  'create-byo-paused': {
    prepare: successfulScenarios['create-byo'].prepare,
    start: successfulScenarios['create-byo'].start,
    faults: [{ id: 'slow', method: 'PUT', path: '/registries/[^/]+$', operation: { held: true } }],
    async meanwhile(_place, run) {
      for await (const progress of run.watch(25)) if (isApplying(progress)) break;
      await run.pause();
    },
    waits: ({ paused }) => paused === true,
    goesOn: {
      name: 'create-byo-resumed',
      async by(run, { azure }) {
        await azure.send('DELETE', '/simulator/faults');
        await run.resume();
      },
    },
  },
  /** Nobody resumes the run, and the bound of the pause is a real one; then an operator answers the hold by its ID. */
  'disable-pause-held': {
    prepare: successfulScenarios.disable.prepare,
    start: ({ client, name }) =>
      client.disableIsolation({ cluster: reference(name), onFailure: 'hold', pauseTimeoutMinutes: 0.02 }),
    faults: [{ ...clusterUpdate, operation: { held: true } }],
    async meanwhile({ azure }, run) {
      for await (const progress of run.watch(25)) if (isApplying(progress)) break;
      await run.pause();
      await azure.send('DELETE', '/simulator/faults');
    },
    waits: ({ phase }) => phase === 'waitingForOperator',
    goesOn: {
      name: 'disable-pause-retried',
      by: async (run) => run.decide('retry', (await run.progress()).hold),
    },
  },
  'create-managed-registering': {
    prepare: successfulScenarios['create-managed'].prepare,
    start: ({ client, name }) => client.createCluster(input(name, { profile: 'preview' })),
    edition: '2024-preview',
    // The registration is asked for, and its state cannot be read.
    faults: [
      {
        method: 'GET',
        path: 'NetworkIsolatedClusterPreview$',
        after: 1,
        times: 10_000,
        answer: { status: 503, code: 'ServiceUnavailable', message: 'Try later' },
      },
    ],
    waits: ({ steps }) =>
      steps.some(({ kind, waitsFor }) => kind === 'feature' && waitsFor?.includes('Registered')),
  },
};
