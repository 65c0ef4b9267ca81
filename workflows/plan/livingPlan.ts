import type { ParsedChangeRegistryInput, ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { Plan, PlannedStep } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import { type ProfileSetting, profileDifference } from '../../contract/profiles.ts';
import type { LivingFacts } from '../../resources/discovery.ts';
import { parentId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { InfrastructureTargets } from '../../resources/infrastructure.ts';
import { type ClusterChange, type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import { isOwnedBy } from '../../resources/ownership.ts';
import type { ZoneLinkFacts } from '../../resources/privateDns.ts';
import { owned, ownerOf } from '../engine/owner.ts';
import { type InfrastructurePlan, planInfrastructure } from '../infrastructure/plan.ts';
import { infrastructureProblems } from '../infrastructure/problems.ts';
import { infrastructureRequest, livingTargets, type Targets } from '../infrastructure/targets.ts';
import { bootsFrom } from '../nodes/probe.ts';
import { oneZoneProblem } from '../preflight/commonProblems.ts';
import { lockProblems, permissionProblems, requiredActions } from '../preflight/permissions.ts';
import { surgeProblems } from '../preflight/quota.ts';
import { planRegistrations, type Registrations, registrationOf } from '../registrations/plan.ts';
import type { OldRegistry } from '../removal/oldRegistry.ts';
import {
  bootstrapStep,
  clusterProblems,
  type LivingInput,
  networkOf,
  nodeSubnets,
  outboundForwardOnly,
  reimagesByItself,
} from './livingCluster.ts';
import { approvalStep, noWayBack, planReimages } from './reimage.ts';

/** What a scenario on a cluster that is there is going to do, and with what. */
export interface LivingPlan extends Plan {
  registrations?: Registrations;
  infrastructure: InfrastructurePlan;
  /** What the read-back looks at. */
  targets: InfrastructureTargets;
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
export const ids = (steps: Steps): string[] => steps.map(({ id }) => id);

export const noTargets: Targets = { identities: {} };

/** Whether the nodes are in a network of one's own. */
export const hasNoManagedNetwork = ({ managedNetworkId }: LivingFacts): boolean => managedNetworkId === undefined;

/** What an update is about. */
export function targetsIn(
  input: ParsedIsolateClusterInput | ParsedChangeRegistryInput,
  seen: LivingFacts,
  closesEgress: boolean,
): Targets {
  if (!seen.cluster) return noTargets;
  const nodeSubnetIds = nodeSubnets(seen);
  const [first] = nodeSubnetIds;
  const network = first === undefined ? undefined : { virtualNetworkId: networkOf(first), nodeSubnetIds, closesEgress };
  return livingTargets(input, seen.cluster, seen.registryEndpointIds, network);
}

/** Whether the cluster is told already to boot its nodes from the registry that is wanted. */
export const bootsFromWanted = (found: ClusterFacts, { registry }: Targets): boolean =>
  found.artifactSource === 'Cache' &&
  (registry ? sameResourceId(found.containerRegistryId, registry.id) : hasManagedRegistry(found));

interface Prepared {
  registrations: Registrations;
  infrastructure: InfrastructurePlan;
  steps: PlannedStep[];
}

const noInfrastructure: InfrastructurePlan = {
  subnets: [],
  records: [],
  identities: {},
  roles: [],
  found: { identities: {} },
};

/** Registrations, and a registry of one's own with what makes it reachable. */
export function prepare(
  input: ParsedIsolateClusterInput | ParsedChangeRegistryInput,
  { cluster, surroundings }: LivingFacts,
  targets: Targets,
  run: string,
): Prepared {
  const { subscriptionId } = input.cluster;
  if (!cluster || !surroundings) {
    const registrations = { subscriptionId, features: [], providers: [] };
    return { registrations, infrastructure: noInfrastructure, steps: [] };
  }
  const needs = {
    subscriptionId,
    profile: input.profile,
    vnetIntegration: false,
    settled: cluster.artifactSource === 'Cache',
  };
  const { registrations, steps } = planRegistrations(needs, surroundings);
  const planned = planInfrastructure(
    { ...input, location: cluster.location },
    targets,
    surroundings.infrastructure,
    owned(input, run),
    (namespace) => registrationOf(namespace, steps),
  );
  return { registrations, infrastructure: planned.plan, steps: [...steps, ...planned.steps] };
}

/**
 * The update of the cluster, and the link of the registry's zone where it has to wait for it, or to make way for it: Azure
 * links a network to one zone of a name only, and AKS links that of its own registry.
 */
export function updateSteps(
  input: Pick<LivingInput, 'cluster'>,
  seen: LivingFacts,
  change: ClusterChange,
  title: string,
  prepared: Prepared,
  more: Pick<PlannedStep, 'forwardOnly'>,
) {
  const { cluster, zoneLink: link } = seen;
  const { zoneLink } = prepared.infrastructure;
  const inNodeGroup = sameResourceId(link && resourceReference(link.id).resourceGroup, cluster?.nodeResourceGroup);
  const differs = bootstrapStep(seen, change, title, []).action !== 'none';
  const makesWay = link !== undefined && !inNodeGroup && change.containerRegistryId === null && differs;
  const waits =
    zoneLink !== undefined &&
    inNodeGroup &&
    prepared.steps.some(({ id, action }) => id === 'zoneLink' && action !== 'none');
  const later = prepared.steps.filter(({ id }) => waits && id === 'zoneLink');
  const preparations = prepared.steps.filter((step) => !later.includes(step));
  const unlink = makesWay ? [unlinkStep(link)] : [];
  const bootstrap = { ...bootstrapStep(seen, change, title, ids([...preparations, ...unlink])), ...more };
  return {
    preparations,
    bootstrap,
    steps: [...unlink, bootstrap, ...later.map((step) => ({ ...step, needs: [...step.needs, bootstrap.id] }))],
    // What nodes boot from stays until they have gone back: undo takes it away after them.
    reachability: preparations.filter(({ id }) => !/^(feature|provider):/.test(id)),
    ...(makesWay && { unlink: link }),
    prepared: waits
      ? { ...prepared, infrastructure: { ...prepared.infrastructure, zoneLink: { ...zoneLink, later: true } } }
      : prepared,
    problems: makesWay && cluster && !isOwnedBy(link.marks, ownerOf(input)) ? [oneZoneProblem(link.id)] : [],
  };
}

const unlinkStep = ({ id }: ZoneLinkFacts): PlannedStep => ({
  id: 'unlink',
  title: `Delete the link of ${resourceReference(parentId(id)).name} to the network`,
  action: 'delete',
  reason: 'AKS links the zone of its own registry, and a network takes one',
  needs: [],
  resourceId: id,
});

/** The reimage of the pools that need one, after an approval if that is asked for. It waits for all of `before`. */
export function gatedReimages(
  input: Pick<ParsedIsolateClusterInput, 'cluster' | 'reimage'> & { approvals: readonly string[] },
  seen: LivingFacts,
  update: PlannedStep,
  before: Steps,
): { steps: PlannedStep[]; reimages: string[]; problems: Problem[] } {
  const { cluster, interior, imageSource = 'Direct' } = seen;
  if (!cluster) return { steps: [], reimages: [], problems: [] };
  const changes = update.action !== 'none';
  const asked = input.approvals.includes('reimage');
  const needs = ids(before);
  const planned = planReimages({
    cluster,
    interior,
    options: input.reimage,
    // Where nodes are to boot from is known only while the cluster stays as it is.
    current: changes ? () => undefined : bootsFrom(seen, imageSource),
    reason: changes ? 'the bootstrap of its nodes changes' : 'its nodes are not known to boot as the cluster says',
    ...(changes ? {} : { forwardOnly: noWayBack }),
    needs: [...needs, ...(asked ? ['approve:reimage'] : [])],
  });
  const gate = asked && planned.pools.length > 0 ? [approvalStep('reimage', input.cluster, needs)] : [];
  const steps = planned.steps.map((step) => ({
    ...step,
    needs: gate.length > 0 ? step.needs : step.needs.filter((id) => id !== 'approve:reimage'),
  }));
  return { steps: [...gate, ...steps], reimages: planned.pools, problems: planned.problems };
}

/** Whether an outbound type can be put back. */
export function forwardOnly({ cluster }: LivingFacts, outboundType: string): { forwardOnly?: string } {
  const why = cluster && outboundForwardOnly(cluster, outboundType);
  return why === undefined ? {} : { forwardOnly: why };
}

/** Nodes can prove nothing where nobody may run a command on them. */
export function probeProblems(
  { probes }: Pick<ParsedIsolateClusterInput, 'probes'>,
  { cluster, interior }: LivingFacts,
): Problem[] {
  if (!cluster || probes !== 'required' || !('unseen' in interior) || interior.unseen.because !== 'notAllowed')
    return [];
  return [
    {
      where: cluster.id,
      problem: `run-command is not allowed, so that no node can show that it pulls through the registry (${interior.unseen.message})`,
      whatToDo: 'Allow it for the run, or set probes to ifAllowed.',
    },
  ];
}

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
  input: LivingInput & Pick<ParsedIsolateClusterInput, 'reimage' | 'onFailure'> & { tags?: Record<string, string> },
  seen: LivingFacts,
  targets: Targets,
  { steps, prepared, reimages, removals = [], differences, problems, ...changes }: Parts,
): LivingPlan {
  const { cluster, surroundings } = seen;
  const location = cluster?.location ?? '';
  const infrastructure = prepared?.infrastructure ?? noInfrastructure;
  const itself = cluster && reimagesByItself(cluster) && changes.bootstrap ? (['reimageByItself'] as const) : [];
  return {
    profile: input.profile,
    differences: [...differences, ...itself].map((setting) => profileDifference(input.profile, setting)),
    steps,
    problems: [
      ...clusterProblems(input, seen),
      ...problems,
      ...(surroundings
        ? [
            ...infrastructureProblems(
              { ...input, tags: input.tags ?? {}, location },
              targets,
              infrastructure.zoneLink?.later
                ? { ...surroundings.infrastructure, otherLinkedZones: [] }
                : surroundings.infrastructure,
              infrastructure,
              true,
            ),
            ...surgeProblems(seen, reimages, input.reimage.maxParallelPools),
            ...permissionProblems(requiredActions(input, targets, steps), surroundings.allowances),
            ...lockProblems(steps, surroundings.allowances, input.onFailure !== 'leave'),
          ]
        : []),
    ],
    ...(prepared && { registrations: prepared.registrations }),
    infrastructure,
    targets: infrastructureRequest({ cluster: input.cluster, location }, targets),
    ...changes,
    reimages,
    removals,
  };
}
