import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { Plan, PlannedStep } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import { outboundTypeSettings, type ProfileSetting } from '../../contract/profiles.ts';
import type { DefaultNames } from '../../resources/derivedNames.ts';
import type { AuditRequest, Discovered, DiscoveryRequest } from '../../resources/discovery.ts';
import { clusterId, resourceGroupId } from '../../resources/ids.ts';
import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import type { ClusterFacts, ClusterSpecification } from '../../resources/managedClusters.ts';
import { runMarks } from '../engine/marks.ts';
import { type Part, stepIds } from '../engine/part.ts';
import type { InfrastructureContext } from '../infrastructure/context.ts';
import { planInfrastructure, registrySettings } from '../infrastructure/plan.ts';
import type { InfrastructurePlan } from '../infrastructure/specification.ts';
import {
  infrastructureRequest,
  permissionScopes,
  privateDnsOf,
  type WantedInfrastructure,
  wantedInfrastructure,
} from '../infrastructure/wanted.ts';
import { isolationProblems, noDependencies } from '../isolation/problems.ts';
import { dependenciesRequest } from '../isolation/proof.ts';
import { unseenSubscription } from '../preflight/commonProblems.ts';
import { mayWriteTags, type RequiredAction } from '../preflight/permissions.ts';
import { planOf } from '../preflight/plan.ts';
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
import { clusterSpecification, clusterToBe, nodeResourceGroup } from './specification.ts';

/** The plan of `createCluster`, with everything that its steps need. */
export interface CreateClusterPlan extends Plan {
  registrations: Registrations;
  specification: ClusterSpecification;
  infrastructure: InfrastructurePlan;
  /** The request of the read-back. */
  infrastructureRequest: InfrastructureRequest;
}

/** The request of discovery. */
export function discoveryRequest(input: ParsedCreateClusterInput, names?: DefaultNames): DiscoveryRequest {
  const { cluster, location } = input;
  const wanted = wantedInfrastructure(input, names);
  return {
    cluster,
    location,
    nodeResourceGroup: nodeResourceGroup(input, names && { names }),
    providers: [...lookedAtProviders],
    features: [...requiredFeatures(registrationNeeds(input))],
    // AKS links the zone of a registry that it manages, or this run links one.
    infrastructure: {
      ...infrastructureRequest(input, location, wanted),
      searchesZones: privateDnsOf(input.registry) === undefined,
    },
    allowances: {
      subscriptionId: cluster.subscriptionId,
      location,
      scopes: permissionScopes(cluster, wanted),
      vmSizes: [...new Set(input.agentPoolProfiles.map(({ vmSize }) => vmSize))],
    },
  };
}

/** The request for what isolation depends on; `undefined` where nothing is there that could stand against it. */
export function dependenciesOf(
  input: ParsedCreateClusterInput,
  seen: Discovered,
  runId: string,
): AuditRequest | undefined {
  if (!seen.cluster && !seen.infrastructure.virtualNetwork) return undefined;
  const { version } = chooseKubernetesVersion(input, seen);
  const wanted = wantedInfrastructure(input, seen.names);
  const cluster = seen.cluster ?? clusterToBe(clusterSpecification(input, wanted, seen, version, runId));
  return dependenciesRequest({ cluster }, cluster);
}

