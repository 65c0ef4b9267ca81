import type { StepProgress } from '../../contract/index.ts';
import type { Duration } from '../../simulator/index.ts';

export interface CriticalPath {
  /** The longest way through the steps, each as long as the simulator took for its writes. */
  seconds: number;
  /** The same with the time that passes until `Retry-After` lets anybody notice that an operation has ended. */
  pollingIncluded: number;
}

/** What a run needs at least, in the simulator's seconds. Divided by its speed, these are real ones. */
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
  for (const { id, needs, resourceId } of steps) {
    const written = durations.filter((duration) => writeKey(duration.resourceId) === writeKey(resourceId));
    const start = Math.max(0, ...needs.map((need) => ends.get(need) ?? 0));
    ends.set(id, start + written.reduce((sum, duration) => sum + length(duration), 0));
  }
  return Math.max(0, ...ends.values());
}

/** The plan does not know the name of a role assignment yet: it follows from a principal that is still to be made. */
const writeKey = (resourceId: string): string => resourceId.toLowerCase().replace(/(\/roleassignments)\/[^/]+$/, '$1');

/** Seconds that the steps take one after the other, polling included. */
export const sumSeconds = (steps: readonly StepProgress[]): number =>
  steps.reduce((sum, { startedAt = '', finishedAt = '' }) => {
    const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
    return sum + (Number.isNaN(seconds) ? 0 : seconds);
  }, 0);
