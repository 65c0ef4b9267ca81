import { proxyActivities } from '@temporalio/workflow';

interface Activities {
  nothing(): Promise<void>;
  ask(id: string, requests: number): Promise<void>;
}

const { nothing, ask } = proxyActivities<Activities>({ startToCloseTimeout: '1 minute' });

/**
 * Runs activities that do nothing, or nothing but ask Azure.
 *
 * @param needs For each of them, which of those before it must have ended.
 * @param asks What is asked for, and how often in all; the activities share it evenly. Left out: nothing.
 */
export async function noOps(
  needs: readonly (readonly number[])[],
  asks?: { id: string; requests: number },
): Promise<void> {
  const ends: Promise<void>[] = [];
  for (const [index, needed] of needs.entries()) {
    const share = asks ? Math.floor((asks.requests + index) / needs.length) : 0;
    const begin = () => (asks && share > 0 ? ask(asks.id, share) : nothing());
    ends.push(Promise.all(needed.map((each) => ends[each])).then(begin));
  }
  await Promise.all(ends);
}
