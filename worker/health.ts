import type { WorkerStatus } from '@temporalio/worker';
import { fastify } from 'fastify';
import type { Problem } from '../contract/problem.ts';
import { cannotListen, splitAddress } from './socketAddress.ts';

/** The status that probes ask for. `undefined` as long as the worker is starting. */
export type StatusOf = () => WorkerStatus | undefined;

/** Whether the worker takes tasks: it runs, and polls for workflow tasks and activities. */
const isReady = (status?: WorkerStatus): boolean =>
  status?.runState === 'RUNNING' &&
  status.workflowPollerState === 'POLLING' &&
  status.activityPollerState === 'POLLING';

/** A worker that shuts down is alive until it has handed over what it was doing. */
const isAlive = (status?: WorkerStatus): boolean => status?.runState !== 'FAILED' && status?.runState !== 'STOPPED';

/**
 * Answers the probes of Kubernetes at `/livez` and `/readyz`: 200 or 503, and the worker's state. Without an address it does
 * nothing. @returns what closes it, or why it cannot listen
 */
export async function serveHealth(
  address: string | undefined,
  statusOf: StatusOf,
): Promise<{ close(): Promise<void> } | Problem> {
  const server = fastify();
  const answer = (path: string, isWell: (status?: WorkerStatus) => boolean) =>
    server.get(path, (_, reply) => {
      const status = statusOf();
      return reply.code(isWell(status) ? 200 : 503).send({
        state: status?.runState ?? 'STARTING',
        workflowPoller: status?.workflowPollerState ?? 'NONE',
        activityPoller: status?.activityPollerState ?? 'NONE',
      });
    });
  answer('/livez', isAlive);
  answer('/readyz', isReady);
  try {
    const listening = address === undefined ? undefined : splitAddress(address);
    if (listening) await server.listen(listening);
  } catch (error) {
    return cannotListen('HEALTH_ADDRESS', address, error);
  }
  return { close: () => server.close() };
}
