import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { readKeyRing } from '../../codec/keyRing.ts';
import { PayloadEncryption } from '../../codec/payloadEncryption.ts';

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
});
