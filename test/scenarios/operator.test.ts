import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { AksIsolationClient, type ScenarioHandle } from '../../client/index.ts';
import { eventNames } from '../../contract/events.ts';
import {
  type CreateClusterInput,
  clusterWorkflowId,
  decisionUpdateId,
  type Progress,
  pauseUpdate,
  searchAttributes,
  type VerificationReport,
} from '../../contract/index.ts';
import eventSchema from '../../contract/schemas/event.json' with { type: 'json' };
import { agentPoolId, clusterId } from '../../resources/ids.ts';
import { clusterPath, groupPath, input, startSimulatedAzure } from '../support/azure.ts';
import {
  failureDetailsOf,
  failureOf,
  type Harness,
  problemsOf,
  startHarness,
  startTestWorker,
} from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { waitFor } from '../support/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhookReceiver.ts';
import { Boundaries } from '../sweep/boundaries.ts';
import { existingCluster, newNodeImage, waitUntil, writesSince } from './existingCluster.ts';

const isHeld = ({ phase }: Progress): boolean => phase === 'waitingForOperator';
const isAtGate = ({ phase }: Progress): boolean => phase === 'awaitingApproval';
/** The words with which an update is refused. */
const refusal = (update: Promise<unknown>): Promise<string> =>
  update.then(
    () => 'accepted',
    (error) => error.cause.message,
  );

const signatureKey = Buffer.alloc(32, 'key');
const never = (): never => {
  throw new Error('Nothing was received');
};

const refuseGroup = ({ azure }: Harness, given: CreateClusterInput, times: number) =>
  azure.fault({
    method: 'PUT',
    path: `${groupPath(given)}$`,
    times,
    answer: { status: 403, code: 'AuthorizationFailed', message: 'No.' },
  });

