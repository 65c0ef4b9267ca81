import {
  type ChangeRegistryInput,
  changeRegistryInput,
  type DisableIsolationInput,
  disableIsolationInput,
  type IsolateClusterInput,
  isolateClusterInput,
  parse,
  type ReimageNodePoolsInput,
  reimageNodePoolsInput,
} from '../../../contract/index.ts';
import type { AgentPoolFacts } from '../../../resources/agentPools.ts';
import type { ExistingClusterFacts } from '../../../resources/discovery.ts';
import { type ClusterFacts, hasOwnNetwork } from '../../../resources/managedClusters.ts';
import type { NodeFacts } from '../../../resources/nodes.ts';
import type { SubnetFacts } from '../../../resources/virtualNetworks.ts';
import { planChangeRegistry } from '../../../workflows/changeRegistry.ts';
import { planDisableIsolation } from '../../../workflows/disableIsolation.ts';
import { planIsolateCluster } from '../../../workflows/isolateCluster.ts';
import { planReimageNodePools } from '../../../workflows/reimageNodePools.ts';
import { cluster, clusterThere, group, nothingThere, subscription } from '../support.ts';

const nodeGroup = `${subscription}/resourceGroups/MC_rg_cluster_westeurope`;

export const managedNetworkId = `${nodeGroup}/providers/Microsoft.Network/virtualNetworks/aks-vnet-1`;
export const ownSubnet = `${group}/providers/Microsoft.Network/virtualNetworks/own/subnets/nodes`;

/** The subnet of {@link ownSubnet}, closed. */
export const closedSubnet: SubnetFacts = {
  id: ownSubnet,
  name: 'nodes',
  provisioningState: 'Succeeded',
  addressPrefixes: ['10.10.0.0/20'],
  defaultOutboundAccess: false,
  privateEndpointNetworkPolicies: 'Disabled',
  delegations: [],
  addressesInUse: 3,
};
export const registryId = (name: string) => `${group}/providers/Microsoft.ContainerRegistry/registries/${name}`;
export const kubeletIdentityId = `${nodeGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/agentpool`;

const [usual] = clusterThere().agentPoolProfiles;
export const pool = (name: string, changes: Partial<AgentPoolFacts> = {}): AgentPoolFacts => ({
  ...(usual as AgentPoolFacts),
  name,
  mode: 'User',
  ...changes,
});
export const systemPool = pool('system', { mode: 'System' });

const node = (name: string, of: string): NodeFacts => ({
  name,
  pool: of,
  bootId: `boot-${name}`,
  createdAt: '2026-01-01T00:00:00Z',
  ready: true,
});

/** A cluster that is not isolated: images from Microsoft, egress by a load balancer, a network that AKS manages. */
export const ordinary = (changes: Partial<ClusterFacts> = {}): ClusterFacts => {
  const { containerRegistryId: _none, ...facts } = clusterThere();
  return {
    ...facts,
    artifactSource: 'Direct',
    outboundType: 'loadBalancer',
    kubeletIdentityId,
    agentPoolProfiles: [systemPool, pool('work')],
    ...changes,
  };
};

export const isolated = (changes: Partial<ClusterFacts> = {}): ClusterFacts =>
  clusterThere({ kubeletIdentityId, agentPoolProfiles: [systemPool, pool('work')], ...changes });

export function seen(
  found: ClusterFacts | undefined,
  changes: Partial<ExistingClusterFacts> = {},
): ExistingClusterFacts {
  const { infrastructure, allowances, providers, features } = nothingThere;
  return {
    subscription: { state: 'Enabled', tenantId: 'tenant' },
    ...(found && { cluster: found }),
    ...(!(found && hasOwnNetwork(found)) && { managedNetworkId }),
    registryEndpointIds: [],
    tenants: { [cluster.subscriptionId]: 'tenant' },
    kubernetes: { seen: { nodes: [node('s', 'system'), node('w', 'work')], disruptionBudgets: [] } },
    probes: {},
    discovered: { infrastructure, allowances, providers, features },
    ...changes,
  };
}

/** The same cluster with its nodes in a network of one's own. */
export const inNetwork = (found: ClusterFacts): ClusterFacts => ({
  ...found,
  agentPoolProfiles: found.agentPoolProfiles.map((each) => ({ ...each, vnetSubnetId: ownSubnet })),
});

/** Probes of nodes that boot from this source, for every pool. */
export const bootingFrom = (bootstrapSource: string): ExistingClusterFacts['probes'] => {
  const probe = { seen: { node: 'n', image: 'i', pulled: true, bootstrapSource, message: '' } };
  return { system: probe, work: probe };
};

/** run-command is forbidden. */
export const notAllowed: ExistingClusterFacts['kubernetes'] = {
  unseen: { because: 'notAllowed', message: 'disabled' },
};

function accepted<T>(parsed: ReturnType<typeof parse<T>>): T {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

export const planIsolate = (facts: ExistingClusterFacts, input: Partial<IsolateClusterInput> = {}) =>
  planIsolateCluster(
    accepted(parse(isolateClusterInput, { cluster, registry: { mode: 'managed' }, ...input })),
    facts,
    'this run',
  );
export const planChange = (facts: ExistingClusterFacts, input: Partial<ChangeRegistryInput> = {}) =>
  planChangeRegistry(
    accepted(parse(changeRegistryInput, { cluster, registry: { mode: 'bringYourOwn', name: 'other' }, ...input })),
    facts,
    'this run',
  );
export const planDisable = (facts: ExistingClusterFacts, input: Partial<DisableIsolationInput> = {}) =>
  planDisableIsolation(accepted(parse(disableIsolationInput, { cluster, ...input })), facts);
export const planReimage = (facts: ExistingClusterFacts, input: Partial<ReimageNodePoolsInput> = {}) =>
  planReimageNodePools(accepted(parse(reimageNodePoolsInput, { cluster, ...input })), facts);
