/** Requests to Azure that activities have sent. */
export interface RequestCounts {
  /** Commands inside the cluster, and polls of operations, are among them. */
  reads: number;
  writes: number;
}

/**
 * Name in the metadata of an activity's result, beside Temporal's own `encoding`: what the result says stays as it is, and so do runs
 * that an earlier version began.
 */
export const requestCountsKey = 'azure-requests';

/** As the metadata has it. */
export const requestCountsText = ({ reads, writes }: RequestCounts): string => `${reads} ${writes}`;

/** Reads it; `undefined` where it is something else. */
export function requestCountsIn(text: string): RequestCounts | undefined {
  const [, reads, writes] = /^(\d+) (\d+)$/.exec(text) ?? [];
  return reads === undefined || writes === undefined ? undefined : { reads: Number(reads), writes: Number(writes) };
}
