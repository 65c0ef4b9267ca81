import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import pWaitFor from 'p-wait-for';
import { errorTypes } from '../../contract/index.ts';
import type { Duration, RecordedRequest } from '../../simulator/index.ts';
import type { AzureOptions } from '../support/azure.ts';
import { startHarness } from '../support/harness.ts';
import {
  type CaseKind,
  type FaultKind,
  faultKinds,
  type RequestKey,
  ruleFor,
  type SweptRequest,
  sweptRequests,
} from './kinds.ts';
import { type Slot, type SweptName, type SweptScenario, sweptScenarios } from './scenarios.ts';
import { type Accepted, acceptedWrites, type State, stateChanges, stateOf, writtenTwice } from './state.ts';

export interface SweepCase {
  scenario: SweptName;
  kind: CaseKind;
  request: RequestKey;
}

/** `continued`: what cannot be taken back was finished by starting the scenario again. */
export const outcomes = ['verified', 'rolledBack', 'continued', 'wrong'] as const;
export type Outcome = (typeof outcomes)[number];

export interface SweptCase extends SweepCase {
  outcome: Outcome;
  seconds: number;
  /** The reason of outcome `wrong`. */
  why?: string;
}

/** After these Azure has done what was asked, or is doing it: nothing is to be sent again. */
const lostAnswers: ReadonlySet<CaseKind> = new Set<CaseKind>([
  'drop-after',
  'hang-after',
  'proxy-lost-reply',
  'slow',
  'unseen',
  'operation-stuck',
  'operation-odd-status',
]);

/** A run takes a second or two: what takes as long as this on a busy machine hangs. */
export const longestRunMs = 300_000;
/** So long a request that is never answered is waited for; every other one is answered sooner, also on a busy machine. */
const requestTimeoutMs = 10_000;

export async function startSlot(name: string, options: Pick<AzureOptions, 'edition'> = {}): Promise<Slot> {
  return { ...(await startHarness({ requestTimeoutMs, ...options })), name };
}

/** An undisturbed run. */
export interface Undisturbed {
  requests: SweptRequest[];
  accepted: Accepted;
  /** How many activities it has. */
  activities: number;
  after: State;
}

export async function undisturbed(slot: Slot, name: SweptName): Promise<Undisturbed> {
  const scenario: SweptScenario = sweptScenarios[name];
  await fresh(slot, scenario);
  const before = await slot.azure.recordedBytes();
  const writesBefore = (await durations(slot)).length;
  const run = await scenario.start(slot);
  await ended(run.result());
  const { events } = await slot.temporal.workflow.getHandle(run.workflowId).fetchHistory();
  const operations = (await durations(slot)).slice(writesBefore).filter(({ operationSeconds }) => operationSeconds > 0);
  const recorded = await slot.azure.recorded(before);
  const requests = sweptRequests(
    recorded,
    new Set(operations.map(({ operation, resourceId }) => operationKey(operation, resourceId))),
    scenario.failsOf && firstAfter(recorded, scenario.failsOf),
  );
  return {
    requests,
    accepted: acceptedWrites(recorded),
    activities: (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes).length,
    after: await stateOf(slot),
  };
}

/** Undo begins once the request has been answered that fails the run. */
function firstAfter(
  recorded: readonly RecordedRequest[],
  { method, path, after = 0 }: NonNullable<SweptScenario['failsOf']>,
): number {
  const matching = recorded.flatMap((request, position) =>
    request.method === method && new RegExp(path, 'i').test(new URL(request.url).pathname) ? [position] : [],
  );
  const failed = matching[after];
  if (failed === undefined) throw new Error(`The run does not send ${method} ${path}`);
  return failed + 1;
}

/** Runs a scenario while one thing goes wrong, and says how it ended. */
export async function runCase(slot: Slot, given: SweepCase, usual?: Undisturbed): Promise<SweptCase> {
  const startedAt = Date.now();
  const judged = await judge(slot, given, usual).catch((error: unknown) => wrong(String(error)));
  return { ...given, ...judged, seconds: (Date.now() - startedAt) / 1000 };
}

interface Judgement {
  outcome: Outcome;
  why?: string;
}

const wrong = (why: string): Judgement => ({ outcome: 'wrong', why });

