import type { AzureSwitches } from './arm/azureSwitches.ts';
import type { Operation } from './arm/operations.ts';
import type { World } from './arm/world.ts';

/** Item of GET /simulator/durations; times are simulated. */
export interface Duration {
  readonly resourceId: string;
  /** `PUT`, `DELETE`, `POST upgradeNodeImageVersion`, … */
  readonly operation: string;
  readonly startedAt: string;
  /** Simulated seconds until the request was answered. */
  readonly requestSeconds: number;
  /** Seconds of the long-running operation after that; 0 when there was none. */
  readonly operationSeconds: number;
  /** Seconds from the end until a client notices it that polls at once, and then as often as `Retry-After` lets it. */
  readonly pollingSeconds: number;
  readonly status: 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled';
}

/** Every accepted write, in simulated seconds. A running operation counts with the seconds that it is expected to take. */
export function durations(world: World): Duration[] {
  return world.writes.map(({ longRunning, ...write }) => ({
    ...write,
    startedAt: write.startedAt.toISOString(),
    operationSeconds: longRunning ? operationSeconds(longRunning) : 0,
    pollingSeconds: longRunning ? pollingSeconds(longRunning, world.settings.azure) : 0,
    status: longRunning?.status ?? 'Succeeded',
  }));
}

function operationSeconds(operation: Operation): number {
  if (!operation.endTime) return operation.seconds;
  const took = Math.max(0, (operation.endTime.getTime() - operation.startTime.getTime()) / 1000);
  if (operation.status !== 'Succeeded') return took;
  // An operation of several steps may take longer than was expected: a command waits for what it asks.
  return operation.process ? Math.max(operation.seconds, Math.round(took)) : operation.seconds;
}

function pollingSeconds({ style, seconds }: Operation, azure: AzureSwitches): number {
  if (!style) return 0;
  let asked = 0;
  // The first poll comes at once.
  for (let polls = 1; asked < seconds; polls += 1) asked += Math.max(1, style.retryAfter(polls, azure) ?? 1);
  return asked - seconds;
}
