import { expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { keptAlive } from '../../activities/arm/checkpoint.ts';
import { ownFailure } from '../../contract/failures.ts';
import { guardPolicy, type TenantOf } from '../../worker/policyGuard.ts';

const subscriptionId = '11111111-1111-1111-1111-111111111111';
const tenant = '22222222-2222-2222-2222-222222222222';
const args = [{ cluster: { subscriptionId, resourceGroup: 'rg', name: 'cluster' } }];

/** An attempt of a step on a worker whose policy names a tenant. */
async function attempt(tenantOf: TenantOf, heartbeatDetails?: object) {
  const info = { workflowType: 'createCluster', workflowExecution: { workflowId: 'w', runId: 'r' } };
  const environment = new MockActivityEnvironment(
    { ...info, ...(heartbeatDetails && { heartbeatDetails, attempt: 2 }) },
    { logger: new DefaultLogger('ERROR') },
  );
  const heartbeats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => heartbeats.push(structuredClone(details)));
  const { inbound } = guardPolicy({ tenants: [tenant] }, (id) =>
    tenantOf(id).finally(() => expect(heartbeats).toHaveLength(1)),
  )({ info: environment.context.info } as Context);
  const done = environment.run(() =>
    Promise.resolve(
      inbound?.execute?.({ args, headers: {} }, () => keptAlive(async () => Context.current().info.activityId)),
    ),
  );
  return {
    done: await done.then(
      () => 'done',
      (error: unknown) => error,
    ),
    heartbeats,
  };
}

it.each<[what: string, tenantOf: TenantOf, type: string]>([
  ['is forbidden', async () => 'another', 'ForbiddenByPolicy'],
  [
    'whose tenant cannot be read yet',
    () => Promise.reject(ownFailure('Unreachable', 'Nobody answers', undefined, { retryable: true })),
    'Unreachable',
  ],
])('a step that %s has begun nothing, and stays alive meanwhile', async (_what, tenantOf, type) => {
  const { done, heartbeats } = await attempt(tenantOf);
  expect(done).toMatchObject({ type, details: [{ sent: false }] });
  expect(heartbeats.at(-1)).toMatchObject({ sent: false, ended: true });
});

it('a step that an earlier attempt has begun stays begun', async () => {
  const { done } = await attempt(async () => 'another', { sent: true });
  expect(done).toMatchObject({ type: 'ForbiddenByPolicy', details: [{ sent: true }] });
});

it('a step that is allowed has not ended before its work has', async () => {
  const { done, heartbeats } = await attempt(async () => tenant);
  expect(done).toBe('done');
  expect(heartbeats.map((each) => Object.hasOwn(each as object, 'ended'))).toEqual([false, true, false, true]);
});

it.each<[what: string, activityType: string, argument: object, type: string | undefined]>([
  ['names no scenario', 'listFleetClusters', { subscriptionId }, 'ForbiddenByPolicy'],
  ['names another scenario', 'listFleetClusters', { subscriptionId, scenario: 'deleteCluster' }, 'ForbiddenByPolicy'],
  ['looks elsewhere', 'listFleetClusters', { subscriptionId: tenant, scenario: 'auditCluster' }, 'ForbiddenByPolicy'],
  ['looks where it may', 'listFleetClusters', { subscriptionId, scenario: 'auditCluster' }, undefined],
  ['asks Temporal alone', 'lookAtMembers', { members: [] }, undefined],
])('a rollout that %s is held against the policy', async (_what, activityType, argument, type) => {
  const environment = new MockActivityEnvironment(
    { workflowType: 'rolloutFleet', activityType },
    { logger: new DefaultLogger('ERROR') },
  );
  const { inbound } = guardPolicy(
    { subscriptions: [subscriptionId], scenarios: ['auditCluster'] },
    async () => tenant,
  )({
    info: environment.context.info,
  } as Context);
  const done = environment.run(() =>
    Promise.resolve(inbound?.execute?.({ args: [argument], headers: {} }, async () => 'done')),
  );
  await (type === undefined ? expect(done).resolves.toBe('done') : expect(done).rejects.toMatchObject({ type }));
});
