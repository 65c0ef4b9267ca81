import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { generate } from 'selfsigned';
import { readKeyRing } from '../../codec/keyRing.ts';
import { PayloadEncryption } from '../../codec/payloadEncryption.ts';
import { withVaultKeys } from '../../codec/vault.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

function encryption(...keys: string[]): PayloadEncryption {
  const ring = readKeyRing({ PAYLOAD_KEYS: keys.join(',') });
  if (!ring || Array.isArray(ring)) throw new Error('no key ring');
  return new PayloadEncryption(ring);
}

describe('PAYLOAD_KEYS', () => {
  it('that is not set encrypts nothing', () => {
    expect(readKeyRing({})).toBeUndefined();
    expect(readKeyRing({ PAYLOAD_KEYS: '' })).toBeUndefined();
  });

  const short = randomBytes(16).toString('base64');
  it.each([
    ['no list', 'secret', 'key 1 is wrong'],
    ['a key of 16 bytes', `${key('new')},old:${short}`, 'key 2 is wrong'],
    ['one ID twice', `${key('one')},${key('one')}`, 'one ID'],
    ['an end without a key', `${key('one')},`, 'key 2 is wrong'],
  ])('is refused as %s, without a word of the keys', (_what, text, words) => {
    const problems = JSON.stringify(readKeyRing({ PAYLOAD_KEYS: text }));
    expect(problems).toContain(words);
    expect(problems).toContain('PAYLOAD_KEYS');
    for (const part of text.split(/[,:]/).filter((each) => each.length > 6)) expect(problems).not.toContain(part);
  });
});

describe('PAYLOAD_KEYS in Azure Key Vault', () => {
  const keys = [key('new'), key('old')].join(',');
  /** As Key Vault answers. Source: REST API "Get Secret", version 7.6, and "Authentication, requests and responses". */
  const id = 'https://vault.vault.azure.net/secrets/payload-keys/4387e9f3d6e14c459867679a90fd0f79';
  const answers: Readonly<Record<string, [status: number, body: object]>> = {
    'payload-keys': [200, { id, value: keys, attributes: { enabled: true } }],
    expired: [200, { id, value: keys, attributes: { enabled: true, exp: 1_700_000_000 } }],
    early: [200, { id, value: keys, attributes: { enabled: true, nbf: 4_100_000_000 } }],
    disabled: [403, { error: { code: 'Forbidden', message: 'Operation get is not allowed on a disabled secret.' } }],
    wrong: [200, { id, value: 'no list', attributes: { enabled: true } }],
  };
  const challenge =
    'Bearer authorization="https://login.microsoftonline.com/tenant", resource="https://vault.azure.net"';
  let server: Server;
  let vault: string;
  let ca: string;
  beforeAll(async () => {
    const { cert, private: privateKey } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    ca = cert;
    server = createServer({ key: privateKey, cert }, ({ url = '', headers }, response) => {
      const signedIn = headers.authorization === 'Bearer token';
      const [status, body] = signedIn ? (answers[url.split('/')[2] ?? ''] ?? [404, {}]) : [401, {}];
      response.writeHead(status, { 'content-type': 'application/json', 'www-authenticate': challenge });
      response.end(JSON.stringify(body));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    vault = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });

  const read = (PAYLOAD_KEYS: string) =>
    withVaultKeys(
      { PAYLOAD_KEYS, OTHER: 'stays' },
      {
        credential: { getToken: async () => ({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }) },
        // The stand-in has no name below vault.azure.net.
        disableChallengeResourceVerification: true,
        tlsOptions: { ca },
        retryOptions: { maxRetries: 0 },
      },
    );

  it('are read from the secret that the address names, and nothing is read for a list', async () => {
    const env = await read(`${vault}/secrets/payload-keys`);
    expect(env).toEqual({ PAYLOAD_KEYS: keys, OTHER: 'stays' });
    expect(await read(keys)).toMatchObject({ PAYLOAD_KEYS: keys });
  });

  it.each([
    ['/secrets/expired', 'has expired (2023-'],
    ['/secrets/early', 'is not valid before 2099-'],
    ['/secrets/disabled', 'not allowed on a disabled secret'],
    ['/secrets/nowhere', 'cannot be read'],
    ['/keys/payload-keys', 'not the address of a secret'],
  ])('are named where they cannot be had: %s', async (path, words) => {
    const problems = await read(`${vault}${path}`);
    expect(problems).toEqual([
      expect.objectContaining({ where: 'PAYLOAD_KEYS', problem: expect.stringContaining(words) }),
    ]);
  });

  it('are checked as others are', async () => {
    const env = await read(`${vault}/secrets/wrong`);
    if (Array.isArray(env)) throw new Error('The secret was not read');
    expect(readKeyRing(env)).toEqual([expect.objectContaining({ problem: expect.stringContaining('key 1 is wrong') })]);
  });
});

describe('payloads', () => {
  const payload = defaultPayloadConverter.toPayload({ location: 'westeurope' });
  const [old, current] = [key('2025'), key('2026')];

  it('come back as they were, and say nothing but the ID of their key', async () => {
    const codec = encryption(current);
    const [encrypted] = await codec.encode([payload]);
    expect(JSON.stringify(encrypted?.metadata)).not.toContain('json/plain');
    expect(String(encrypted?.metadata?.['encryption-key-id'])).toBe('2026');
    const [back] = await codec.decode(encrypted ? [encrypted] : []);
    expect(back && defaultPayloadConverter.fromPayload(back)).toEqual({ location: 'westeurope' });
  });

  it('of a key that has become old are read, and new ones have the first key', async () => {
    const before = await encryption(old).encode([payload]);
    const rotated = encryption(current, old);
    const [back] = await rotated.decode(before);
    expect(back && defaultPayloadConverter.fromPayload(back)).toEqual({ location: 'westeurope' });
    await expect(encryption(old).decode(await rotated.encode([payload]))).rejects.toThrow('No key 2026');
  });

  it('that were not encrypted are read as they are', async () => {
    await expect(encryption(current).decode([payload])).resolves.toEqual([payload]);
  });

  it('that somebody has changed are refused', async () => {
    const codec = encryption(current);
    const [encrypted] = await codec.encode([payload]);
    const data = Uint8Array.from(encrypted?.data ?? []);
    data[20] = (data[20] ?? 0) ^ 1;
    await expect(codec.decode([{ ...encrypted, data }])).rejects.toThrow('it was changed');
  });

  it.each([0, 5, 12, 20, 40])('that are cut to %i bytes are refused, in the same words', async (bytes) => {
    const codec = encryption(current);
    const [encrypted] = await codec.encode([payload]);
    const data = encrypted?.data?.subarray(0, bytes) ?? null;
    await expect(codec.decode([{ ...encrypted, data }])).rejects.toThrow('it was changed');
  });
});
