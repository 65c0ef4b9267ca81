import type { AksIsolationClient, ScenarioHandle } from '../../client/index.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import type { Edition } from '../../simulator/index.ts';

const cluster: ClusterReference = {
  subscriptionId: '11111111-1111-1111-1111-111111111111',
  resourceGroup: 'conformance',
  name: 'shop',
};
const location = 'westeurope';
const vmSize = 'Standard_D4ds_v5';
const group = `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.resourceGroup}`;
const registryId = (name: string) => `${group}/providers/Microsoft.ContainerRegistry/registries/${name}`;

/** The scripts' variables. Names are the ones that the workflows choose by default. */
export const variables = {
  LOCATION: location,
  VM_SIZE: vmSize,
  RESOURCE_GROUP: cluster.resourceGroup,
  AKS_NAME: cluster.name,
  VNET_NAME: `${cluster.name}-vnet`,
  AKS_SUBNET_NAME: 'aks-subnet',
  ACR_SUBNET_NAME: 'acr-subnet',
  APISERVER_SUBNET_NAME: 'apiserver-subnet',
  REGISTRY_NAME: 'conformance01',
  NEW_REGISTRY_NAME: 'conformance02',
  CLUSTER_IDENTITY_NAME: `${cluster.name}-identity`,
  KUBELET_IDENTITY_NAME: `${cluster.name}-kubelet`,
} as const;

export interface ConformanceScenario {
  readonly edition: Edition;
  /** Scripts that make what both find. */
  readonly setup?: readonly string[];
  /** Microsoft publishes a node image after the setup; without a new one AKS has nothing to reimage. */
  readonly newNodeImage?: true;
  readonly guide: readonly string[];
  /** The product's way to the same end. Without one only the CLI's commands must succeed. */
  readonly workflow?: (aks: AksIsolationClient) => Promise<ScenarioHandle>;
}

const create = {
  cluster,
  location,
  agentPoolProfiles: [{ name: 'nodepool1', count: 1, vmSize }],
};
const managed = { mode: 'managed' } as const;
const own = { mode: 'bringYourOwn', name: variables.REGISTRY_NAME } as const;

export const conformanceScenarios = {
  registration: { edition: 'current', guide: ['registration.sh'] },
  'managed-private-link': {
    edition: 'current',
    guide: ['managed-private-link.sh'],
    workflow: (aks) => aks.createCluster({ ...create, registry: managed, apiServerAccess: 'privateLink' }),
  },
  'managed-vnet-integration': {
    edition: 'current',
    guide: ['managed-vnet-integration.sh'],
    workflow: (aks) => aks.createCluster({ ...create, registry: managed, apiServerAccess: 'vnetIntegration' }),
  },
  'byo-private-link': {
    edition: 'current',
    guide: ['byo-private-link.sh'],
    workflow: (aks) => aks.createCluster({ ...create, registry: own, apiServerAccess: 'privateLink' }),
  },
  'byo-vnet-integration': {
    edition: 'current',
    guide: ['byo-vnet-integration.sh'],
    workflow: (aks) => aks.createCluster({ ...create, registry: own, apiServerAccess: 'vnetIntegration' }),
  },
  'isolate-managed': {
    edition: 'current',
    setup: ['existing-cluster.sh'],
    guide: ['isolate-managed.sh'],
    workflow: (aks) => aks.isolateCluster({ cluster, registry: managed }),
  },
  'isolate-byo': {
    edition: 'current',
    setup: ['existing-cluster-in-own-network.sh'],
    guide: ['isolate-byo.sh'],
    workflow: (aks) =>
      aks.isolateCluster({
        cluster,
        registry: { mode: 'bringYourOwn', containerRegistryId: registryId(variables.REGISTRY_NAME) },
      }),
  },
  'change-registry': {
    edition: 'current',
    setup: ['byo-private-link.sh', 'second-registry.sh'],
    guide: ['change-registry.sh'],
    workflow: (aks) =>
      aks.changeRegistry({
        cluster,
        registry: {
          mode: 'bringYourOwn',
          containerRegistryId: registryId(variables.NEW_REGISTRY_NAME),
          privateEndpoint: {
            resourceId: `${group}/providers/Microsoft.Network/privateEndpoints/secondPrivateEndpoint`,
          },
        },
      }),
  },
  disable: {
    edition: 'current',
    setup: ['managed-private-link.sh'],
    guide: ['disable.sh'],
    workflow: (aks) => aks.disableIsolation({ cluster, outboundType: 'loadBalancer' }),
  },
  reimage: {
    edition: 'current',
    setup: ['existing-cluster.sh'],
    newNodeImage: true,
    guide: ['reimage.sh'],
    workflow: (aks) => aks.reimageNodePools({ cluster }),
  },
  delete: {
    edition: 'current',
    setup: ['managed-private-link.sh'],
    guide: ['delete.sh'],
  },
  'preview-byo-private-link': {
    edition: '2024-preview',
    guide: ['preview-byo-private-link.sh'],
    workflow: (aks) =>
      aks.createCluster({ ...create, profile: 'preview', registry: own, apiServerAccess: 'privateLink' }),
  },
  'preview-isolate-managed': {
    edition: '2024-preview',
    setup: ['preview-existing-cluster.sh'],
    guide: ['preview-isolate-managed.sh'],
    workflow: (aks) => aks.isolateCluster({ cluster, profile: 'preview', registry: managed }),
  },
} as const satisfies Record<string, ConformanceScenario>;

export type ConformanceScenarioName = keyof typeof conformanceScenarios;
