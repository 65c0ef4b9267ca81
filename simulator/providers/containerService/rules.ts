import { gatewayError } from '../../arm/errors.ts';
import type { World } from '../../arm/world.ts';
import { identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import { delegationsOf, subnetRanges } from '../network/subnetShapes.ts';
import { aksError } from './errors.ts';
import type { Intent } from './intent.ts';
import type { ClusterBody, ClusterRequest, PoolProfile, PoolProperties } from './shapes.ts';
import { compareVersions, patchOf } from './versions.ts';

const delegate = 'Microsoft.ContainerService/managedClusters';
const namespace = 'Microsoft.ContainerService';

/** Everything Azure refuses in a cluster PUT before it starts. @throws ArmError */
export function checkCluster(
  world: World,
  id: string,
  request: ClusterRequest,
  intent: Intent,
  existing: ClusterBody | undefined,
  pools: readonly { readonly name: string; readonly properties: PoolProperties }[],
): void {
  checkNames(id, request);
  checkVersion(world, request, intent, existing);
  if (existing) checkUnchanged(request, intent, existing);
  checkIdentity(world, id, request, existing);
  checkPreview(world, id, request, intent);
  checkIsolation(world, request, intent, existing, pools);
  checkSubnets(world, request, intent, existing);
}

/** @throws ArmError 400 when the pool cannot be part of this cluster. */
export function checkPool(
  world: World,
  pool: { name: string; properties: PoolProperties },
  isolated: boolean,
  clusterVersion: string,
): void {
  const { name, properties } = pool;
  const windows = properties.osType?.toLowerCase() === 'windows';
  if (!/^[a-z][a-z0-9]{0,11}$/.test(name) || (windows && name.length > 6)) {
    throw aksError(
      400,
      'InvalidParameter',
      `The value of parameter agentPoolProfile.name is invalid. Error details: Agent pool name '${name}' must start with a lowercase letter, have max length of 12 (6 for Windows), and only have characters a-z0-9.`,
    );
  }
  if (windows && isolated) throw notIsolated('Windows node pools are not supported in network isolated clusters.');
  const version = properties.orchestratorVersion;
  if (version && compareVersions(patchOf(world.edition, version), patchOf(world.edition, clusterVersion)) > 0) {
    throw aksError(
      400,
      'NodePoolMcVersionIncompatible',
      `Node pool version ${version} and control plane version ${clusterVersion} are incompatible.`,
    );
  }
  const subnet = properties.vnetSubnetID;
  if (!subnet) return;
  if (subnetRanges(world, subnet).length === 0)
    throw aksError(400, 'SubnetNotFound', `The subnet '${subnet}' could not be found.`);
  if (delegationsOf(world, subnet).length > 0) {
    throw aksError(400, 'SubnetIsDelegated', `Subnet ${subnet} of node pool '${name}' must not be delegated.`);
  }
}

/** @throws ArmError 400 PropertyChangeNotAllowed */
export function refuseChange(before: unknown, sent: unknown, property: string): void {
  if (
    sent === undefined ||
    sent === null ||
    before === undefined ||
    String(sent).toLowerCase() === String(before).toLowerCase()
  )
    return;
  throw aksError(400, 'PropertyChangeNotAllowed', `Changing property '${property}' is not allowed.`);
}

/** @throws ArmError 400 InvalidParameter when no pool has mode System. */
export function checkSystemPool(pools: readonly { readonly properties: PoolProperties }[]): void {
  if (pools.some((pool) => pool.properties.mode === 'System')) return;
  throw aksError(400, 'InvalidParameter', 'There has to be at least one system agent pool.');
}

function checkNames(id: string, { properties }: ClusterRequest): void {
  const name = id.split('/').at(-1) ?? '';
  if (!/^[a-zA-Z0-9]([\w-]{0,61}[a-zA-Z0-9])?$/.test(name)) {
    throw aksError(
      400,
      'InvalidParameter',
      `The value of parameter resourceName is invalid. Error details: '${name}' must have 1 to 63 alphanumerics, underscores and hyphens, and start and end with an alphanumeric.`,
    );
  }
  if (properties.dnsPrefix && !/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,52}[a-zA-Z0-9])?$/.test(properties.dnsPrefix)) {
    throw aksError(
      400,
      'InvalidParameter',
      `The value of parameter dnsPrefix is invalid. Error details: '${properties.dnsPrefix}' must have 1 to 54 alphanumerics and hyphens, and start and end with an alphanumeric.`,
    );
  }
}

