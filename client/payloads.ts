import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';

/** Payloads of a history before this client's codecs have encoded them. */
export async function decrypted(client: Client, payloads: readonly Payload[] | null | undefined): Promise<Payload[]> {
  let plain = [...(payloads ?? [])];
  // The last codec has encoded last.
  for (const codec of client.options.loadedDataConverter.payloadCodecs.toReversed()) plain = await codec.decode(plain);
  return plain;
}

/** Decodes payloads of a history as this client would, codecs included. */
export async function decoded(client: Client, payloads: readonly Payload[] | null | undefined): Promise<unknown[]> {
  const { payloadConverter } = client.options.loadedDataConverter;
  return (await decrypted(client, payloads)).map((payload) => payloadConverter.fromPayload(payload));
}
