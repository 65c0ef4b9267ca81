import { compareVersions } from 'compare-versions';
import { gatewayError } from '../../arm/errors.ts';
import { nameOf } from '../../arm/ids.ts';
import type { World } from '../../arm/world.ts';
import { identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import { delegationsOf, subnetRanges } from '../network/subnetShapes.ts';
import { checkAccess } from './accessRules.ts';
import { refuseDisruption } from './disruption.ts';
import {
  aksError,
  changeNotAllowed,
  invalidParameter,
  missingParameter,
  notIsolated,
  refuseChange,
  subnetNotFound,
} from './errors.ts';
import type { Intent } from './intent.ts';
import { checkIsolation, checkPreview } from './isolationRules.ts';
import type { ClusterBody, ClusterRequest, PoolProfile, PoolProperties } from './shapes.ts';
import { clusterType } from './stored.ts';
import { defaultVersion, patchOf, refuseLongTermOnly } from './versions.ts';

/** @throws ArmError for everything in a cluster PUT that AKS refuses before it starts */
export function checkCluster(
  world: World,
  id: string,
  request: ClusterRequest,
  intent: Intent,
  existing: ClusterBody | undefined,
  pools: readonly { readonly name: string; readonly properties: PoolProperties }[],
): void {
  checkNames(id, request);
  checkVersion(world, id, request, intent, existing);
  if (existing) checkUnchanged(request, intent, existing);
  if (existing) refuseDisruption(world, request, intent, existing);
  checkAccess(world, request, intent, pools);
  checkIdentity(world, id, request, existing);
  checkPreview(world, id, request, intent);
  checkIsolation(world, request, intent, existing, pools);
  checkSubnets(world, request, intent, existing);
}

function checkNames(id: string, { properties }: ClusterRequest): void {
  const name = nameOf(id);
  if (!/^[a-zA-Z0-9]([\w-]{0,61}[a-zA-Z0-9])?$/.test(name)) {
    throw invalidParameter(
      'resourceName',
      `'${name}' must have 1 to 63 alphanumerics, underscores and hyphens, and start and end with an alphanumeric.`,
    );
  }
  if (properties.dnsPrefix && !/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,52}[a-zA-Z0-9])?$/.test(properties.dnsPrefix)) {
    throw invalidParameter(
      'dnsPrefix',
      `'${properties.dnsPrefix}' must have 1 to 54 alphanumerics and hyphens, and start and end with an alphanumeric.`,
    );
  }
}

function checkVersion(
  world: World,
  id: string,
  request: ClusterRequest,
  intent: Intent,
  existing: ClusterBody | undefined,
): void {
  const { properties, sku } = request;
  const before = existing?.properties;
  const plan = properties.supportPlan ?? 'KubernetesOfficial';
  const isLongTerm = plan === 'AKSLongTermSupport';
  if (isLongTerm && sku?.tier?.toLowerCase() !== 'premium')
    throw invalidParameter('supportPlan', `'${plan}' is only available for clusters of the Premium tier.`);
  const version = properties.kubernetesVersion ?? before?.kubernetesVersion ?? defaultVersion(world.edition);
  const moves = version !== before?.kubernetesVersion;
  const patch = moves ? patchOf(world, version) : before.currentKubernetesVersion;
  // A cluster on a version that has aged may stay, but not come, nor leave its long-term support.
  if (!isLongTerm && (moves || before.supportPlan !== plan)) refuseLongTermOnly(world, nameOf(id), patch);
  if (intent.artifactSource === 'Cache' && compareVersions(patch, '1.30') < 0) {
    throw notIsolated(`bootstrapProfile.artifactSource 'Cache' needs Kubernetes 1.30 or later, not ${version}`);
  }
  if (moves && before && compareVersions(patch, before.currentKubernetesVersion) < 0) {
    throw aksError(
      400,
      'OperationNotAllowed',
      `Upgrading Kubernetes version ${before.currentKubernetesVersion} to ${version} is not allowed: downgrades are not supported.`,
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
    throw changeNotAllowed(
      'properties.apiServerAccessProfile.enableVnetIntegration',
      ': API server VNet integration cannot be disabled',
    );
  }
  // An API server can become private or public later only with VNet integration.
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
      throw missingParameter('servicePrincipalProfile');
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
    throw invalidParameter(
      'identityProfile.kubeletidentity.resourceId',
      `the identity '${kubelet}' could not be found.`,
    );
  }
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
  if (range === undefined) throw subnetNotFound(api);
  const vnetOf = (subnet: string) => subnet.toLowerCase().split('/subnets/')[0];
  if (!nodes || vnetOf(nodes) !== vnetOf(api) || nodes.toLowerCase() === api.toLowerCase()) {
    throw invalidParameter(
      'apiServerAccessProfile.subnetId',
      'it must be another subnet of the virtual network of the nodes.',
    );
  }
  if (Number(range.split('/')[1]) > 28) {
    throw invalidParameter('apiServerAccessProfile.subnetId', `the subnet must be /28 or larger, not ${range}.`);
  }
  // In 2024 AKS delegated the subnet itself; today Microsoft Learn asks the owner to do it.
  const delegated = delegationsOf(world, api).some((service) => service.toLowerCase() === clusterType.toLowerCase());
  if (!delegated && world.edition === 'current') {
    throw invalidParameter('apiServerAccessProfile.subnetId', `the subnet must be delegated to ${clusterType}.`);
  }
}
