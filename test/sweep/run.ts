import { ApplicationFailure } from '@temporalio/common';
import type { ScenarioHandle } from '../../client/index.ts';
import { errorTypes } from '../../contract/index.ts';
import type { SomebodysChange } from '../../simulator/index.ts';
import { type Judgement, judge, type Seen, wrong } from './judge.ts';
import { type CaseKind, type FaultKind, faultKinds } from './kinds.ts';
import { isOthersKind, othersKinds } from './others.ts';
import { patternOf, type RequestKey, ruleFor } from './requests.ts';
import { type Slot, type SweptName, type SweptScenario, sweptScenarios } from './scenarios.ts';
import { ended, endedInTime, fresh, longestRunMs, others, truthOf, untilHit } from './slot.ts';
import { deltaOf, stateOf } from './state.ts';
import type { Undisturbed } from './undisturbed.ts';

export interface SweepCase {
  scenario: SweptName;
  kind: CaseKind;
  request: RequestKey;
}

export interface SweptCase extends SweepCase, Judgement {
  seconds: number;
}

/** Runs a scenario while something goes wrong, and says how it ended. */
export async function runCase(slot: Slot, given: SweepCase, usual?: Undisturbed): Promise<SweptCase> {
  const startedAt = Date.now();
  const judged = await disturbed(slot, given, usual).catch((error: unknown) => wrong(['thirdState', String(error)]));
  return { ...given, ...judged, seconds: (Date.now() - startedAt) / 1000 };
}

async function disturbed(slot: Slot, given: SweepCase, usual: Undisturbed | undefined): Promise<Judgement> {
  const scenario: SweptScenario = sweptScenarios[given.scenario];
  await fresh(slot, scenario);
  const before = await stateOf(slot);
  const recordedBefore = await slot.azure.recordedBytes();
  const meanwhile = await arrange(slot, given);
  const run = await scenario.start(slot);
  const result = run.result();
  // It may have ended before anything happens.
  await meanwhile(run, ended(result));
  const end = await endedInTime(result);
  await slot.azure.send('DELETE', '/simulator/faults');
  if (end === 'stuck') return stuck(slot, run);
  const after = await stateOf(slot, before);
  const recorded = await slot.azure.recorded(recordedBefore);
  const { changes, at } = await doneByOthers(slot);
  const delta = deltaOf(changes, [after, before]);
  const judged = judge({
    scenario,
    kind: given.kind,
    usual,
    end,
    before,
    after,
    delta,
    foreign: new Set(
      changes.flatMap(({ id, before: was }) => (was ? [] : (after.resources.get(id.toLowerCase()) ?? id))),
    ),
    lookedAfter: recorded.some(({ method, url, time }) => method === 'GET' && time > at && isAbout(url, changes)),
    recorded,
    truth: scenario.isolates ? await truthOf(slot) : undefined,
  } satisfies Seen);
  if (!('again' in judged)) return judged;
  const again = await startedAgain(slot, scenario, judged.again, delta.size > 0);
  return { outcome: judged.found.length > 0 ? 'wrong' : again.outcome, found: [...judged.found, ...again.found] };
}

/** Has happen what is to happen. The result acts while the run is under way. */
async function arrange(
  slot: Slot,
  { kind, request }: SweepCase,
): Promise<(run: ScenarioHandle, end: Promise<unknown>) => Promise<void>> {
  if (kind in faultKinds) {
    await slot.azure.fault(ruleFor(request, faultKinds[kind as FaultKind].effect));
    return async () => undefined;
  }
  if (isOthersKind(kind)) {
    await others(slot, { ...patternOf(request), when: 'before', does: othersKinds[kind].does });
    return async () => undefined;
  }
  const release = await slot.azure.fault(ruleFor(request, { held: true }));
  return async (run, end) => {
    if ((await Promise.race([untilHit(slot), end])) !== 'hit') return;
    const handle = slot.temporal.workflow.getHandle(run.workflowId);
    // It may have ended in between, and then there is nothing to interrupt.
    await (kind === 'cancel' ? handle.cancel() : handle.terminate('by the sweep')).catch(() => undefined);
    // A query is answered once the run knows of it.
    if (kind === 'cancel') await run.progress().catch(() => undefined);
    await release();
  };
}

/** What others have done, and when for the first time. */
async function doneByOthers({ azure }: Slot): Promise<{ changes: SomebodysChange[]; at: string }> {
  const rules = (await azure.send('GET', '/simulator/others')).body as { changes: SomebodysChange[]; at: string[] }[];
  return { changes: rules.flatMap(({ changes }) => changes), at: rules.flatMap(({ at }) => at).sort()[0] ?? '' };
}

function isAbout(url: string, changes: readonly SomebodysChange[]): boolean {
  const path = new URL(url).pathname.toLowerCase();
  return changes.some(({ id }) => path.startsWith(id.toLowerCase()));
}

async function stuck({ temporal }: Slot, { workflowId }: ScenarioHandle): Promise<Judgement> {
  const handle = temporal.workflow.getHandle(workflowId);
  const { raw } = await handle.describe();
  await handle.terminate('by the sweep');
  const pending = (raw.pendingActivities ?? []).map(
    ({ activityType, attempt, lastFailure }) =>
      `${activityType?.name}, attempt ${attempt}: ${lastFailure?.message ?? 'runs'}`,
  );
  return wrong(['thirdState', [`still running after ${longestRunMs / 1000} s`, ...pending].join('\n')]);
}

/** A deletion may have ended well although its run did not. */
const isNothingToDelete = (failure: unknown): boolean =>
  failure instanceof ApplicationFailure && failure.message.includes('there is nothing to delete');

/**
 * The same input finishes a run that was left half-way.
 *
 * @param isOthers Whether others have changed something, so that it may be refused with their doing as the reason.
 */
async function startedAgain(slot: Slot, scenario: SweptScenario, when: string, isOthers: boolean): Promise<Judgement> {
  await scenario.meanwhile?.(slot);
  const again = await endedInTime((await scenario.start(slot)).result());
  if (again === 'verified' || (again !== 'stuck' && isNothingToDelete(again.failure)))
    return { outcome: 'continued', found: [] };
  const isRefused = again !== 'stuck' && isFailure(again.failure, errorTypes.preflightFailed);
  if (isOthers && isRefused) return { outcome: 'told', found: [] };
  return wrong(['thirdState', `started again ${when}: ${again === 'stuck' ? again : again.failure}`]);
}

const isFailure = (failure: unknown, type: string): boolean =>
  failure instanceof ApplicationFailure && failure.type === type;
