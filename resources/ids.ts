export const resourceGroupId = (subscriptionId: string, resourceGroup: string): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;

export const clusterId = ({ subscriptionId, resourceGroup, name }: ClusterReference): string =>
  `${resourceGroupId(subscriptionId, resourceGroup)}/providers/Microsoft.ContainerService/managedClusters/${name}`;

/** @param cluster Resource ID of the pool's cluster. */
export const agentPoolId = (cluster: string, pool: string): string => `${cluster}/agentPools/${pool}`;

export const providerId = (subscriptionId: string, namespace: string): string =>
  `/subscriptions/${subscriptionId}/providers/${namespace}`;

export const featureId = (subscriptionId: string, namespace: string, feature: string): string =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Features/providers/${namespace}/features/${feature}`;

/** ARM compares resource IDs without case, and its answers change the case, for example `resourcegroups`. */
export const sameResourceId = (a: string | undefined, b: string | undefined): boolean =>
  a?.toLowerCase() === b?.toLowerCase();

/** Parts of the ID of a resource in a resource group. */
export interface ParsedResourceId {
  subscriptionId: string;
  resourceGroup: string;
  /** For example `Microsoft.ContainerService/managedClusters`. */
  type: string;
  name: string;
  /** Names of the resources above, the outermost first. A subnet has its virtual network here. */
  parents: string[];
}

const pattern =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+(?:\/[^/]+\/[^/]+)*\/[^/]+)\/([^/]+)$/i;

/** Takes the ID of a resource in a resource group apart. `undefined`: the ID is of something else. */
export function parseResourceId(id: string): ParsedResourceId | undefined {
  const [, subscriptionId, resourceGroup, typeAndParents, name] = pattern.exec(id) ?? [];
  if (!subscriptionId || !resourceGroup || !typeAndParents || !name) return undefined;
  const [namespace, ...segments] = typeAndParents.split('/');
  const types = segments.filter((_, index) => index % 2 === 0);
  const parents = segments.filter((_, index) => index % 2 === 1);
  return { subscriptionId, resourceGroup, type: [namespace, ...types].join('/'), name, parents };
}

/**
 * As {@link parseResourceId}, for an ID that a schema has checked or this code has made.
 *
 * @throws Error if the ID is of something else.
 */
export function resourceReference(id: string): ParsedResourceId {
  const parsed = parseResourceId(id);
  if (!parsed) throw new Error(`Not a resource ID: ${id}`);
  return parsed;
}

/** ID of a resource in a resource group. */
export const resourceId = (subscriptionId: string, resourceGroup: string, type: string, name: string): string =>
  `${resourceGroupId(subscriptionId, resourceGroup)}/providers/${type}/${name}`;

/** ID of the resource that a lock protects. */
export const lockedScope = (lockId: string): string =>
  lockId.slice(0, lockId.toLowerCase().lastIndexOf('/providers/microsoft.authorization/locks/'));

/** Whether a resource is within another one, or is that one. */
export const isWithin = (id: string, outer: string): boolean =>
  `${id}/`.toLowerCase().startsWith(`${outer}/`.toLowerCase());

/** Whether this is the network interface of a private endpoint. Azure removes it with the endpoint, and nobody can alone. */
export const isEndpointInterface = (id: string): boolean => /\/networkInterfaces\/[^/]+\.nic\.[^/]+$/i.test(id);

/** ID of the resource above another one. */
export const parentId = (id: string): string => id.split('/').slice(0, -2).join('/');

/** A resource ID without its case, for use as a key. */
export const keyOf = (resourceId: string): string => resourceId.toLowerCase();

/** Each resource once, in whichever spelling it is named. */
export const uniqueIds = (ids: readonly string[]): string[] => [...new Map(ids.map((id) => [keyOf(id), id])).values()];

/** Names a cluster. */
export interface ClusterReference {
  subscriptionId: string;
  resourceGroup: string;
  name: string;
}

/** The subscription of a resource or another scope, whatever is below it; empty where a scope is of none. */
export const subscriptionOf = (scope: string): string => scope.split('/')[2] ?? '';
