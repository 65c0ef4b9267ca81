import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import { clusterWorkflowId } from '../../contract/names.ts';
import type { Plan, PlannedStep } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import { type ProfileSetting, profileDifference, profileSetting } from '../../contract/profiles.ts';
import type { Discovered, DiscoveryRequest } from '../../resources/discovery.ts';
import { clusterId, resourceGroupId } from '../../resources/ids.ts';
import type { InfrastructureTargets } from '../../resources/infrastructure.ts';
import {
  type ClusterFacts,
  type ClusterSpecification,
  clusterDifferences,
  isBusy,
} from '../../resources/managedClusters.ts';
import { isOwnedBy, ownershipTags } from '../../resources/ownership.ts';
import { isFinal, type ResourceFacts } from '../../resources/provisioningState.ts';
import { owned } from '../engine/owner.ts';
import { type InfrastructurePlan, planInfrastructure } from '../infrastructure/plan.ts';
import { infrastructureProblems } from '../infrastructure/problems.ts';
import {
  infrastructureRequest,
  permissionScopes,
  subnetOf,
  type Targets,
  targetsOf,
} from '../infrastructure/targets.ts';
import { oneZoneProblem, unseenSubscription } from '../preflight/commonProblems.ts';
import { lockProblems, permissionProblems, requiredActions } from '../preflight/permissions.ts';
import { quotaProblems } from '../preflight/quota.ts';
import {
  lookedAtProviders,
  planRegistrations,
  type RegistrationNeeds,
  type Registrations,
  registrationOf,
  requiredFeatures,
} from '../registrations/plan.ts';
import { chooseKubernetesVersion } from './kubernetesVersion.ts';

/** What `createCluster` is going to do, and with what. */
export interface CreateClusterPlan extends Plan {
  registrations: Registrations;
  specification: ClusterSpecification;
  infrastructure: InfrastructurePlan;
  /** What the read-back looks at. */
  targets: InfrastructureTargets;
}

/** What discovery is to look at. */
export function discoveryRequest(input: ParsedCreateClusterInput): DiscoveryRequest {
  const { cluster, location } = input;
  const targets = targetsOf(input);
  return {
    cluster,
    location,
    nodeResourceGroup: nodeResourceGroup(input),
    providers: [...lookedAtProviders],
    features: [...requiredFeatures(registrationNeeds(input))],
    infrastructure: infrastructureRequest(input, targets),
    allowances: {
      subscriptionId: cluster.subscriptionId,
      location,
      scopes: permissionScopes(input, targets),
      vmSizes: [...new Set(input.agentPoolProfiles.map(({ vmSize }) => vmSize))],
    },
  };
}

/** Plans the guide's sections "Deploy a network isolated cluster with AKS-managed ACR" and "… with bring your own ACR". */
export function planCreateCluster(input: ParsedCreateClusterInput, seen: Discovered, run: string): CreateClusterPlan {
  const targets = targetsOf(input);
  const kubernetesVersion = chooseKubernetesVersion(input, seen);
  const specification = clusterSpecification(input, targets, seen, kubernetesVersion.version, run);
  const { registrations, steps: registering } = planRegistrations(registrationNeeds(input, seen.cluster), seen);
  const group = resourceGroupStep(input, seen);
  const infrastructure = planInfrastructure(input, targets, seen.infrastructure, owned(input, run), (namespace) => [
    group.id,
    ...registrationOf(namespace, registering),
  ]);
  const cluster = clusterStep(input, seen, [
    group,
    ...registering.filter(({ id }) => id.startsWith('provider:')),
    ...infrastructure.steps,
  ]);
  const steps = [...registering, group, ...infrastructure.steps, cluster];
  return {
    profile: input.profile,
    differences: actingDifferences(input).map((setting) => profileDifference(input.profile, setting)),
    steps,
    problems: seen.subscription
      ? [
          ...kubernetesVersion.problems,
          ...placeProblems(input, seen),
          ...infrastructureProblems(
            input,
            targets,
            seen.infrastructure,
            infrastructure.plan,
            seen.cluster !== undefined,
          ),
          ...clusterProblems(input, seen, specification),
          // Azure does not tell sizes and quota before Microsoft.Compute is registered.
          ...(seen.cluster || seen.providers['Microsoft.Compute'] !== 'Registered'
            ? []
            : quotaProblems(input, seen.allowances)),
          ...permissionProblems(requiredActions(input, targets, steps), seen.allowances),
          ...lockProblems(steps, seen.allowances, input.onFailure !== 'leave'),
        ]
      : [unseenSubscription(input)],
    registrations,
    specification,
    infrastructure: infrastructure.plan,
    targets: infrastructureRequest(input, targets),
  };
}

