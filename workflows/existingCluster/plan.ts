import type { ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { Plan, PlannedStep, PlannedTurns, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { ProfileSetting } from '../../contract/profiles.ts';
import type { AgentPoolFacts, LeftCopy } from '../../resources/agentPools.ts';
import type { AccessFacts } from '../../resources/allowances.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { agentPoolId, resourceGroupId, sameResourceId } from '../../resources/ids.ts';
import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import type { ClusterChange, ClusterFacts } from '../../resources/managedClusters.ts';
import type { ZoneLinkFacts } from '../../resources/privateDns.ts';
import { type Part, stepIds } from '../engine/part.ts';
import { leftBehind, leftMarkSteps } from '../infrastructure/secondMarks.ts';
import type { InfrastructurePlan } from '../infrastructure/specification.ts';
import { infrastructureRequest, type WantedInfrastructure } from '../infrastructure/wanted.ts';
import { lockdownProblems, mayWriteTags, type RequiredAction } from '../preflight/permissions.ts';
import { planOf } from '../preflight/plan.ts';
import { surgeProblems } from '../preflight/quota.ts';
import type { Registrations } from '../registrations/plan.ts';
import type { Removal } from '../removal/kinds.ts';
import { type ExistingClusterInput, reimagesByItself } from './facts.ts';
import type { Preparations } from './preparations.ts';
import { existingClusterProblems } from './problems.ts';

/** The changes of an update: on the cluster, on its nodes, and to the registry that it leaves. */
interface Changes {
  /** Left out: the cluster is only reimaged. */
  bootstrap?: ClusterChange;
  /** Left out: egress stays as it is, or changes with {@link bootstrap}. */
  outbound?: ClusterChange;
  /** The link of one's own zone, which goes before AKS links its own. */
  unlink?: ZoneLinkFacts;
  /** Pools that are reimaged, in the order in which they begin. */
  reimages: readonly AgentPoolFacts[];
  removals: readonly Removal[];
  /** Temporary copies of pools that earlier runs have left. */
  copies?: readonly LeftCopy[];
  turns?: PlannedTurns;
}

/** The plan of a scenario on an existing cluster, with everything that its steps need. */
export interface UpdatePlan extends Plan, Changes {
  registrations?: Registrations;
  infrastructure: InfrastructurePlan;
  /** Steps that take the second mark off what the cluster leaves. */
  leftMarks: readonly PlannedStep[];
  /** The request of the read-back. */
  infrastructureRequest: InfrastructureRequest;
}

/** A part of such a plan, with the changes that its steps make. */
export type UpdatePart = Part & Partial<Changes>;

/** The needs of a pool and its temporary copy where AKS leaves the pool as it is. */
function replacementActions(
  whenNotReimaged: ParsedIsolateClusterInput['reimage']['whenNotReimaged'],
  cluster: ClusterFacts | undefined,
  pools: readonly AgentPoolFacts[],
): RequiredAction[] {
  if (!cluster || whenNotReimaged !== 'temporaryPool') return [];
  return pools.flatMap(({ name }) =>
    ['write', 'delete'].map((verb) => ({
      resourceId: agentPoolId(cluster.id, name),
      action: `Microsoft.ContainerService/managedClusters/agentPools/${verb}`,
    })),
  );
}

/** Plans to take the mark off what the cluster uses no more, once nothing can go wrong any more but this. */
const planLeftMarks = (
  { marked = [], discovered }: ExistingClusterFacts,
  wanted: WantedInfrastructure,
  needs: readonly StepId[],
): PlannedStep[] =>
  leftMarkSteps(leftBehind(marked, wanted), needs, (id) => !discovered || mayWriteTags(id, discovered.allowances));

/** The deny assignment by which lockdown acts needs no second problem. */
const withoutLockdown = (access: AccessFacts, lockdown: readonly Problem[]): AccessFacts => ({
  ...access,
  denials: (access.denials ?? []).filter(({ scope }) => !lockdown.some(({ where }) => sameResourceId(where, scope))),
});

/** Composes the plan of a scenario on an existing cluster, and adds the problems that these scenarios have in common. */
export function planUpdate(
  input: ExistingClusterInput & Pick<ParsedIsolateClusterInput, 'reimage' | 'onFailure'>,
  seen: ExistingClusterFacts,
  { wanted, registrations, infrastructure }: Preparations,
  parts: readonly UpdatePart[],
  profileSettings: readonly ProfileSetting[],
): UpdatePlan {
  const { profile, reimage } = input;
  const { cluster, discovered } = seen;
  const changes: Changes = { reimages: [], removals: [] };
  for (const { steps: _steps, problems: _problems, ...more } of parts) Object.assign(changes, more);
  const byItself = cluster && reimagesByItself(cluster) && changes.bootstrap;
  const nodeResourceGroup = cluster && resourceGroupId(input.cluster.subscriptionId, cluster.nodeResourceGroup);
  const lockdown =
    nodeResourceGroup !== undefined && cluster?.nodeGroupRestriction?.toLowerCase() === 'readonly'
      ? lockdownProblems(
          [infrastructure, ...parts].flatMap(({ steps }) => steps),
          nodeResourceGroup,
          wanted.virtualNetwork?.id,
        )
      : [];
  const leftMarks = planLeftMarks(
    seen,
    wanted,
    stepIds([registrations, infrastructure, ...parts].flatMap(({ steps }) => steps)),
  );
  const plan = planOf(
    input,
    [
      { steps: [], problems: existingClusterProblems(input, seen) },
      registrations,
      // Operators read first what is wrong with the cluster, then what is wrong around it.
      { ...infrastructure, problems: [] },
      ...parts,
      { steps: leftMarks, problems: [] },
      { steps: [], problems: infrastructure.problems },
      { steps: [], problems: lockdown },
      { steps: [], problems: surgeProblems(seen, changes.reimages, reimage) },
    ],
    {
      profile,
      profileSettings: [...profileSettings, ...(byItself ? (['reimageByItself'] as const) : [])],
      wanted,
      access: discovered && withoutLockdown(discovered.allowances, lockdown),
      unread: [
        ...(seen.unread ?? []),
        ...(seen.old?.unread ?? []),
        ...(discovered?.unread ?? []),
        ...(discovered?.infrastructure.unread ?? []),
      ],
      moreActions: replacementActions(reimage.whenNotReimaged, cluster, changes.reimages),
      // Undo gives the cluster its registry back.
      moreIds: changes.bootstrap && cluster?.containerRegistryId ? [cluster.containerRegistryId] : [],
      nodeResourceGroup,
    },
  );
  return {
    ...plan,
    ...(registrations.registrations && { registrations: registrations.registrations }),
    infrastructure: infrastructure.infrastructure,
    leftMarks,
    infrastructureRequest: infrastructureRequest(input, cluster?.location ?? '', wanted),
    ...changes,
  };
}
