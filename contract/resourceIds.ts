import type { ClusterReference } from './names.ts';

export const resourceGroupId = (subscriptionId: string, resourceGroup: string): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;

export const clusterId = ({ subscriptionId, resourceGroup, name }: ClusterReference): string =>
  `${resourceGroupId(subscriptionId, resourceGroup)}/providers/Microsoft.ContainerService/managedClusters/${name}`;

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
}

const pattern =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+(?:\/[^/]+\/[^/]+)*\/[^/]+)\/([^/]+)$/i;

/** Takes the ID of a resource in a resource group apart; `undefined` if it is none. */
export function parseResourceId(id: string): ParsedResourceId | undefined {
  const [, subscriptionId, resourceGroup, typeAndParents, name] = pattern.exec(id) ?? [];
  if (!subscriptionId || !resourceGroup || !typeAndParents || !name) return undefined;
  const [namespace, ...segments] = typeAndParents.split('/');
  const types = segments.filter((_, index) => index % 2 === 0);
  return { subscriptionId, resourceGroup, type: [namespace, ...types].join('/'), name };
}
