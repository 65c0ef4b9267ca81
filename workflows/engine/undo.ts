import { CancellationScope, sleep } from '@temporalio/workflow';
import { isFailure } from '../../contract/failures.ts';
import type { StepId, StepKind } from '../../contract/plan.ts';
import type { StepProgress } from '../../contract/progress.ts';
import type { Leftover } from '../../contract/result.ts';
import { adviceOf, errorText, shownFailure } from './errorText.ts';
import { type Helpers, leftBy } from './step.ts';
import { stepTook } from './telemetry.ts';

/** A declared step, as far as undo needs to know it. */
export interface BegunStep {
  progress: StepProgress;
  undo?: () => Promise<unknown>;
  helpers?: () => Helpers | undefined;
  undoneAfter: readonly StepId[];
  /** Whether undo is called though the step never began. */
  isAffected?: (hasBegun: (id: StepId) => boolean) => boolean;
  /** Whether this run may have left something in Azure by this step. */
  begun: boolean;
  /** Resources of this step that undo could not take back. */
  leftovers: readonly Leftover[];
  /** A deletion that is not `done`, and whose resource is not there at the end. */
  gone?: Leftover;
  /** Whether somebody has changed what it made, so that it is theirs. */
  isChanged?: boolean;
  /** The failure of its last try. */
  failure?: unknown;
  /** Whether Azure took its request and has never shown what it made. */
  isUnseen?: boolean;
}

/** The part of the run that undo needs. */
export interface UndoMeans {
  set(progress: StepProgress, change: Partial<StepProgress>): void;
  /** Those of the leftovers that are there. */
  stillThere(leftovers: readonly Leftover[]): Promise<Leftover[]>;
}

type SetProgress = UndoMeans['set'];

/**
 * Takes back everything that was begun: each step once all that need it are taken back, the rest in parallel, where
 * cancellation cannot reach it. A step that could not be taken back is tried once more at the end.
 *
 * @param steps In the order of the plan. @returns what could not be taken back.
 */
export async function undoSteps(steps: readonly BegunStep[], { set, stillThere }: UndoMeans): Promise<Leftover[]> {
  await CancellationScope.nonCancellable(async () => {
    await undoAll(steps, set);
    if (!steps.some(({ progress }) => progress.state === 'leftBehind')) return;
    await sleep(secondUndoAfter);
    await undoAll(steps, set);
  });
  const there = new Set(await stillThere(steps.flatMap(({ leftovers }) => leftovers)));
  for (const step of steps) {
    const before = step.leftovers;
    const isUnseen = step.isUnseen && !isGoneAlong(step, steps);
    // Another look would find nothing either.
    step.leftovers = step.leftovers.filter((each) => there.has(each) || isUnseen);
    noteGone(step, before, there);
    if (before.length > 0 && !step.gone && step.leftovers.length === 0 && step.progress.state === 'leftBehind')
      set(step.progress, { state: 'undone' });
  }
  return steps.toReversed().flatMap(({ leftovers }) => leftovers);
}

/** A resource that was deleted and could not be put back is not there, and neither is one that was taken back. */
function noteGone(step: BegunStep, left: readonly Leftover[], there: ReadonlySet<Leftover>): void {
  const { progress, begun } = step;
  const own = left.find((each) => each.resourceId === progress.resourceId && !there.has(each));
  if (progress.action === 'delete' && begun && own) step.gone = own;
}

/** Everything that was deleted and is not back. To be asked once the steps are taken back, or left. */
export const deletedBy = (steps: readonly BegunStep[]): Leftover[] =>
  steps.flatMap(({ gone, progress: { action, kind, state, resourceId } }) => {
    if (gone) return [gone];
    // The step is about an identity's roles: the identity has a step of its own.
    if (kind === 'roles') return [];
    return action === 'delete' && state === 'done' ? [{ resourceId, why: 'as planned' }] : [];
  });

/** Whether what it is in was deleted by undo. */
const isGoneAlong = ({ progress: { resourceId } }: BegunStep, steps: readonly BegunStep[]): boolean =>
  steps.some(
    ({ progress }) =>
      progress.action === 'create' && progress.state === 'undone' && isBelow(resourceId, progress.resourceId),
  );

/** By then Azure has often let go of what stood in the way, such as a network interface that held a subnet. */
const secondUndoAfter = '10 seconds';

