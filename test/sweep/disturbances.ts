import type { ScenarioHandle } from '../../client/index.ts';
import type { Judgement, SweepCase } from './cases.ts';
import { decide, parsedHold } from './holds.ts';
import { type BoundaryKind, faultKinds, isIn } from './kinds.ts';
import { bySomebodyElse, isSomebodyElses } from './others.ts';
import { patternOf, ruleFor } from './requests.ts';
import { reset, resetPoints } from './resets.ts';
import type { Slot } from './scenarios.ts';
import { others, untilHit } from './slot.ts';

/** Acts while the run is under way. It may have ended before anything happens. @returns what is wrong already */
export type Meanwhile = (run: ScenarioHandle, end: Promise<unknown>) => Promise<Judgement['found']>;

const nothing: Meanwhile = async () => [];

/** Prepares what is to go wrong in a case. */
export async function disturb(slot: Slot, { kind, request, hold }: SweepCase): Promise<Meanwhile> {
  if (isIn('faults', kind)) {
    await slot.azure.fault(ruleFor(request, faultKinds[kind].effect));
    return nothing;
  }
  if (isSomebodyElses(kind)) {
    await others(slot, { ...patternOf(request), when: 'before', does: bySomebodyElse[kind].does });
    if (kind === 'policy-strip-lost') await slot.azure.fault(ruleFor(request, faultKinds['drop-after'].effect));
    return nothing;
  }
  if (isIn('holds', kind)) {
    const given = parsedHold(hold ?? '');
    await slot.azure.fault(ruleFor(request, faultKinds[given.fails].effect));
    if (kind === 'leave') return nothing;
    return async (run) => {
      await decide(slot, run, kind, given);
      return [];
    };
  }
  if (isIn('boundaries', kind)) return atBoundary(slot, kind, request);
  if (isIn('resets', kind)) return nothing;
  const release = await slot.azure.fault(ruleFor(request, { held: true }));
  return async (run, end) => {
    if ((await Promise.race([untilHit(slot), end])) === 'hit') await interrupt(slot, run, kind);
    await release();
    return [];
  };
}

async function interrupt({ temporal }: Slot, run: ScenarioHandle, how: 'cancel' | 'terminate'): Promise<void> {
  const handle = temporal.workflow.getHandle(run.workflowId);
  // It may have ended in between, and then there is nothing to interrupt.
  await (how === 'cancel' ? handle.cancel() : handle.terminate('by the sweep')).catch(() => undefined);
  // A query is answered once the run knows of it.
  if (how === 'cancel') await run.progress().catch(() => undefined);
}

/** As a case names it: `before activity 3`. */
export const boundaryText = (when: 'before' | 'after', activity: number): string => `${when} activity ${activity}`;

function atBoundary(slot: Slot, kind: BoundaryKind, place: string): Meanwhile {
  const [, when, activity] = /^(before|after) activity (\d+)$/.exec(place) ?? [];
  if (activity === undefined) throw new Error(`Not a boundary: ${place}. Use for example "before activity 3".`);
  const { reached, release } = slot.boundaries.await(Number(activity), when as 'before' | 'after');
  return async (run, end) => {
    await Promise.race([reached, end]);
    const found = await between(slot, run, kind);
    release();
    return found;
  };
}

async function between(slot: Slot, run: ScenarioHandle, kind: BoundaryKind): Promise<Judgement['found']> {
  switch (kind) {
    case 'terminate-between':
    case 'cancel-between':
      await interrupt(slot, run, kind === 'cancel-between' ? 'cancel' : 'terminate');
      return [];
    case 'reset-between':
    case 'reset-to-start': {
      const points = await resetPoints(slot, run.workflowId);
      // The last one may be a task that has only begun, to which Temporal resets as well.
      return reset(slot, run.workflowId, kind === 'reset-to-start' ? points[1] : points.at(-1));
    }
  }
}
