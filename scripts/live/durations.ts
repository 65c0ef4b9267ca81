import { type Exchange, inAnswer } from './exchanges.ts';

/** How long an operation took by Azure's own clock, which its status document tells. */
export interface Duration {
  /** Such as `PUT managedClusters/open`. */
  readonly operation: string;
  readonly seconds: number;
  readonly status: string;
  /** The request that began it, and the status document at its end. */
  readonly shownBy: readonly [Exchange, Exchange];
}

/** The durations of all operations of a recording that say when they began and ended. */
export function durationsIn(exchanges: readonly Exchange[]): Duration[] {
  return exchanges.flatMap((begun) => {
    const address = begun.answer.headers['azure-asyncoperation'];
    // A poll may repeat the address of its operation.
    if (begun.method === 'GET' || address === undefined) return [];
    const end = exchanges.find((poll) => poll.url === address && typeof inAnswer(poll, 'endTime') === 'string');
    if (!end) return [];
    const [from, to] = ['startTime', 'endTime'].map((name) => Date.parse(String(inAnswer(end, name))));
    const seconds = Math.round(((to ?? Number.NaN) - (from ?? Number.NaN)) / 1000);
    if (Number.isNaN(seconds)) return [];
    const path = new URL(begun.url).pathname.replace(/^.*\/providers\/[^/]+\//, '');
    return [
      { operation: `${begun.method} ${path}`, seconds, status: String(inAnswer(end, 'status')), shownBy: [begun, end] },
    ] satisfies Duration[];
  });
}
