import { randomUUID } from 'node:crypto';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { ContainerServiceClient } from '@azure/arm-containerservice';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import type { ClusterReference } from '../../resources/ids.ts';
import type { Simulator } from '../../simulator/index.ts';
import { simulatedIdentity } from './simulatorClient.ts';

/** A cluster's node pools, by name. */
export type Pools = Readonly<Record<string, { mode: 'System' | 'User'; count: number; maxSurge?: string }>>;

export interface FoundCluster {
  cluster: ClusterReference;
  pools: Pools;
  /** Default: the region's default version. */
  kubernetesVersion?: string;
  /** The cluster is in a virtual network of its owner. Default: in one that AKS manages. */
  ownNetwork?: boolean;
  /** The cluster is isolated as in the guide, with a registry that AKS manages. Default: an ordinary one, with egress. */
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
/** The SDK would ask every 2 s, which can be minutes or hours of simulated time. 50 ms are 3 s at the default speed of 60. */
const frequentPolling = { updateIntervalInMs: 50 };
/** Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const networkContributor = '4d97b98b-1d4f-4787-a291-c67834d212e7';

/** The Azure SDK's operations that are needed here, on the simulator. */
const clientsOf = (simulator: Simulator, subscriptionId: string) => {
  const credential = simulatedIdentity(simulator.tokenEndpoint);
  const options = { endpoint: simulator.endpoint, tlsOptions: { ca: simulator.ca } };
  const networks = new NetworkManagementClient(credential, subscriptionId, options);
  return {
    groups: new ResourceManagementClient(credential, subscriptionId, options).resourceGroups,
    networks: networks.virtualNetworks,
    subnets: networks.subnets,
    identities: new ManagedServiceIdentityClient(credential, subscriptionId, options).userAssignedIdentities,
    roles: new AuthorizationManagementClient(credential, subscriptionId, { ...options, $host: simulator.endpoint })
      .roleAssignments,
    clusters: new ContainerServiceClient(credential, subscriptionId, options).managedClusters,
  };
};

/** Does what somebody did before this product came: by default makes a private cluster with egress that pulls from Microsoft. */
export async function createExistingCluster(
  simulator: Simulator,
  { cluster, pools, kubernetesVersion, ownNetwork = false, isolated = false }: FoundCluster,
): Promise<void> {
  const { subscriptionId, resourceGroup, name } = cluster;
  const azure = clientsOf(simulator, subscriptionId);
  await azure.groups.createOrUpdate(resourceGroup, { location });
  const own = ownNetwork ? await createNetwork(azure, cluster, isolated) : undefined;
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
    frequentPolling,
  );
}

/** Makes a network and an identity for the control plane that may use it. */
async function createNetwork(
  { networks, identities, roles }: ReturnType<typeof clientsOf>,
  { subscriptionId, resourceGroup, name }: ClusterReference,
  isolated: boolean,
): Promise<{ subnetId: string; identityId: string }> {
  const { subnets } = await networks.createOrUpdate(
    resourceGroup,
    `${name}-network`,
    {
      location,
      addressSpace: { addressPrefixes: ['10.10.0.0/16'] },
      // Open as networks are that were made before March 2026; an isolated cluster's is closed.
      subnets: [{ name: 'nodes', addressPrefix: '10.10.0.0/20', defaultOutboundAccess: !isolated }],
    },
    frequentPolling,
  );
  const subnetId = subnets?.[0]?.id ?? '';
  const { id = '', principalId = '' } = await identities.createOrUpdate(resourceGroup, `${name}-control`, { location });
  await roles.create(subnetId, randomUUID(), {
    roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${networkContributor}`,
    principalId,
    principalType: 'ServicePrincipal',
  });
  return { subnetId, identityId: id };
}

/** Opens a subnet for default outbound access, as somebody does who does not know this product. */
export async function openSubnet(
  simulator: Simulator,
  { subscriptionId, resourceGroup, virtualNetwork, subnet, addressPrefix }: SubnetReference,
): Promise<void> {
  const open = { addressPrefix, defaultOutboundAccess: true };
  const { subnets } = clientsOf(simulator, subscriptionId);
  await subnets.createOrUpdate(resourceGroup, virtualNetwork, subnet, open, frequentPolling);
}
