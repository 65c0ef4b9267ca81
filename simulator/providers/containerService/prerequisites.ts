import { nameOf, parentPath, parseId } from '../../arm/ids.ts';
import type { OperationFailure } from '../../arm/operations.ts';
import { policyRefusal } from '../../arm/policies.ts';
import type { World } from '../../arm/world.ts';
import { principalMay } from '../authorization/roleAssignments.ts';
import { scaleProfiles } from '../compute/poolSizes.ts';
import { vmSize } from '../compute/skus.ts';
import { usageOf } from '../compute/usages.ts';
import { identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import { registryZones } from '../network/virtualNetworkLinks.ts';
import type { Place } from '../network/waysOut.ts';
import { apiServerAccess } from './apiServer.ts';
import { canLink, controlPlanePrincipal, joinNetwork } from './controlPlane.ts';
import { aksError } from './errors.ts';
import { closesEgress, type Intent } from './intent.ts';
import { managedRegistryResources } from './managedRegistry.ts';
import { managedSubnet } from './nodes.ts';
import { joinFailure, nodeFailure, registryFailure, sourceFailure } from './pulls.ts';
import type { ClusterBody, ClusterRequest, PoolProperties } from './shapes.ts';
import { isInNodeGroup, nodeGroupOf } from './stored.ts';

/** AKS checks this permission before it accepts the request. @throws ArmError 400 CustomKubeletIdentityMissingPermissionError */
export function checkKubeletPermission(world: World, request: ClusterRequest): void {
  const kubelet = request.properties.identityProfile?.kubeletidentity?.resourceId;
  const [controlPlane] = Object.keys(request.identity?.userAssignedIdentities ?? {});
  if (!kubelet || controlPlane === undefined) return;
  const principal = identityIds(world, controlPlane)?.principalId ?? '';
  const action = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';
  if (principalMay(world, principal, kubelet, { action, seenBy: 'accessCheck' })) return;
  throw aksError(
    400,
    'CustomKubeletIdentityMissingPermissionError',
    `The cluster user assigned identity must be given permission to assign kubelet identity ${kubelet}. Check access result not allowed for action ${action}.`,
  );
}

interface PoolCount {
  readonly name: string;
  readonly properties: PoolProperties;
  readonly before: PoolProperties | undefined;
}

/** Surge nodes count: a tenth of each pool. @throws ArmError 400 ErrCode_InsufficientVCPUQuota */
export function checkQuota(world: World, clusterId: string, location: string, pools: readonly PoolCount[]): void {
  const subscription = parseId(clusterId).subscriptionId ?? '';
  const needed = new Map<string, number>();
  for (const { properties, before } of pools) {
    for (const { size: name, count } of scaleProfiles({ vmSize: 'Standard_D4ds_v5', ...properties })) {
      const size = vmSize(name);
      const there = before ? scaleProfiles(before).find((one) => one.size === name)?.count : undefined;
      const more = count - (there ?? 0);
      if (!size || more <= 0) continue;
      const nodes = more + Math.ceil(count / 10);
      for (const each of [size.family, 'cores']) needed.set(each, (needed.get(each) ?? 0) + nodes * size.vCPUs);
    }
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

/** The control plane may not join a subnet: AKS notices it only when it sets the network up. */
export function networkFailure(
  world: World,
  cluster: ClusterBody,
  subnets: readonly string[],
): OperationFailure | undefined {
  const principal = controlPlanePrincipal(world, cluster);
  const action = 'Microsoft.Network/virtualNetworks/subnets/join/action';
  const closed = subnets.find((subnet) => !principalMay(world, principal, subnet, { action }));
  if (closed === undefined) return undefined;
  return {
    status: 'Failed',
    code: 'LinkedAuthorizationFailed',
    message: `Reconcile VNet failed. Details: The client with object id '${principal}' does not have authorization to perform action '${action}' on the linked scope '${closed}'. SubCode: LinkedAuthorizationFailed. Retriable: false.`,
  };
}

/** AKS cannot link the zone of its own registry: the network is linked to another zone of that name. */
export function zoneFailure(
  world: World,
  cluster: ClusterBody,
  { managedRegistry }: Intent,
  subnetId: string | undefined,
): OperationFailure | undefined {
  const [managed] = world.store.list('Microsoft.Network/virtualNetworks', nodeGroupOf(cluster));
  const network = subnetId === undefined ? managed?.id : parentPath(subnetId);
  const [zone] = managedRegistry && network !== undefined ? registryZones(world, network) : [];
  if (zone === undefined || isInNodeGroup(cluster, zone)) return undefined;
  return {
    status: 'Failed',
    code: 'CreateOrUpdateVirtualNetworkLinkFailed',
    message: `Create or update virtual network link failed: a virtual network cannot be linked to multiple zones with overlapping namespaces; it is linked to ${zone}.`,
  };
}

/** AKS makes its own registry with what it needs under the policies of the subscription. */
export function policyFailure(world: World, cluster: ClusterBody, intent: Intent): OperationFailure | undefined {
  const { managedRegistry, containerRegistryId } = intent;
  if (!managedRegistry || containerRegistryId === undefined || world.store.get(containerRegistryId)) return undefined;
  const group = nodeGroupOf(cluster);
  const planned = managedRegistryResources(world, containerRegistryId, group);
  const refusals = planned.map((resource) => policyRefusal(world.settings.policies, resource));
  const message = refusals.find((refusal) => refusal !== undefined);
  return message === undefined ? undefined : { status: 'Failed', code: 'RequestDisallowedByPolicy', message };
}

/** Nodes notice only when they start that they cannot reach the registry (exit status 211), or may not pull from it (212). */
export function bootstrapFailure(
  world: World,
  cluster: ClusterBody,
  intent: Intent,
  subnetId: string | undefined,
): OperationFailure | undefined {
  const { containerRegistryId: registryId, managedRegistry, outboundType } = intent;
  if (registryId === undefined || managedRegistry) return undefined;
  const subnet = subnetId ?? managedSubnet(world, nodeGroupOf(cluster));
  const repository = world.edition === '2024-preview' ? 'bootstrap' : 'aks-managed-repository/bootstrap';
  const failure = registryFailure(world, cluster, {
    image: `${nameOf(registryId)}.azurecr.io/${repository}`,
    place: subnet === undefined ? (closesEgress(outboundType) ? 'none' : 'open') : plannedPlace(subnet, outboundType),
  });
  return failure && nodeFailure(failure);
}

/**
 * The first nodes of a cluster cannot get their images from Microsoft (exit status 50), or do not find (52) or reach (51) their API
 * server. An update makes no nodes.
 */
export function firstNodesFailure(
  world: World,
  cluster: ClusterBody,
  { artifactSource, outboundType }: Intent,
  subnetId: string | undefined,
): OperationFailure | undefined {
  // The network that AKS makes has what the cluster needs, apart from a way to an API server on the internet.
  if (subnetId === undefined) {
    const isStranded = apiServerAccess(cluster) === 'public' && closesEgress(outboundType);
    return isStranded ? nodeFailure({ exitStatus: 51, why: `cannot reach ${cluster.properties.fqdn}` }) : undefined;
  }
  const place = plannedPlace(subnetId, outboundType);
  const images = artifactSource === 'Direct' ? sourceFailure(world, place) : undefined;
  const failure = images ?? joinFailure(world, cluster, place);
  return failure && nodeFailure(failure);
}

/** AKS checks this permission before it accepts the request. @throws ArmError 400 CustomPrivateDNSZoneMissingPermissionError */
export function checkZonePermission(world: World, cluster: ClusterBody): void {
  const zone = cluster.properties.apiServerAccessProfile?.privateDNSZone;
  if (!zone?.includes('/')) return;
  const action = 'Microsoft.Network/privateDnsZones/A/write';
  const principal = controlPlanePrincipal(world, cluster);
  if (world.store.get(zone) && principalMay(world, principal, zone, { action, seenBy: 'accessCheck' })) return;
  throw aksError(
    400,
    'CustomPrivateDNSZoneMissingPermissionError',
    `Service principal or user assigned identity must be given permission to read and write to custom private dns zone ${zone}. Check access result not allowed for action ${action}.`,
  );
}

/** AKS links the zone that a cluster names to the network of the nodes, with the permissions of the control plane. */
export function ownZoneFailure(
  world: World,
  cluster: ClusterBody,
  subnetId: string | undefined,
): OperationFailure | undefined {
  const zone = cluster.properties.apiServerAccessProfile?.privateDNSZone;
  if (subnetId === undefined || !zone?.includes('/')) return undefined;
  const vnet = parentPath(subnetId);
  if (canLink(world, cluster, zone, vnet)) return undefined;
  return {
    status: 'Failed',
    code: 'CreateOrUpdateVirtualNetworkLinkFailed',
    message: `Create or update virtual network link failed: the client with object id '${controlPlanePrincipal(world, cluster)}' does not have authorization to perform action '${joinNetwork}' on the linked scope '${vnet}'.`,
  };
}

/** Where the first nodes of a cluster will be: AKS has not made its ways out yet. */
const plannedPlace = (subnetId: string, outboundType: string): Place => ({
  subnetId,
  hasPublicAddress: false,
  isBalanced: outboundType === 'loadBalancer',
  outboundBalancer: outboundType === 'loadBalancer' ? 'the load balancer of AKS' : undefined,
});
