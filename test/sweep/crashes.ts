import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type Harness, startTestWorker } from '../support/harness.ts';
import { type Judgement, wrong } from './cases.ts';
import type { CrashPlan } from './crashing-worker.ts';
import { stuck } from './run.ts';
import { type Slot, type SweptName, type SweptScenario, sweptScenarios } from './scenarios.ts';
import { endedInTime, fresh, startSlot } from './slot.ts';
import { acceptedWrites, stateChanges, stateOf, writtenTwice } from './state.ts';
import type { Undisturbed } from './undisturbed.ts';

export interface CrashCase {
  scenario: SweptName;
  /** From 1. */
  activity: number;
  when: 'before' | 'after';
}

export interface CrashedCase extends CrashCase, Judgement {}

/** Kills the worker at one boundary of an activity, and starts another: the run must end as without. */
export async function crashCase(name: string, given: CrashCase, usual: Undisturbed): Promise<CrashedCase> {
  const slot = await startSlot(name);
  try {
    return { ...given, ...(await crash(slot, given, usual)) };
  } finally {
    await slot.close({ replay: false });
  }
}

/** A worker in a process of its own. */
export function startCrashingWorker(
  { azure: { simulator }, taskQueue }: Harness,
  crashes: Pick<CrashPlan, 'activity' | 'when'> = {},
) {
  const { endpoint, ca, tokenEndpoint } = simulator;
  const plan: CrashPlan = { endpoint, ca, tokenEndpoint, taskQueue, ...crashes };
  return execa('node', [fileURLToPath(new URL('crashing-worker.ts', import.meta.url))], {
    preferLocal: true,
    env: { CRASH_PLAN: JSON.stringify(plan) },
    reject: false,
  });
}

async function crash(slot: Slot, given: CrashCase, usual: Undisturbed): Promise<Judgement> {
  const { azure } = slot;
  const scenario: SweptScenario = sweptScenarios[given.scenario];
  await fresh(slot, scenario);
  await slot.stopWorker();
  const before = await azure.recordedBytes();
  const crashing = startCrashingWorker(slot, { activity: given.activity, when: given.when });
  const run = await scenario.start(slot);
  const end = endedInTime(run.result());
  // Activities that run beside each other end in any order: the last ones may not be reached.
  await Promise.race([crashing, end]);
  crashing.kill('SIGKILL');
  const { signal, stderr } = await crashing;
  if (signal !== 'SIGKILL') return wrong(['thirdState', `the worker did not start: ${stderr}`]);
  const worker = await startTestWorker(azure.connection, slot.taskQueue);
  try {
    const result = await end;
    if (result === 'stuck') return stuck(slot, run);
    // One that fails ends as it does without the crash: taken back.
    if ((result === 'verified') !== (scenario.failsOf === undefined))
      return wrong(['thirdState', result === 'verified' ? result : String(result.failure)]);
    const twice = writtenTwice(usual.accepted, acceptedWrites(await azure.recorded(before)));
    const other = stateChanges(usual.after, await stateOf(slot));
    const found = [
      ...twice.map((text) => ['repeated', text] as const),
      ...other.map((text) => ['thirdState', text] as const),
    ];
    return { outcome: found.length === 0 ? 'verified' : 'wrong', found };
  } finally {
    await worker.stop();
  }
}
