import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isCancellation } from '@temporalio/workflow';
import { ClusterBusyError, InvalidInputError } from '../../client/index.ts';
import {
  type CreateClusterInput,
  cancellationMemo,
  type FailureDetails,
  type Progress,
  searchAttributes,
} from '../../contract/index.ts';
import { clusterPath, groupPath, input } from '../support/azure.ts';
import { failureDetailsOf, failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { waitUntil } from './existingCluster.ts';

/** A wrong VM quota, as Azure reports it: late, in the operation. */
const quota = {
  status: 'Failed',
  code: 'QuotaExceeded',
  message: 'Not enough cores in this region',
  afterSeconds: 60,
} as const;

const clusterIs = (state: string) => (progress: Progress) =>
  progress.steps.some((step) => step.id === 'cluster' && step.state === state);

describe('createCluster when something goes wrong', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  const failCreation = (given: CreateClusterInput, more: { held?: true } = {}) =>
    harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation: { ...quota, ...more } });
  const holdCreation = (given: CreateClusterInput) =>
    harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation: { held: true } });
  const takenBack = (given: CreateClusterInput) => [
    `PUT ${groupPath(given)} 201`,
    `PUT ${clusterPath(given)} 201`,
    `DELETE ${clusterPath(given)} 202`,
    `DELETE ${groupPath(given)} 202`,
  ];

  it.concurrent('takes back what it created, in reverse order, and says what Azure said', async () => {
    const given = input('rollback');
    await failCreation(given);
    const run = await harness.client.createCluster(given);
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.type).toBe('StepFailed');
    expect(failure.message).toContain('QuotaExceeded: Not enough cores');
    expect(failure.message).toContain('Ask for more quota');
    expect(failure.message).toContain('taken back');
    // Where in the worker it was made is nobody's business.
    expect(failure.failure?.stackTrace ?? '').toBe('');
    expect((await run.progress()).found).toEqual([
      'Everything that this run had changed was taken back.',
      expect.stringContaining('QuotaExceeded: Not enough cores'),
    ]);
    expect(details.leftovers).toEqual([]);
    expect(details.steps.map(({ id, state }) => [id, state])).toEqual([
      ['provider:Microsoft.ContainerService', 'unchanged'],
      ['provider:Microsoft.ContainerRegistry', 'unchanged'],
      ['resourceGroup', 'undone'],
      ['cluster', 'undone'],
    ]);
    expect(await harness.azure.writesTo(given)).toEqual(takenBack(given));
    expect(await run.progress()).toMatchObject({ phase: 'rolledBack' });
  });

  it.concurrent('never touches a resource group that was there', async () => {
    const given = input('found-group');
    await harness.azure.createGroup(given.cluster.resourceGroup);
    await failCreation(given);
    await failureOf((await harness.client.createCluster(given)).result());
    expect(await harness.azure.writesTo(given)).toEqual([
      `PUT ${groupPath(given)} 201`,
      `PUT ${clusterPath(given)} 201`,
      `DELETE ${clusterPath(given)} 202`,
    ]);
  });

  it.concurrent('leaves a group in which somebody else has put something, and names it', async () => {
    const given = input('shared-group');
    const end = await failCreation(given, { held: true });
    const run = await harness.client.createCluster(given);
    await harness.azure.untilRequested(`PUT ${clusterPath(given)}`);
    await harness.azure.createIdentity(given.cluster.resourceGroup, 'somebody-elses');
    await end();
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.type).toBe('RollbackIncomplete');
    expect(details.leftovers).toEqual([
      {
        resourceId: expect.stringMatching(/rg-shared-group$/),
        why: expect.stringContaining('somebody-elses'),
        whatToDo: expect.stringContaining('Remove it yourself'),
      },
    ]);
    expect(failure.message).toContain('rg-shared-group');
  });

  it.concurrent('names what could not be removed, and keeps what it needs', async () => {
    const given = input('leftover');
    await failCreation(given);
    await harness.azure.fault({
      method: 'DELETE',
      path: `${clusterPath(given)}$`,
      times: 100,
      answer: { status: 403, code: 'AuthorizationFailed', message: 'No permission to delete' },
    });
    const { failure, details } = await failureDetailsOf((await harness.client.createCluster(given)).result());
    expect(failure.type).toBe('RollbackIncomplete');
    expect(details.leftovers).toEqual([
      {
        resourceId: expect.stringMatching(/managedClusters\/leftover$/),
        why: expect.stringContaining('AuthorizationFailed'),
        whatToDo: expect.stringContaining('role'),
      },
      { resourceId: expect.stringMatching(/rg-leftover$/), why: expect.stringContaining('managedClusters/leftover') },
    ]);
  });

  it.concurrent('tries once more to take back what could not be', async () => {
    const given = input('second-undo');
    await failCreation(given);
    const answer = { status: 409, code: 'StillInUse', message: 'An interface is still there' };
    await harness.azure.fault({ method: 'DELETE', path: `${clusterPath(given)}$`, answer });
    const run = await harness.client.createCluster(given);
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.type).toBe('StepFailed');
    expect(details.leftovers).toEqual([]);
    expect(await run.progress()).toMatchObject({ phase: 'rolledBack' });
    expect(await harness.azure.writesTo(given)).toEqual([
      ...takenBack(given).slice(0, 2),
      `DELETE ${clusterPath(given)} 409`,
      ...takenBack(given).slice(2),
    ]);
  });

  it.concurrent('takes everything back when it is cancelled, and ends as cancelled', async () => {
    const given = input('cancelled');
    await holdCreation(given);
    const run = await harness.client.createCluster(given);
    await harness.azure.untilRequested(`PUT ${clusterPath(given)}`);
    await run.cancel();
    expect(isCancellation(await failureOf(run.result()))).toBe(true);
    expect(await harness.azure.writesTo(given)).toEqual(takenBack(given));
    const { memo } = await harness.temporal.workflow.getHandle(run.workflowId).describe();
    const report = memo?.[cancellationMemo] as FailureDetails;
    expect(report).toMatchObject({ leftovers: [] });
    expect(report.steps.filter(({ state }) => state === 'undone').map(({ id }) => id)).toEqual([
      'resourceGroup',
      'cluster',
    ]);
  });

  it.concurrent('leaves everything as it is with onFailure leave, and names it', async () => {
    const given = input('leave', { onFailure: 'leave' });
    await failCreation(given);
    const { failure, details } = await failureDetailsOf((await harness.client.createCluster(given)).result());
    expect(failure.type).toBe('StepFailed');
    expect(details.leftovers.map(({ resourceId }) => resourceId.split('/').pop())).toEqual(['rg-leave', 'leave']);
    expect(await harness.azure.writesTo(given)).toEqual(takenBack(given).slice(0, 2));
  });

  it.concurrent('waits for an operator with onFailure hold, and goes on after retry', async () => {
    const given = input('retry', { onFailure: 'hold' });
    await failCreation(given);
    const run = await harness.client.createCluster(given);
    await expect(run.decide('retry')).rejects.toMatchObject({ cause: { type: 'UpdateRefused' } });
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    expect(await run.progress()).toMatchObject({ decisions: ['retry', 'rollBack', 'leave'] });
    await run.decide('retry');
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
  });

  it.concurrent('rolls back where nobody decides in time', async () => {
    const given = input('undecided', { onFailure: 'hold', holdTimeoutMinutes: 0.02 });
    await failCreation(given);
    const run = await harness.client.createCluster(given);
    const { failure } = await failureDetailsOf(run.result());
    expect(failure.message).toContain('Nobody decided within 0.02 min.');
    expect(await run.progress()).toMatchObject({ phase: 'rolledBack' });
    expect(await harness.azure.writesTo(given)).toEqual(takenBack(given));
  });

  it.concurrent('says what failed, with resource, advice, correlation ID and page', async () => {
    const given = input('explained');
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No private clusters here' };
    await harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, answer });
    const { failure, details } = await failureDetailsOf((await harness.client.createCluster(given)).result());
    const correlationId = details.error?.correlationId ?? 'none';
    expect(failure.message.split('\n')).toEqual([
      expect.stringMatching(/^RequestDisallowedByPolicy: No private clusters here \(.*managedClusters\/explained\)$/),
      expect.stringContaining('Azure Policy'),
      `Correlation ID: ${correlationId}`,
      'Everything that this run had changed was taken back.',
      'See docs/errors.md#requestdisallowedbypolicy and docs/errors.md#stepfailed.',
    ]);
    expect(details.error).toMatchObject({ status: 403, correlationId: expect.stringMatching(/^[-0-9a-f]{36}$/) });
  });

  it.concurrent('starts no step while it is paused, and watches what runs', async () => {
    const given = input('paused');
    const answer = await harness.azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, held: true });
    const run = await harness.client.createCluster(given);
    await expect(run.resume()).rejects.toThrow();
    await harness.azure.untilRequested(`PUT ${groupPath(given)}`);
    await run.pause();
    await expect(run.pause()).rejects.toThrow();
    await answer();
    await waitUntil(run, ({ steps }) => steps.some(({ waitsFor }) => waitsFor === 'update resume'));
    expect(await run.progress()).toMatchObject({ phase: 'applying', paused: true });
    const handle = harness.temporal.workflow.getHandle(run.workflowId);
    expect((await handle.describe()).typedSearchAttributes.get(searchAttributes.phase)).toBe('Paused');
    expect(await harness.azure.writesTo(given)).toEqual([`PUT ${groupPath(given)} 201`]);
    await run.resume();
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    await expect(run.pause()).rejects.toThrow();
  });

  it.concurrent('takes nothing back while it is paused, unless it is cancelled', async () => {
    const given = input('paused-failure');
    const end = await failCreation(given, { held: true });
    const run = await harness.client.createCluster(given);
    await waitUntil(run, clusterIs('running'));
    await run.pause();
    await end();
    await waitUntil(run, clusterIs('failed'));
    expect(await run.progress()).toMatchObject({ phase: 'applying', paused: true });
    await run.cancel();
    expect(isCancellation(await failureOf(run.result()))).toBe(true);
    expect(await harness.azure.writesTo(given)).toEqual(takenBack(given));
  });

  it.concurrent('takes one decision, and tells everybody else that it came too late', async () => {
    const given = input('two-decisions', { onFailure: 'hold' });
    await failCreation(given);
    const run = await harness.client.createCluster(given);
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    const answers = await Promise.allSettled([run.decide('leave'), run.decide('rollBack')]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await failureOf(run.result());
  });

  it.concurrent('rolls back when the operator says so', async () => {
    const given = input('decided', { onFailure: 'hold' });
    await failCreation(given);
    const run = await harness.client.createCluster(given);
    const held = await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    expect(held).toMatchObject({ byDefault: 'rollBack', decideBy: expect.stringMatching(/Z$/) });
    await run.decide('rollBack');
    await failureOf(run.result());
    expect(await harness.azure.writesTo(given)).toEqual(takenBack(given));
  });

  it.concurrent('calls a silent no-op of Azure an error', async () => {
    const given = input('ignored', { kubernetesVersion: '1.35' });
    await harness.azure.fault({
      method: 'PUT',
      path: `${clusterPath(given)}$`,
      ignore: { path: 'properties.kubernetesVersion' },
    });
    const { failure } = await failureDetailsOf((await harness.client.createCluster(given)).result());
    expect(failure.message).toContain('ReadBackMismatch: kubernetesVersion: asked 1.35, got 1.34');
  });

  it.concurrent('names a cluster that it made and can no longer call its own', async () => {
    const given = input('untagged');
    await harness.azure.createGroup(given.cluster.resourceGroup);
    await harness.azure.fault({
      method: 'PUT',
      path: `${clusterPath(given)}$`,
      operation: quota,
      ignore: { path: 'tags' },
    });
    const { failure, details } = await failureDetailsOf((await harness.client.createCluster(given)).result());
    expect(failure.type).toBe('RollbackIncomplete');
    expect(details.leftovers).toEqual([
      {
        resourceId: expect.stringMatching(/managedClusters\/untagged$/),
        why: expect.stringContaining('NotOwned'),
        whatToDo: expect.stringContaining('Remove it yourself'),
      },
    ]);
  });

  it.concurrent('says what to do where it may not look', async () => {
    const given = input('unreadable');
    // Nothing is looked for in a group that is not there.
    await harness.azure.createGroup(given.cluster.resourceGroup);
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No permission to read' };
    await harness.azure.fault({ method: 'GET', path: `${clusterPath(given)}$`, answer });
    const run = await harness.client.createCluster(given);
    const { type, problems } = await problemsOf(run.result());
    expect(type).toBe('PreflightFailed');
    expect(problems).toEqual([
      {
        where: expect.stringMatching(/managedClusters\/unreadable$/),
        problem: expect.stringMatching(
          /AuthorizationFailed: No permission to read .*\(correlation ID [-0-9a-f]{36}\)$/,
        ),
        whatToDo: expect.stringContaining("worker's identity"),
      },
    ]);
    expect(await run.progress()).toMatchObject({ phase: 'failed', problems });
  });

  it.concurrent('keeps its hands off a cluster that somebody else makes at the same time', async () => {
    const given = input('raced');
    const answer = await harness.azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, held: true });
    const run = await harness.client.createCluster(given);
    await harness.azure.untilRequested(`PUT ${groupPath(given)}`);
    await harness.azure.createForeignCluster(given);
    await answer();
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toContain('NotOwned: This cluster was created by somebody else');
    expect(details.leftovers.map(({ resourceId }) => resourceId)).toEqual([expect.stringMatching(/rg-raced$/)]);
    const writes = (await harness.azure.writesTo(given)).filter((write) => write.includes('managedClusters'));
    // The run's own comes too late, and only creates.
    expect(writes).toEqual([`PUT ${clusterPath(given)} 201`, `PUT ${clusterPath(given)} 412`]);
  });

  it.concurrent('sends the cluster once where the reply was lost', async () => {
    const given = input('lost-reply');
    await harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, drop: 'after' });
    expect(await (await harness.client.createCluster(given)).result()).toMatchObject({ outcome: 'verified' });
    expect((await harness.azure.writesTo(given)).filter((write) => write.includes('managedClusters'))).toHaveLength(1);
  });

  it.concurrent('converges after a terminated run: one cluster, sent once', async () => {
    const given = input('terminated');
    const end = await holdCreation(given);
    const first = await harness.client.createCluster(given);
    await harness.azure.untilRequested(`PUT ${clusterPath(given)}`);
    await harness.temporal.workflow.getHandle(first.workflowId).terminate('power cut');
    const before = await harness.azure.recordedBytes();
    const second = await harness.client.createCluster(given);
    await harness.azure.untilRequested(`GET ${clusterPath(given)}`, before);
    await end();
    expect(await second.result()).toMatchObject({ outcome: 'verified' });
    expect((await harness.azure.writesTo(given)).filter((write) => write.includes('managedClusters'))).toHaveLength(1);
  });

  it.concurrent('refuses a cluster on which somebody else works', async () => {
    const given = input('busy');
    await harness.azure.createGroup(given.cluster.resourceGroup);
    const end = await holdCreation(given);
    const elsewhere = harness.azure.createForeignCluster(given);
    await harness.azure.untilRequested(`PUT ${clusterPath(given)}`);
    const { details, failure } = await failureDetailsOf((await harness.client.createCluster(given)).result());
    expect(failure.type).toBe('PreflightFailed');
    expect(details).toEqual([
      {
        where: expect.stringContaining('managedClusters/busy'),
        problem: expect.stringContaining('in progress'),
        whatToDo: expect.any(String),
      },
    ]);
    await end();
    await elsewhere;
  });

  it.concurrent('waits as long as Azure says when it is throttled', async () => {
    const given = input('throttled');
    await harness.azure.fault({
      method: 'PUT',
      path: `${groupPath(given)}$`,
      times: 2,
      answer: {
        status: 429,
        code: 'SubscriptionRequestsThrottled',
        message: 'Try again later',
        headers: { 'retry-after': '0.2' },
      },
    });
    expect(await (await harness.client.createCluster(given)).result()).toMatchObject({ outcome: 'verified' });
    const puts = (await harness.azure.writesTo(given)).filter((write) => write.startsWith(`PUT ${groupPath(given)}`));
    expect(puts.map((put) => put.split(' ').pop())).toEqual(['429', '429', '201']);
  });

  it.concurrent('lets one scenario at a time on a cluster', async () => {
    const given = input('locked');
    const answer = await harness.azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, held: true });
    const run = await harness.client.createCluster(given);
    await expect(harness.client.createCluster(given)).rejects.toThrow(ClusterBusyError);
    await answer();
    await run.result();
  });

  it.concurrent('refuses bad input in the client, before anything is started', async () => {
    const given = { ...input('refused'), location: 'West Europe', agentPoolProfiles: [] };
    const error = await harness.client.createCluster(given).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).problems.map(({ where }) => where)).toEqual(['location', 'agentPoolProfiles']);
  });

  // After all of the others, which have begun before: it begins with another Azure.
  it('tries everything again that has failed when the operator says retry, and keeps providers registered', async () => {
    const namespaces = ['Microsoft.ContainerRegistry', 'Microsoft.Compute'];
    const providers = Object.fromEntries(namespaces.map((each) => [each, 'NotRegistered'] as const));
    await harness.azure.reset({ providers });
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
    for (const each of namespaces) await harness.azure.fault({ method: 'POST', path: `${each}/register`, answer });
    const run = await harness.client.createCluster(input('several', { onFailure: 'hold' }));
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    const failed = (await run.progress()).steps.filter(({ state }) => state === 'failed');
    const registrations = namespaces.map((each) => `provider:${each}`);
    expect(failed.map(({ id }) => id)).toEqual(registrations);
    await run.decide('retry');
    const result = await run.result();
    if (result.outcome !== 'verified') throw new Error('not verified');
    expect(result.steps.filter(({ state }) => state === 'done').map(({ id }) => id)).toEqual([
      ...registrations,
      'resourceGroup',
      'cluster',
    ]);
  });
});
