import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { heartbeatEveryMs } from '../../contract/heartbeats.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  attemptAfter,
  attemptAfterDays,
  killOnceSent,
  startAzure,
  subscriptionId,
} from './support.ts';

const day = 24 * 60;
const feature = 'NetworkIsolatedClusterPreview';

describe('a wait by retrying', () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
    await azure.reset({ features: { [`Microsoft.ContainerService/${feature}`]: 'Registering' } });
  });
  afterAll(() => azure.close());

  const lookAfter = (minutes: number, timeoutMinutes: number) =>
    activityFailure(
      attemptAfter(minutes * 60_000).run(azure.activities.awaitFeature, { subscriptionId, feature, timeoutMinutes }),
    );

  it.each([
    [0, 250],
    [10, 60_000],
    [day, 5 * 60_000],
  ])('looks again in proportion to the time waited, every five minutes at last: after %p min', async (after, delay) => {
    const { nextRetryDelay, nonRetryable } = await lookAfter(after, 30 * day);
    expect(nonRetryable).toBe(false);
    // A tenth of the time waited, to which a busy machine adds.
    expect(Number(nextRetryDelay)).toBeGreaterThan(delay * 0.9);
    expect(Number(nextRetryDelay)).toBeLessThan(delay * 1.1 + 6_000);
  });

  it('looks a last time at its bound', async () => {
    const { nextRetryDelay } = await lookAfter(day - 1, day);
    // A minute is left, of which a busy machine takes some.
    expect(Number(nextRetryDelay)).toBeLessThanOrEqual(60_000);
    expect(Number(nextRetryDelay)).toBeGreaterThan(0);
  });

  it('ends at its bound with what Azure said last, its code and its advice', async () => {
    expect(await lookAfter(day, day)).toMatchObject({
      type: 'NotYetRegistered',
      nonRetryable: true,
      details: { whatToDo: expect.stringContaining('12 to 20 hours') },
    });
  });

  it('ends at its bound though Azure cannot be read', async () => {
    const answer = { status: 503, code: 'ServiceUnavailable', message: 'Later' };
    const release = await azure.fault({ method: 'GET', path: `${feature}$`, times: 2, answer });
    expect(await lookAfter(day - 1, day)).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
    expect(await lookAfter(day, day)).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: true });
    await release();
  });
});

describe('an operation that an activity has watched for two days', () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
  });
  afterAll(() => azure.close());

  const create = () => azure.activities.createOrUpdateCluster;
  const lastHeartbeatAfterSending = async (name: string) => {
    const wanted = await azure.specification(name);
    await azure.fault({ method: 'PUT', path: `managedClusters/${name}$`, operation: { held: true } });
    const first = attempt();
    const heartbeat = await killOnceSent(first, first.run(create(), wanted));
    return { wanted, heartbeat };
  };

  it.each([
    ['followed', {}],
    // A worker that dies right after the request leaves no address of an operation.
    ['watched', { poller: undefined }],
  ])('ends with words of its own where it is %s and has not ended', async (how, changes) => {
    const name = `endless-${how}`;
    const { wanted, heartbeat } = await lastHeartbeatAfterSending(name);
    const left = { ...(heartbeat as object), ...changes };
    expect(await activityFailure(attemptAfterDays(2.1, left).run(create(), wanted))).toMatchObject({
      type: 'OperationTimedOut',
      message: expect.stringContaining(`managedClusters/${name})`),
      nonRetryable: true,
      details: { sent: true, resourceId: expect.stringMatching(`${name}$`) },
    });
    expect(await azure.sent(`managedClusters/${name}`)).toEqual(['PUT 201']);
  });

  it.each([
    [1.9, false],
    [2.1, true],
  ])('is not watched any more where Azure cannot be read: after %p days, %p', async (days, nonRetryable) => {
    const { wanted, heartbeat } = await lastHeartbeatAfterSending(`unread-${nonRetryable}`);
    const answer = { status: 503, code: 'ServerTimeout', message: 'Later.' };
    const release = await azure.fault({ method: 'GET', path: '/operations/', times: 1, answer });
    expect(await activityFailure(attemptAfterDays(days, heartbeat).run(create(), wanted))).toMatchObject({
      type: 'ServerTimeout',
      nonRetryable,
    });
    await release();
  });
});

describe('heartbeats', () => {
  it.each([
    ['two seconds at first, when people cancel', 0, 30_000, 2_000],
    ['ten seconds later', 60_000, 30_000, 10_000],
    ['two seconds where the time-out does not take more', 60_000, 10_000, 2_000],
  ])('come every %s', (_what, age, timeout, every) => {
    expect(heartbeatEveryMs(age, timeout)).toBe(every);
    expect(timeout / every).toBeGreaterThanOrEqual(3);
  });
});