function checkVersion(
  world: World,
  { properties }: ClusterRequest,
  intent: Intent,
  existing: ClusterBody | undefined,
): void {
  const version = properties.kubernetesVersion;
  if (!version) return;
  const patch = patchOf(world.edition, version);
  if (intent.artifactSource === 'Cache' && compareVersions(patch, '1.30') < 0) {
    throw notIsolated(`bootstrapProfile.artifactSource 'Cache' needs Kubernetes 1.30 or later, not ${version}`);
  }
  const before = existing?.properties.currentKubernetesVersion;
  if (
    before !== undefined &&
    version !== existing?.properties.kubernetesVersion &&
    compareVersions(patch, before) < 0
  ) {
    throw aksError(
      400,
      'OperationNotAllowed',
      `Upgrading Kubernetes version ${before} to ${version} is not allowed: downgrades are not supported.`,
    );
  }
}

function checkUnchanged({ properties }: ClusterRequest, intent: Intent, existing: ClusterBody): void {
  const before = existing.properties;
  refuseChange(before.dnsPrefix, properties.dnsPrefix, 'properties.dnsPrefix');
  refuseChange(before.nodeResourceGroup, properties.nodeResourceGroup, 'properties.nodeResourceGroup');
  refuseChange(before.enableRBAC, properties.enableRBAC, 'properties.enableRBAC');
  refuseChange(before.networkProfile.networkPlugin, intent.networkPlugin, 'properties.networkProfile.networkPlugin');
  for (const key of ['serviceCidr', 'dnsServiceIP'] as const) {
    refuseChange(before.networkProfile[key], properties.networkProfile?.[key], `properties.networkProfile.${key}`);
  }
  const access = before.apiServerAccessProfile;
  const sent = properties.apiServerAccessProfile;
  if (access?.enableVnetIntegration && sent?.enableVnetIntegration === false) {
    throw aksError(
      400,
      'PropertyChangeNotAllowed',
      "Changing property 'properties.apiServerAccessProfile.enableVnetIntegration' is not allowed: API server VNet integration cannot be disabled.",
    );
  }
  // Only with VNet integration can the API server become private or public later.
  if (sent && !intent.vnetIntegration) {
    refuseChange(
      access?.enablePrivateCluster ?? false,
      sent.enablePrivateCluster ?? false,
      'properties.apiServerAccessProfile.enablePrivateCluster',
    );
  }
}

function checkIdentity(world: World, id: string, request: ClusterRequest, existing: ClusterBody | undefined): void {
  const { identity, properties } = request;
  const principal = properties.servicePrincipalProfile?.clientId;
  if (!identity && !existing?.identity) {
    if (!principal || principal === 'msi') {
      throw aksError(400, 'InvalidParameter', 'Required parameter servicePrincipalProfile is missing (null).');
    }
    if (properties.bootstrapProfile?.artifactSource?.toLowerCase() === 'cache') {
      throw aksError(
        400,
        'BootstrapArtifactSourceNotAllowed',
        'When feature "ServicePrincipalCluster" is enabled, bootstrapProfile.artifactSource \'Cache\' is not allowed.',
      );
    }
  }
  for (const user of Object.keys(identity?.userAssignedIdentities ?? {})) {
    if (identityIds(world, user)) continue;
    throw gatewayError(
      400,
      'FailedIdentityOperation',
      `Identity operation for resource '${id}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{"error":{"code":"BadRequest","message":"Resource '${user}' was not found."}}'.'.`,
    );
  }
  const kubelet = properties.identityProfile?.kubeletidentity?.resourceId;
  if (!kubelet || existing) return;
  if (identity?.type !== 'UserAssigned') {
    throw aksError(
      400,
      'CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster',
      'Custom kubelet identity is only supported on user assigned MSI cluster.',
    );
  }
  if (!identityIds(world, kubelet)) {
    throw aksError(
      400,
      'InvalidParameter',
      `The value of parameter identityProfile.kubeletidentity.resourceId is invalid. Error details: the identity '${kubelet}' could not be found.`,
    );
  }
}

function checkPreview(world: World, id: string, { properties }: ClusterRequest, intent: Intent): void {
  const subscription = id.split('/')[2] ?? '';
  const need = (feature: string, what: string) => {
    if (world.featureActive(subscription, namespace, feature)) return;
    throw aksError(
      400,
      'PreviewFeatureNotRegistered',
      `Preview feature ${namespace}/${feature} not registered. It is required for ${what}.`,
    );
  };
  const closed = intent.outboundType === 'none' || intent.outboundType === 'block';
  if (world.edition === '2024-preview') {
    if (intent.artifactSource === 'Cache' || closed) need('NetworkIsolatedClusterPreview', 'network isolated clusters');
    if (properties.apiServerAccessProfile?.enableVnetIntegration) {
      need('EnableAPIServerVnetIntegrationPreview', 'API server VNet integration');
    }
  } else if (intent.outboundType === 'block') {
    need('NetworkIsolatedClusterPreview', "outboundType 'block'");
  }
}

