import { z } from 'zod';
import { ownVariables, parse } from '../contract/parse.ts';
import type { Problem } from '../contract/problem.ts';
import { type KeyRing, readKeyRing } from './keyRing.ts';
import { type Authorize, byIssuer, byToken } from './server.ts';

export interface CodecConfiguration {
  host: string;
  port: number;
  origins: string[];
  authorize: Authorize;
  keys: KeyRing;
}

const https = z.url({ protocol: /^https$/, error: 'not an https address. Give that of the identity provider.' });
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((each) => each.trim().replace(/\/+$/, ''))
    .filter(Boolean),
);

const environment = z
  .object({
    CODEC_HOST: z.string().default('127.0.0.1'),
    CODEC_PORT: z.coerce.number().int().min(0).max(65_535).default(8234),
    CODEC_ORIGINS: list.default([]),
    CODEC_TOKEN: z.string().min(32, 'too short. Use at least 32 characters that nobody can guess.').optional(),
    CODEC_JWKS_URL: https.optional(),
    CODEC_JWT_AUDIENCE: z.string().optional(),
    CODEC_JWT_ISSUER: https.optional(),
  })
  .check(
    z.superRefine(({ CODEC_TOKEN: token, ...jwt }, context) => {
      const { CODEC_JWKS_URL, CODEC_JWT_AUDIENCE, CODEC_JWT_ISSUER } = jwt;
      const parts = Object.entries({ CODEC_JWKS_URL, CODEC_JWT_AUDIENCE, CODEC_JWT_ISSUER });
      const missing = parts.flatMap(([name, value]) => (value === undefined ? [name] : []));
      const refuse = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message });
      if (token === undefined && missing.length === parts.length)
        refuse('CODEC_TOKEN', 'missing. Set it, or the three CODEC_JW… variables: nobody may decrypt without a token.');
      else if (missing.length > 0 && missing.length < parts.length)
        for (const name of missing)
          refuse(name, 'missing beside the other CODEC_JW… variables. Set all three, or none.');
    }),
  );

/** Reads the configuration, or lists every problem with it. Empty variables count as not set. */
export function readCodecConfiguration(env: NodeJS.ProcessEnv): CodecConfiguration | Problem[] {
  const parsed = parse(environment, ownVariables(environment.shape, env));
  const keys = readKeyRing(env) ?? [
    { where: 'PAYLOAD_KEYS', problem: 'missing', whatToDo: 'Give the keys of the worker.' },
  ];
  const problems = [...(parsed.ok ? [] : parsed.problems), ...(Array.isArray(keys) ? keys : [])];
  if (!parsed.ok || Array.isArray(keys)) return problems;
  const { CODEC_HOST: host, CODEC_PORT: port, CODEC_ORIGINS: origins, CODEC_TOKEN: token } = parsed.value;
  const { CODEC_JWKS_URL: jwks, CODEC_JWT_AUDIENCE: audience, CODEC_JWT_ISSUER: issuer } = parsed.value;
  const ways = [
    ...(token === undefined ? [] : [byToken(token)]),
    ...(jwks && audience && issuer ? [byIssuer(jwks, audience, issuer)] : []),
  ];
  const authorize: Authorize = async (given) => (await Promise.all(ways.map((way) => way(given)))).includes(true);
  return { host, port, origins, authorize, keys };
}
