import { expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { webhookActivities } from '../../activities/webhook.ts';
import { eventNames, type RunEvent } from '../../contract/events.ts';
import { startWebhookReceiver } from '../support/webhookReceiver.ts';

it.each(['audit-магазин', 'audit – shop\r\nx-injected: 1', 'audit 50 % "shop"', "aks/s/g/c'd"])(
  'tells of a run whatever its workflow ID: %j',
  async (workflowId) => {
    const receiver = await startWebhookReceiver(() => 204);
    const { tell } = webhookActivities({ url: receiver.url, events: eventNames, patienceSeconds: 60 });
    const environment = new MockActivityEnvironment({ workflowExecution: { workflowId, runId: 'r' } });
    const data = { scenario: 'auditCluster', cluster: '/c', phase: 'succeeded' } as const;
    const event: RunEvent = {
      name: 'drifted',
      sequence: 1,
      time: '2026-11-27T00:00:00.000Z',
      data: { ...data, reason: [], whatToDo: [], correlationIds: [], answers: [] },
    };
    await environment.run(() => tell(event));
    const [received] = receiver.receivedAbout('c');
    await receiver.close();
    expect(received?.event).toMatchObject({ id: received?.headers['webhook-id'], data: { workflowId } });
    expect(received?.headers).not.toHaveProperty('x-injected');
    expect(decodeURI(received?.event.id ?? '')).toBe(`${workflowId}/r/1`);
  },
);