function checkIsolation(
  world: World,
  { properties }: ClusterRequest,
  intent: Intent,
  existing: ClusterBody | undefined,
  pools: readonly { readonly name: string; readonly properties: PoolProperties }[],
): void {
  const closed = intent.outboundType === 'none' || intent.outboundType === 'block';
  if (closed && intent.artifactSource !== 'Cache') {
    throw notIsolated("When outbound type is none or block, bootstrapProfile.artifactSource must be 'Cache'");
  }
  const before = existing?.properties;
  const turnsCache = before?.bootstrapProfile.artifactSource === 'Direct' && intent.artifactSource === 'Cache';
  const closes = before !== undefined && before.networkProfile.outboundType !== intent.outboundType && closed;
  // The nodes need egress until they have been reimaged (terraform-provider-azurerm#32598).
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
    throw aksError(
      400,
      'InvalidParameter',
      `The value of parameter bootstrapProfile.containerRegistryId is invalid. Error details: '${intent.containerRegistryId}' is not the resource ID of a container registry.`,
    );
  }
  const channel = properties.autoUpgradeProfile?.nodeOSUpgradeChannel;
  if (channel === 'Unmanaged' || channel === 'SecurityPatch') {
    throw notIsolated(
      `Node OS upgrade channel ${channel} is not supported when bootstrapProfile.artifactSource is 'Cache'; use NodeImage or None.`,
    );
  }
}

const managedMoves: Readonly<Record<string, readonly string[]>> = {
  loadBalancer: ['managedNATGateway', 'none', 'block'],
  managedNATGateway: ['none', 'block'],
  none: ['loadBalancer', 'managedNATGateway', 'block'],
  block: ['loadBalancer', 'managedNATGateway', 'none'],
};

/** Which outbound types a network takes, and from which to which a cluster can move. */
function checkOutbound(wanted: string, before: string | undefined, ownVnet: boolean): void {
  const needsOwn = wanted === 'userAssignedNATGateway' || wanted === 'userDefinedRouting';
  if (needsOwn !== ownVnet && (needsOwn || wanted === 'managedNATGateway')) {
    throw aksError(
      400,
      'InvalidParameter',
      `The value of parameter networkProfile.outboundType is invalid. Error details: '${wanted}' is only supported with ${needsOwn ? "one's own" : 'a managed'} virtual network.`,
    );
  }
  if (before === undefined || before === wanted || ownVnet || managedMoves[before]?.includes(wanted)) return;
  throw aksError(
    400,
    'OutboundTypeChangeNotAllowed',
    `Changing outboundType from '${before}' to '${wanted}' is not allowed.`,
  );
}

function checkSubnets(
  world: World,
  { properties }: ClusterRequest,
  intent: Intent,
  existing: ClusterBody | undefined,
): void {
  const api = properties.apiServerAccessProfile?.subnetId;
  const nodes = properties.agentPoolProfiles?.find((pool: PoolProfile) => pool.vnetSubnetID)?.vnetSubnetID;
  if (!intent.vnetIntegration) return;
  if (existing?.properties.apiServerAccessProfile?.subnetId) {
    refuseChange(
      existing.properties.apiServerAccessProfile.subnetId,
      api,
      'properties.apiServerAccessProfile.subnetId',
    );
  }
  if (!api) {
    if (!nodes || existing) return;
    throw aksError(
      400,
      'InvalidParameter',
      'Required parameter apiServerAccessProfile.subnetId is missing: a cluster in an own virtual network needs its own API server subnet.',
    );
  }
  const [range] = subnetRanges(world, api);
  if (range === undefined) throw aksError(400, 'SubnetNotFound', `The subnet '${api}' could not be found.`);
  const vnetOf = (subnet: string) => subnet.toLowerCase().split('/subnets/')[0];
  if (!nodes || vnetOf(nodes) !== vnetOf(api) || nodes.toLowerCase() === api.toLowerCase()) {
    throw aksError(
      400,
      'InvalidParameter',
      'The value of parameter apiServerAccessProfile.subnetId is invalid. Error details: it must be another subnet of the virtual network of the nodes.',
    );
  }
  if (Number(range.split('/')[1]) > 28) {
    throw aksError(
      400,
      'InvalidParameter',
      `The value of parameter apiServerAccessProfile.subnetId is invalid. Error details: the subnet must be /28 or larger, not ${range}.`,
    );
  }
  // In 2024 AKS delegated the subnet itself; today's page asks the owner to do it.
  const delegated = delegationsOf(world, api).some((service) => service.toLowerCase() === delegate.toLowerCase());
  if (!delegated && world.edition === 'current') {
    throw aksError(
      400,
      'InvalidParameter',
      `The value of parameter apiServerAccessProfile.subnetId is invalid. Error details: the subnet must be delegated to ${delegate}.`,
    );
  }
}

function notIsolated(message: string) {
  return aksError(400, 'InvalidNetworkIsolatedClusterConfiguration', message);
}
