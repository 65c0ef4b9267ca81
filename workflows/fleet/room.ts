import { mostOfSubscription, windowPace } from './budget.ts';
import type { Rollout } from './rollout.ts';

/** A cluster of the rings that have begun for which there is room now. */
export function startable(rollout: Rollout, now: number): number | undefined {
  const { inWork, later, putOff, clusters, ringEnds } = rollout.now;
  const { parallel, rings } = rollout.input;
  if (inWork.length >= parallel.clusters) return undefined;
  const perSubscription = mostOfSubscription(rollout.input, rollout.now);
  const ringOf = (member: number) => ringEnds.findIndex((end) => member < end);
  const used = {
    subscription: new Map<number, number>(),
    region: new Map<number, number>(),
    ring: new Map<number, number>(),
  };
  const add = (counts: Map<number, number>, key: number) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const [member] of inWork) {
    const [subscription = 0, , , region = 0] = clusters[member] ?? [];
    add(used.subscription, subscription);
    add(used.region, region);
    add(used.ring, ringOf(member));
  }
  const notYet = new Set([...later, ...putOff].filter(([, at]) => at > now).map(([member]) => member));
  for (const member of rollout.states.in('waiting', rollout.openEnd)) {
    const [subscription = 0, , , region = 0] = clusters[member] ?? [];
    if (notYet.has(member) || (used.subscription.get(subscription) ?? 0) >= perSubscription) continue;
    if (mayAskFrom(rollout, subscription) > now) continue;
    if ((used.region.get(region) ?? 0) >= parallel.perRegion) continue;
    const ring = ringOf(member);
    if ((used.ring.get(ring) ?? 0) < (rings[ring]?.atOnce ?? parallel.clusters)) return member;
  }
  return undefined;
}

/** When there may be room by time alone; `undefined` where only the end of a cluster makes room. */
export function roomFrom(rollout: Rollout, now: number): number | undefined {
  const { later, putOff, subscriptions } = rollout.now;
  const all = [
    ...later.map(([, at]) => at),
    ...putOff.map(([, at]) => at),
    ...subscriptions.map((_, subscription) => mayAskFrom(rollout, subscription)),
  ].filter((at) => at > now);
  return all.length > 0 ? Math.min(...all) : undefined;
}

/** From when on AKS may be asked for another cluster's window in a subscription. */
const mayAskFrom = ({ input, now: { asked } }: Rollout, subscription: number): number =>
  input.aksWindow ? (asked[subscription] ?? 0) - windowPace.burstMs : 0;
