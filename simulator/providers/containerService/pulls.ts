import { subscriptionOf } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { OperationFailure } from '../../arm/operations.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { principalMay } from '../authorization/roleAssignments.ts';
import type { NodeModel } from '../compute/machines.ts';
import { identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import { registryOfHost } from '../network/publicNames.ts';
import { hostUnreached } from '../network/reach.ts';
import { registryUnreached } from '../network/registryReach.ts';
import type { Place } from '../network/waysOut.ts';
import { apiServerFailure } from './apiServer.ts';
import { placeOfNode } from './egress.ts';
import { type KubernetesNode, subnetOfPool } from './nodes.ts';
import type { ClusterBody } from './shapes.ts';
import { isInNodeGroup, nodeGroupOf } from './stored.ts';

interface Pull {
  readonly image: string;
  /** Where the node is; before AKS has made its network, whether that will be open. */
  readonly place: Place | 'open' | 'none';
}

/** Why an image cannot be pulled, and the exit status with which a node's bootstrap then ends (Azure/AgentBaker, cse_helpers.sh). */
interface PullFailure {
  readonly exitStatus: 50 | 51 | 52 | 211 | 212;
  readonly why: string;
}

/** Why a node cannot pull an image; `undefined` if it can. */
export function pullFailure(
  world: World,
  cluster: ClusterBody,
  node: Pick<KubernetesNode, 'pool' | 'subnetId' | 'registryServer'>,
  image: string,
): string | undefined {
  const { registryServer } = node;
  const [host = ''] = image.split('/');
  const place = placeOfNode(world, cluster, node) ?? 'none';
  if (host.endsWith('.azurecr.io')) return registryFailure(world, cluster, { image, place })?.why;
  // Containerd pulls from the source where its mirror fails.
  const unreached = place === 'none' ? noNetwork : hostUnreached(world, place, host);
  if (unreached === undefined) return undefined;
  if (host !== 'mcr.microsoft.com' || registryServer === undefined)
    return `dial tcp: ${host}: i/o timeout: ${unreached}`;
  return registryFailure(world, cluster, { place, image: image.replace(host, registryServer) })?.why;
}

/** Why new nodes of a model cannot be bootstrapped; `undefined` if they can. */
export function modelFailure(
  world: World,
  cluster: ClusterBody,
  pool: string,
  { registryServer }: NodeModel,
): PullFailure | undefined {
  const subnetId = subnetOfPool(world, cluster.id, nodeGroupOf(cluster), pool);
  const place = placeOfNode(world, cluster, { pool, subnetId }) ?? 'none';
  const images =
    registryServer === undefined
      ? sourceFailure(world, place)
      : registryFailure(world, cluster, { image: `${registryServer}/bootstrap`, place });
  return images ?? (typeof place === 'string' ? undefined : joinFailure(world, cluster, place));
}

/** Why new nodes cannot get the images and binaries of AKS from Microsoft. */
export function sourceFailure(world: World, place: Place | 'none'): PullFailure | undefined {
  const unreached = place === 'none' ? noNetwork : hostUnreached(world, place, 'mcr.microsoft.com');
  return unreached === undefined
    ? undefined
    : { exitStatus: 50, why: `cannot reach mcr.microsoft.com: outbound connectivity failed: ${unreached}` };
}

/** Why new nodes cannot join: their API server is not found (52), or not reached (51). */
export function joinFailure(world: World, cluster: ClusterBody, place: Place): PullFailure | undefined {
  const why = apiServerFailure(world, cluster, place);
  return why === undefined ? undefined : { exitStatus: why.startsWith('lookup ') ? 52 : 51, why };
}

const noNetwork = 'the nodes have no network';

/** Why a node cannot pull from a container registry: it does not reach it (211), or may not pull from it (212). */
export function registryFailure(world: World, cluster: ClusterBody, { image, place }: Pull): PullFailure | undefined {
  const [host = '', ...repository] = image.split('/');
  const registry = registryOfHost(world, host);
  const failed = (why: string): PullFailure => ({ exitStatus: 211, why: `cannot pull from ${host}: ${why}` });
  if (!registry) return failed('the registry does not exist');
  const unreached =
    place === 'open' || place === 'none' ? beforeNetwork(place, registry) : registryUnreached(world, place, registry);
  if (unreached !== undefined) return failed(unreached);
  const needsRule = world.edition === '2024-preview' || repository[0] === 'aks-managed-repository';
  if (needsRule && !hasCacheRule(world, registry.id))
    return failed('there is no cache rule under whose target nodes look');
  if (isInNodeGroup(cluster, registry.id) || mayPull(world, cluster, registry, image)) return undefined;
  return { exitStatus: 212, why: `not authorized to pull from ${registry.id}` };
}

/** The network that AKS makes with a cluster has no endpoint of an owner's registry: nodes take the way out that comes with it. */
function beforeNetwork(place: 'open' | 'none', { name, body }: Resource): string | undefined {
  if (place === 'none') return noNetwork;
  const isPublic = valueAt(body, 'properties.publicNetworkAccess') !== 'Disabled';
  return isPublic ? undefined : `${name} allows no public access`;
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
  // A managed identity is nobody in another tenant. Microsoft Learn, "Authenticate from AKS to a registry in another tenant".
  if (tenantOf(world, registry.id) !== tenantOf(world, cluster.id)) return false;
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

const tenantOf = (world: World, id: string): unknown => world.store.get(subscriptionOf(id))?.body.tenantId;

/** The failure of an operation whose nodes cannot start. */
export function nodeFailure({ exitStatus, why }: PullFailure): OperationFailure {
  return {
    status: 'Failed',
    code: 'VMExtensionProvisioningError',
    message: `VM has reported a failure when processing extension 'vmssCSE'. Error message: "Enable failed: failed to execute command: command terminated with exit status=${exitStatus}: ${why}"`,
  };
}
