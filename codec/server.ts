import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import cors from '@fastify/cors';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import fastify, { type FastifyInstance } from 'fastify';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { reasonsOf } from './reasons.ts';

const { Payloads } = proto.temporal.api.common.v1;

/** Whether whoever sent this bearer token may read payloads. @throws where nobody could tell */
export type Authorize = (token: string) => Promise<boolean>;

export interface CodecServerOptions {
  codec: PayloadCodec;
  authorize: Authorize;
  /** Origins of Web UIs that may ask from a browser. */
  origins: readonly string[];
}

/** A page of a history with payloads of 2 MB each, Temporal's limit, in base64. */
const mostBodyBytes = 64 * 1024 * 1024;

/**
 * Encrypts and decrypts payloads for the Temporal CLI and the Web UI, by Temporal's protocol of codec servers: `POST /encode` and
 * `POST /decode` with `Payloads` as JSON. Source: Temporal docs, "Codec Server".
 */
export async function codecServer({ codec, authorize, origins }: CodecServerOptions): Promise<FastifyInstance> {
  const app = fastify({ bodyLimit: mostBodyBytes, logger: { level: 'error' } });
  await app.register(cors, {
    origin: [...origins],
    methods: ['POST'],
    allowedHeaders: ['authorization', 'content-type', 'x-namespace'],
  });
  // Before the body is read: whoever has no token sends no 64 MB to be parsed.
  app.addHook('onRequest', async ({ headers }, reply) => {
    const [, token = ''] = /^Bearer (.+)$/i.exec(headers.authorization ?? '') ?? [];
    if (token === '' || !(await authorize(token))) return reply.code(401).send({ message: 'No valid bearer token' });
  });
  const route = (path: string, work: (payloads: Payload[]) => Promise<Payload[]>) =>
    app.post(path, async ({ body }, reply) => {
      try {
        const { payloads } = Payloads.fromObject(body as object);
        const message = Payloads.create({ payloads: await work(payloads as Payload[]) });
        return Payloads.toObject(message, { bytes: String });
      } catch (error) {
        return reply.code(400).send({ message: error instanceof Error ? error.message : String(error) });
      }
    });
  route('/encode', (payloads) => codec.encode(payloads));
  route('/decode', (payloads) => codec.decode(payloads));
  return app;
}

/** For the CLI: `--codec-auth "Bearer <token>"`. */
export function byToken(expected: string): Authorize {
  const wanted = Buffer.from(expected);
  return async (token) => {
    const given = Buffer.from(token);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  };
}

/** For the Web UI, which passes the user's access token on. */
export function byIssuer(jwksUrl: string, audience: string, issuer: string): Authorize {
  const keys = createRemoteJWKSet(new URL(jwksUrl));
  return (token) =>
    jwtVerify(token, keys, { audience, issuer }).then(
      () => true,
      (error: unknown) => {
        if (isOfToken(error)) return false;
        // No token can be tried then. 401 would have its user look for a mistake in it.
        const message = `The issuer's keys cannot be read from ${jwksUrl} (${reasonsOf(error)})`;
        throw Object.assign(new Error(message), { statusCode: 503 });
      },
    );
}

/** Whether it is the token that is wrong. jose has a code for that; what it says of an answer that has no keys is generic. */
const isOfToken = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC');
