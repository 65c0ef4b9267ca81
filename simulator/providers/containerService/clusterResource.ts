import { randomBytes, randomUUID } from 'node:crypto';
import { nameOf, subscriptionOf } from '../../arm/ids.ts';
import { type Body, echoed, isBody, withoutUndefined } from '../../arm/json.ts';
import { normalLocation } from '../../arm/regions.ts';
import { tenantId } from '../../arm/token.ts';
import type { World } from '../../arm/world.ts';
import { identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import type { Intent } from './intent.ts';
import { type ClusterBody, type ClusterRequest, clusterBody } from './shapes.ts';
import { defaultVersion, patchOf } from './versions.ts';

/** Properties that clients send and Azure never echoes. */
const silent = new Set(['addonProfiles', 'natGatewayProfile', 'windowsProfile', 'eTag']);

/**
 * The cluster as the PUT answers it (azure-cli test_aks_network_isolated_cluster.yaml). `finished` adds the properties that only
 * a finished cluster has. Values that AKS has chosen survive an update that leaves them out.
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
  const { agentPoolProfiles: _pools, fqdn: _fqdn, privateFQDN: _private, ...kept } = { ...before, ...echoed(extra) };
  const body = {
    id,
    location,
    name: nameOf(id),
    type: 'Microsoft.ContainerService/ManagedClusters',
    tags: request.tags && Object.keys(request.tags).length > 0 ? request.tags : undefined,
    properties: withoutUndefined({
      ...kept,
      provisioningState: existing ? 'Updating' : 'Creating',
      powerState: { code: 'Running' },
      kubernetesVersion: version,
      currentKubernetesVersion: patchOf(world.edition, version),
      ...names,
      linuxProfile: properties.linuxProfile ?? before?.linuxProfile ?? undefined,
      windowsProfile: { adminUsername: 'azureuser', enableCSIProxy: true },
      servicePrincipalProfile: before?.servicePrincipalProfile ?? {
        clientId: properties.servicePrincipalProfile?.clientId ?? randomUUID(),
      },
      nodeResourceGroup: intent.nodeResourceGroup,
      enableRBAC: properties.enableRBAC ?? before?.enableRBAC ?? true,
      supportPlan: properties.supportPlan ?? before?.supportPlan ?? 'KubernetesOfficial',
      networkProfile: networkProfile(request, intent, existing),
      maxAgentPools: 100,
      privateLinkResources: privateLinkResources(id, location, intent, existing),
      apiServerAccessProfile: accessProfile(request, intent, existing),
      identityProfile: identityProfile(world, request, existing),
      autoUpgradeProfile: {
        nodeOSUpgradeChannel: 'NodeImage',
        ...echoed(properties.autoUpgradeProfile ?? before?.autoUpgradeProfile),
      },
      disableLocalAccounts: properties.disableLocalAccounts ?? before?.disableLocalAccounts ?? false,
      securityProfile: echoed(properties.securityProfile ?? before?.securityProfile),
      storageProfile: storageProfile(request, existing),
      oidcIssuerProfile: properties.oidcIssuerProfile ?? before?.oidcIssuerProfile ?? { enabled: false },
      workloadAutoScalerProfile: echoed(properties.workloadAutoScalerProfile ?? before?.workloadAutoScalerProfile),
      metricsProfile: properties.metricsProfile ?? before?.metricsProfile ?? { costAnalysis: { enabled: false } },
      bootstrapProfile: withoutUndefined({
        artifactSource: intent.artifactSource,
        containerRegistryId: intent.containerRegistryId,
      }),
    }),
    identity: identity(world, request, existing),
    sku: echoed(request.sku ?? existing?.sku ?? { name: 'Base', tier: 'Free' }),
  };
  return clusterBody.parse(withoutUndefined(body));
}

/** Adds what only a finished cluster has: client IDs, effective addresses, and AKS's own kubelet identity. */
export function finished(world: World, cluster: ClusterBody, nodeGroupId: string): ClusterBody {
  const { properties } = cluster;
  const balancer = properties.networkProfile.loadBalancerProfile;
  const address = `${nodeGroupId}/providers/Microsoft.Network/publicIPAddresses/${guidFrom(properties.resourceUID)}`;
  const effective = properties.networkProfile.outboundType === 'loadBalancer' && {
    effectiveOutboundIPs: [{ id: address }],
  };
  const kubelet = kubeletIdentityId(cluster, nodeGroupId);
  const users = isBody(cluster.identity?.userAssignedIdentities) ? cluster.identity.userAssignedIdentities : undefined;
  return {
    ...cluster,
    ...(users && {
      identity: { ...cluster.identity, type: 'UserAssigned', userAssignedIdentities: withClientIds(world, users) },
    }),
    properties: {
      ...properties,
      networkProfile: { ...properties.networkProfile, loadBalancerProfile: { ...balancer, ...effective } },
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
  const zone = `${randomUUID()}.${intent.vnetIntegration ? 'private' : 'privatelink'}.${location}.azmk8s.io`;
  const publicName = `${dnsPrefix}-${shortName()}`;
  const publicFqdn = request.properties.apiServerAccessProfile?.enablePrivateClusterPublicFQDN ?? true;
  const portal = intent.privateCluster ? `${randomBytes(16).toString('hex')}-priv` : publicName;
  return withoutUndefined({
    dnsPrefix,
    fqdn:
      intent.privateCluster && !publicFqdn ? undefined : (before?.fqdn ?? `${publicName}.hcp.${location}.azmk8s.io`),
    azurePortalFQDN: before?.azurePortalFQDN ?? `${portal}.portal.hcp.${location}.azmk8s.io`,
    privateFQDN: intent.privateCluster ? (before?.privateFQDN ?? `${dnsPrefix}-${shortName()}.${zone}`) : undefined,
    resourceUID:
      before?.resourceUID ??
      `${Math.floor(world.clock.now().getTime() / 1000).toString(16)}${randomBytes(8).toString('hex')}`,
  });
}

function networkProfile(request: ClusterRequest, intent: Intent, existing: ClusterBody | undefined): Body {
  const sent = request.properties.networkProfile;
  const before = existing?.properties.networkProfile;
  const serviceCidr = sent?.serviceCidr ?? before?.serviceCidr ?? '10.0.0.0/16';
  const outbound = intent.outboundType === 'loadBalancer' && { managedOutboundIPs: { count: 1 } };
  return {
    networkPolicy: 'none',
    networkDataplane: 'azure',
    loadBalancerSku: 'standard',
    ...before,
    ...echoed(sent),
    networkPlugin: intent.networkPlugin,
    // Recorded: it is never null or absent, not even without a load balancer.
    loadBalancerProfile: { ...outbound, backendPoolType: 'nodeIPConfiguration' },
    serviceCidr,
    dnsServiceIP: sent?.dnsServiceIP ?? before?.dnsServiceIP ?? '10.0.0.10',
    outboundType: intent.outboundType,
    serviceCidrs: [serviceCidr],
    ipFamilies: ['IPv4'],
  };
}

function accessProfile(request: ClusterRequest, intent: Intent, existing: ClusterBody | undefined): Body | undefined {
  const before = existing?.properties.apiServerAccessProfile;
  const sent = request.properties.apiServerAccessProfile;
  const { authorizedIPRanges: _ranges, ...kept } = { ...before, ...echoed(sent) };
  if (!intent.privateCluster && !intent.vnetIntegration) return Object.keys(kept).length > 0 ? kept : undefined;
  return {
    ...kept,
    ...(intent.vnetIntegration && { enableVnetIntegration: true }),
    ...(intent.privateCluster && {
      enablePrivateCluster: true,
      privateDNSZone: sent?.privateDNSZone ?? before?.privateDNSZone ?? 'system',
      enablePrivateClusterPublicFQDN:
        sent?.enablePrivateClusterPublicFQDN ?? before?.enablePrivateClusterPublicFQDN ?? true,
    }),
  };
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
