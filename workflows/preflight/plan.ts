import type { Plan } from '../../contract/plan.ts';
import { boundedProblems } from '../../contract/problem.ts';
import { type Profile, type ProfileSetting, profileDifference } from '../../contract/profiles.ts';
import type { AccessFacts } from '../../resources/allowances.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { type Unread, unreadTexts } from '../../resources/unread.ts';
import type { Part } from '../engine/part.ts';
import type { WantedInfrastructure } from '../infrastructure/wanted.ts';
import { denialProblems, doubtfulDenials } from './denials.ts';
import { lockProblems, permissionProblems, type RequiredAction, requiredActions } from './permissions.ts';
import { planPolicyProblems } from './policy.ts';

/** Everything that a plan is composed with, besides its parts. */
interface Composition {
  profile: Profile;
  /** Profile settings that act in this run. */
  profileSettings: readonly ProfileSetting[];
  wanted: WantedInfrastructure;
  /** Left out where discovery found nothing to work on, and looked no further. */
  access?: AccessFacts | undefined;
  /** Actions that steps do not need by their kind, such as those of the proof at the end. */
  moreActions?: readonly RequiredAction[];
  /** Resources that steps name, beside their own. */
  moreIds?: readonly string[];
  /** Further reads that were refused beforehand. */
  unread?: readonly Unread[];
  /** Resource ID of the node resource group of a cluster that is there. */
  nodeResourceGroup?: string | undefined;
}

/** Composes a plan of its parts, in the order of the run. Permissions, deny assignments and locks are checked for the steps of all parts. */
export function planOf(
  { cluster, onFailure }: { cluster: ClusterReference; onFailure: 'rollBack' | 'hold' | 'leave' },
  parts: readonly Part[],
  {
    profile,
    profileSettings,
    wanted,
    access,
    unread = [],
    moreActions = [],
    moreIds = [],
    nodeResourceGroup,
  }: Composition,
): Plan {
  const steps = parts.flatMap((part) => part.steps);
  // With onFailure hold, an operator may decide to roll back.
  const rollsBack = onFailure !== 'leave';
  const required = [...requiredActions(steps, wanted, rollsBack), ...moreActions];
  const notSeen = unreadTexts([
    ...unread,
    ...(access ? [...(access.unread ?? []), ...doubtfulDenials(required, access)] : []),
  ]);
  return {
    ...(notSeen.length > 0 && { unread: notSeen }),
    ...(access?.policy?.approvals?.starterMayApprove === false && { byOther: true as const }),
    profile,
    differences: profileSettings.map((setting) => profileDifference(profile, setting)),
    steps,
    problems: boundedProblems([
      ...parts.flatMap(({ problems }) => problems),
      ...(access
        ? [
            ...permissionProblems(required, access),
            ...denialProblems([...requiredActions(steps, wanted, false), ...moreActions], access, required),
            ...lockProblems(steps, access, rollsBack, nodeResourceGroup),
            ...planPolicyProblems(steps, access, rollsBack, cluster, moreIds),
          ]
        : []),
    ]),
  };
}
