import type { MemberEnd } from '../contract/fleet.ts';
import { checkedInput } from './engine/givenInput.ts';
import { Member, memberTask } from './fleet/member.ts';

/**
 * The part of a rollout that works on one cluster: audits it, runs the scenario under the cluster's lock, audits it again, and tells the
 * rollout in a few words how that came out. `rolloutFleet` starts it, and nobody else: the results of scenarios stay here, where a
 * rollout of thousands would not hold them.
 */
export async function fleetMember(given: unknown): Promise<MemberEnd> {
  return new Member(checkedInput(memberTask, given)).run();
}
