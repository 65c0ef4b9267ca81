import { parentPath, parseId } from '../../arm/ids.ts';
import { type Body, isBody, valueAt } from '../../arm/json.ts';
import type { OperationFailure } from '../../arm/operations.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { effectiveRoles, holdsRole } from '../authorization/roleAssignments.ts';
import { builtInRoles } from '../authorization/roleDefinitions.ts';
import { vmSize } from '../compute/skus.ts';
import { usageOf } from '../compute/usages.ts';
import { identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import { addressesInNetwork } from '../network/dnsRecords.ts';
import { endpointAddresses } from '../network/endpointMembers.ts';
import { registryZones } from '../network/virtualNetworkLinks.ts';
import { aksError } from './errors.ts';
import type { Intent } from './intent.ts';
import type { ClusterBody, ClusterRequest, PoolProperties } from './shapes.ts';

const { networkContributor, managedIdentityOperator, acrPull, repositoryReader } = builtInRoles;

/** AKS looks at this permission before it accepts the request. @throws ArmError 400 CustomKubeletIdentityMissingPermissionError */
export function checkKubeletPermission(world: World, request: ClusterRequest): void {
  const kubelet = request.properties.identityProfile?.kubeletidentity?.resourceId;
  const [controlPlane] = Object.keys(request.identity?.userAssignedIdentities ?? {});
  if (!kubelet || controlPlane === undefined) return;
  const principal = identityIds(world, controlPlane)?.principalId ?? '';
  if (holdsRole(world, principal, kubelet, managedIdentityOperator, 'accessCheck')) return;
  throw aksError(
    400,
    'CustomKubeletIdentityMissingPermissionError',
    `The cluster user assigned identity must be given permission to assign kubelet identity ${kubelet}. Check access result not allowed for action Microsoft.ManagedIdentity/userAssignedIdentities/assign/action.`,
  );
}

interface PoolCount {
  readonly name: string;
  readonly properties: PoolProperties;
  readonly before: PoolProperties | undefined;
}

/** Surge nodes count. @throws ArmError 400 ErrCode_InsufficientVCPUQuota */
export function checkQuota(world: World, clusterId: string, location: string, pools: readonly PoolCount[]): void {
  const subscription = parseId(clusterId).subscriptionId ?? '';
  const needed = new Map<string, number>();
  for (const { properties, before } of pools) {
    const size = vmSize(properties.vmSize ?? 'Standard_D4ds_v5');
    const more = (properties.count ?? 1) - (before?.count ?? 0);
    if (!size || more <= 0) continue;
    const nodes = more + Math.ceil((properties.count ?? 1) / 10);
    for (const name of [size.family, 'cores']) needed.set(name, (needed.get(name) ?? 0) + nodes * size.vCPUs);
  }
  for (const [name, vCPUs] of needed) {
    const { used, limit } = usageOf(world, subscription, location, name);
    if (limit - used >= vCPUs) continue;
    const left = Math.max(0, limit - used);
    throw aksError(
      400,
      'ErrCode_InsufficientVCPUQuota',
      name === 'cores'
        ? `Insufficient regional vcpu quota left for location ${location}. left regional vcpu quota ${left}, requested quota ${vCPUs}.`
        : `Insufficient vcpu quota requested ${vCPUs}, remaining ${left} for family ${name} for region ${location}.`,
    );
  }
}

/** What AKS finds out only when it sets the network up: the control plane may not join a subnet. */
export function networkFailure(
  world: World,
  cluster: ClusterBody,
  subnets: readonly string[],
): OperationFailure | undefined {
  const principal = controlPlanePrincipal(world, cluster);
  const closed = subnets.find((subnet) => !holdsRole(world, principal, subnet, networkContributor));
  if (closed === undefined) return undefined;
  return {
    status: 'Failed',
    code: 'LinkedAuthorizationFailed',
    message: `Reconcile VNet failed. Details: The client with object id '${principal}' does not have authorization to perform action 'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope '${closed}'. SubCode: LinkedAuthorizationFailed. Retriable: false.`,
  };
}

/** A network takes one zone of a name: AKS cannot link that of its own registry beside another. */
export function zoneFailure(
  world: World,
  cluster: ClusterBody,
  { managedRegistry }: Intent,
  subnetId: string | undefined,
): OperationFailure | undefined {
  const group = `/subscriptions/${parseId(cluster.id).subscriptionId}/resourceGroups/${cluster.properties.nodeResourceGroup}`;
  const network =
    subnetId === undefined ? world.store.list('Microsoft.Network/virtualNetworks', group)[0]?.id : parentPath(subnetId);
  const [zone] = managedRegistry && network !== undefined ? registryZones(world, network) : [];
  if (zone === undefined || isManaged(cluster, zone)) return undefined;
  return {
    status: 'Failed',
    code: 'CreateOrUpdateVirtualNetworkLinkFailed',
    message: `Create or update virtual network link failed: a virtual network cannot be linked to multiple zones with overlapping namespaces; it is linked to ${zone}.`,
  };
}

/** What the nodes find out when they start: they cannot reach the registry (211), or may not pull from it (212). */
export function bootstrapFailure(
  world: World,
  cluster: ClusterBody,
  intent: Intent,
  subnetId: string | undefined,
): OperationFailure | undefined {
  const { containerRegistryId: registryId, managedRegistry, outboundType } = intent;
  if (registryId === undefined || managedRegistry) return undefined;
  const host = `${registryId.split('/').at(-1)}.azurecr.io`;
  const egressIsOpen = outboundType !== 'none' && outboundType !== 'block';
  const repository = world.edition === '2024-preview' ? 'bootstrap' : 'aks-managed-repository/bootstrap';
  const failure = pullFailureFrom(world, cluster, { host, repository, subnetId, egressIsOpen });
  return failure && nodeFailure(failure.exitStatus, failure.why);
}

export interface Pull {
  readonly host: string;
  readonly repository: string;
  /** Where the node is. */
  readonly subnetId: string | undefined;
  readonly egressIsOpen: boolean;
}

/** Why an image cannot be pulled from a registry, with the exit status with which a node's bootstrap would end. */
export function pullFailureFrom(
  world: World,
  cluster: ClusterBody,
  pull: Pull,
): { exitStatus: 211 | 212; why: string } | undefined {
  const registry = world.store
    .list('Microsoft.ContainerRegistry/registries')
    .find(({ name, body }) => loginServer(name, body).toLowerCase() === pull.host.toLowerCase());
  const unreachable = unreachableBecause(world, registry, pull);
  if (unreachable !== undefined) return { exitStatus: 211, why: `cannot pull from ${pull.host}: ${unreachable}` };
  if (!registry || isManaged(cluster, registry.id) || mayPull(world, cluster, registry.id)) return undefined;
  return { exitStatus: 212, why: `not authorized to pull from ${registry.id}` };
}

const loginServer = (name: string, body: Body): string =>
  String(valueAt(body, 'properties.loginServer') ?? `${name}.azurecr.io`);

const isManaged = ({ properties }: ClusterBody, registryId: string): boolean =>
  parseId(registryId).resourceGroup?.toLowerCase() === properties.nodeResourceGroup.toLowerCase();

/** Nodes resolve the registry's names in their network; the answers must be the endpoint's addresses. */
function unreachableBecause(
  world: World,
  registry: Resource | undefined,
  { host, repository, subnetId, egressIsOpen }: Pull,
): string | undefined {
  if (!registry) return 'the registry does not exist';
  const isPublic = valueAt(registry.body, 'properties.publicNetworkAccess') !== 'Disabled';
  if (!egressIsOpen || !isPublic) {
    const vnet = subnetId === undefined ? '' : parentPath(subnetId);
    const addresses = endpointAddresses(world, registry.id, vnet);
    const [label] = host.split('.');
    for (const name of [host, `${label}.${registry.body.location}.data.azurecr.io`].map((each) => each.toLowerCase())) {
      const wanted = addresses[name] ?? [];
      if (wanted.length === 0) return `no private endpoint in the network of the nodes serves ${name}`;
      const answers = addressesInNetwork(world, vnet, name);
      if (!answers.some((address) => wanted.includes(address))) return `${name} does not resolve to its endpoint`;
    }
  }
  const managed = world.edition === '2024-preview' || repository.startsWith('aks-managed-repository/');
  if (!managed) return undefined;
  return hasCacheRule(world, registry.id) ? undefined : 'there is no cache rule under whose target nodes look';
}

/** Until the AKS release of 2025-03-16 nodes looked under the source's own names. */
function hasCacheRule(world: World, registryId: string): boolean {
  const preview = world.edition === '2024-preview';
  const rules = world.store.list('Microsoft.ContainerRegistry/registries/cacheRules', registryId);
  return rules.some(({ name, body }) => {
    const source = valueAt(body, 'properties.sourceRepository');
    const target = valueAt(body, 'properties.targetRepository');
    if (source !== 'mcr.microsoft.com/*') return false;
    return preview ? target === '*' : name === 'aks-managed-mcr' && target === 'aks-managed-repository/*';
  });
}

function mayPull(world: World, cluster: ClusterBody, registryId: string): boolean {
  const properties = world.store.get(registryId)?.body.properties;
  if (isBody(properties) && properties.anonymousPullEnabled === true) return true;
  // Nodes of the preview did not sign in.
  if (world.edition === '2024-preview') return false;
  const kubelet = cluster.properties.identityProfile?.kubeletidentity?.resourceId ?? '';
  const principal = identityIds(world, kubelet)?.principalId ?? '';
  if (isBody(properties) && properties.roleAssignmentMode === 'AbacRepositoryPermissions') {
    return effectiveRoles(world, principal, registryId).includes(repositoryReader);
  }
  return holdsRole(world, principal, registryId, acrPull);
}

function controlPlanePrincipal(world: World, { identity }: ClusterBody): string {
  const users = isBody(identity?.userAssignedIdentities) ? Object.keys(identity.userAssignedIdentities) : [];
  const [user] = users;
  if (user !== undefined) return identityIds(world, user)?.principalId ?? '';
  return typeof identity?.principalId === 'string' ? identity.principalId : '';
}

export function nodeFailure(exitStatus: number, why: string): OperationFailure {
  return {
    status: 'Failed',
    code: 'VMExtensionProvisioningError',
    message: `VM has reported a failure when processing extension 'vmssCSE'. Error message: "Enable failed: failed to execute command: command terminated with exit status=${exitStatus}: ${why}"`,
  };
}
