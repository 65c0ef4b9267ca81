import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DataConverter, type Payload, type PayloadCodec, ValueError } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { KeyRing } from './keyRing.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** Metadata of an encrypted payload, as in Temporal's own samples of encryption. */
const encoding = 'binary/encrypted';
const algorithm = 'aes-256-gcm';
/** Lengths that NIST SP 800-38D recommends for GCM. */
const ivBytes = 12;
const tagBytes = 16;

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

/**
 * Encrypts each payload whole, its metadata included. Payloads that are not encrypted are decoded as they are, so that runs that began
 * before the encryption go on.
 */
export class PayloadEncryption implements PayloadCodec {
  readonly #keys: KeyRing;
  readonly #id: string;
  readonly #key: Buffer;

  /** @throws ValueError if the key ring is empty. */
  constructor(keys: KeyRing) {
    const [first] = keys;
    if (!first) throw new ValueError('A key ring without keys cannot encrypt');
    this.#keys = keys;
    [this.#id, this.#key] = first;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const iv = randomBytes(ivBytes);
      // The ID of the key is authenticated too: nobody can make another key's payload of it.
      const cipher = createCipheriv(algorithm, this.#key, iv).setAAD(Buffer.from(this.#id));
      const encrypted = Buffer.concat([cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()]);
      return {
        metadata: { encoding: Buffer.from(encoding), 'encryption-key-id': Buffer.from(this.#id) },
        data: Buffer.concat([iv, encrypted, cipher.getAuthTag()]),
      };
    });
  }

  /** @throws ValueError where the key is not in the key ring, or the payload was changed. */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) =>
      text(payload.metadata?.encoding) === encoding ? this.#decrypt(payload) : payload,
    );
  }

  #decrypt({ metadata, data }: Payload): Payload {
    const id = text(metadata?.['encryption-key-id']);
    const key = this.#keys.get(id);
    if (!key)
      throw new ValueError(`No key ${id} to decrypt a payload: add it to PAYLOAD_KEYS, after the key that encrypts`);
    const bytes = Buffer.from(data ?? []);
    try {
      // Without its length, a shorter tag would do, which is easier to guess.
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(id))
        .setAuthTag(bytes.subarray(-tagBytes));
      const encrypted = bytes.subarray(ivBytes, -tagBytes);
      return PayloadMessage.decode(Buffer.concat([decipher.update(encrypted), decipher.final()]));
    } catch {
      throw new ValueError(`A payload cannot be decrypted with key ${id}: it was changed, or another key has this ID`);
    }
  }
}

/**
 * For workers. Temporal decrypts all payloads of a task at once, so that one which nobody can decrypt would fail this task and each one
 * after it: anybody's signal or update would stop a run for ever. Here only what needs such a payload fails, by an encoding that
 * nobody knows and that says why. A result that a run needs is waited for until a worker has its key.
 */
class WorkerEncryption extends PayloadEncryption {
  override async decode(payloads: Payload[]): Promise<Payload[]> {
    const each = payloads.map((payload) =>
      super.decode([payload]).catch((error: unknown) => [unreadable(payload, error)]),
    );
    return (await Promise.all(each)).flat();
  }
}

const unreadable = ({ metadata, data }: Payload, error: unknown): Payload => ({
  metadata: { ...metadata, encoding: Buffer.from(`${encoding}. ${error instanceof Error ? error.message : error}`) },
  ...(data && { data }),
});

/** Messages and stack traces of failures become payloads. The published package has `.js` files. */
export const encodedFailuresPath = fileURLToPath(
  new URL(`encodedFailures${extname(import.meta.url)}`, import.meta.url),
);

/** The data converter of clients; empty without keys. */
export const dataConverterOf = (keys: KeyRing | undefined): { dataConverter?: DataConverter } =>
  converterOf(keys && new PayloadEncryption(keys));

/** The data converter of workers; empty without keys. */
export const workerConverterOf = (keys: KeyRing | undefined): { dataConverter?: DataConverter } =>
  converterOf(keys && new WorkerEncryption(keys));

const converterOf = (codec: PayloadCodec | undefined): { dataConverter?: DataConverter } =>
  codec ? { dataConverter: { payloadCodecs: [codec], failureConverterPath: encodedFailuresPath } } : {};
