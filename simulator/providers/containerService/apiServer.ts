import { valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { isIn } from '../network/addressRanges.ts';
import { freeAddresses } from '../network/endpointMembers.ts';
import { addressesOfGateway } from '../network/natGateways.ts';
import { hostUnreached, neighbourUnreached } from '../network/reach.ts';
import { type Place, waysOutOf } from '../network/waysOut.ts';
import type { ClusterBody } from './shapes.ts';
import { nodeGroupOf } from './stored.ts';

/** How nodes reach their API server. Microsoft Learn, "Network isolated clusters" and "Customize cluster egress". */
type ApiServerAccess = 'vnetIntegration' | 'privateLink' | 'public';

export function apiServerAccess({ properties }: ClusterBody): ApiServerAccess {
  const { enableVnetIntegration, enablePrivateCluster } = properties.apiServerAccessProfile ?? {};
  if (enableVnetIntegration) return 'vnetIntegration';
  return enablePrivateCluster ? 'privateLink' : 'public';
}

/**
 * Why nodes do not reach their API server; `undefined` if they do. They never ask an HTTP proxy for it: AKS puts its name into
 * effectiveNoProxy.
 */
export function apiServerFailure(world: World, cluster: ClusterBody, from: Place): string | undefined {
  const place = { ...from, proxy: undefined };
  switch (apiServerAccess(cluster)) {
    case 'vnetIntegration':
      return integratedFailure(world, cluster, place);
    case 'privateLink':
      return hostUnreached(world, place, cluster.properties.privateFQDN ?? cluster.properties.fqdn ?? '');
    case 'public':
      // AKS routes this traffic through the outbound type.
      return hostUnreached(world, place, cluster.properties.fqdn ?? '') ?? unauthorized(world, cluster, place);
  }
}

/**
 * Why the API server lets nodes not in: the address with which they leave is in none of its authorized ranges. AKS adds those of its
 * load balancer by itself, and no others. Nobody knows with which address an appliance leaves. Source: Microsoft Learn, "API server
 * authorized IP ranges".
 */
function unauthorized(world: World, { properties }: ClusterBody, place: Place): string | undefined {
  const ranges = properties.apiServerAccessProfile?.authorizedIPRanges ?? [];
  if (ranges.length === 0) return undefined;
  const [way] = waysOutOf(world, place).filter(({ closedBy }) => closedBy === undefined);
  if (!way || way.kind === 'loadBalancer' || way.kind === 'route') return undefined;
  const gateway = way.kind === 'natGateway' ? world.store.get(way.id) : undefined;
  const addresses = (gateway ? addressesOfGateway(gateway) : []).flatMap((id) => {
    const body = world.store.get(id)?.body;
    const address = valueAt(body, 'properties.ipAddress') ?? valueAt(body, 'properties.ipPrefix');
    return typeof address === 'string' ? [address] : [];
  });
  if (addresses.length > 0 && addresses.every((address) => isIn(address, ranges))) return undefined;
  return `its authorized IP ranges do not have the address of ${way.kind} ${way.id}`;
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
