import type { StepProgress } from '../contract/index.ts';
import type { Duration } from '../simulator/index.ts';

/**
 * Seconds that a run needs at least: the longest way through its steps, each as long as the simulator took for its
 * writes. Divided by the simulator's speed, these are real seconds.
 */
export function criticalPathSeconds(steps: readonly StepProgress[], durations: readonly Duration[]): number {
  const written = (resourceId: string) =>
    durations
      .filter((duration) => duration.resourceId.toLowerCase() === resourceId.toLowerCase())
      .reduce((sum, { requestSeconds, operationSeconds }) => sum + requestSeconds + operationSeconds, 0);
  const ends = new Map<string, number>();
  for (const { id, needs, resourceId } of steps) {
    const start = Math.max(0, ...needs.map((need) => ends.get(need) ?? 0));
    ends.set(id, start + written(resourceId));
  }
  return Math.max(0, ...ends.values());
}
