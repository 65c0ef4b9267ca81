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

/** ARM compares resource IDs without case, and its answers change the case (`resourcegroups`). */
export const sameResourceId = (a: string | undefined, b: string | undefined): boolean =>
  a?.toLowerCase() === b?.toLowerCase();

export interface ParsedResourceId {
  subscriptionId: string;
  resourceGroup: string;
  /** For example `Microsoft.ContainerService/managedClusters`. */
  type: string;
  name: string;
  /** Names of the resources above it, the outermost first: a subnet has its virtual network here. */
  parents: string[];
}

const pattern =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+(?:\/[^/]+\/[^/]+)*\/[^/]+)\/([^/]+)$/i;

/** Takes the ID of a resource in a resource group apart; `undefined` if it is none. */
export function parseResourceId(id: string): ParsedResourceId | undefined {
  const [, subscriptionId, resourceGroup, typeAndParents, name] = pattern.exec(id) ?? [];
  if (!subscriptionId || !resourceGroup || !typeAndParents || !name) return undefined;
  const [namespace, ...segments] = typeAndParents.split('/');
  const types = segments.filter((_, index) => index % 2 === 0);
  const parents = segments.filter((_, index) => index % 2 === 1);
  return { subscriptionId, resourceGroup, type: [namespace, ...types].join('/'), name, parents };
}

/**
 * As {@link parseResourceId}, for an ID that the schemas or this code have made.
 *
 * @throws Error if it is no ID of a resource in a resource group.
 */
export function resourceReference(id: string): ParsedResourceId {
  const parsed = parseResourceId(id);
  if (!parsed) throw new Error(`Not a resource ID: ${id}`);
  return parsed;
}

/** ID of a resource in a resource group. */
export const resourceId = (subscriptionId: string, resourceGroup: string, type: string, name: string): string =>
  `${resourceGroupId(subscriptionId, resourceGroup)}/providers/${type}/${name}`;

/** ID of what a lock protects. */
export const lockedScope = (lockId: string): string =>
  lockId.slice(0, lockId.toLowerCase().lastIndexOf('/providers/microsoft.authorization/locks/'));

/** Whether a resource is another one, or within it. */
export const isWithin = (id: string, outer: string): boolean =>
  `${id}/`.toLowerCase().startsWith(`${outer}/`.toLowerCase());

/** Whether this is the interface of a private endpoint: it goes with its endpoint, and cannot be removed by itself. */
export const isEndpointInterface = (id: string): boolean => /\/networkInterfaces\/[^/]+\.nic\.[^/]+$/i.test(id);

/** ID of the resource above another one. */
export const parentId = (id: string): string => id.split('/').slice(0, -2).join('/');

/** A resource ID without its case, for use as a key. */
export const keyOf = (resourceId: string): string => resourceId.toLowerCase();

export interface ClusterReference {
  subscriptionId: string;
  resourceGroup: string;
  name: string;
}
