import type { InfrastructureTargets } from '../../activities/infrastructure.ts';
import {
  type ClusterChange,
  clusterWorkflowId,
  isOwnedBy,
  type Ownership,
  ownershipTags,
  type ParsedChangeRegistryInput,
  type ParsedDisableIsolationInput,
  type ParsedIsolateClusterInput,
  type ParsedReimageNodePoolsInput,
  type Plan,
  type PlannedStep,
  type Problem,
  type ProfileSetting,
  parentId,
  parseResourceId,
  profileDifference,
  profileSetting,
  resourceReference,
  sameResourceId,
  type ZoneLinkFacts,
} from '../../contract/index.ts';
import { owned } from './createCluster.ts';
import { type InfrastructurePlan, planInfrastructure } from './infrastructure.ts';
import { infrastructureProblems } from './infrastructureProblems.ts';
import {
  bootsFrom,
  bootstrapStep,
  clusterProblems,
  isolationProblems,
  type LivingFacts,
  type LivingInput,
  networkOf,
  nodeSubnets,
  outboundForwardOnly,
  outboundProblems,
  reimagesByItself,
  surgeProblems,
} from './livingCluster.ts';
import { type OldRegistry, oldRegistryPlan } from './oldRegistry.ts';
import { lockProblems, permissionProblems, requiredActions } from './permissions.ts';
import { planRegistrations, type Registrations, registrationOf } from './registrations.ts';
import { approvalStep, planReimages, pullProbeStep } from './reimage.ts';
import { infrastructureRequest, livingTargets, type Targets } from './targets.ts';

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

type Steps = readonly PlannedStep[];

const ids = (steps: Steps): string[] => steps.map(({ id }) => id);

/** What `isolateCluster` is about. */
export const isolationTargets = (input: ParsedIsolateClusterInput, seen: LivingFacts): Targets =>
  targetsIn(input, seen, ownNetwork(seen) && input.outboundType === 'none');

/** What `changeRegistry` is about. */
export const registryChangeTargets = (input: ParsedChangeRegistryInput, seen: LivingFacts): Targets =>
  targetsIn(input, seen, false);

const noTargets: Targets = { identities: {} };

const ownNetwork = ({ managedNetworkId }: LivingFacts): boolean => managedNetworkId === undefined;

function targetsIn(
  input: ParsedIsolateClusterInput | ParsedChangeRegistryInput,
  seen: LivingFacts,
  closesEgress: boolean,
): Targets {
  if (!seen.cluster) return noTargets;
  const nodeSubnetIds = nodeSubnets(seen);
  const [first] = nodeSubnetIds;
  const network = first === undefined ? undefined : { virtualNetworkId: networkOf(first), nodeSubnetIds, closesEgress };
  return livingTargets(input, seen.cluster, network);
}

/** Guide: "Update an existing AKS cluster to network isolated type", and with bring your own ACR. Profile row P4. */
export function planIsolateCluster(input: ParsedIsolateClusterInput, seen: LivingFacts, run: string): LivingPlan {
  const { outboundType, registry } = input;
  const inPhases = profileSetting(input.profile, 'isolationInPhases');
  const targets = isolationTargets(input, seen);
  const artifacts: ClusterChange = { artifactSource: 'Cache', containerRegistryId: targets.registry?.id ?? null };
  const bootstrap = inPhases ? artifacts : { ...artifacts, outboundType };
  const prepared = prepare(input, seen, targets, run);
  const title = inPhases ? 'Images from the registry' : `Images from the registry, and outbound type ${outboundType}`;
  const update = updateSteps(seen, bootstrap, title, prepared, inPhases ? {} : forwardOnly(seen, outboundType));
  const gated = gatedReimages(input, seen, update.bootstrap, update.steps);
  const probe = [pullProbeStep(input.cluster, ids([...update.steps, ...gated.steps]))];
  const cut = inPhases ? cutSteps(input, seen, [...update.steps, ...gated.steps, ...probe]) : [];
  const acts = [...update.steps, ...gated.steps, ...cut].some(({ action }) => action !== 'none');
  const steps = [...update.preparations, ...update.steps, ...gated.steps, ...(acts ? probe : []), ...cut];
  return assembled(input, seen, targets, {
    steps,
    prepared: update.prepared,
    bootstrap,
    ...(update.unlink && { unlink: update.unlink }),
    ...(inPhases && { outbound: { outboundType } }),
    reimages: gated.reimages,
    differences: [
      'isolationInPhases',
      'reimaging',
      ...(registry.mode === 'bringYourOwn' ? (['cacheRule', 'anonymousPull'] as const) : []),
      ...(outboundType === 'block' ? (['outboundTypes'] as const) : []),
      ...(input.profile === 'preview' ? (['featureFlags'] as const) : []),
    ],
    problems: [
      ...isolationProblems(seen, outboundType),
      ...outboundProblems(seen, outboundType),
      ...update.problems,
      ...gated.problems,
      ...(acts ? probeProblems(input, seen) : []),
    ],
  });
}

