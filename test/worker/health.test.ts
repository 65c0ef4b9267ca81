import { expect, it } from '@jest/globals';
import type { WorkerStatus } from '@temporalio/worker';
import getPort from 'get-port';
import { type StatusOf, serveHealth } from '../../worker/health.ts';

/** Status codes of the probes at an address. */
const probe = async (address: string): Promise<number[]> =>
  Promise.all(['livez', 'readyz'].map(async (path) => (await fetch(`http://${address}/${path}`)).status));

const idle: WorkerStatus = {
  runState: 'RUNNING',
  workflowPollerState: 'POLLING',
  activityPollerState: 'POLLING',
  hasOutstandingWorkflowPoll: true,
  hasOutstandingActivityPoll: true,
  numHeartbeatingActivities: 0,
  numInFlightActivities: 0,
  numInFlightLocalActivities: 0,
  numInFlightNonLocalActivities: 0,
  numInFlightWorkflowActivations: 0,
  numCachedWorkflows: 0,
};

it('is ready while it polls, and alive until it has stopped', async () => {
  const address = `127.0.0.1:${await getPort()}`;
  let statusOf: StatusOf = () => undefined;
  const health = await serveHealth(address, () => statusOf());
  if ('problem' in health) throw new Error(health.problem);
  const codes: Record<string, number[]> = { starting: await probe(address) };
  for (const runState of ['INITIALIZED', 'RUNNING', 'STOPPING', 'DRAINING', 'DRAINED', 'STOPPED', 'FAILED'] as const) {
    statusOf = () => ({ ...idle, runState });
    codes[runState] = await probe(address);
  }
  statusOf = () => ({ ...idle, activityPollerState: 'SHUTDOWN' });
  codes.noPoller = await probe(address);
  await health.close();
  expect(codes).toEqual({
    starting: [200, 503],
    INITIALIZED: [200, 503],
    RUNNING: [200, 200],
    STOPPING: [200, 503],
    DRAINING: [200, 503],
    DRAINED: [200, 503],
    STOPPED: [503, 503],
    FAILED: [503, 503],
    noPoller: [200, 503],
  });
});

it('says so where it cannot listen', async () => {
  const address = `127.0.0.1:${await getPort()}`;
  const first = await serveHealth(address, () => undefined);
  if ('problem' in first) throw new Error(first.problem);
  expect(await serveHealth(address, () => undefined)).toMatchObject({ where: 'HEALTH_ADDRESS' });
  await first.close();
});
