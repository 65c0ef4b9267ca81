import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { Plan, PlannedStep } from '../../contract/plan.ts';
import { type ProfileSetting, profileDifference } from '../../contract/profiles.ts';
import type { Discovered, DiscoveryRequest } from '../../resources/discovery.ts';
import { clusterId, resourceGroupId } from '../../resources/ids.ts';
import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import type { ClusterFacts, ClusterSpecification } from '../../resources/managedClusters.ts';
import { runMarks } from '../engine/marks.ts';
import { type InfrastructurePlan, planInfrastructure } from '../infrastructure/plan.ts';
import { infrastructureProblems } from '../infrastructure/problems.ts';
import { infrastructureRequest, permissionScopes, wantedInfrastructure } from '../infrastructure/wanted.ts';
import { unseenSubscription } from '../preflight/commonProblems.ts';
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
import { locationProblems, newClusterProblems } from './problems.ts';
import { clusterSpecification, nodeResourceGroup } from './specification.ts';

/** What `createCluster` is going to do, and with what. */
export interface CreateClusterPlan extends Plan {
  registrations: Registrations;
  specification: ClusterSpecification;
  infrastructure: InfrastructurePlan;
  /** What the read-back looks at. */
  infrastructureRequest: InfrastructureRequest;
}

/** What discovery is to look at. */
export function discoveryRequest(input: ParsedCreateClusterInput): DiscoveryRequest {
  const { cluster, location } = input;
  const wanted = wantedInfrastructure(input);
  return {
    cluster,
    location,
    nodeResourceGroup: nodeResourceGroup(input),
    providers: [...lookedAtProviders],
    features: [...requiredFeatures(registrationNeeds(input))],
    infrastructure: infrastructureRequest(input, wanted),
    allowances: {
      subscriptionId: cluster.subscriptionId,
      location,
      scopes: permissionScopes(input, wanted),
      vmSizes: [...new Set(input.agentPoolProfiles.map(({ vmSize }) => vmSize))],
    },
  };
}

/** Plans the guide's sections "Deploy a network isolated cluster with AKS-managed ACR" and "… with bring your own ACR". */
export function planCreateCluster(input: ParsedCreateClusterInput, seen: Discovered, run: string): CreateClusterPlan {
  const wanted = wantedInfrastructure(input);
  const kubernetesVersion = chooseKubernetesVersion(input, seen);
  const specification = clusterSpecification(input, wanted, seen, kubernetesVersion.version, run);
  const { registrations, steps: registering } = planRegistrations(registrationNeeds(input, seen.cluster), seen);
  const group = resourceGroupStep(input, seen);
  const infrastructure = planInfrastructure(input, wanted, seen.infrastructure, runMarks(input, run), (namespace) => [
    group.id,
    ...registrationOf(namespace, registering),
  ]);
  const cluster = clusterStep(input, seen, [
    group,
    ...registering.filter(({ kind }) => kind === 'provider'),
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
          ...locationProblems(input, seen),
          ...infrastructureProblems(
            input,
            wanted,
            seen.infrastructure,
            infrastructure.plan,
            seen.cluster !== undefined,
          ),
          ...newClusterProblems(input, seen, specification),
          // Azure does not tell sizes and quota before Microsoft.Compute is registered.
          ...(seen.cluster || seen.providers['Microsoft.Compute'] !== 'Registered'
            ? []
            : quotaProblems(input, seen.allowances)),
          ...permissionProblems(requiredActions(input, wanted, steps), seen.allowances),
          ...lockProblems(steps, seen.allowances, input.onFailure !== 'leave'),
        ]
      : [unseenSubscription(input)],
    registrations,
    specification,
    infrastructure: infrastructure.plan,
    infrastructureRequest: infrastructureRequest(input, wanted),
  };
}

const registrationNeeds = (
  { cluster, profile, apiServerAccess }: ParsedCreateClusterInput,
  found?: ClusterFacts,
): RegistrationNeeds => ({
  subscriptionId: cluster.subscriptionId,
  profile,
  vnetIntegration: apiServerAccess === 'vnetIntegration',
  alreadyRegistered: found !== undefined,
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
    kind: 'resourceGroup',
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
    id: 'cluster' as const,
    kind: 'cluster' as const,
    title: `Cluster ${input.cluster.name}`,
    needs: needs.map(({ id }) => id),
    resourceId: clusterId(input.cluster),
  };
  if (state === undefined) return { ...step, action: 'create', reason: 'absent' };
  if (state === 'Succeeded') return { ...step, action: 'none', reason: 'found as wanted' };
  return { ...step, action: 'update', reason: `${state}: created again`, forwardOnly: 'It was there before this run' };
}
