import type { StepProgress } from '../../contract/index.ts';
import type { Duration } from '../../simulator/index.ts';

export interface CriticalPath {
  /** Length of the longest way through the steps; each step is as long as the simulator took for its writes. */
  seconds: number;
  /** The same with the time until `Retry-After` lets a client notice that an operation has ended. */
  pollingIncluded: number;
}

/** A run's lower limit, in simulated seconds. Divided by the simulator's speed they are real ones. */
export function criticalPath(steps: readonly StepProgress[], durations: readonly Duration[]): CriticalPath {
  return {
    seconds: longest(steps, durations, ({ requestSeconds, operationSeconds }) => requestSeconds + operationSeconds),
    pollingIncluded: longest(
      steps,
      durations,
      ({ requestSeconds, operationSeconds, pollingSeconds }) => requestSeconds + operationSeconds + pollingSeconds,
    ),
  };
}

function longest(
  steps: readonly StepProgress[],
  durations: readonly Duration[],
  length: (duration: Duration) => number,
): number {
  const ends = new Map<string, number>();
  for (const step of steps) {
    const { id, needs } = step;
    const written = durations.filter((duration) => isWriteOf(step, duration));
    const start = Math.max(0, ...needs.map((need) => ends.get(need) ?? 0));
    ends.set(id, start + written.reduce((sum, duration) => sum + length(duration), 0));
  }
  return Math.max(0, ...ends.values());
}

/** A role's step names its scope until the role is assigned, for the plan cannot know the assignment's name. */
function isWriteOf({ kind, resourceId }: StepProgress, duration: Duration): boolean {
  const [named, written] = [resourceId.toLowerCase(), duration.resourceId.toLowerCase()];
  return written === named && (kind !== 'role' || written.includes('/roleassignments/'));
}

/** Seconds that the steps take one after the other, polling included. */
export const sumSeconds = (steps: readonly StepProgress[]): number =>
  steps.reduce((sum, { startedAt = '', finishedAt = '' }) => {
    const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
    return sum + (Number.isNaN(seconds) ? 0 : seconds);
  }, 0);
