import { randomUUID } from 'node:crypto';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { ContainerServiceClient } from '@azure/arm-containerservice';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import type { ClusterReference } from '../../resources/ids.ts';
import type { Simulator } from '../../simulator/index.ts';
import { managedIdentity } from './simulatorClient.ts';

/** Node pools of a cluster that somebody has made, by name. */
export type Pools = Readonly<Record<string, { mode: 'System' | 'User'; count: number; maxSurge?: string }>>;

export interface ExistingCluster {
  cluster: ClusterReference;
  pools: Pools;
  /** Default: the region's. */
  kubernetesVersion?: string;
  /** In a virtual network of its own. Default: one that AKS manages. */
  ownNetwork?: boolean;
  /** Made as the guide does, with a registry that AKS manages. Default: an ordinary one, with egress. */
  isolated?: boolean;
}

export interface SubnetReference {
  subscriptionId: string;
  resourceGroup: string;
  virtualNetwork: string;
  subnet: string;
  addressPrefix: string;
}

const location = 'westeurope';

/** What somebody did long before this product came: by default an ordinary private cluster that pulls from Microsoft, with egress. */
export async function createExistingCluster(
  simulator: Simulator,
  { cluster, pools, kubernetesVersion, ownNetwork = false, isolated = false }: ExistingCluster,
): Promise<void> {
  const { subscriptionId, resourceGroup, name } = cluster;
  const credential = managedIdentity(simulator.tokenEndpoint);
  const options = { endpoint: simulator.endpoint, tlsOptions: { ca: simulator.ca } };
  const azure = {
    groups: new ResourceManagementClient(credential, subscriptionId, options).resourceGroups,
    networks: new NetworkManagementClient(credential, subscriptionId, options).virtualNetworks,
    identities: new ManagedServiceIdentityClient(credential, subscriptionId, options).userAssignedIdentities,
    roles: new AuthorizationManagementClient(credential, subscriptionId, { ...options, $host: simulator.endpoint })
      .roleAssignments,
    clusters: new ContainerServiceClient(credential, subscriptionId, options).managedClusters,
  };
  await azure.groups.createOrUpdate(resourceGroup, { location });
  const own = ownNetwork ? await createNetwork() : undefined;
  await azure.clusters.createOrUpdate(
    resourceGroup,
    name,
    {
      location,
      dnsPrefix: name,
      ...(kubernetesVersion !== undefined && { kubernetesVersion }),
      identity: own
        ? { type: 'UserAssigned', userAssignedIdentities: { [own.identityId]: {} } }
        : { type: 'SystemAssigned' },
      agentPoolProfiles: Object.entries(pools).map(([pool, { mode, count, maxSurge }]) => ({
        name: pool,
        mode,
        count,
        vmSize: 'Standard_D4ds_v5',
        ...(maxSurge !== undefined && { upgradeSettings: { maxSurge } }),
        ...(own && { vnetSubnetID: own.subnetId }),
      })),
      networkProfile: { networkPlugin: 'azure', outboundType: isolated ? 'none' : 'loadBalancer' },
      ...(isolated && { bootstrapProfile: { artifactSource: 'Cache' } }),
      apiServerAccessProfile: { enablePrivateCluster: true },
    },
    { updateIntervalInMs: 50 },
  );

  /** With an identity for the control plane that may use it. */
  async function createNetwork(): Promise<{ subnetId: string; identityId: string }> {
    const { subnets } = await azure.networks.createOrUpdate(
      resourceGroup,
      `${name}-network`,
      {
        location,
        addressSpace: { addressPrefixes: ['10.10.0.0/16'] },
        subnets: [{ name: 'nodes', addressPrefix: '10.10.0.0/20' }],
      },
      { updateIntervalInMs: 50 },
    );
    const subnetId = subnets?.[0]?.id ?? '';
    const { id = '', principalId = '' } = await azure.identities.createOrUpdate(resourceGroup, `${name}-control`, {
      location,
    });
    await azure.roles.create(subnetId, randomUUID(), {
      roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${networkContributor}`,
      principalId,
      principalType: 'ServicePrincipal',
    });
    return { subnetId, identityId: id };
  }
}

/** What somebody does to a cluster's network without this product. */
export async function openSubnet(
  simulator: Simulator,
  { subscriptionId, resourceGroup, virtualNetwork, subnet, addressPrefix }: SubnetReference,
): Promise<void> {
  const options = { endpoint: simulator.endpoint, tlsOptions: { ca: simulator.ca } };
  const { subnets } = new NetworkManagementClient(managedIdentity(simulator.tokenEndpoint), subscriptionId, options);
  const open = { addressPrefix, defaultOutboundAccess: true };
  await subnets.createOrUpdate(resourceGroup, virtualNetwork, subnet, open, { updateIntervalInMs: 50 });
}

/** Source: Learn, "Azure built-in roles". */
const networkContributor = '4d97b98b-1d4f-4787-a291-c67834d212e7';
