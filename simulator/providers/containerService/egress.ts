import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { isPrivateAddress } from '../network/addressRanges.ts';
import { balancerType, outboundFrontends } from '../network/loadBalancers.ts';
import { resolve } from '../network/nameResolution.ts';
import type { Place } from '../network/waysOut.ts';
import type { ClusterBody } from './shapes.ts';
import { nodeGroupOf } from './stored.ts';

interface NodePlace {
  readonly pool: string;
  readonly subnetId: string | undefined;
}

/** Where nodes are, for the network around them; `undefined` as long as they have none. */
export function placeOfNode(world: World, cluster: ClusterBody, { pool, subnetId }: NodePlace): Place | undefined {
  if (subnetId === undefined) return undefined;
  const balancers = world.store.list(balancerType, nodeGroupOf(cluster));
  const place: Place = {
    subnetId,
    hasPublicAddress:
      poolSetting(world, cluster, pool, 'enableNodePublicIP') === true ||
      poolSetting(world, cluster, pool, 'mode') === 'Gateway',
    isBalanced: balancers.length > 0,
    outboundBalancer: balancers.find((each) => outboundFrontends(each).length > 0)?.id,
  };
  return { ...place, proxy: proxyOf(world, cluster, place) };
}

/** Pods go out of the subnet that their pool has for them, else with their node. Microsoft Learn, "Azure CNI Pod Subnet". */
export function placeOfPods(world: World, cluster: ClusterBody, node: NodePlace): Place | undefined {
  const place = placeOfNode(world, cluster, node);
  const own = poolSetting(world, cluster, node.pool, 'podSubnetID');
  return place && typeof own === 'string' ? { ...place, subnetId: own, hasPublicAddress: false } : place;
}

/**
 * AKS makes nodes and pods ask an HTTP proxy, by its address or by the name that it has in their network. One on the internet is no
 * way out of its own: machines need one to reach it. Microsoft Learn, "HTTP proxy support in AKS".
 */
function proxyOf(world: World, cluster: ClusterBody, place: Place): Place['proxy'] {
  const { httpsProxy, httpProxy, enabled } = proxyConfig.parse(cluster.properties.httpProxyConfig ?? {});
  const url = httpsProxy ?? httpProxy;
  if (enabled === false || !url || !URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  const addresses = isIPv4(hostname) ? [hostname] : (resolve(world, place, hostname).addresses ?? []);
  const address = addresses.find(isPrivateAddress);
  return address === undefined ? undefined : { address, saidBy: cluster.id };
}

const text = z.string().nullish();
const proxyConfig = z.looseObject({ httpProxy: text, httpsProxy: text, enabled: z.boolean().nullish() });

const poolSetting = (world: World, cluster: ClusterBody, pool: string, name: string): unknown =>
  valueAt(world.store.get(`${cluster.id}/agentPools/${pool}`)?.body, `properties.${name}`);
