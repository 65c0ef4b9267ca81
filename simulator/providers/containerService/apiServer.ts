import { valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { freeAddresses } from '../network/endpointMembers.ts';
import { hostUnreached, neighbourUnreached } from '../network/reach.ts';
import type { Place } from '../network/waysOut.ts';
import type { ClusterBody } from './shapes.ts';
import { nodeGroupOf } from './stored.ts';

/** How nodes reach their API server. Microsoft Learn, "Network isolated clusters" and "Customize cluster egress". */
type ApiServerAccess = 'vnetIntegration' | 'privateLink' | 'public';

export function apiServerAccess({ properties }: ClusterBody): ApiServerAccess {
  const { enableVnetIntegration, enablePrivateCluster } = properties.apiServerAccessProfile ?? {};
  if (enableVnetIntegration) return 'vnetIntegration';
  return enablePrivateCluster ? 'privateLink' : 'public';
}

/** Why nodes do not reach their API server; `undefined` if they do. */
export function apiServerFailure(world: World, cluster: ClusterBody, place: Place): string | undefined {
  switch (apiServerAccess(cluster)) {
    case 'vnetIntegration':
      return integratedFailure(world, cluster, place);
    case 'privateLink':
      return hostUnreached(world, place, cluster.properties.privateFQDN ?? cluster.properties.fqdn ?? '');
    case 'public':
      // AKS routes this traffic through the outbound type.
      return hostUnreached(world, place, cluster.properties.fqdn ?? '');
  }
}

/** Nodes ask the internal load balancer in the API server's subnet, by its address. */
function integratedFailure(world: World, cluster: ClusterBody, place: Place): string | undefined {
  const [managed] = world.store.list('Microsoft.Network/virtualNetworks', nodeGroupOf(cluster));
  const own = valueAt(cluster, 'properties.apiServerAccessProfile.subnetId');
  const subnet = typeof own === 'string' ? own : `${managed?.id}/subnets/aks-apiserver-subnet`;
  const { value: address } = freeAddresses(world, subnet).next();
  return typeof address === 'string'
    ? neighbourUnreached(world, place, address)
    : `the subnet of the API server is gone: ${subnet}`;
}