async function judge(
  slot: Slot,
  { scenario: name, kind, request }: SweepCase,
  usual: Undisturbed | undefined,
): Promise<Judgement> {
  const scenario: SweptScenario = sweptScenarios[name];
  await fresh(slot, scenario);
  const before = await stateOf(slot);
  const recordedBefore = await slot.azure.recordedBytes();
  const isFault = kind in faultKinds;
  const effect = isFault ? faultKinds[kind as FaultKind].effect : ({ held: true } as const);
  const release = await slot.azure.fault(ruleFor(request, effect));
  const run = await scenario.start(slot);
  const handle = slot.temporal.workflow.getHandle(run.workflowId);
  const end = ended(run.result());
  if (!isFault && (await Promise.race([untilHit(slot), end])) === 'hit') {
    // It may have ended in between, and then there is nothing to interrupt.
    await (kind === 'cancel' ? handle.cancel() : handle.terminate('by the sweep')).catch(() => undefined);
    // A query is answered once the run knows of it.
    if (kind === 'cancel') await run.progress().catch(() => undefined);
    await release();
  }
  const result = await Promise.race([end, delay(longestRunMs, 'stuck' as const, { ref: false })]);
  await slot.azure.send('DELETE', '/simulator/faults');
  if (result === 'stuck') {
    const { raw } = await handle.describe();
    await handle.terminate('by the sweep');
    const pending = (raw.pendingActivities ?? []).map(
      ({ activityType, attempt, lastFailure }) =>
        `${activityType?.name}, attempt ${attempt}: ${lastFailure?.message ?? 'runs'}`,
    );
    return wrong([`still running after ${longestRunMs / 1000} s`, ...pending].join('\n'));
  }
  if (result === 'verified') {
    const checked = usual && lostAnswers.has(kind) ? usual : undefined;
    const twice = checked
      ? writtenTwice(checked.accepted, acceptedWrites(await slot.azure.recorded(recordedBefore)))
      : [];
    return twice.length === 0 ? { outcome: 'verified' } : wrong(`sent twice:\n${twice.join('\n')}`);
  }
  const { failure } = result;
  if (kind === 'terminate' && failure === undefined) return startedAgain(slot, scenario, 'after it was terminated');
  const what = failure instanceof ApplicationFailure ? `${failure.type}: ${failure.message}` : String(failure);
  const changedNothing = failure instanceof ApplicationFailure && failure.type === errorTypes.preflightFailed;
  const isRolledBack =
    failure instanceof CancelledFailure ||
    (failure instanceof ApplicationFailure &&
      (failure.type === errorTypes.stepFailed || failure.type === errorTypes.verificationFailed));
  // It was left as it is, for nothing was seen that is not as promised.
  if (failure instanceof ApplicationFailure && failure.type === errorTypes.unproven) {
    return startedAgain(slot, scenario, `after ${what}`);
  }
  if (changedNothing || (isRolledBack && !scenario.forwardOnly)) {
    const different = stateChanges(before, await stateOf(slot));
    return different.length === 0
      ? { outcome: 'rolledBack' }
      : wrong(`${what}\nnot as before:\n${different.join('\n')}`);
  }
  if (scenario.forwardOnly && (isRolledBack || failure instanceof ApplicationFailure)) {
    return startedAgain(slot, scenario, `after ${what}`);
  }
  return wrong(what);
}

/** A deletion may have ended well although its run did not. */
const isNothingToDelete = (failure: unknown): boolean =>
  failure instanceof ApplicationFailure && failure.message.includes('there is nothing to delete');

/** The same input finishes a run that was left half-way. */
async function startedAgain(slot: Slot, scenario: SweptScenario, when: string): Promise<Judgement> {
  await scenario.meanwhile?.(slot);
  const again = await Promise.race([
    ended((await scenario.start(slot)).result()),
    delay(longestRunMs, 'stuck' as const, { ref: false }),
  ]);
  if (again === 'verified' || (again !== 'stuck' && isNothingToDelete(again.failure))) return { outcome: 'continued' };
  return wrong(`started again ${when}: ${again === 'stuck' ? again : again.failure}`);
}

export async function fresh(slot: Slot, scenario: Pick<SweptScenario, 'prepare' | 'failsOf'>): Promise<void> {
  await slot.azure.reset({ roleDelaySeconds: 30 });
  await scenario.prepare(slot);
  if (scenario.failsOf) await slot.azure.fault(scenario.failsOf);
}

/** `failure` is left out where the run was terminated. */
export async function ended(result: Promise<unknown>): Promise<'verified' | { failure: unknown }> {
  try {
    await result;
    return 'verified';
  } catch (error) {
    const { cause } = error instanceof WorkflowFailedError ? error : { cause: error };
    const isFailure = cause instanceof ApplicationFailure || cause instanceof CancelledFailure;
    return { failure: isFailure ? cause : undefined };
  }
}

/** Resolves once the fault that was added last has acted. */
export async function untilHit({ azure }: Slot): Promise<'hit'> {
  await pWaitFor(async () => {
    const { body } = await azure.send('GET', '/simulator/faults');
    const rule = (body as { hits: number }[]).at(-1);
    return !rule || rule.hits > 0;
  });
  return 'hit';
}

const durations = async ({ azure }: Slot): Promise<Duration[]> =>
  (await azure.send('GET', '/simulator/durations')).body as Duration[];

/** As requests are recorded: the action is part of the path. */
function operationKey(operation: string, resourceId: string): string {
  const [method, action] = operation.split(' ');
  return `${method} ${[resourceId, action].filter(Boolean).join('/')}`.toLowerCase();
}
