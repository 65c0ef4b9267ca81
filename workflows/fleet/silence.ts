/** A member in work: when it began, and when it was looked at last. Milliseconds since 1970. */
interface InWork {
  since: number;
  lookedAt: number;
}

const dayMs = 24 * 60 * 60_000;

/**
 * When a member is looked at of which nothing was heard. One that has been silent for long is waiting for somebody: the longer it has been
 * silent, the later is the next look, a day at most. In 200 days that makes some 220 looks and not 4,800.
 *
 * @param silentMs Least time between two looks.
 */
export const lookDue = ({ since, lookedAt }: InWork, silentMs: number): number =>
  lookedAt + Math.max(silentMs, Math.min((lookedAt - since) / 4, dayMs));

/** When a rollout looks next, decided at some moment; never, where no member is in work. */
export const nextLook = (inWork: readonly InWork[], silentMs: number, decidedAt: number): number =>
  Math.max(
    decidedAt + silentMs,
    inWork.reduce((first, each) => Math.min(first, lookDue(each, silentMs)), Number.POSITIVE_INFINITY),
  );