async function undoAll(steps: readonly BegunStep[], set: SetProgress): Promise<void> {
  const undone = new Map<StepId, Promise<void>>();
  const undoAfterDependents = async (step: BegunStep): Promise<void> => {
    const { id } = step.progress;
    const before = steps.filter(
      ({ progress, undoneAfter }) =>
        // Checks and approvals change nothing, so undo need not wait for them.
        (progress.needs.includes(id) && !undoneAfter.includes(id) && progress.action !== 'check') ||
        step.undoneAfter.includes(progress.id),
    );
    await Promise.all(before.map(({ progress }) => undone.get(progress.id)));
    const isGroup = step.progress.kind === 'resourceGroup';
    const kept = before.find(
      ({ isChanged, progress: { state, kind, resourceId } }) =>
        state === 'leftBehind' &&
        // Azure deletes a zone with its records, and a registry with its rules, whoever has changed them.
        (isGroup || usersUnknownToAzure.has(kind) || (isChanged && isBelow(resourceId, step.progress.resourceId))),
    );
    const hasBegun = (other: StepId) => steps.some(({ progress, begun }) => progress.id === other && begun);
    await undoStep(step, kept?.progress, hasBegun, set);
  };
  for (const step of steps.toReversed()) {
    // Deferred, so that the map holds all of them before any looks up those that it waits for.
    undone.set(
      step.progress.id,
      Promise.resolve().then(() => undoAfterDependents(step)),
    );
  }
  await Promise.all(undone.values());
}

/**
 * Kinds of steps whose resource needs others that Azure would delete all the same, such as a cluster's registry. Whatever else
 * is in use Azure refuses to delete, so that undo tries it. A group goes with all that is in it, so it must be empty.
 */
const usersUnknownToAzure: ReadonlySet<StepKind> = new Set(['cluster', 'bootstrap', 'outboundType', 'reimage']);

const isBelow = (id: string, parent: string): boolean => id.toLowerCase().startsWith(`${parent.toLowerCase()}/`);

async function undoStep(
  step: BegunStep,
  kept: StepProgress | undefined,
  hasBegun: (id: StepId) => boolean,
  set: SetProgress,
): Promise<void> {
  const { progress, undo, begun } = step;
  const { resourceId, forwardOnly } = progress;
  if (progress.state === 'undone') return;
  const isKept = forwardOnly === undefined && undo !== undefined && kept !== undefined;
  if (!begun && (isKept || !step.isAffected?.(hasBegun))) return;
  const stays = isKept ? `${kept.resourceId} could not be taken back` : forwardOnly;
  const back = stays === undefined ? undo : undefined;
  const helpers = step.helpers?.();
  step.leftovers = stays === undefined ? [] : [{ resourceId, why: stays }];
  if (isKept) set(progress, { state: 'leftBehind' });
  if (!back && !helpers) return;
  set(progress, { state: 'undoing', waitsFor: 'removal' });
  const since = Date.now();
  try {
    await helpers?.remove();
    if (isUnseen(await back?.()) && isFailure(step.failure, 'NotShown')) throw step.failure;
    set(progress, { state: back ? 'undone' : isKept ? 'leftBehind' : 'failed' });
    if (back) stepTook(progress.kind, 'undone', since);
  } catch (error) {
    if (isFailure(error, 'ResetRun')) throw error;
    step.isChanged = isFailure(error, 'ChangedSince');
    step.isUnseen = isFailure(error, 'NotShown');
    const why = errorText(error);
    const whatToDo = adviceOf(error);
    const failed = { resourceId, why, ...(whatToDo !== undefined && { whatToDo }) };
    // Helpers that were begun while it was taken back are named, too.
    step.leftovers = await leftBy([failed], step.helpers?.() ?? helpers);
    set(progress, { state: 'leftBehind', ...shownFailure(error) });
    stepTook(progress.kind, 'leftBehind', since);
  }
}

/** Whether a deletion found nothing to delete. */
const isUnseen = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'unseen' in result && result.unseen === true;

/** Everything that was begun and is not taken back, and everything that was to be deleted and is not. */
export async function leaveSteps(
  steps: readonly BegunStep[],
  why: string,
  { stillThere }: Pick<UndoMeans, 'stillThere'>,
): Promise<Leftover[]> {
  const left = await Promise.all(steps.map((step) => leftBy(ownLeftovers(step, why), step.helpers?.())));
  const unseen = steps.flatMap((step, index) => (isFailure(step.failure, 'NotShown') ? (left[index] ?? []) : []));
  const there = new Set(await stillThere(left.flat()));
  for (const [index, step] of steps.entries()) noteGone(step, left[index] ?? [], there);
  return left.flat().filter((each) => there.has(each) || unseen.includes(each));
}

function ownLeftovers({ begun, progress }: BegunStep, why: string): Leftover[] {
  const { resourceId, action, kind, state, error } = progress;
  if (action === 'check' || (kind === 'roles' && error === undefined)) return [];
  if (action !== 'delete') return begun ? [{ resourceId, why }] : [];
  return state === 'done' ? [] : [{ resourceId, why: error ?? 'not deleted' }];
}
