import type { World } from '../../arm/world.ts';
import { aksError, invalidParameter, notIsolated } from './errors.ts';
import { closesEgress, type Intent } from './intent.ts';
import { generation, isManagedGateway } from './networkProfile.ts';
import type { ClusterBody, ClusterRequest, PoolProperties } from './shapes.ts';

/** @throws ArmError 400 where isolation conflicts with other settings of the cluster, or with its state before */
export function checkIsolation(
  world: World,
  { properties }: ClusterRequest,
  intent: Intent,
  existing: ClusterBody | undefined,
  pools: readonly { readonly name: string; readonly properties: PoolProperties }[],
): void {
  const isClosed = closesEgress(intent.outboundType);
  if (isClosed && intent.artifactSource !== 'Cache') {
    throw notIsolated("When outbound type is none or block, bootstrapProfile.artifactSource must be 'Cache'");
  }
  const before = existing?.properties;
  const turnsCache = before?.bootstrapProfile.artifactSource === 'Direct' && intent.artifactSource === 'Cache';
  const closes = before !== undefined && before.networkProfile.outboundType !== intent.outboundType && isClosed;
  // Nodes need egress until they have been reimaged (hashicorp/terraform-provider-azurerm#32598).
  if (world.edition === 'current' && turnsCache && closes) {
    throw notIsolated(
      "Outbound type cannot be changed to none or block in the same update that changes bootstrapProfile.artifactSource to 'Cache'. Update artifactSource first and reimage all node pools.",
    );
  }
  const ownVnet = pools.some((pool) => pool.properties.vnetSubnetID);
  checkOutbound(intent, before, ownVnet, pools);
  if (intent.outboundType === 'block' && ownVnet) {
    throw notIsolated('Outbound type block is only supported with a managed virtual network.');
  }
  if (intent.artifactSource !== 'Cache') return;
  if (intent.networkPlugin === 'kubenet')
    throw notIsolated("Network plugin kubenet is not supported when bootstrapProfile.artifactSource is 'Cache'.");
  if (
    intent.containerRegistryId &&
    !/^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerRegistry\/registries\/[^/]+$/i.test(
      intent.containerRegistryId,
    )
  ) {
    throw invalidParameter(
      'bootstrapProfile.containerRegistryId',
      `'${intent.containerRegistryId}' is not the resource ID of a container registry.`,
    );
  }
  const channel = properties.autoUpgradeProfile?.nodeOSUpgradeChannel;
  // SecurityPatch is supported since July 2025 (https://github.com/Azure/AKS/issues/4962).
  const unsupported = world.edition === 'current' ? ['Unmanaged'] : ['Unmanaged', 'SecurityPatch'];
  if (channel && unsupported.includes(channel)) {
    throw notIsolated(
      `Node OS upgrade channel ${channel} is not supported when bootstrapProfile.artifactSource is 'Cache'.`,
    );
  }
}

/**
 * To which outbound types a cluster in a managed network can go. Source: Microsoft Learn, "Customize cluster egress with outbound
 * types" (2026-08-05). It leaves no way out of the second generation of NAT gateways, against AKS's release notes of June 2026
 * (https://github.com/Azure/AKS/pull/5820), which are newer.
 */
const managedMoves: Readonly<Record<string, readonly string[]>> = {
  loadBalancer: ['managedNATGateway', 'managedNATGatewayV2', 'none', 'block'],
  managedNATGateway: ['managedNATGatewayV2', 'none', 'block'],
  managedNATGatewayV2: ['none', 'block'],
  none: ['loadBalancer', 'managedNATGateway', 'managedNATGatewayV2', 'block'],
  block: ['loadBalancer', 'managedNATGateway', 'managedNATGatewayV2', 'none'],
};

type Pools = readonly { readonly properties: PoolProperties }[];

/** @throws ArmError 400 for an outbound type that does not fit the network or the nodes, or to which the cluster cannot move */
function checkOutbound(
  { outboundType: wanted, natGatewaySku, loadBalancerSku }: Intent,
  before: ClusterBody['properties'] | undefined,
  ownVnet: boolean,
  pools: Pools,
): void {
  const needsOwn = wanted === 'userAssignedNATGateway' || wanted === 'userDefinedRouting';
  if (needsOwn !== ownVnet && (needsOwn || isManagedGateway(wanted))) {
    throw invalidParameter(
      'networkProfile.outboundType',
      `'${wanted}' is only supported with ${needsOwn ? "one's own" : 'a managed'} virtual network.`,
    );
  }
  const wantedWay = generation(wanted, natGatewaySku);
  const network = before?.networkProfile;
  const way = network && generation(network.outboundType, network.natGatewayProfile?.sku);
  if (way === wantedWay || (way === undefined && wanted === 'loadBalancer')) return;
  refuseOldCompute(loadBalancerSku, pools);
  if (way === undefined) return;
  if (makesNodes(before)) {
    throw aksError(
      400,
      'OperationNotAllowed',
      'Changing .properties.networkProfile.outboundType is not allowed when .properties.nodeProvisioningProfile.mode is Auto.',
    );
  }
  if (ownVnet || managedMoves[way]?.includes(wantedWay)) return;
  throw aksError(
    400,
    'OutboundTypeChangeNotAllowed',
    `Changing outboundType from '${way}' to '${wantedWay}' is not allowed.`,
  );
}

/** Whether AKS makes nodes for pods by itself (node auto-provisioning). */
export const makesNodes = (
  properties: Pick<ClusterRequest['properties'], 'nodeProvisioningProfile'> | undefined,
): boolean => properties?.nodeProvisioningProfile?.mode?.toLowerCase() === 'auto';

/** Outbound types can be set only where all pools are scale sets and the load balancer is a Standard one. @throws ArmError 400 */
function refuseOldCompute(loadBalancerSku: string, pools: Pools): void {
  const other = pools.find(({ properties: { type } }) => type && type.toLowerCase() !== 'virtualmachinescalesets');
  if (!other && loadBalancerSku.toLowerCase() !== 'basic') return;
  throw invalidParameter(
    'networkProfile.outboundType',
    `it can be set only for clusters with agent pools of type VirtualMachineScaleSets and load balancer SKU Standard, not with ${other ? other.properties.type : `load balancer SKU ${loadBalancerSku}`}.`,
  );
}

const namespace = 'Microsoft.ContainerService';

/** @throws ArmError 400 PreviewFeatureNotRegistered */
export function checkPreview(world: World, id: string, { properties }: ClusterRequest, intent: Intent): void {
  const subscription = id.split('/')[2] ?? '';
  const need = (feature: string, what: string) => {
    if (world.featureActive(subscription, namespace, feature)) return;
    throw aksError(
      400,
      'PreviewFeatureNotRegistered',
      `Preview feature ${namespace}/${feature} not registered. It is required for ${what}.`,
    );
  };
  const isClosed = closesEgress(intent.outboundType);
  if (world.edition === '2024-preview') {
    if (intent.artifactSource === 'Cache' || isClosed)
      need('NetworkIsolatedClusterPreview', 'network isolated clusters');
    if (properties.apiServerAccessProfile?.enableVnetIntegration) {
      need('EnableAPIServerVnetIntegrationPreview', 'API server VNet integration');
    }
  } else if (intent.outboundType === 'block') {
    need('NetworkIsolatedClusterPreview', "outboundType 'block'");
  }
}
