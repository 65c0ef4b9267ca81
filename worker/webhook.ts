import { readFileSync } from 'node:fs';
import type { Logger } from '@temporalio/worker';
import { z } from 'zod';
import type { Webhook } from '../activities/webhook.ts';
import { eventNames } from '../contract/events.ts';
import { ownFailure } from '../contract/failures.ts';
import { ownVariables, parse } from '../contract/parse.ts';
import type { Problem } from '../contract/problem.ts';

/** Standard Webhooks wants 24 to 64 bytes. Source: standard-webhooks.md, "Signature scheme", read 2026-11-26. */
const secret = z.string().transform((text, context) => {
  const [, base64 = ''] = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(text.trim()) ?? [];
  const key = Buffer.from(base64, 'base64');
  if (key.length >= 24 && key.length <= 64) return key;
  // The message does not repeat the secret.
  const message = 'not a secret. Use whsec_ and 24 to 64 bytes in base64, such as whsec_$(openssl rand -base64 32).';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const token = z
  .string()
  .trim()
  .regex(/^[\x21-\x7e]+$/, 'not a token. Use printable characters without spaces.');

const file = (content: z.ZodType) =>
  z.string().check(
    z.superRefine((path, context) => {
      const read = contentOf(path, content);
      if ('problem' in read) context.addIssue({ code: 'custom', message: read.problem });
    }),
  );

/** The content of a file, or why it is of no use. No message has the content. */
function contentOf<T>(path: string, content: z.ZodType<T>): { value: T } | { problem: string } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return { problem: `cannot read ${path} (${code}). Give the path of a file that the worker may read.` };
  }
  const { data, error } = content.safeParse(text);
  return data === undefined ? { problem: `${path} is ${error?.issues[0]?.message ?? 'not usable'}` } : { value: data };
}

/**
 * Reads a secret whenever an event is sent.
 *
 * @throws ApplicationFailure `NotTold`, to be tried again, where the file is of no use any more.
 */
const reader =
  <T>(variable: string, path: string, content: z.ZodType<T>) =>
  (): T => {
    const read = contentOf(path, content);
    if ('problem' in read) throw ownFailure('NotTold', `${variable}: ${read.problem}`, undefined, { retryable: true });
    return read.value;
  };

const environment = z
  .object({
    WEBHOOK_URL: z
      .url({ protocol: /^https?$/, error: 'not an address. Use for example https://hooks.example.com/aks.' })
      .refine((url) => !URL.parse(url)?.password, 'an address with a password. Use WEBHOOK_TOKEN_FILE.')
      .optional(),
    WEBHOOK_EVENTS: z
      .string()
      .transform((names) => names.split(',').map((name) => name.trim()))
      .pipe(z.array(z.enum(eventNames)))
      .default([...eventNames]),
    WEBHOOK_PATIENCE_SECONDS: z.coerce
      .number()
      .min(1, 'too short. Use 1 to 600.')
      .max(600, 'too long. Use 1 to 600: the lock on the cluster is held meanwhile.')
      .default(60),
    WEBHOOK_SECRET: secret.optional(),
    WEBHOOK_SECRET_FILE: file(secret).optional(),
    WEBHOOK_TOKEN: token.optional(),
    WEBHOOK_TOKEN_FILE: file(token).optional(),
  })
  .check(
    z.superRefine((given, context) => {
      for (const name of ['WEBHOOK_SECRET', 'WEBHOOK_TOKEN'] as const) {
        if (given[name] === undefined || given[`${name}_FILE`] === undefined) continue;
        context.addIssue({ code: 'custom', path: [name], message: `given beside ${name}_FILE. Remove one of them.` });
      }
    }),
  );

/**
 * Reads from the environment where events go. Files of secrets are read again with each event, so that they can be rotated.
 *
 * @returns `undefined` where `WEBHOOK_URL` is not set or empty.
 */
export function readWebhook(env: NodeJS.ProcessEnv): Webhook | Problem[] | undefined {
  const own = ownVariables(environment.shape, env);
  if (Object.keys(own).length === 0) return undefined;
  const parsed = parse(environment, own);
  if (!parsed.ok) return parsed.problems;
  const { WEBHOOK_URL: url, WEBHOOK_EVENTS: events, WEBHOOK_SECRET: key, WEBHOOK_TOKEN: bearer } = parsed.value;
  const { WEBHOOK_PATIENCE_SECONDS: patienceSeconds } = parsed.value;
  const { WEBHOOK_SECRET_FILE: keyFile, WEBHOOK_TOKEN_FILE: tokenFile } = parsed.value;
  if (url === undefined) {
    return [{ where: 'WEBHOOK_URL', problem: 'missing beside other WEBHOOK_… settings', whatToDo: 'Set it, or none.' }];
  }
  const signingKey = keyFile === undefined ? key && (() => key) : reader('WEBHOOK_SECRET_FILE', keyFile, secret);
  const bearerToken =
    tokenFile === undefined ? bearer && (() => bearer) : reader('WEBHOOK_TOKEN_FILE', tokenFile, token);
  return {
    url,
    events,
    patienceSeconds,
    ...(signingKey && { signingKey }),
    ...(bearerToken && { token: bearerToken }),
  };
}

/** Warns where nobody answers. A receiver that comes later is no reason not to start. */
export async function checkWebhook({ url }: Webhook, logger: Logger): Promise<void> {
  const { origin, protocol, hostname } = new URL(url);
  if (protocol === 'http:' && !/^(localhost|127\.|\[::1])/.test(hostname)) {
    logger.warn('Events of runs go to the webhook unencrypted: use https', { webhook: origin });
  }
  try {
    // Whatever it answers, it is there.
    const answer = await fetch(url, { method: 'OPTIONS', redirect: 'manual', signal: AbortSignal.timeout(5_000) });
    await answer.body?.cancel();
  } catch {
    logger.warn('The webhook cannot be reached now: nobody is told until it can', { webhook: origin });
  }
}
