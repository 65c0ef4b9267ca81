import { ownFailure } from '../../contract/failures.ts';

/** Temporal keeps 2 MiB of a result, with what it adds. Source: Temporal's `limit.blobSize.error`. */
const mostResultBytes = 1_900_000;

/** The same activities; a result that Temporal would refuse, without a word of what it is, fails with words. */
export const withBoundedResults = <A extends Record<string, (...given: never[]) => Promise<unknown>>>(
  activities: A,
): A =>
  Object.fromEntries(
    Object.entries(activities).map(([name, act]) => [
      name,
      async (...given: never[]) => bounded(name, await act(...given)),
    ]),
  ) as A;

function bounded(activity: string, result: unknown): unknown {
  const bytes = sizeOf(result);
  if (bytes <= mostResultBytes) return result;
  throw ownFailure('AnswerTooLarge', `${activity} found ${bytes} bytes, of which ${largestPart(result)}`);
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

/** The path and size of the smallest part that is most of the whole. */
function largestPart(value: unknown, path: readonly string[] = []): string {
  const bytes = sizeOf(value);
  const parts = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const most = parts.find(([, part]) => sizeOf(part) > bytes / 2);
  return most ? largestPart(most[1], [...path, most[0]]) : `${bytes} in ${path.join('.') || 'all'}`;
}
