import { randomBytes, randomUUID } from 'node:crypto';
import { nameOf, subscriptionOf } from '../../arm/ids.ts';
import { type Body, echoed, isBody, withoutUndefined } from '../../arm/json.ts';
import { normalLocation } from '../../arm/regions.ts';
import { tenantId } from '../../arm/token.ts';
import type { World } from '../../arm/world.ts';
import { identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import type { Intent } from './intent.ts';
import { networkProfile, withEffectiveAddresses } from './networkProfile.ts';
import { type ClusterBody, type ClusterRequest, clusterBody } from './shapes.ts';
import { defaultVersion, patchOf } from './versions.ts';

/** Properties that clients send and Azure never echoes. */
const silent = new Set(['windowsProfile', 'eTag']);

/**
 * Properties that stay where an update leaves them out, because they are AKS's or fixed at creation. Add-ons and storage drivers
 * stay one by one. All other settings of the owner have their defaults again.
 */
const kept = [
  'linuxProfile',
  'aadProfile',
  'diskEncryptionSetID',
  'fqdnSubdomain',
  'identityProfile',
  // In preview: no stable API version has it, so a client of one can neither see nor send it.
  'nodeDisruptionProfile',
] as const;

/**
 * The cluster as the PUT answers it (azure-cli test_aks_network_isolated_cluster.yaml). `finished` adds the properties that only
 * a finished cluster has.
 */
export function buildCluster(
  world: World,
  id: string,
  request: ClusterRequest,
  intent: Intent,
  existing: ClusterBody | undefined,
): ClusterBody {
  const { properties } = request;
  const before = existing?.properties;
  const location = normalLocation(request.location);
  const version = properties.kubernetesVersion ?? before?.kubernetesVersion ?? defaultVersion(world.edition);
  const names = namesFor(world, id, location, request, intent, existing);
  const extra = Object.fromEntries(Object.entries(properties).filter(([key]) => !silent.has(key)));
  const stays = Object.fromEntries(kept.map((key) => [key, before?.[key]]));
  const { agentPoolProfiles: _pools, fqdn: _fqdn, privateFQDN: _private, ...sent } = echoed(extra);
  const body = {
    id,
    location,
    name: nameOf(id),
    type: 'Microsoft.ContainerService/ManagedClusters',
    tags: request.tags && Object.keys(request.tags).length > 0 ? request.tags : undefined,
    properties: withoutUndefined({
      ...stays,
      ...sent,
      provisioningState: existing ? 'Updating' : 'Creating',
      powerState: { code: 'Running' },
      kubernetesVersion: version,
      currentKubernetesVersion: currentVersion(world, version, before),
      ...names,
      windowsProfile: { adminUsername: 'azureuser', enableCSIProxy: true },
      servicePrincipalProfile: before?.servicePrincipalProfile ?? {
        clientId: properties.servicePrincipalProfile?.clientId ?? randomUUID(),
      },
      nodeResourceGroup: intent.nodeResourceGroup,
      enableRBAC: properties.enableRBAC ?? before?.enableRBAC ?? true,
      supportPlan: properties.supportPlan ?? 'KubernetesOfficial',
      networkProfile: networkProfile(request, intent, existing),
      maxAgentPools: 100,
      privateLinkResources: privateLinkResources(id, location, intent, existing),
      apiServerAccessProfile: accessProfile(request, intent, existing),
      identityProfile: identityProfile(world, request, existing),
      autoUpgradeProfile: {
        nodeOSUpgradeChannel: 'NodeImage',
        ...echoed(properties.autoUpgradeProfile),
      },
      addonProfiles: addonProfiles(request, existing),
      disableLocalAccounts: properties.disableLocalAccounts ?? false,
      securityProfile: echoed(properties.securityProfile),
      storageProfile: storageProfile(request, existing),
      oidcIssuerProfile: properties.oidcIssuerProfile ?? before?.oidcIssuerProfile ?? { enabled: false },
      workloadAutoScalerProfile: echoed(properties.workloadAutoScalerProfile),
      metricsProfile: properties.metricsProfile ?? { costAnalysis: { enabled: false } },
      bootstrapProfile: withoutUndefined({
        artifactSource: intent.artifactSource,
        containerRegistryId: intent.containerRegistryId,
      }),
    }),
    identity: identity(world, request, existing),
    sku: echoed(request.sku ?? { name: 'Base', tier: 'Free' }),
  };
  return clusterBody.parse(withoutUndefined(body));
}

/** A cluster keeps its patch version, offered or not, until it is asked to move. */
const currentVersion = (world: World, version: string, before: ClusterBody['properties'] | undefined): string =>
  before?.kubernetesVersion === version ? before.currentKubernetesVersion : patchOf(world, version);

/** Adds what only a finished cluster has: client IDs, effective addresses, and AKS's own kubelet identity. */
export function finished(world: World, cluster: ClusterBody, nodeGroupId: string): ClusterBody {
  const { properties } = cluster;
  const address = `${nodeGroupId}/providers/Microsoft.Network/publicIPAddresses/${guidFrom(properties.resourceUID)}`;
  const kubelet = kubeletIdentityId(cluster, nodeGroupId);
  const users = isBody(cluster.identity?.userAssignedIdentities) ? cluster.identity.userAssignedIdentities : undefined;
  return {
    ...cluster,
    ...(users && {
      identity: { ...cluster.identity, type: 'UserAssigned', userAssignedIdentities: withClientIds(world, users) },
    }),
    properties: {
      ...properties,
      networkProfile: clusterBody.shape.properties.shape.networkProfile.parse(
        withEffectiveAddresses(properties, address),
      ),
      identityProfile: properties.identityProfile ?? {
        kubeletidentity: { resourceId: kubelet, ...kubeletIds(world, kubelet) },
      },
      ...(properties.privateLinkResources && {
        privateLinkResources: properties.privateLinkResources.map(
          ({ privateLinkServiceID: _service, ...resource }) => ({
            id: `${cluster.id}/privateLinkResources/management`,
            ...resource,
          }),
        ),
      }),
    },
  };
}

/** ID of the kubelet identity that AKS makes when the request names none. */
export function kubeletIdentityId(cluster: ClusterBody, nodeGroupId: string): string {
  const group = nodeGroupId.replace('/resourceGroups/', '/resourcegroups/');
  return `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${cluster.name}-agentpool`;
}

/** Random names, drawn once and then kept. `resourceUID` starts with the second of the PUT. */
function namesFor(
  world: World,
  id: string,
  location: string,
  request: ClusterRequest,
  intent: Intent,
  existing: ClusterBody | undefined,
): Body {
  const before = existing?.properties;
  const dnsPrefix = before?.dnsPrefix ?? request.properties.dnsPrefix ?? nameOf(id);
  const sentZone = request.properties.apiServerAccessProfile?.privateDNSZone;
  const own = sentZone ?? before?.apiServerAccessProfile?.privateDNSZone ?? 'system';
  const zone = own.includes('/')
    ? nameOf(own)
    : `${randomUUID()}.${intent.vnetIntegration ? 'private' : 'privatelink'}.${location}.azmk8s.io`;
  const publicName = `${dnsPrefix}-${shortName()}`;
  const publicFqdn = request.properties.apiServerAccessProfile?.enablePrivateClusterPublicFQDN ?? true;
  const portal = intent.privateCluster ? `${randomBytes(16).toString('hex')}-priv` : publicName;
  return withoutUndefined({
    dnsPrefix,
    fqdn:
      intent.privateCluster && !publicFqdn ? undefined : (before?.fqdn ?? `${publicName}.hcp.${location}.azmk8s.io`),
    azurePortalFQDN: before?.azurePortalFQDN ?? `${portal}.portal.hcp.${location}.azmk8s.io`,
    privateFQDN:
      intent.privateCluster && own.toLowerCase() !== 'none'
        ? (before?.privateFQDN ?? `${dnsPrefix}-${shortName()}.${zone}`)
        : undefined,
    resourceUID:
      before?.resourceUID ??
      `${Math.floor(world.clock.now().getTime() / 1000).toString(16)}${randomBytes(8).toString('hex')}`,
  });
}

/** How the API server is reached. Private link and VNet integration stay; who may reach it, and run-command, are reset. */
function accessProfile(request: ClusterRequest, intent: Intent, existing: ClusterBody | undefined): Body | undefined {
  const before = existing?.properties.apiServerAccessProfile;
  const { authorizedIPRanges, ...sent } = echoed(request.properties.apiServerAccessProfile);
  const ranges = Array.isArray(authorizedIPRanges) && authorizedIPRanges.length > 0 && { authorizedIPRanges };
  const profile = {
    ...(before?.subnetId && { subnetId: before.subnetId }),
    ...sent,
    ...ranges,
    ...(intent.vnetIntegration && { enableVnetIntegration: true }),
    ...(intent.privateCluster && {
      enablePrivateCluster: true,
      privateDNSZone: sent.privateDNSZone ?? before?.privateDNSZone ?? 'system',
      enablePrivateClusterPublicFQDN:
        sent.enablePrivateClusterPublicFQDN ?? before?.enablePrivateClusterPublicFQDN ?? true,
    }),
  };
  return Object.keys(profile).length > 0 ? profile : undefined;
}

/** An add-on that a request does not name stays as it is (https://github.com/Azure/AKS/issues/2904). */
function addonProfiles(request: ClusterRequest, existing: ClusterBody | undefined): Body | undefined {
  const all = { ...echoed(existing?.properties.addonProfiles), ...echoed(request.properties.addonProfiles) };
  return Object.keys(all).length > 0 ? all : undefined;
}

function privateLinkResources(
  id: string,
  location: string,
  intent: Intent,
  existing: ClusterBody | undefined,
): Body[] | undefined {
  if (!intent.privateCluster || intent.vnetIntegration) return undefined;
  const link = {
    name: 'management',
    type: 'Microsoft.ContainerService/managedClusters/privateLinkResources',
    groupId: 'management',
    requiredMembers: ['management'],
  };
  if (!existing) return [link];
  const subscription = subscriptionOf(id);
  const service = `${subscription}/resourceGroups/hcp-underlay-${location}-cx-3/providers/Microsoft.Network/privateLinkServices/${guidFrom(existing.properties.resourceUID)}`;
  return [{ ...link, privateLinkServiceID: service }];
}

function identity(world: World, request: ClusterRequest, existing: ClusterBody | undefined): Body | undefined {
  const sent = request.identity ?? existing?.identity;
  if (!sent) return undefined;
  if (sent.type !== 'UserAssigned') {
    const before = existing?.identity?.type === 'SystemAssigned' ? existing.identity : undefined;
    if (before) return before;
    const principalId = randomUUID();
    world.principals.set(principalId, world.clock.now());
    return { type: 'SystemAssigned', principalId, tenantId };
  }
  const users = isBody(sent.userAssignedIdentities) ? Object.keys(sent.userAssignedIdentities) : [];
  const entries = users.map((id) => {
    const ids = identityIds(world, id);
    return [lowerGroup(id), { principalId: ids?.principalId }] as const;
  });
  return { type: 'UserAssigned', userAssignedIdentities: Object.fromEntries(entries) };
}

function withClientIds(world: World, users: Body): Body {
  return Object.fromEntries(Object.keys(users).map((id) => [id, identityIds(world, id) ?? {}]));
}

function identityProfile(world: World, request: ClusterRequest, existing: ClusterBody | undefined): Body | undefined {
  const kubelet = request.properties.identityProfile?.kubeletidentity?.resourceId;
  if (!kubelet) return existing?.properties.identityProfile;
  return { kubeletidentity: { resourceId: kubelet, ...kubeletIds(world, kubelet) } };
}

/** Client and principal ID as the kubelet identity shows them: its principal is `objectId`. */
function kubeletIds(world: World, id: string): Body {
  const ids = identityIds(world, id);
  return ids ? { clientId: ids.clientId, objectId: ids.principalId } : {};
}

function storageProfile(request: ClusterRequest, existing: ClusterBody | undefined): Body {
  const drivers = {
    diskCSIDriver: { enabled: true },
    fileCSIDriver: { enabled: true },
    snapshotController: { enabled: true },
  };
  return { ...drivers, ...echoed(existing?.properties.storageProfile), ...echoed(request.properties.storageProfile) };
}

function lowerGroup(id: string): string {
  return id.replace(/\/resourcegroups\//i, '/resourcegroups/');
}

function shortName(): string {
  return randomBytes(8).toString('hex').slice(0, 8);
}

/** A stable name like a GUID, for resources that belong to one cluster. */
export function guidFrom(uid: string): string {
  const hex = uid.padEnd(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
