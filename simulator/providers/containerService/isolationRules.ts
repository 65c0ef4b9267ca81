import type { World } from '../../arm/world.ts';
import { aksError, invalidParameter, notIsolated } from './errors.ts';
import { closesEgress, type Intent } from './intent.ts';
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
  checkOutbound(intent.outboundType, before?.networkProfile.outboundType, ownVnet);
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
  if (channel === 'Unmanaged' || channel === 'SecurityPatch') {
    throw notIsolated(
      `Node OS upgrade channel ${channel} is not supported when bootstrapProfile.artifactSource is 'Cache'; use NodeImage or None.`,
    );
  }
}

/** To which outbound types a cluster in a managed network can go. Source: Microsoft Learn, "Customize cluster egress with outbound types". */
const managedMoves: Readonly<Record<string, readonly string[]>> = {
  loadBalancer: ['managedNATGateway', 'none', 'block'],
  managedNATGateway: ['none', 'block'],
  none: ['loadBalancer', 'managedNATGateway', 'block'],
  block: ['loadBalancer', 'managedNATGateway', 'none'],
};

/** @throws ArmError 400 for an outbound type that does not fit the network, or to which the cluster cannot move */
function checkOutbound(wanted: string, before: string | undefined, ownVnet: boolean): void {
  const needsOwn = wanted === 'userAssignedNATGateway' || wanted === 'userDefinedRouting';
  if (needsOwn !== ownVnet && (needsOwn || wanted === 'managedNATGateway')) {
    throw invalidParameter(
      'networkProfile.outboundType',
      `'${wanted}' is only supported with ${needsOwn ? "one's own" : 'a managed'} virtual network.`,
    );
  }
  if (before === undefined || before === wanted || ownVnet || managedMoves[before]?.includes(wanted)) return;
  throw aksError(
    400,
    'OutboundTypeChangeNotAllowed',
    `Changing outboundType from '${before}' to '${wanted}' is not allowed.`,
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
