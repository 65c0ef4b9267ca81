import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import fastify from 'fastify';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { readCodecConfiguration } from '../../codec/configuration.ts';
import { readKeyRing } from '../../codec/keyRing.ts';
import { dataConverterOf, PayloadEncryption } from '../../codec/payloadEncryption.ts';
import { byIssuer, codecServer } from '../../codec/server.ts';
import { problemsText } from '../../contract/problem.ts';
import { temporalAddress, temporalCli } from '../support/harness.ts';

const main = join(import.meta.dirname, '..', '..', 'codec', 'main.ts');
const PAYLOAD_KEYS = `test:${randomBytes(32).toString('base64')}`;
const CODEC_TOKEN = randomBytes(32).toString('hex');
const webUi = 'https://temporal.example';

function keyRing() {
  const keys = readKeyRing({ PAYLOAD_KEYS });
  if (!keys || Array.isArray(keys)) throw new Error('no keys');
  return keys;
}

describe('the codec server', () => {
  const start = () =>
    execa(process.execPath, [main], {
      env: { PAYLOAD_KEYS, CODEC_TOKEN, CODEC_PORT: '0', CODEC_ORIGINS: webUi },
      reject: false,
    });
  let server: ReturnType<typeof start>;
  let address: string;
  beforeAll(async () => {
    server = start();
    const [line] = await once(createInterface({ input: server.stdout }), 'line');
    address = String(line).replace('Codec server: ', '');
  });
  afterAll(async () => {
    server.kill('SIGTERM');
    await server;
  });

  const decode = (headers: Record<string, string>) =>
    fetch(`${address}/decode`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ payloads: [] }),
    });

  it('lets the Temporal CLI read what is encrypted, and nobody without the token', async () => {
    const connection = await Connection.connect({ address: temporalAddress() });
    const { workflow } = new Client({ connection, ...dataConverterOf(keyRing()) });
    const workflowId = `read-by-cli-${randomUUID()}`;
    const input = { secret: 'behind the codec' };
    await workflow.start('nobodyRunsIt', { workflowId, taskQueue: workflowId, args: [input] });
    const show = async (token: string) => {
      const codec = ['--codec-endpoint', address, '--codec-auth', `Bearer ${token}`];
      const args = ['workflow', 'show', '--workflow-id', workflowId, '--output', 'json', ...codec];
      const { stdout, stderr } = await execa(temporalCli(), args, {
        env: { TEMPORAL_ADDRESS: temporalAddress() },
        reject: false,
      });
      return `${stdout}${stderr}`;
    };
    const plain = Buffer.from(JSON.stringify(input)).toString('base64');
    expect(await show(CODEC_TOKEN)).toContain(plain);
    expect(await show('another')).not.toContain(plain);
    await workflow.getHandle(workflowId).terminate();
    await connection.close();
  });

  it.each([
    ['no token', {}, 401],
    ['another token', { authorization: `Bearer ${CODEC_TOKEN.replace(/.$/, 'x')}` }, 401],
    ['the token', { authorization: `Bearer ${CODEC_TOKEN}` }, 200],
  ])('answers %s with %o: %i', async (_what, headers, status) => {
    expect((await decode(headers)).status).toBe(status);
  });

  it('reads nothing of what comes without the token', async () => {
    const headers = { 'content-type': 'application/json' };
    const { status } = await fetch(`${address}/decode`, { method: 'POST', headers, body: 'no JSON' });
    expect(status).toBe(401);
  });

  it('lets a browser ask from the Web UI alone', async () => {
    const preflight = (origin: string) =>
      fetch(`${address}/decode`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    expect((await preflight(webUi)).headers.get('access-control-allow-origin')).toBe(webUi);
    expect((await preflight('https://elsewhere.example')).headers.get('access-control-allow-origin')).toBeNull();
  });
});

it('takes the access tokens of an issuer, for its audience alone', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: '1', alg: 'RS256' }] };
  const provider = fastify();
  provider.get('/keys', () => jwks);
  const issuer = await provider.listen({ port: 0 });
  const server = await codecServer({
    codec: new PayloadEncryption(keyRing()),
    authorize: byIssuer(`${issuer}/keys`, 'codec', issuer),
    origins: [],
  });
  const statusFor = async (audience: string) => {
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'RS256', kid: '1' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('1 minute')
      .sign(privateKey);
    const headers = { authorization: `Bearer ${token}` };
    return (await server.inject({ method: 'POST', url: '/decode', headers, payload: { payloads: [] } })).statusCode;
  };
  expect(await statusFor('codec')).toBe(200);
  expect(await statusFor('another')).toBe(401);
  await Promise.all([server.close(), provider.close()]);
});

it('does not call a token wrong while the keys of its issuer cannot be read', async () => {
  const { privateKey } = await generateKeyPair('RS256');
  const provider = fastify();
  provider.get('/keys', (_request, reply) => reply.code(500).send());
  const issuer = await provider.listen({ port: 0 });
  const authorize = byIssuer(`${issuer}/keys`, 'codec', issuer);
  const server = await codecServer({ codec: new PayloadEncryption(keyRing()), authorize, origins: [] });
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid: '1' }).sign(privateKey);
  const ask = { method: 'POST', url: '/decode', payload: { payloads: [] } } as const;
  const { statusCode, body } = await server.inject({ ...ask, headers: { authorization: `Bearer ${token}` } });
  expect(statusCode).toBe(503);
  expect(body).toContain(`The issuer's keys cannot be read from ${issuer}/keys`);
  const nonsense = await server.inject({ ...ask, headers: { authorization: 'Bearer nonsense' } });
  expect(nonsense.statusCode).toBe(401);
  await Promise.all([server.close(), provider.close()]);
});

it('does not start without settings, and says what is missing', async () => {
  const { exitCode, stderr } = await execa(process.execPath, [main], { reject: false });
  expect(exitCode).toBe(1);
  for (const sentence of ['PAYLOAD_KEYS: missing', 'CODEC_TOKEN: missing']) expect(stderr).toContain(sentence);
});

it('says where it cannot listen', async () => {
  const address = new URL(`http://${temporalAddress()}`);
  const env = { PAYLOAD_KEYS, CODEC_TOKEN, CODEC_HOST: address.hostname, CODEC_PORT: address.port };
  const { exitCode, stderr } = await execa(process.execPath, [main], { reject: false, env });
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${address.host} cannot be listened on (`)]);
  expect(stderr).not.toContain('    at ');
});

it.each([
  ['a token that can be guessed', { PAYLOAD_KEYS, CODEC_TOKEN: 'secret' }, ['CODEC_TOKEN: too short']],
  [
    'half of an issuer',
    { PAYLOAD_KEYS, CODEC_JWT_AUDIENCE: 'codec' },
    ['CODEC_JWKS_URL: missing', 'CODEC_JWT_ISSUER: missing'],
  ],
])('refuses %s, and says why', (_what, given, sentences) => {
  const configuration = readCodecConfiguration(given);
  const said = Array.isArray(configuration) ? problemsText(configuration) : '';
  for (const sentence of sentences) expect(said).toContain(sentence);
});
