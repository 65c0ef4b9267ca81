import { Buffer } from 'node:buffer';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, type DataConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { currentContext } from '../activities/arm/currentContext.ts';
import { takeRequestCounts } from '../activities/arm/requestCounts.ts';
import { type RequestCounts, requestCountsKey, requestCountsText } from '../contract/requestCounts.ts';

/** Counts that the result of an activity that has ended is to tell. */
const toTell = new WeakMap<Context, RequestCounts>();

/** An attempt that Temporal repeats leaves nothing in the history: what it has sent is told by the next one. */
export const tellRequestCounts: ActivityInterceptorsFactory = (context) => {
  const tell = () => {
    const counts = takeRequestCounts(context);
    if (counts) toTell.set(context, counts);
  };
  return {
    inbound: {
      async execute(input, next) {
        try {
          const result = await next(input);
          tell();
          return result;
        } catch (error) {
          if (error instanceof ApplicationFailure && error.nonRetryable) tell();
          throw error;
        }
      },
    },
  };
};

/** Writes into the metadata of an activity's result how many requests to Azure the run has sent. */
const requestCounts: PayloadCodec = {
  async encode(payloads) {
    const context = currentContext();
    const counts = context && toTell.get(context);
    return counts ? payloads.map((payload) => withCounts(payload, counts)) : payloads;
  },
  decode: async (payloads) => payloads,
};

const withCounts = ({ metadata, data }: Payload, counts: RequestCounts): Payload => ({
  metadata: { ...metadata, [requestCountsKey]: Buffer.from(requestCountsText(counts)) },
  ...(data && { data }),
});

/** A data converter whose results say how many requests there were; what encrypts payloads comes after it. */
export const withRequestCounts = (dataConverter: DataConverter = {}): DataConverter => ({
  ...dataConverter,
  payloadCodecs: [requestCounts, ...(dataConverter.payloadCodecs ?? [])],
});