/** AKS's own default, which it cuts at the 80 characters that a node resource group may have. It must not end in a dot. */
function nodeResourceGroup({ nodeResourceGroup: given, cluster, location }: ParsedCreateClusterInput): string {
  return given ?? `MC_${cluster.resourceGroup}_${cluster.name}_${location}`.slice(0, 80).replace(/\.+$/, '');
}

/** What the input leaves open, a cluster that is there keeps. */
function clusterSpecification(
  input: ParsedCreateClusterInput,
  targets: Targets,
  { cluster: found }: Discovered,
  kubernetesVersion: string,
  run: string,
): ClusterSpecification {
  const { cluster, apiServerAccess } = input;
  const enableVnetIntegration = apiServerAccess === 'vnetIntegration';
  const { controlPlane, kubelet } = targets.identities;
  const nodes = subnetOf(targets, 'nodeSubnet');
  const apiServer = subnetOf(targets, 'apiServerSubnet');
  return {
    cluster,
    location: input.location,
    tags: { ...input.tags, ...owned(input, run) },
    kubernetesVersion,
    dnsPrefix: input.dnsPrefix ?? found?.dnsPrefix ?? defaultDnsPrefix(input),
    nodeResourceGroup: nodeResourceGroup(input),
    identity: controlPlane ? { type: 'UserAssigned', resourceId: controlPlane.id } : { type: 'SystemAssigned' },
    agentPoolProfiles: input.agentPoolProfiles,
    artifactSource: 'Cache',
    outboundType: input.outboundType,
    ...(input.serviceCidr !== undefined && { serviceCidr: input.serviceCidr }),
    enablePrivateCluster: !enableVnetIntegration || profileSetting(input.profile, 'privateClusterWithVnetIntegration'),
    enableVnetIntegration,
    ...(targets.registry && { containerRegistryId: targets.registry.id }),
    ...(nodes && { vnetSubnetId: nodes.id }),
    ...(apiServer && { apiServerSubnetId: apiServer.id }),
    ...(kubelet && { kubeletIdentityId: kubelet.id }),
  };
}

/** As the Azure CLI makes it: cluster, resource group and subscription, shortened. */
function defaultDnsPrefix({ cluster }: ParsedCreateClusterInput): string {
  const name = cluster.name.replace(/[^A-Za-z0-9-]/g, '').slice(0, 10);
  const group = cluster.resourceGroup.replace(/[^A-Za-z0-9-]/g, '').slice(0, 16);
  return `${name}-${group}-${cluster.subscriptionId.slice(0, 6)}`;
}

/** Whether an earlier run of the same workflow, which ended without undo, made this cluster. */
export const madeByEarlierRun = (input: Pick<ParsedCreateClusterInput, 'cluster'>, found: ClusterFacts): boolean =>
  found.tags[ownershipTags.workflow] === clusterWorkflowId(input.cluster);

/** Whether something around the cluster is still being made for an earlier run of the same workflow. */
export function isSettling(
  input: Pick<ParsedCreateClusterInput, 'cluster'>,
  { infrastructure }: Pick<Discovered, 'infrastructure'>,
): boolean {
  const { virtualNetwork, registry, privateEndpoint, privateDnsZone } = infrastructure;
  const owner = { [ownershipTags.workflow]: clusterWorkflowId(input.cluster) };
  const isOurs = (facts: ResourceFacts | undefined) => facts !== undefined && isOwnedBy(facts.marks, owner);
  return [
    ...(isOurs(virtualNetwork) ? [virtualNetwork, ...(virtualNetwork?.subnets ?? [])] : []),
    ...(isOurs(registry) ? [registry, ...(registry?.cacheRules ?? [])] : []),
    ...(isOurs(privateEndpoint) ? [privateEndpoint] : []),
    ...(isOurs(privateDnsZone) ? [privateDnsZone, ...(privateDnsZone?.links ?? [])] : []),
  ].some((facts) => facts && !isFinal(facts.provisioningState));
}

const registrationNeeds = (
  { cluster, profile, apiServerAccess }: ParsedCreateClusterInput,
  found?: ClusterFacts,
): RegistrationNeeds => ({
  subscriptionId: cluster.subscriptionId,
  profile,
  vnetIntegration: apiServerAccess === 'vnetIntegration',
  settled: found !== undefined,
});

