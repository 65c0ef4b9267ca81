import { type Client, WorkflowClient } from '@temporalio/client';
import type { Payload, ValueError } from '@temporalio/common';
import { memosUnread } from '../contract/memosUnread.ts';

type Decoding = { readonly options: Pick<Client['options'], 'loadedDataConverter'> };

/** Lists and describes runs, whoever started them: their memos are not read. */
export const looking = ({ connection, options }: Client | WorkflowClient): WorkflowClient =>
  new WorkflowClient({ connection, namespace: options.namespace, dataConverter: memosUnread });

/** Payloads of a history before this client's codecs have encoded them. */
export async function decrypted(client: Decoding, payloads: readonly Payload[] | null | undefined): Promise<Payload[]> {
  let plain = [...(payloads ?? [])];
  // The last codec has encoded last.
  for (const codec of client.options.loadedDataConverter.payloadCodecs.toReversed()) plain = await codec.decode(plain);
  return plain;
}

/** Decodes payloads of a history as this client would, codecs included. */
export async function decoded(client: Decoding, payloads: readonly Payload[] | null | undefined): Promise<unknown[]> {
  const { payloadConverter } = client.options.loadedDataConverter;
  return (await decrypted(client, payloads)).map((payload) => payloadConverter.fromPayload(payload));
}

/** Says why payloads that Temporal keeps of a run cannot be decoded: by the keys that are here, or without any. */
export const whyUnread = ({ message }: ValueError): string =>
  message.includes('binary/encrypted')
    ? 'What Temporal keeps of this run is encrypted: give the keys of its worker in PAYLOAD_KEYS.'
    : message;
