import { proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

/** Runs activities that do nothing. @param needs For each of them, which of those before it must have ended. */
export async function noOps(needs: readonly (readonly number[])[]): Promise<void> {
  const ends: Promise<void>[] = [];
  for (const needed of needs) ends.push(Promise.all(needed.map((index) => ends[index])).then(() => nothing()));
  await Promise.all(ends);
}