function actingDifferences(input: ParsedCreateClusterInput): ProfileSetting[] {
  return [
    'featureFlags',
    ...(input.apiServerAccess === 'vnetIntegration' ? (['privateClusterWithVnetIntegration'] as const) : []),
    ...(input.registry.mode === 'bringYourOwn' ? (['cacheRule', 'anonymousPull'] as const) : []),
    ...(input.outboundType === 'block' ? (['outboundTypes'] as const) : []),
    ...(input.kubernetesVersion === undefined ? (['defaultKubernetesVersion'] as const) : []),
  ];
}

function resourceGroupStep({ cluster }: ParsedCreateClusterInput, { resourceGroup }: Discovered): PlannedStep {
  return {
    id: 'resourceGroup',
    title: `Resource group ${cluster.resourceGroup}`,
    action: resourceGroup ? 'none' : 'create',
    reason: resourceGroup ? `found in ${resourceGroup.location}` : 'absent',
    needs: [],
    resourceId: resourceGroupId(cluster.subscriptionId, cluster.resourceGroup),
  };
}

function clusterStep(
  input: ParsedCreateClusterInput,
  { cluster: found }: Discovered,
  needs: PlannedStep[],
): PlannedStep {
  const state = found?.provisioningState;
  const step = {
    id: 'cluster',
    title: `Cluster ${input.cluster.name}`,
    needs: needs.map(({ id }) => id),
    resourceId: clusterId(input.cluster),
  };
  if (state === undefined) return { ...step, action: 'create', reason: 'absent' };
  if (state === 'Succeeded') return { ...step, action: 'none', reason: 'found as wanted' };
  return { ...step, action: 'update', reason: `${state}: created again`, forwardOnly: 'It was there before this run' };
}

/** Subscription, region and groups. */
function placeProblems(input: ParsedCreateClusterInput, seen: Discovered): Problem[] {
  const { cluster, location } = input;
  const subscriptionId = `/subscriptions/${cluster.subscriptionId}`;
  const problems: Problem[] = [];
  if (seen.subscription?.state !== 'Enabled') {
    const problem = `the subscription is ${seen.subscription?.state}`;
    problems.push({ where: subscriptionId, problem, whatToDo: 'Enable it, or use another one.' });
  }
  if (!seen.subscription?.locations.includes(location)) {
    const problem = `${location} is no region of this subscription`;
    problems.push({
      where: 'location',
      problem,
      whatToDo: 'Use one that `az account list-locations --query [].name` prints.',
    });
  }
  if (seen.resourceGroup?.provisioningState === 'Deleting') {
    const where = resourceGroupId(cluster.subscriptionId, cluster.resourceGroup);
    problems.push({ where, problem: 'the resource group is being deleted', whatToDo: 'Wait until it is gone.' });
  }
  const [linked] = seen.infrastructure.otherLinkedZones;
  if (input.registry.mode === 'managed' && linked !== undefined && !seen.cluster) problems.push(oneZoneProblem(linked));
  if (seen.nodeResourceGroup && !seen.cluster) {
    const where = resourceGroupId(cluster.subscriptionId, nodeResourceGroup(input));
    const problem = 'AKS creates the node resource group itself, and it is there already';
    problems.push({ where, problem, whatToDo: 'Remove it, or give another name as nodeResourceGroup.' });
  }
  return problems;
}

/** `createCluster` never changes a cluster that is there. */
function clusterProblems(
  input: ParsedCreateClusterInput,
  { cluster: found }: Discovered,
  wanted: ClusterSpecification,
): Problem[] {
  if (!found) return [];
  const where = clusterId(input.cluster);
  if (isBusy(found)) {
    const problem = `an operation is in progress (${found.provisioningState})`;
    return [{ where, problem, whatToDo: 'Wait for it, or stop it with `az aks operation-abort`.' }];
  }
  if (found.provisioningState !== 'Succeeded' && !madeByEarlierRun(input, found)) {
    const problem = `the cluster is there and its state is ${found.provisioningState}`;
    return [{ where, problem, whatToDo: 'Repair or delete it: it was not created by this product.' }];
  }
  const whatToDo = 'Correct the input, or use another name: createCluster does not change a cluster that is there.';
  return clusterDifferences(wanted, found).map((problem) => ({ where, problem, whatToDo }));
}
