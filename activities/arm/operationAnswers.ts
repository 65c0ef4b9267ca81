import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { Context } from '@temporalio/activity';
import { sameResourceId } from '../../resources/ids.ts';
import { UnreadableAnswerError } from './belief.ts';
import { observed } from './connection.ts';
import { azureCall } from './errors.ts';
import { durationIn } from './operationTimes.ts';
import type { Poller } from './poller.ts';

/**
 * Sends a request, and adds Azure's first answer, which may say when to look again. A poller is thenable, so it must not be returned
 * from an async function by itself.
 */
export async function withFirstAnswer<T extends object>(
  resourceId: string,
  send: () => Promise<T>,
): Promise<T & { first?: PipelineResponse }> {
  const heard: { first?: PipelineResponse } = {};
  const hear = (response: PipelineResponse) => {
    heard.first = response;
  };
  const sent = await azureCall(resourceId, () => observed(send, hear));
  return { ...sent, ...heard };
}

/**
 * Whether an answer shows the resource: the client reads what it has written once the operation has ended, and a write that Azure
 * carries out at once is answered with what came of it.
 */
export const shows = (resourceId: string, { request: { method, url }, status }: PipelineResponse): boolean =>
  ((method === 'GET' && status === 200) || (method === 'PUT' && (status === 200 || status === 201))) &&
  sameResourceId(decodeURIComponent(new URL(url).pathname), resourceId);

/** Whether Azure took a request and named no address of its operation. The client takes that for the end. */
export const hidesItsOperation = ({ request: { method }, status }: PipelineResponse): boolean =>
  status === 202 || (method === 'POST' && status < 300);

/**
 * The answer at the address of an operation that nobody can follow there any more: how long its signature lasts is in no document,
 * and neither is what it is answered with then. A gateway may say 404 in words of its own.
 */
export function forgottenBy(error: unknown, response: PipelineResponse | undefined): PipelineResponse | undefined {
  if (error instanceof UnreadableAnswerError) return error.response.status === 404 ? error.response : undefined;
  const { status = 0 } = response ?? {};
  return status >= 400 && status < 500 && status !== 408 && status !== 429 ? response : undefined;
}

interface Seen {
  response?: PipelineResponse;
  error?: unknown;
  /** Milliseconds that the operation has taken, by Azure's own clock. */
  tookMs?: number | undefined;
}

/** Asks for the operation's state. The poller hides Azure's answer, so it is handed on, also where the poller throws. */
export async function polled(poller: Poller<unknown>): Promise<Seen> {
  const seen: Seen = {};
  const { cancellationSignal } = Context.current();
  try {
    await observed(
      () => poller.poll({ abortSignal: cancellationSignal }),
      (response) => {
        seen.response = response;
        seen.tookMs ??= durationIn(response);
      },
    );
  } catch (error) {
    seen.error = error;
  }
  return seen;
}