/** Guide: "Update your ACR ID". Profile row P8. */
export function planChangeRegistry(input: ParsedChangeRegistryInput, seen: LivingFacts, run: string): LivingPlan {
  const targets = registryChangeTargets(input, seen);
  const bootstrap: ClusterChange = { artifactSource: 'Cache', containerRegistryId: targets.registry?.id ?? null };
  const prepared = prepare(input, seen, targets, run);
  const title = targets.registry
    ? `Images from registry ${targets.registry.id.split('/').at(-1)}`
    : 'Images from a registry that AKS manages';
  const update = updateSteps(seen, bootstrap, title, prepared, {});
  const gated = gatedReimages(input, seen, update.bootstrap, update.steps);
  const acts = [...update.steps, ...gated.steps].some(({ action }) => action !== 'none');
  const probe = acts ? [pullProbeStep(input.cluster, ids([...update.steps, ...gated.steps]))] : [];
  const old = oldRegistryPlan(input, seen, [...update.steps, ...gated.steps, ...probe]);
  return assembled(input, seen, targets, {
    steps: [...update.preparations, ...update.steps, ...gated.steps, ...probe, ...old.steps],
    prepared: update.prepared,
    bootstrap,
    ...(update.unlink && { unlink: update.unlink }),
    reimages: gated.reimages,
    removals: old.removals,
    differences: [
      'changingTheRegistry',
      'reimaging',
      ...(input.registry.mode === 'bringYourOwn' ? (['cacheRule', 'anonymousPull'] as const) : []),
    ],
    problems: [
      ...directProblems(seen),
      ...isolationProblems(seen, seen.cluster?.outboundType ?? 'none'),
      ...update.problems,
      ...gated.problems,
      ...(acts ? probeProblems(input, seen) : []),
      ...old.problems,
    ],
  });
}

/** Guide: "Disable network isolated cluster". Profile row P9. */
export function planDisableIsolation(input: ParsedDisableIsolationInput, seen: LivingFacts): LivingPlan {
  const { outboundType } = input;
  const bootstrap: ClusterChange = { artifactSource: 'Direct', outboundType };
  const egress: PlannedStep = {
    ...bootstrapStep(seen, { outboundType }, `Outbound type ${outboundType}`, []),
    id: 'outboundType',
    ...forwardOnly(seen, outboundType),
  };
  // One update does both. They are two steps because their undo is: nodes come in between.
  const update = bootstrapStep(seen, { artifactSource: 'Direct' }, 'Images from Microsoft, in the same update', [
    egress.id,
  ]);
  const both = seen.cluster && [egress, update].some(({ action }) => action !== 'none');
  const changes = [egress, update].map((step): PlannedStep => (both ? { ...step, action: 'update' } : step));
  const gated = gatedReimages(input, seen, { ...update, action: both ? 'update' : 'none' }, changes);
  return assembled(input, seen, noTargets, {
    steps: [...changes, ...gated.steps],
    bootstrap,
    reimages: gated.reimages,
    differences: ['disabling', 'reimaging'],
    problems: [...outboundProblems(seen, outboundType), ...gated.problems],
  });
}

