import { parentPath } from '../../arm/ids.ts';
import { type Body, valueAt } from '../../arm/json.ts';
import type { OperationFailure } from '../../arm/operations.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { principalMay } from '../authorization/roleAssignments.ts';
import { identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import { addressesInNetwork } from '../network/dnsRecords.ts';
import { endpointAddresses } from '../network/endpointMembers.ts';
import { type KubernetesNode, type NodeModel, subnetOfPool } from './nodes.ts';
import type { ClusterBody } from './shapes.ts';
import { isInNodeGroup, nodeGroupOf } from './stored.ts';

/** Whether a node reaches the internet. */
export function egressIsOpen(
  world: World,
  cluster: ClusterBody,
  { pool, subnetId }: Pick<KubernetesNode, 'pool' | 'subnetId'>,
): boolean {
  const { outboundType } = cluster.properties.networkProfile;
  if (outboundType === 'block') return false;
  if (outboundType !== 'none') return true;
  const properties = world.store.get(`${cluster.id}/agentPools/${pool}`)?.body.properties;
  if (valueAt(properties, 'enableNodePublicIP') === true) return true;
  // A subnet has Azure's default outbound access unless it says otherwise; AKS's own subnet has none.
  if (valueAt(properties, 'vnetSubnetID') === undefined || subnetId === undefined) return false;
  return valueAt(world.store.get(subnetId)?.body, 'properties.defaultOutboundAccess') !== false;
}

interface Pull {
  readonly image: string;
  /** The subnet of the node. */
  readonly subnetId: string | undefined;
  readonly egressIsOpen: boolean;
}

/** Why an image cannot be pulled, and the exit status with which a node's bootstrap then ends (Azure/AgentBaker, cse_helpers.sh). */
interface PullFailure {
  readonly exitStatus: 50 | 211 | 212;
  readonly why: string;
}

/** Why a node cannot pull an image; `undefined` if it can. */
export function pullFailure(
  world: World,
  cluster: ClusterBody,
  node: Pick<KubernetesNode, 'pool' | 'subnetId' | 'registryServer'>,
  image: string,
): string | undefined {
  const { registryServer, subnetId } = node;
  const [host = ''] = image.split('/');
  const isOpen = egressIsOpen(world, cluster, node);
  const pull = { image, subnetId, egressIsOpen: isOpen };
  if (host.endsWith('.azurecr.io')) return registryFailure(world, cluster, pull)?.why;
  // Containerd pulls from the source where its mirror fails.
  if (isOpen) return undefined;
  if (host !== 'mcr.microsoft.com' || registryServer === undefined) return `dial tcp: lookup ${host}: i/o timeout`;
  return registryFailure(world, cluster, { ...pull, image: image.replace(host, registryServer) })?.why;
}

/** Why new nodes of a model cannot be bootstrapped; `undefined` if they can. */
export function modelFailure(
  world: World,
  cluster: ClusterBody,
  pool: string,
  { registryServer }: NodeModel,
): PullFailure | undefined {
  const subnetId = subnetOfPool(world, cluster.id, nodeGroupOf(cluster), pool);
  const isOpen = egressIsOpen(world, cluster, { pool, subnetId });
  if (registryServer === undefined) {
    return isOpen ? undefined : { exitStatus: 50, why: 'cannot reach mcr.microsoft.com: outbound connectivity failed' };
  }
  return registryFailure(world, cluster, { image: `${registryServer}/bootstrap`, subnetId, egressIsOpen: isOpen });
}

/** Why a node cannot pull from a container registry: it does not reach it (211), or may not pull from it (212). */
export function registryFailure(world: World, cluster: ClusterBody, pull: Pull): PullFailure | undefined {
  const [host = ''] = pull.image.split('/');
  const registry = world.store
    .list('Microsoft.ContainerRegistry/registries')
    .find(({ name, body }) => loginServer(name, body).toLowerCase() === host.toLowerCase());
  const unreachable = unreachableBecause(world, registry, pull);
  if (unreachable !== undefined) return { exitStatus: 211, why: `cannot pull from ${host}: ${unreachable}` };
  if (!registry || isInNodeGroup(cluster, registry.id) || mayPull(world, cluster, registry, pull.image))
    return undefined;
  return { exitStatus: 212, why: `not authorized to pull from ${registry.id}` };
}

const loginServer = (name: string, body: Body): string =>
  String(valueAt(body, 'properties.loginServer') ?? `${name}.azurecr.io`);

/** Nodes resolve the registry's names in their network; the answers must be the endpoint's addresses. */
function unreachableBecause(
  world: World,
  registry: Resource | undefined,
  { image, subnetId, egressIsOpen }: Pull,
): string | undefined {
  const [host = '', ...repository] = image.split('/');
  if (!registry) return 'the registry does not exist';
  const isPublic = valueAt(registry.body, 'properties.publicNetworkAccess') !== 'Disabled';
  if (!egressIsOpen || !isPublic) {
    const vnet = subnetId === undefined ? '' : parentPath(subnetId);
    const addresses = endpointAddresses(world, registry.id, vnet);
    const [label] = host.split('.');
    for (const name of [host, `${label}.${registry.body.location}.data.azurecr.io`].map((each) => each.toLowerCase())) {
      const wanted = addresses[name] ?? [];
      if (wanted.length === 0) return `no private endpoint in the network of the nodes serves ${name}`;
      const answers = addressesInNetwork(world, vnet, name);
      if (!answers.some((address) => wanted.includes(address))) return `${name} does not resolve to its endpoint`;
    }
  }
  const needsRule = world.edition === '2024-preview' || repository[0] === 'aks-managed-repository';
  if (!needsRule) return undefined;
  return hasCacheRule(world, registry.id) ? undefined : 'there is no cache rule under whose target nodes look';
}

/** Until the AKS release of 2025-03-16 nodes looked under the source's own names. */
function hasCacheRule(world: World, registryId: string): boolean {
  const preview = world.edition === '2024-preview';
  const rules = world.store.list('Microsoft.ContainerRegistry/registries/cacheRules', registryId);
  return rules.some(({ name, body }) => {
    const source = valueAt(body, 'properties.sourceRepository');
    const target = valueAt(body, 'properties.targetRepository');
    if (source !== 'mcr.microsoft.com/*') return false;
    return preview ? target === '*' : name === 'aks-managed-mcr' && target === 'aks-managed-repository/*';
  });
}

function mayPull(world: World, cluster: ClusterBody, registry: Resource, image: string): boolean {
  const { anonymousPullEnabled, roleAssignmentMode } = propertiesOf(registry);
  if (anonymousPullEnabled === true) return true;
  // Nodes of the preview pulled without signing in.
  if (world.edition === '2024-preview') return false;
  // Nodes sign in with a token for Azure Resource Manager.
  if (valueAt(registry.body, 'properties.policies.azureADAuthenticationAsArmPolicy.status') === 'disabled')
    return false;
  const kubelet = cluster.properties.identityProfile?.kubeletidentity?.resourceId ?? '';
  const principal = identityIds(world, kubelet)?.principalId ?? '';
  if (roleAssignmentMode !== 'AbacRepositoryPermissions')
    return principalMay(world, principal, registry.id, {
      action: 'Microsoft.ContainerRegistry/registries/pull/read',
    });
  const repository = image
    .split('/')
    .slice(1)
    .join('/')
    .replace(/[:@].*$/, '');
  return principalMay(world, principal, registry.id, {
    action: 'Microsoft.ContainerRegistry/registries/repositories/content/read',
    isDataAction: true,
    attributes: { 'Microsoft.ContainerRegistry/registries/repositories:name': repository },
  });
}

/** The failure of an operation whose nodes cannot start. */
export function nodeFailure({ exitStatus, why }: PullFailure): OperationFailure {
  return {
    status: 'Failed',
    code: 'VMExtensionProvisioningError',
    message: `VM has reported a failure when processing extension 'vmssCSE'. Error message: "Enable failed: failed to execute command: command terminated with exit status=${exitStatus}: ${why}"`,
  };
}
