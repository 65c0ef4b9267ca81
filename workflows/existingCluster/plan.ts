import type { ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { Plan, PlannedStep, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import { type ProfileSetting, profileDifference } from '../../contract/profiles.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import type { ClusterChange } from '../../resources/managedClusters.ts';
import type { ZoneLinkFacts } from '../../resources/privateDns.ts';
import type { InfrastructurePlan } from '../infrastructure/plan.ts';
import { infrastructureProblems } from '../infrastructure/problems.ts';
import { infrastructureRequest, type WantedInfrastructure } from '../infrastructure/wanted.ts';
import { lockProblems, permissionProblems, requiredActions } from '../preflight/permissions.ts';
import { surgeProblems } from '../preflight/quota.ts';
import type { Registrations } from '../registrations/plan.ts';
import type { OldRegistry } from '../removal/oldRegistry.ts';
import { type ExistingClusterInput, reimagesByItself } from './facts.ts';
import { noInfrastructure, type Prepared } from './preparations.ts';
import { existingClusterProblems } from './problems.ts';

/** What a scenario on a cluster that is there is going to do, and with what. */
export interface UpdatePlan extends Plan {
  registrations?: Registrations;
  infrastructure: InfrastructurePlan;
  /** What the read-back looks at. */
  infrastructureRequest: InfrastructureRequest;
  /** Left out: the cluster is only reimaged. */
  bootstrap?: ClusterChange;
  /** Left out: egress stays as it is, or changes with {@link bootstrap}. */
  outbound?: ClusterChange;
  /** Pools that are reimaged, in the order in which they begin. */
  reimages: string[];
  removals: OldRegistry;
  /** The link of one's own zone, which goes before AKS links its own. */
  unlink?: ZoneLinkFacts;
}

export type Steps = readonly PlannedStep[];

/** IDs of steps. */
export const ids = (steps: Steps): StepId[] => steps.map(({ id }) => id);

interface Parts {
  steps: PlannedStep[];
  prepared?: Prepared;
  bootstrap?: ClusterChange;
  outbound?: ClusterChange;
  reimages: string[];
  removals?: OldRegistry;
  unlink?: ZoneLinkFacts;
  differences: readonly ProfileSetting[];
  problems: readonly Problem[];
}

/** The plan, with every problem that scenarios on a cluster that is there have in common. */
export function assembled(
  input: ExistingClusterInput &
    Pick<ParsedIsolateClusterInput, 'reimage' | 'onFailure'> & { tags?: Record<string, string> },
  seen: ExistingClusterFacts,
  wanted: WantedInfrastructure,
  { steps, prepared, reimages, removals = [], differences, problems, ...changes }: Parts,
): UpdatePlan {
  const { cluster, discovered } = seen;
  const location = cluster?.location ?? '';
  const infrastructure = prepared?.infrastructure ?? noInfrastructure;
  const itself = cluster && reimagesByItself(cluster) && changes.bootstrap ? (['reimageByItself'] as const) : [];
  return {
    profile: input.profile,
    differences: [...differences, ...itself].map((setting) => profileDifference(input.profile, setting)),
    steps,
    problems: [
      ...existingClusterProblems(input, seen),
      ...problems,
      ...(discovered
        ? [
            ...infrastructureProblems(
              { ...input, tags: input.tags ?? {}, location },
              wanted,
              infrastructure.zoneLink?.later
                ? { ...discovered.infrastructure, otherLinkedZones: [] }
                : discovered.infrastructure,
              infrastructure,
              true,
            ),
            ...surgeProblems(seen, reimages, input.reimage.maxParallelPools),
            ...permissionProblems(requiredActions(input, wanted, steps), discovered.allowances),
            ...lockProblems(steps, discovered.allowances, input.onFailure !== 'leave'),
          ]
        : []),
    ],
    ...(prepared && { registrations: prepared.registrations }),
    infrastructure,
    infrastructureRequest: infrastructureRequest({ cluster: input.cluster, location }, wanted),
    ...changes,
    reimages,
    removals,
  };
}