/** Guide: the reimage that follows every update. Profile row P10. */
export function planReimageNodePools(input: ParsedReimageNodePoolsInput, seen: LivingFacts): LivingPlan {
  const gate = input.approvals.includes('reimage') ? [approvalStep('reimage', input.cluster, [])] : [];
  const { cluster, interior } = seen;
  const planned = cluster
    ? planReimages({
        cluster,
        interior,
        options: input.reimage,
        ...(input.agentPools && { only: input.agentPools }),
        current: () => undefined,
        reason: 'asked for',
        needs: ids(gate),
      })
    : { steps: [], pools: [], problems: [] };
  return assembled(input, seen, noTargets, {
    steps: [...gate, ...planned.steps],
    reimages: planned.pools,
    differences: ['reimaging'],
    problems: planned.problems,
  });
}

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
function prepare(
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
function updateSteps(
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
    ...(makesWay && { unlink: link }),
    prepared: waits
      ? { ...prepared, infrastructure: { ...prepared.infrastructure, zoneLink: { ...zoneLink, later: true } } }
      : prepared,
    problems: makesWay && cluster && !isOwnedBy(link.marks, ownerOf(seen)) ? [foreignLink(link)] : [],
  };
}

/** The mark of every run on this cluster. */
const ownerOf = ({ cluster }: LivingFacts): Ownership => {
  const { subscriptionId = '', resourceGroup = '', name = '' } = (cluster && parseResourceId(cluster.id)) ?? {};
  return { [ownershipTags.workflow]: clusterWorkflowId({ subscriptionId, resourceGroup, name }) };
};

const unlinkStep = ({ id }: ZoneLinkFacts): PlannedStep => ({
  id: 'unlink',
  title: `Delete the link of ${resourceReference(parentId(id)).name} to the network`,
  action: 'delete',
  reason: 'AKS links the zone of its own registry, and a network takes one',
  needs: [],
  resourceId: id,
});

const foreignLink = ({ id }: ZoneLinkFacts): Problem => ({
  where: id,
  problem: 'the network is linked to this zone, and AKS cannot link it to that of the registry that it manages as well',
  whatToDo: 'Delete the link if nothing else needs it, or use a registry of your own.',
});

function gatedReimages(
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
    needs: [...needs, ...(asked ? ['approve:reimage'] : [])],
  });
  const gate = asked && planned.pools.length > 0 ? [approvalStep('reimage', input.cluster, needs)] : [];
  const steps = planned.steps.map((step) => ({
    ...step,
    needs: gate.length > 0 ? step.needs : step.needs.filter((id) => id !== 'approve:reimage'),
  }));
  return { steps: [...gate, ...steps], reimages: planned.pools, problems: planned.problems };
}

/** The point of no return: only once every pool is proven. */
function cutSteps(input: ParsedIsolateClusterInput, seen: LivingFacts, before: Steps): PlannedStep[] {
  const { outboundType } = input;
  const cut: PlannedStep = {
    ...bootstrapStep(seen, { outboundType }, `Outbound type ${outboundType}: egress is cut`, ids(before)),
    id: 'outboundType',
    ...forwardOnly(seen, outboundType),
  };
  if (cut.action === 'none' || !input.approvals.includes('cutEgress')) return [cut];
  const gate = approvalStep('cutEgress', input.cluster, ids(before));
  return [gate, { ...cut, needs: [...cut.needs, gate.id] }];
}

function forwardOnly({ cluster }: LivingFacts, outboundType: string): { forwardOnly?: string } {
  const why = cluster && outboundForwardOnly(cluster, outboundType);
  return why === undefined ? {} : { forwardOnly: why };
}

function directProblems({ cluster }: LivingFacts): Problem[] {
  if (!cluster || cluster.artifactSource === 'Cache') return [];
  const problem = 'its nodes get their images from Microsoft directly, not from a registry';
  return [{ where: cluster.id, problem, whatToDo: 'Use isolateCluster.' }];
}

function probeProblems(
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

function assembled(
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