describe('answers of an operator', () => {
  let harness: Harness;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    receiver = await startWebhookReceiver((cluster, before) => (cluster === 'told-late' && before < 1 ? 500 : 204));
    const { url } = receiver;
    const [signingKey, token] = [() => signatureKey, () => 'receiver'];
    const azure = await startSimulatedAzure();
    azure.connection.policy = { approvals: { starterMayApprove: false } };
    harness = await startHarness({
      azure,
      webhook: { url, events: eventNames, patienceSeconds: 60, signingKey, token },
    });
    harness.client.startsAs('Grace Hopper');
  });
  afterAll(async () => {
    await harness.close();
    await receiver.close();
  });

  const updates = (workflowId: string) => {
    const handle = harness.temporal.workflow.getHandle(workflowId);
    return (name: string, ...args: unknown[]) => handle.executeUpdate(name, { args: args as [unknown] });
  };

  it.concurrent('are for the hold that they name: one that comes late is told what is asked now', async () => {
    const given = input('late-answer', { onFailure: 'hold' });
    await refuseGroup(harness, given, 2);
    const run = await harness.client.createCluster(given);
    const send = updates(run.workflowId);
    const first = await waitUntil(run, isHeld);
    await send('decide', 'retry');
    const second = await waitUntil(run, (now) => isHeld(now) && now.hold !== first.hold);

    const asked = new RegExp(`Asked now:\n- .*AuthorizationFailed[^]*--update-id decide-${second.hold}-retry`);
    const late = await refusal(send('decide', { decision: 'rollBack', hold: first.hold }));
    expect(late).toMatch(asked);
    expect(late).toContain(`${first.hold} is not what is asked now`);
    // Nobody knows which question this one answers.
    expect(await refusal(send('decide', 'rollBack'))).toMatch(asked);
    await expect(run.decide('rollBack', first.hold)).rejects.toMatchObject({ cause: { type: 'UpdateRefused' } });

    expect(await send('decide', { decision: 'retry', hold: second.hold })).toBe('The run tries again what has failed.');
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    expect((await run.progress()).found).toEqual([expect.stringMatching(/^(\d+) of \1 checks ok$/)]);
  });

  it.concurrent('for a run that has ended reach none that follows, however soon', async () => {
    const given = input('next-run', { onFailure: 'hold' });
    await refuseGroup(harness, given, 2);
    const first = await harness.client.createCluster(given);
    const { hold = '' } = await waitUntil(first, isHeld);
    await harness.temporal.workflow.getHandle(first.workflowId).terminate();
    const second = await harness.client.createCluster(given);
    await waitUntil(second, isHeld);
    const send = updates(second.workflowId);
    expect(await refusal(send('decide', { decision: 'rollBack', hold }))).toContain(`${hold} is not what is asked now`);
    await second.decide('retry');
    expect(await second.result()).toMatchObject({ outcome: 'verified' });
  });

  it.concurrent('can be copied from the progress, and count once, however often they are sent', async () => {
    const given = input('sent-again', { onFailure: 'hold' });
    await refuseGroup(harness, given, 2);
    const run = await harness.client.createCluster(given);
    const { hold = '', answers = [], decisions = [] } = await waitUntil(run, isHeld);
    expect(answers.map((each) => / --input '(.*)'$/.exec(each)?.[1]).map((each) => JSON.parse(each ?? ''))).toEqual(
      decisions.map((decision) => ({ decision, hold })),
    );
    expect(answers[0]).toContain(`--workflow-id '${run.workflowId}' `);
    expect(answers[0]).toContain(` --update-id ${decisionUpdateId(hold, 'retry')} `);
    await Promise.all([run.decide('retry', hold), run.decide('retry', hold)]);
    const next = await waitUntil(run, (now) => isHeld(now) && now.hold !== hold);
    await run.decide('retry', hold);
    expect(await run.progress()).toMatchObject({ phase: 'waitingForOperator', hold: next.hold });
    await run.decide('rollBack');
    await failureOf(run.result());
    expect(await run.progress()).not.toHaveProperty('answers');
  });

  it.concurrent('let a run pass the gate that they name, once for each time that it waits there', async () => {
    const cluster = await existingCluster(harness, 'gate-again');
    await newNodeImage(harness);
    const run = await harness.client.reimageNodePools({
      cluster,
      approvals: ['reimage'],
      onFailure: 'hold',
      // The second wait must be longer than a busy machine takes to answer it.
      approvalTimeoutMinutes: 0.5,
    });
    const send = updates(run.workflowId);
    const first = await waitUntil(run, isAtGate);
    const held = await waitUntil(run, isHeld);
    expect(held.steps.find(({ kind }) => kind === 'approval')?.error).toMatch(/^ApprovalTimedOut: Nobody approved/);
    await run.decide('retry');
    const second = await waitUntil(run, isAtGate);
    const late = { gate: 'reimage', by: 'Ada', wait: first.waits?.reimage };
    expect(await refusal(send('approve', late))).toMatch(
      new RegExp(`is not what is asked now[^]*--update-id approve-${second.waits?.reimage} `),
    );
    expect(await refusal(send('approve', { gate: 'reimage', by: 'Ada' }))).toContain('has asked before');
    await run.approve({ gate: 'reimage', by: 'Ada' });
    expect(await run.result()).toMatchObject({ outcome: 'verified', approvals: [{ by: 'Ada' }] });
    const told = receiver.receivedAbout('gate-again').map(({ event }) => event);
    expect(told.map(({ type, sequence }) => `${sequence} ${type.split('.').at(-1)}`).sort()).toEqual([
      '1 awaitingApproval',
      '2 waitingForOperator',
      '3 awaitingApproval',
      '4 succeeded',
    ]);
    expect(told[0]?.data).toMatchObject({
      gates: ['reimage'],
      until: first.approveBy?.reimage,
      answers: first.answers,
    });
  });

  it.concurrent('to a gate are those of others than the starter, where the policy of the worker says so', async () => {
    const cluster = await existingCluster(harness, 'gate-other');
    const run = await harness.client.deleteCluster({ cluster, approvals: ['delete'] });
    await waitUntil(run, isAtGate);
    const own = await refusal(run.approve({ gate: 'delete', by: ' GRACE  hopper' }));
    expect(own).toMatch(/^Grace Hopper started this run\. The worker's policy wants the approval of somebody else/);
    await run.approve({ gate: 'delete', by: 'Ada' });
    expect(await run.result()).toMatchObject({
      outcome: 'verified',
      plan: { byOther: true },
      approvals: [{ by: 'Ada' }],
    });
  });

  it.concurrent('to a gate can be nobody else’s where nobody says who starts: such a run is refused', async () => {
    const cluster = await existingCluster(harness, 'gate-nobody');
    const { temporal, taskQueue } = harness;
    const nobodys = new AksIsolationClient(temporal, taskQueue).deleteCluster({ cluster, approvals: ['delete'] });
    const { type, problems } = await problemsOf((await nobodys).result());
    expect([type, problems.map(({ where }) => where)]).toEqual(['PreflightFailed', ['memo startedBy']]);
  });

  it.concurrent('to the gate of a deletion that do not come leave everything there, and nothing is said to remain', async () => {
    const cluster = await existingCluster(harness, 'gate-undeleted');
    const writes = await writesSince(harness, cluster);
    const run = await harness.client.deleteCluster({ cluster, approvals: ['delete'], approvalTimeoutMinutes: 0.02 });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(
      /^ApprovalTimedOut: Nobody approved delete within 0.02 min[\s\S]*\nNothing was changed\./,
    );
    expect(details.error?.whatToDo).toContain('approvalTimeoutMinutes');
    expect([details.leftovers, await writes()]).toEqual([[], []]);
  });

  it.concurrent('cannot be retry where the plan rests on what is gone', async () => {
    const cluster = await existingCluster(harness, 'pool-gone');
    await newNodeImage(harness);
    const run = await harness.client.reimageNodePools({ cluster, approvals: ['reimage'], onFailure: 'hold' });
    await waitUntil(run, isAtGate);
    const pool = agentPoolId(clusterId(cluster), 'work');
    await harness.azure.send('DELETE', `${pool}?api-version=2026-06-01`);
    await waitFor(async () => (await harness.azure.get(pool)).status === 404, 'The pool is still there');
    await run.approve({ gate: 'reimage', by: 'Ada' });
    const held = await waitUntil(run, isHeld);
    expect(held.decisions).toEqual(['rollBack', 'leave']);
    expect(held.noRetry).toMatch(/AgentPoolNotFound.*Start the scenario again/);
    expect(await refusal(run.decide('retry'))).toMatch(/Use rollBack or leave.*AgentPoolNotFound/);
    await run.decide('leave');
    await failureOf(run.result());
  });

  describe('are asked for outside', () => {
    it.concurrent('in signed events, each with an ID of its own', async () => {
      const given = input('told-hold', { onFailure: 'hold' });
      await refuseGroup(harness, given, 1);
      const run = await harness.client.createCluster(given);
      const held = await waitUntil(run, isHeld);
      await waitFor(async () => receiver.receivedAbout('told-hold').length === 1, 'Nobody was told of the hold');
      await run.decide('retry');
      expect(await run.result()).not.toHaveProperty('untold');
      const told = receiver.receivedAbout('told-hold');
      expect(told.map(({ event }) => [event.type, event.id])).toEqual([
        ['aks-isolation.run.waitingForOperator', `${run.workflowId}/${run.runId}/1`],
        ['aks-isolation.run.succeeded', `${run.workflowId}/${run.runId}/2`],
      ]);
      const [{ headers, body, event } = never()] = told;
      expect(headers).toMatchObject({
        'content-type': expect.stringContaining('application/cloudevents+json'),
        authorization: 'Bearer receiver',
        'webhook-id': event.id,
      });
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
      const signature = createHmac('sha256', signatureKey).update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${signature}`);
      expect(event).toMatchObject({
        specversion: '1.0',
        source: `/namespaces/default/workflows/${encodeURIComponent(run.workflowId)}`,
        data: { runId: run.runId, reason: [expect.stringContaining('AuthorizationFailed')], until: held.decideBy },
      });
      expect(event.data).toMatchObject({ decisions: held.decisions, answers: held.answers, byDefault: 'rollBack' });
      const ajv = new Ajv2020();
      expect([ajv.validate(eventSchema, event.data), ajv.errors]).toEqual([true, null]);
    });

    it.concurrent('again, by the same event, until the receiver takes it', async () => {
      const given = input('told-late');
      await refuseGroup(harness, given, 1);
      const { details } = await failureDetailsOf((await harness.client.createCluster(given)).result());
      expect(details).not.toHaveProperty('untold');
      const told = receiver
        .receivedAbout('told-late')
        .map(({ event }) => `${event.type} ${event.id.split('/').at(-1)}`);
      expect(told).toEqual(Array.from({ length: 2 }, () => 'aks-isolation.run.rolledBack 1'));
    });

    it.concurrent('where an audit finds drift, and where it cannot look', async () => {
      const cluster = await existingCluster(harness, 'told-drift');
      const report = await (await harness.client.auditCluster({ cluster })).result();
      const [{ event } = never()] = receiver.receivedAbout('told-drift');
      expect(event).toMatchObject({
        type: 'aks-isolation.cluster.drifted',
        data: { reason: ['Drifted', ...report.drift] },
      });
      const gone = { ...cluster, name: 'told-gone' };
      await failureOf((await harness.client.auditCluster({ cluster: gone })).result());
      expect(receiver.receivedAbout('told-gone').map(({ event: { type } }) => type)).toEqual([
        'aks-isolation.run.failed',
      ]);
    });
  });

  describe('to a pause', () => {
    /** A run that is paused while its group is made. */
    async function paused(name: string, more: Partial<CreateClusterInput>) {
      const given = input(name, more);
      const answer = await harness.azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, held: true });
      const run = await harness.client.createCluster(given);
      await harness.azure.untilRequested(`PUT ${groupPath(given)}`);
      await run.pause();
      return { given, run, answer };
    }

    it.concurrent('are waited for until the bound of the pause, and then the run ends as after a failure', async () => {
      const { given, run, answer } = await paused('pause-ends', { pauseTimeoutMinutes: 0.02 });
      expect(await run.progress()).toMatchObject({ paused: true, pausedUntil: expect.stringMatching(/Z$/) });
      await answer();
      const { failure, details } = await failureDetailsOf(run.result());
      expect(failure.message).toMatch(/^PauseTimedOut: Nobody resumed the run within 0.02 min/);
      expect(details.error?.whatToDo).toContain('pauseTimeoutMinutes');
      expect(details.leftovers).toEqual([]);
      expect(await harness.azure.writesTo(given)).toEqual([
        `PUT ${groupPath(given)} 201`,
        `DELETE ${groupPath(given)} 202`,
      ]);
      expect(await run.progress()).not.toHaveProperty('paused');
    });

    it.concurrent('are asked for after its bound where the input says hold', async () => {
      const { run, answer } = await paused('pause-held', { pauseTimeoutMinutes: 0.02, onFailure: 'hold' });
      await answer();
      const held = await waitUntil(run, isHeld);
      expect(held.steps.find(({ id }) => id === 'cluster')).toMatchObject({
        state: 'failed',
        error: expect.stringContaining('PauseTimedOut'),
      });
      expect(held.paused).toBeUndefined();
      await run.decide('retry');
      expect(await run.result()).toMatchObject({ outcome: 'verified' });
    });

    it.concurrent('are not waited for by a failure after its bound', async () => {
      const given = input('pause-failed', { pauseTimeoutMinutes: 0.02 });
      const end = await harness.azure.fault({
        method: 'PUT',
        path: `${clusterPath(given)}$`,
        operation: { status: 'Failed', code: 'QuotaExceeded', message: 'No.', held: true },
      });
      const run = await harness.client.createCluster(given);
      await harness.azure.untilRequested(`PUT ${clusterPath(given)}`);
      await run.pause();
      await end();
      expect((await failureOf(run.result())).message).toMatch(/^QuotaExceeded/);
      expect(await run.progress()).toMatchObject({ phase: 'rolledBack' });
    });

    it.concurrent('are not waited for by a run that ends: it is shown as ended', async () => {
      const given = input('paused-at-the-end');
      const path = `${clusterPath(given)}$`;
      const end = await harness.azure.fault({ method: 'PUT', path, operation: { held: true } });
      const run = await harness.client.createCluster(given);
      await harness.azure.untilRequested(`PUT ${clusterPath(given)}`);
      await run.pause();
      await end();
      expect(await run.result()).toMatchObject({ outcome: 'verified' });
      expect(await run.progress()).not.toHaveProperty('paused', true);
      const { typedSearchAttributes } = await harness.temporal.workflow.getHandle(run.workflowId).describe();
      expect(typedSearchAttributes.get(searchAttributes.phase)).toBe('Succeeded');
    });

    inFull.concurrent('leave room for others, however often a run is paused', async () => {
      const { run, answer } = await paused('pause-often', {});
      for (let pauses = 1; pauses < 100; pauses += 1) {
        await run.resume();
        await run.pause();
      }
      await run.resume();
      expect(await refusal(run.pause())).toMatch(/paused 100 times.*cancel it/);
      await answer();
      expect(await run.result()).toMatchObject({ outcome: 'verified' });
    });
  });
});

/** The histories of these runs are replayed at the end of the file. */
describe('a pause that comes with a workflow task of a run’s beginning', () => {
  /** In which workflow task of the run the pause was taken. */
  async function taskOfPause({ temporal }: Harness, workflowId: string): Promise<number> {
    const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
    const all = events ?? [];
    const accepted = all.findIndex((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
    return all.slice(0, accepted).filter((event) => event.workflowTaskCompletedEventAttributes).length;
  }

  async function ends(run: ScenarioHandle): Promise<void> {
    expect(await run.progress()).toMatchObject({ paused: true });
    await run.resume();
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
  }

  it('replays, where it is the first', async () => {
    const harness = await startHarness();
    const given = input('pause-first');
    const workflowId = clusterWorkflowId(given.cluster);
    const startWorkflowOperation = new WithStartWorkflowOperation('createCluster', {
      workflowId,
      taskQueue: harness.taskQueue,
      args: [given],
      workflowIdConflictPolicy: 'FAIL',
    });
    await harness.temporal.workflow.executeUpdateWithStart(pauseUpdate, { args: [], startWorkflowOperation });
    await ends(harness.client.run(workflowId));
    expect(await taskOfPause(harness, workflowId)).toBe(1);
    await harness.close();
  });

  it('replays, where it is the one that plans the steps', async () => {
    const boundaries = new Boundaries();
    const harness = await startHarness({ interceptors: { activity: [boundaries.interceptor] } });
    const { reached, release } = boundaries.await(1, 'after');
    const run = await harness.client.createCluster(input('pause-planning'));
    await reached;
    // The worker takes no more tasks, and its last activity ends.
    const stopped = harness.stopWorker();
    release();
    await stopped;
    const paused = run.pause();
    const worker = await startTestWorker(harness.azure.connection, harness.taskQueue);
    await paused;
    await ends(run);
    expect(await taskOfPause(harness, run.workflowId)).toBe(2);
    await worker.stop();
    await harness.close();
  });
});

/** A worker of its own: nobody else is to be that impatient on a busy machine. */
describe('a receiver that never answers', () => {
  it('is waited for by nothing, which the run says', async () => {
    const receiver = await startWebhookReceiver(() => undefined);
    const { url } = receiver;
    const harness = await startHarness({ webhook: { url, events: eventNames, patienceSeconds: 2 } });
    const given = input('told-never', { onFailure: 'hold' });
    await refuseGroup(harness, given, 1);
    const run = await harness.client.createCluster(given);
    await waitUntil(run, isHeld);
    await run.decide('retry');
    const { untold = [] } = (await run.result()) as VerificationReport;
    expect(untold.toSorted()).toEqual([
      expect.stringMatching(
        /^succeeded \(event 2\): NotTold: http:\/\/127\.0\.0\.1:\d+ does not answer within 0\.7 s$/,
      ),
      'waitingForOperator (event 1): the run ended before it got through',
    ]);
    expect((await run.progress()).untold).toEqual(untold);
    await harness.close();
    await receiver.close();
  });
});
