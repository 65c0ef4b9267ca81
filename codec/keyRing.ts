import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { parse } from '../contract/parse.ts';
import type { Problem } from '../contract/problem.ts';

/** Keys of payloads by their IDs. The first one encrypts; all of them decrypt, so that keys can be rotated. */
export type KeyRing = ReadonlyMap<string, Buffer>;

/** AES-256 takes keys of 32 bytes. */
const keyBytes = 32;

const shape = z.object({
  PAYLOAD_KEYS: z.string().transform((text, context): [string, Buffer][] => {
    const refuse = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    const entries = text.split(',').map((entry) => {
      const [, id = '', base64 = ''] = /^\s*([\w.-]{1,100}):([A-Za-z0-9+/]+={0,2})\s*$/.exec(entry) ?? [];
      return [id, Buffer.from(base64, 'base64')] satisfies [string, Buffer];
    });
    // The text of a key stands in no message.
    const wrong = entries.findIndex(([id, key]) => id === '' || key.length !== keyBytes);
    if (wrong >= 0)
      return refuse(
        `not a list of keys: key ${wrong + 1} is wrong. Use id:base64[,id:base64], each key of 32 bytes, made for example with openssl rand -base64 32.`,
      );
    if (new Set(entries.map(([id]) => id)).size < entries.length)
      return refuse('a list in which two keys have one ID. Give each an ID of its own, and keep those of old keys.');
    return entries;
  }),
});

/**
 * Reads the keys of payloads from the environment: `PAYLOAD_KEYS=id:base64[,id:base64]`.
 *
 * @returns `undefined` where the variable is not set or empty: payloads are then not encrypted.
 */
export function readKeyRing({ PAYLOAD_KEYS }: NodeJS.ProcessEnv): KeyRing | Problem[] | undefined {
  if (!PAYLOAD_KEYS) return undefined;
  const parsed = parse(shape, { PAYLOAD_KEYS });
  return parsed.ok ? new Map(parsed.value.PAYLOAD_KEYS) : parsed.problems;
}
