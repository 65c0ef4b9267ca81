import { currentContext, urgencyOf } from './currentContext.ts';
import { isCancellation } from './errors.ts';
import { outsideOfLooks } from './sharedReads.ts';

/** Questions of a connection that are being asked, and those that come next. */
interface Asking {
  now?: Promise<unknown>;
  next?: Promise<unknown>;
}

const askings = new WeakMap<object, Map<string, Asking>>();

/**
 * Asks Azure the same for all who ask meanwhile. Each gets an answer to a question that was asked after its own: an answer that is on
 * its way already may be older than what the asker must know. Whoever is waited for does not wait for a rollout's turn.
 *
 * @param connection Whose question it is.
 */
export async function askedTogether<T>(connection: object, question: string, ask: () => Promise<T>): Promise<T> {
  const context = currentContext();
  const answer = joined(connection, `${urgencyOf(context)} ${question}`, ask);
  try {
    return await (context ? Promise.race([answer, context.cancelled]) : answer);
  } catch (error) {
    // The run that has asked for all may have been cancelled.
    if (isCancellation(error) && !context?.cancellationSignal.aborted) return askedTogether(connection, question, ask);
    throw error;
  }
}

function joined<T>(connection: object, question: string, ask: () => Promise<T>): Promise<T> {
  const questions = askings.get(connection) ?? new Map<string, Asking>();
  askings.set(connection, questions);
  const asking = questions.get(question) ?? {};
  questions.set(question, asking);
  const begin = (answer: Promise<unknown>): Promise<unknown> => {
    asking.now = answer;
    const done = () => {
      if (asking.now !== answer) return;
      delete asking.now;
      if (!asking.next) questions.delete(question);
    };
    answer.then(done, done);
    return answer;
  };
  if (!asking.now) return begin(ask()) as Promise<T>;
  asking.next ??= asking.now
    .then(
      () => undefined,
      () => undefined,
    )
    .then(() => {
      delete asking.next;
      // What the look of one of them has seen before may be too old for the others.
      return begin(outsideOfLooks(ask));
    });
  return asking.next as Promise<T>;
}
