import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { errorTypes } from '../../contract/index.ts';
import type { Duration } from '../../simulator/index.ts';
import { startHarness } from '../support/harness.ts';
import {
  type CaseKind,
  type FaultKind,
  faultKinds,
  type RequestKey,
  ruleFor,
  type SweptRequest,
  sweptRequests,
  withoutMadeUp,
} from './kinds.ts';
import { type Slot, type SweptName, type SweptScenario, sweptScenarios } from './scenarios.ts';

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
  /** What is wrong. */
  why?: string;
}

const speed = 5000;
const longestRunMs = 120_000;

export async function startSlot(name: string): Promise<Slot> {
  return { ...(await startHarness({ speed, requestTimeoutMs: 1500 })), name };
}

/** The requests of an undisturbed run. */
export async function requestsOf(slot: Slot, name: SweptName): Promise<SweptRequest[]> {
  const scenario: SweptScenario = sweptScenarios[name];
  await fresh(slot, scenario);
  const before = (await slot.azure.recorded()).length;
  const writesBefore = (await durations(slot)).length;
  await (await scenario.start(slot)).result();
  const operations = (await durations(slot)).slice(writesBefore).filter(({ operationSeconds }) => operationSeconds > 0);
  return sweptRequests(
    (await slot.azure.recorded()).slice(before),
    new Set(operations.map(({ operation, resourceId }) => operationKey(operation, resourceId))),
  );
}

/** Runs a scenario while one thing goes wrong, and says how it ended. */
export async function runCase(slot: Slot, given: SweepCase): Promise<SweptCase> {
  const startedAt = Date.now();
  const judged = await judge(slot, given).catch((error: unknown) => wrong(String(error)));
  return { ...given, ...judged, seconds: (Date.now() - startedAt) / 1000 };
}

interface Judgement {
  outcome: Outcome;
  why?: string;
}

const wrong = (why: string): Judgement => ({ outcome: 'wrong', why });

async function judge(slot: Slot, { scenario: name, kind, request }: SweepCase): Promise<Judgement> {
  const scenario: SweptScenario = sweptScenarios[name];
  await fresh(slot, scenario);
  const before = await stateOf(slot);
  const isFault = kind in faultKinds;
  const effect = isFault ? faultKinds[kind as FaultKind].effect : { delaySeconds: 0.05 * speed };
  await slot.azure.fault(ruleFor(request, effect));
  const run = await scenario.start(slot);
  const handle = slot.temporal.workflow.getHandle(run.workflowId);
  const end = ended(run.result());
  if (!isFault && (await Promise.race([untilHit(slot), end])) === 'hit') {
    // It may have ended in between, and then there is nothing to interrupt.
    await (kind === 'cancel' ? handle.cancel() : handle.terminate('by the sweep')).catch(() => undefined);
  }
  const result = await Promise.race([end, delay(longestRunMs, 'stuck' as const)]);
  await slot.azure.send('DELETE', '/simulator/faults');
  if (result === 'stuck') {
    await handle.terminate('by the sweep');
    return wrong(`still running after ${longestRunMs / 1000} s`);
  }
  if (result === 'verified') return { outcome: 'verified' };
  const { failure } = result;
  if (kind === 'terminate' && failure === undefined) return startedAgain(slot, scenario, 'after it was terminated');
  const what = failure instanceof ApplicationFailure ? `${failure.type}: ${failure.message}` : String(failure);
  const changedNothing = failure instanceof ApplicationFailure && failure.type === errorTypes.preflightFailed;
  const isRolledBack =
    failure instanceof CancelledFailure ||
    (failure instanceof ApplicationFailure &&
      (failure.type === errorTypes.stepFailed || failure.type === errorTypes.verificationFailed));
  if (changedNothing || (isRolledBack && !scenario.forwardOnly)) {
    const different = differences(before, await stateOf(slot));
    return different.length === 0
      ? { outcome: 'rolledBack' }
      : wrong(`${what}\nnot as before:\n${different.join('\n')}`);
  }
  if (scenario.forwardOnly && (isRolledBack || failure instanceof ApplicationFailure)) {
    return startedAgain(slot, scenario, `after ${what}`);
  }
  return wrong(what);
}

/** Whatever was left half-way, the same input finishes it. */
async function startedAgain(slot: Slot, scenario: SweptScenario, when: string): Promise<Judgement> {
  const again = await Promise.race([
    ended((await scenario.start(slot)).result()),
    delay(longestRunMs, 'stuck' as const),
  ]);
  if (again === 'verified') return { outcome: 'continued' };
  return wrong(`started again ${when}: ${again === 'stuck' ? again : again.failure}`);
}

async function fresh(slot: Slot, scenario: SweptScenario): Promise<void> {
  await slot.azure.reset({ roleDelaySeconds: 30 });
  await scenario.prepare(slot);
}

/** `failure` is left out where the run was terminated. */
async function ended(result: Promise<unknown>): Promise<'verified' | { failure: unknown }> {
  try {
    await result;
    return 'verified';
  } catch (error) {
    const { cause } = error instanceof WorkflowFailedError ? error : { cause: error };
    const isFailure = cause instanceof ApplicationFailure || cause instanceof CancelledFailure;
    return { failure: isFailure ? cause : undefined };
  }
}

async function untilHit({ azure }: Slot): Promise<'hit'> {
  for (;;) {
    const { body } = await azure.send('GET', '/simulator/faults');
    const [rule] = body as { hits: number }[];
    if (!rule || rule.hits > 0) return 'hit';
    await delay(5);
  }
}

const durations = async ({ azure }: Slot): Promise<Duration[]> =>
  (await azure.send('GET', '/simulator/durations')).body as Duration[];

/** As requests are recorded: the action is part of the path. */
function operationKey(operation: string, resourceId: string): string {
  const [method, action] = operation.split(' ');
  return `${method} ${[resourceId, action].filter(Boolean).join('/')}`.toLowerCase();
}

/** Every property that there is, by resource and path. */
type State = Map<string, unknown>;

async function stateOf({ azure }: Slot): Promise<State> {
  const state: State = new Map();
  for (const [id, resource] of Object.entries(await azure.state())) flatten(state, withoutMadeUp(id), resource);
  return state;
}

/** Changes with every write, or says when something was made: nodes are made anew to be taken back. */
const volatile = new Set(['etag', 'nodeImageVersion', 'createdAt', 'creationDate', 'timeCreated']);

function flatten(state: State, path: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    state.set(path, typeof value === 'string' ? withoutMadeUp(value) : value);
    return;
  }
  for (const [key, each] of Object.entries(value))
    if (!volatile.has(key) && each !== undefined) flatten(state, `${path} ${withoutMadeUp(key)}`, each);
}

function differences(before: State, after: State): string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  return paths.flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    return was === is ? [] : [`${path}: ${was} before, ${is} after`];
  });
}
