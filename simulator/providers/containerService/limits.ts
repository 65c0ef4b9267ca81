import type { ArmRequest } from '../../arm/exchange.ts';
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
export const otherBucket = ({ id }: ArmRequest): Bucket => ({
  key: `aks/${id.subscriptionId}/other`,
  capacity: 60,
  refill: 1,
});
