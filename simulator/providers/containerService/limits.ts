import type { ArmRequest } from '../../arm/exchange.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Bucket } from '../../arm/throttling.ts';

/** AKS's own limits on clusters (Microsoft Learn, "Quotas, SKUs and regions in AKS"). */
export function clusterBucket(request: ArmRequest): Bucket {
  const { method, id } = request;
  if (method === 'GET' && id.names.length === 0) {
    return id.resourceGroup
      ? { key: `aks/${id.subscriptionId}/${id.resourceGroup}/list`, capacity: 60, refill: 1 }
      : { key: `aks/${id.subscriptionId}/list`, capacity: 500, refill: 1 };
  }
  if (method === 'PUT') return { key: `aks/put/${id.key}`, capacity: 20, refill: 1 / 60 };
  if (method === 'GET') return { key: `aks/get/${id.key}`, capacity: 60, refill: 1 };
  return otherBucket(request);
}

/** AKS's own limits on node pools. */
export const poolBucket = (request: ArmRequest): Bucket =>
  request.method === 'PUT' ? { key: `aks/pool/${request.id.key}`, capacity: 20, refill: 1 / 60 } : otherBucket(request);

/** The limit that all other requests share. */
const otherBucket = ({ id }: ArmRequest): Bucket => otherBucketOf(id.subscriptionId);

/** The same, for what is asked of a command's results: they are no operation's status. */
export const otherBucketOf = (subscriptionId: string | undefined): Bucket => ({
  key: `aks/${subscriptionId}/other`,
  capacity: 60,
  refill: 1,
});

/** Every request to AKS counts for one of its limits. */
export const limited = (types: readonly ResourceType[]): ResourceType[] =>
  types.map((type) => ({ bucket: otherBucket, ...type }));