/** Plans the guide's sections "Deploy a network isolated cluster with AKS-managed ACR" and "… with bring your own ACR". */
export function planCreateCluster(
  input: ParsedCreateClusterInput,
  seen: Discovered,
  runId: string,
  borrowed: InfrastructureContext['borrowed'] = [],
): CreateClusterPlan {
  const { location, profile } = input;
  const wanted = wantedInfrastructure(input, seen.names);
  const kubernetesVersion = chooseKubernetesVersion(input, seen);
  const specification = clusterSpecification(input, wanted, seen, kubernetesVersion.version, runId);
  const registrations = planRegistrations(registrationNeeds(input, seen.cluster), seen);
  const group = resourceGroupStep(input, seen);
  const infrastructure = planInfrastructure({
    input,
    location,
    wanted,
    seen: seen.infrastructure,
    marks: runMarks(input, runId),
    ...(!seen.cluster && { newCluster: input }),
    zoneLinkWaits: false,
    borrowed,
    mayWriteTags: (id) => mayWriteTags(id, seen.allowances),
    needsOf: (namespace) => [group.id, ...registrationOf(namespace, registrations)],
  });
  const differs = newClusterProblems(input, seen, specification);
  // A cluster that differs is another one than the input means.
  const notIsolated = differs.length > 0 ? [] : notIsolatedProblems(input, seen, wanted, specification);
  const providers = registrations.steps.filter(({ kind }) => kind === 'provider');
  const parts: Part[] = [
    { steps: [], problems: [...kubernetesVersion.problems, ...locationProblems(input, seen)] },
    registrations,
    { steps: [group], problems: [] },
    infrastructure,
    {
      steps: [clusterStep(input, seen, [group, ...providers, ...infrastructure.steps])],
      problems: [...differs, ...notIsolated, ...sizeProblems(input, seen)],
    },
  ];
  const plan = planOf(input, parts, {
    profile,
    profileSettings: profileSettings(input),
    wanted,
    access: seen.allowances,
    unread: [...(seen.unread ?? []), ...(seen.infrastructure.unread ?? [])],
    moreActions: moreActions(input),
  });
  return {
    ...plan,
    // Nothing else was seen either: other problems would mislead.
    ...(!seen.subscription && { problems: [unseenSubscription(input)] }),
    registrations: registrations.registrations,
    specification,
    infrastructure: infrastructure.infrastructure,
    infrastructureRequest: infrastructureRequest(input, location, wanted),
  };
}

/** Says what keeps the cluster from being isolated, of one that is there and of one that is to be. Version 0.1 has not looked. */
function notIsolatedProblems(
  input: ParsedCreateClusterInput,
  { cluster: found, infrastructure, dependencies }: Discovered,
  wanted: WantedInfrastructure,
  specification: ClusterSpecification,
): Problem[] {
  const isNew = found === undefined;
  const around = dependencies ?? (isNew && !infrastructure.virtualNetwork ? noDependencies : undefined);
  const cluster = found ?? clusterToBe(specification);
  return isolationProblems(input, { cluster, dependencies: around }, wanted, { isNew });
}

/** Azure does not tell sizes and quota before Microsoft.Compute is registered. */
const sizeProblems = (input: ParsedCreateClusterInput, seen: Discovered): Problem[] =>
  seen.cluster || seen.providers['Microsoft.Compute'] !== 'Registered' ? [] : quotaProblems(input, seen.allowances);

const registrationNeeds = (
  { cluster, profile, apiServerAccess }: ParsedCreateClusterInput,
  found?: ClusterFacts,
): RegistrationNeeds => ({
  subscriptionId: cluster.subscriptionId,
  profile,
  vnetIntegration: apiServerAccess === 'vnetIntegration',
  alreadyRegistered: found !== undefined,
});

function profileSettings(input: ParsedCreateClusterInput): ProfileSetting[] {
  return [
    'featureFlags',
    ...(input.apiServerAccess === 'vnetIntegration' ? (['privateClusterWithVnetIntegration'] as const) : []),
    ...registrySettings(input.registry),
    ...outboundTypeSettings(input.outboundType),
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
  needs: readonly PlannedStep[],
): PlannedStep {
  const state = found?.provisioningState;
  const step = {
    id: 'cluster' as const,
    kind: 'cluster' as const,
    title: `Cluster ${input.cluster.name}`,
    needs: stepIds(needs),
    resourceId: clusterId(input.cluster),
  };
  if (state === undefined) return { ...step, action: 'create', reason: 'absent' };
  if (state === 'Succeeded') return { ...step, action: 'none', reason: 'found as wanted' };
  return { ...step, action: 'update', reason: `${state}: created again`, forwardOnly: 'It was there before this run' };
}

/** Where nobody may run a command, the proof at the end has a gap: the input accepts it, or the run ends before it begins. */
const moreActions = ({ cluster, probes }: ParsedCreateClusterInput): RequiredAction[] =>
  probes === 'ifAllowed'
    ? []
    : [{ resourceId: clusterId(cluster), action: 'Microsoft.ContainerService/managedClusters/runCommand/action' }];
