import type { StepProgress } from '../contract/index.ts';
import type { Duration } from '../simulator/index.ts';

/** In simulated seconds, from any beginning. */
interface Interval {
  begin: number;
  end: number;
}

/** A step with the time in which it ran. */
export interface TimedStep extends Interval {
  step: Pick<StepProgress, 'id' | 'kind' | 'needs' | 'resourceId'>;
}

/** Something that Azure did for a run, with the time that it took. */
export interface TimedOperation extends Interval {
  operation: Pick<Duration, 'resourceId' | 'operation'>;
}

/**
 * The least time that a run can take: the longest way through its steps, each as long as Azure took for the step's own writes, and
 * what Azure did beside steps while no write ran: commands inside the cluster, questions. In simulated seconds.
 */
export function lowerLimit(steps: readonly TimedStep[], operations: readonly TimedOperation[]): number {
  const byStep = new Map(operations.map((each) => [each, stepOf(each, steps)]));
  const byId = new Map<string, TimedStep>(steps.map((timed) => [timed.step.id, timed]));
  const ends = new Map<TimedStep, number>();
  const endOf = (timed: TimedStep): number => {
    const known = ends.get(timed);
    if (known !== undefined) return known;
    const needed = needsOf(timed, steps).flatMap((id) => byId.get(id) ?? []);
    const own = operations.filter((each) => byStep.get(each) === timed);
    const end = Math.max(0, ...needed.map(endOf)) + own.reduce((sum, each) => sum + each.end - each.begin, 0);
    ends.set(timed, end);
    return end;
  };
  const ofSteps = operations.filter((each) => byStep.get(each));
  return Math.max(0, ...steps.map(endOf)) + covered(operations) - covered(ofSteps);
}

/** The step that an operation belongs to: of those about its resource, the one that ran while it did. */
function stepOf(timed: TimedOperation, steps: readonly TimedStep[]): TimedStep | undefined {
  const { resourceId, operation } = timed.operation;
  if (operation === 'POST runCommand') return undefined;
  const written = resourceId.toLowerCase();
  const about = steps.filter(({ step }) => {
    // A role's step names its scope until the role is assigned.
    const isSame = step.resourceId.toLowerCase() === written;
    return isSame && (step.kind !== 'role' || written.includes('/roleassignments/'));
  });
  return about.map((each) => ({ each, shared: overlap(each, timed) })).sort((a, b) => b.shared - a.shared)[0]?.each;
}

/**
 * The steps that a step waits for. Reimages beside each other are bounded by the input, so that one also waits for the last that ended
 * before it began.
 */
function needsOf({ step, begin }: TimedStep, steps: readonly TimedStep[]): readonly string[] {
  if (step.kind !== 'reimage') return step.needs;
  const before = steps
    .filter((other) => other.step.kind === 'reimage' && other.end <= begin)
    .sort((a, b) => b.end - a.end)[0];
  return before ? [...step.needs, before.step.id] : step.needs;
}

const overlap = (one: Interval, other: Interval): number =>
  Math.min(one.end, other.end) - Math.max(one.begin, other.begin);

/** How long at least one of them ran. */
export function covered(intervals: readonly Interval[]): number {
  let [sum, until] = [0, Number.NEGATIVE_INFINITY];
  for (const { begin, end } of [...intervals].sort((a, b) => a.begin - b.begin)) {
    sum += Math.max(0, end - Math.max(begin, until));
    until = Math.max(until, end);
  }
  return sum;
}
