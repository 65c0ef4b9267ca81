import { randomUUID } from 'node:crypto';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import type { Simulator } from '../../simulator/index.ts';
import { controlApi } from './simulatorClient.ts';

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
/** Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const networkContributor = '4d97b98b-1d4f-4787-a291-c67834d212e7';

/** Does what somebody did before this product came: by default makes a private cluster with egress that pulls from Microsoft. */
export async function createExistingCluster(simulator: Simulator, found: FoundCluster): Promise<void> {
  const { cluster, ownNetwork = false, isolated = false } = found;
  const group = groupId(cluster);
  await put(simulator, group, { location });
  const own = ownNetwork ? await createNetwork(simulator, cluster, isolated) : undefined;
  await put(simulator, clusterId(cluster), {
    location,
    identity: own
      ? { type: 'UserAssigned', userAssignedIdentities: { [own.identity]: {} } }
      : { type: 'SystemAssigned' },
    properties: clusterProperties(found, own?.nodes),
  });
}

const groupId = ({ subscriptionId, resourceGroup }: Pick<ClusterReference, 'subscriptionId' | 'resourceGroup'>) =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;

const clusterProperties = ({ cluster, pools, kubernetesVersion, isolated }: FoundCluster, nodes?: string) => ({
  dnsPrefix: cluster.name,
  ...(kubernetesVersion !== undefined && { kubernetesVersion }),
  agentPoolProfiles: Object.entries(pools).map(([name, { mode, count, maxSurge }]) => ({
    name,
    mode,
    count,
    vmSize: 'Standard_D4ds_v5',
    ...(maxSurge !== undefined && { upgradeSettings: { maxSurge } }),
    ...(nodes !== undefined && { vnetSubnetID: nodes }),
  })),
  networkProfile: { networkPlugin: 'azure', outboundType: isolated ? 'none' : 'loadBalancer' },
  ...(isolated && { bootstrapProfile: { artifactSource: 'Cache' } }),
  apiServerAccessProfile: { enablePrivateCluster: true },
});

/** Makes a network and an identity for the control plane that may use it. Answers their IDs. */
async function createNetwork(
  simulator: Simulator,
  cluster: ClusterReference,
  isolated: boolean,
): Promise<{ nodes: string; identity: string }> {
  const network = `${groupId(cluster)}/providers/Microsoft.Network/virtualNetworks/${cluster.name}-network`;
  const nodes = `${network}/subnets/nodes`;
  const identity = `${groupId(cluster)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${cluster.name}-control`;
  await put(simulator, network, {
    location,
    properties: {
      addressSpace: { addressPrefixes: ['10.10.0.0/16'] },
      subnets: [
        // Open as networks are that were made before March 2026; an isolated cluster's is closed.
        { name: 'nodes', properties: { addressPrefix: '10.10.0.0/20', defaultOutboundAccess: !isolated } },
      ],
    },
  });
  const { principalId } = await put(simulator, identity, { location });
  await put(simulator, `${nodes}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`, {
    properties: {
      roleDefinitionId: `/subscriptions/${cluster.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${networkContributor}`,
      principalId,
      principalType: 'ServicePrincipal',
    },
  });
  // The role shows in the control plane's tokens after half a minute: without it the cluster fails.
  await controlApi(simulator, 'clock', 'POST', { advanceSeconds: 60 });
  return { nodes, identity };
}

/** Opens a subnet for default outbound access, as somebody does who does not know this product. */
export async function openSubnet(
  simulator: Simulator,
  { virtualNetwork, subnet, addressPrefix, ...group }: SubnetReference,
): Promise<void> {
  const id = `${groupId(group)}/providers/Microsoft.Network/virtualNetworks/${virtualNetwork}/subnets/${subnet}`;
  await put(simulator, id, { properties: { addressPrefix, defaultOutboundAccess: true } });
}

interface Answer {
  status: number;
  body?: { properties?: Record<string, unknown> };
  code?: string;
  message?: string;
}

/** Makes a resource as others do, to the operation's end though no time passes. Answers its properties. */
async function put(simulator: Simulator, path: string, body: object): Promise<Record<string, unknown>> {
  const does = [{ method: 'PUT', path, body }];
  const [answer] = await controlApi<Answer[]>(simulator, 'requests', 'POST', { does });
  if (!answer || answer.status >= 300 || answer.code !== undefined)
    throw new Error(`The simulator refused ${path}: ${answer?.code} ${answer?.message}`);
  return answer.body?.properties ?? {};
}
