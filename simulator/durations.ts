import type { Operation } from './arm/operations.ts';
import type { World } from './arm/world.ts';
import type { Duration } from './control.ts';

/** Every accepted write, in simulated seconds; a running operation is given the length it is expected to have. */
export function durations(world: World): Duration[] {
  return world.writes.map(({ longRunning, ...write }) => ({
    ...write,
    startedAt: write.startedAt.toISOString(),
    operationSeconds: longRunning ? operationSeconds(longRunning) : 0,
    status: longRunning?.status ?? 'Succeeded',
  }));
}

function operationSeconds(operation: Operation): number {
  if (!operation.endTime) return operation.seconds;
  if (operation.status === 'Succeeded') return operation.seconds;
  return Math.max(0, (operation.endTime.getTime() - operation.startTime.getTime()) / 1000);
}
