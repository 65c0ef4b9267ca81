import { createHmac } from 'node:crypto';
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { CloudEvent, HTTP } from 'cloudevents';
import { eventSchemaId, eventTypes, type RunEvent, type WebhookRules } from '../contract/events.ts';
import { ownFailure } from '../contract/failures.ts';
import { withoutSecrets } from '../contract/withoutSecrets.ts';

/** Where events of runs go. */
export interface Webhook extends WebhookRules {
  url: string;
  /** Reads the key of signatures; a file of it may be rotated. Left out: events are not signed. */
  signingKey?: () => Buffer;
  /** Reads the bearer token. Left out: none is sent. */
  token?: () => string;
}

/** A receiver takes an event at once, and works afterwards. There is time for another try before patience ends. */
const answerMs = ({ patienceSeconds }: Webhook): number => Math.min(10_000, Math.ceil((patienceSeconds * 1_000) / 3));

export const webhookActivities = (webhook?: Webhook) => ({
  /**
   * Sends an event, if this worker has a webhook for it. However often it is sent, its ID is the same.
   *
   * @throws ApplicationFailure `NotTold`, to be tried again.
   */
  async tell(event: RunEvent): Promise<void> {
    if (!webhook?.events.includes(event.name)) return;
    const { id, headers, body } = messageOf(event);
    await post(webhook, { ...headers, ...authorization(webhook, id, body) }, body);
  },
});

/** The event in the structured mode of CloudEvents. */
function messageOf({ name, sequence, time, data }: RunEvent) {
  const { workflowNamespace = '', workflowExecution } = activityInfo();
  const { workflowId = '', runId = '' } = workflowExecution ?? {};
  // It is a header too, which takes nothing but ASCII. Audits and schedules have workflow IDs of people's choice.
  const id = encodeURI(`${workflowId}/${runId}/${sequence}`);
  const event = new CloudEvent({
    id,
    // Behind the address of a Web UI it is a link.
    source: `/namespaces/${encodeURIComponent(workflowNamespace)}/workflows/${encodeURIComponent(workflowId)}`,
    type: eventTypes[name],
    subject: data.cluster,
    time,
    dataschema: eventSchemaId,
    datacontenttype: 'application/json',
    sequence: String(sequence),
    sequencetype: 'Integer',
    data: clean({ ...data, workflowId, runId }),
  });
  const { headers, body } = HTTP.structured(event);
  return { id, headers: headers as Record<string, string>, body: String(body) };
}

/** Texts come from Azure, and from people. */
const clean = (data: object): object =>
  JSON.parse(JSON.stringify(data), (_key, each: unknown) => (typeof each === 'string' ? withoutSecrets(each) : each));

/** Signed as Standard Webhooks has it (https://www.standardwebhooks.com), for which receivers have libraries. */
function authorization({ signingKey, token }: Webhook, id: string, body: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signed = (key: Buffer) => createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(signingKey && { 'webhook-signature': `v1,${signed(signingKey())}` }),
    ...(token && { authorization: `Bearer ${token()}` }),
  };
}

async function post(webhook: Webhook, headers: Record<string, string>, body: string): Promise<void> {
  // The path of a webhook is often its secret.
  const { origin } = new URL(webhook.url);
  const mostMs = answerMs(webhook);
  const signal = AbortSignal.any([cancellationSignal(), AbortSignal.timeout(mostMs)]);
  // To follow a redirection would hand the token on.
  const answer = await fetch(webhook.url, { method: 'POST', headers, body, signal, redirect: 'manual' }).catch(
    (error: unknown) => {
      if (cancellationSignal().aborted) throw error;
      throw notTold(
        origin,
        signal.aborted
          ? `does not answer within ${(mostMs / 1_000).toFixed(1)} s`
          : `cannot be reached (${why(error)})`,
      );
    },
  );
  await answer.body?.cancel();
  if (!answer.ok) throw notTold(origin, `answers ${answer.status}`);
}

const notTold = (origin: string, problem: string) =>
  ownFailure('NotTold', `${origin} ${problem}`, undefined, { retryable: true });

/** Node's fetch says why only in the cause. */
function why(error: unknown): string {
  const { cause } = error as Error;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(error);
}
