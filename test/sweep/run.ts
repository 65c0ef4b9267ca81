import { ApplicationFailure } from '@temporalio/common';
import type { ScenarioHandle } from '../../client/index.ts';
import { errorTypes } from '../../contract/index.ts';
import type { SomebodysChange } from '../../simulator/index.ts';
import { type Judgement, type SweepCase, type SweptCase, wrong } from './cases.ts';
import { disturb } from './disturbances.ts';
import { parsedHold } from './holds.ts';
import { judge } from './judge.ts';
import { isIn } from './kinds.ts';
import { reset, resetPoints } from './resets.ts';
import { type Slot, type SweptScenario, sweptScenarios } from './scenarios.ts';
import { ended, endedInTime, fresh, longestRunMs, truthOf } from './slot.ts';
import { acceptedWrites, deltaOf, stateChanges, stateOf } from './state.ts';
import { runTogether } from './together.ts';
import type { Undisturbed } from './undisturbed.ts';

/** Runs a scenario while something goes wrong, and says how it ended. */
export async function runCase(slot: Slot, given: SweepCase, usual?: Undisturbed): Promise<SweptCase> {
  const startedAt = Date.now();
  const judged = await disturbed(slot, given, usual).catch((error: unknown) => wrong(['thirdState', String(error)]));
  return { ...given, ...judged, seconds: (Date.now() - startedAt) / 1000 };
}

async function disturbed(slot: Slot, given: SweepCase, usual: Undisturbed | undefined): Promise<Judgement> {
  const { kind } = given;
  const scenario: SweptScenario = sweptScenarios[given.scenario];
  if (scenario.beside) return runTogether(slot, scenario, given);
  await fresh(slot, scenario);
  const before = await stateOf(slot);
  const recordedBefore = await slot.azure.recordedBytes();
  const meanwhile = await disturb(slot, given);
  const run = await scenario.start(slot, isIn('holds', kind) ? { onFailure: kind === 'leave' ? kind : 'hold' } : {});
  const result = run.result();
  const acted = meanwhile(run, ended(result));
  const end = await endedInTime(result);
  if (end === 'stuck') return stuck(slot, run);
  const already = await acted;
  await slot.azure.send('DELETE', '/simulator/faults');
  if (isIn('resets', kind)) return resetOnceEnded(slot, scenario, run, given.request);
  const after = await stateOf(slot, before);
  const recorded = await slot.azure.recorded(recordedBefore);
  const { changes, at } = await doneByOthers(slot);
  const delta = deltaOf(changes, [after, before]);
  const hold = given.hold === undefined ? undefined : parsedHold(given.hold);
  const judged = judge({
    scenario,
    kind,
    hold,
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
  });
  // A group that others delete is still there for a while.
  const isOthers = delta.size > 0 || isIn('others', kind) || (hold !== undefined && isIn('others', hold.second));
  const last = 'again' in judged ? await startedAgain(slot, scenario, judged.again, isOthers) : judged;
  const found = [...already, ...('again' in judged ? judged.found : []), ...last.found];
  return { outcome: found.length > 0 ? 'wrong' : last.outcome, found };
}

/** A run that is reset writes and deletes nothing, and the same input ends as ever. */
async function resetOnceEnded(
  slot: Slot,
  scenario: SweptScenario,
  { workflowId }: ScenarioHandle,
  place: string,
): Promise<Judgement> {
  const points = await resetPoints(slot, workflowId);
  const point = points[Math.min(Number(/\d+$/.exec(place)?.[0] ?? 1), points.length) - 1];
  const before = await stateOf(slot);
  const recordedBefore = await slot.azure.recordedBytes();
  const found = [...(await reset(slot, workflowId, point))];
  const writes = [...acceptedWrites(await slot.azure.recorded(recordedBefore)).keys()];
  const changed = stateChanges(before, await stateOf(slot, before));
  found.push(...[...writes, ...changed].map((text) => ['touched', `a reset run: ${text}`] as const));
  const again = await startedAgain(slot, scenario, 'after a reset', false);
  return { outcome: found.length > 0 ? 'wrong' : again.outcome, found: [...found, ...again.found] };
}

/** The acts of others, and when the first one was. */
async function doneByOthers({ azure }: Slot): Promise<{ changes: SomebodysChange[]; at: string }> {
  const rules = (await azure.send('GET', '/simulator/others')).body as { changes: SomebodysChange[]; at: string[] }[];
  return { changes: rules.flatMap(({ changes }) => changes), at: rules.flatMap(({ at }) => at).sort()[0] ?? '' };
}

function isAbout(url: string, changes: readonly SomebodysChange[]): boolean {
  const path = new URL(url).pathname.toLowerCase();
  return changes.some(({ id }) => path.startsWith(id.toLowerCase()));
}

/** Ends a run that does not end, and says what it waits for. */
export async function stuck({ temporal }: Slot, { workflowId }: ScenarioHandle): Promise<Judgement> {
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
  const isRefused =
    again !== 'stuck' && (isFailure(again.failure, errorTypes.preflightFailed) || isGone(again.failure));
  if (isOthers && isRefused) return { outcome: 'told', found: [] };
  // Others have deleted a pool in its middle: the next one looks at the pools that are there.
  if (isOthers && again !== 'stuck' && isWithoutPool(again.failure) && !when.endsWith(onceMore))
    return startedAgain(slot, scenario, `${when}${onceMore}`, isOthers);
  return wrong(['thirdState', `started again ${when}: ${again === 'stuck' ? again : again.failure}`]);
}

const onceMore = ', and once more';

const isWithoutPool = (failure: unknown): boolean =>
  failure instanceof ApplicationFailure && failure.message.startsWith('AgentPoolNotFound');

/** Others delete the cluster while the run waits for its turn. */
const isGone = (failure: unknown): boolean =>
  failure instanceof ApplicationFailure && failure.message.startsWith('ClusterNotFound');

const isFailure = (failure: unknown, type: string): boolean =>
  failure instanceof ApplicationFailure && failure.type === type;
