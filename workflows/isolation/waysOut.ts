import type { WayOut } from '../../contract/inputs/isolation.ts';
import type { AgentPoolFacts } from '../../resources/agentPools.ts';
import type { AuditFacts } from '../../resources/discovery.ts';
import { agentPoolId, isWithin, sameResourceId } from '../../resources/ids.ts';
import { type ClusterFacts, hasOwnNetwork, nodeGroupId } from '../../resources/managedClusters.ts';
import { leadsOut } from '../../resources/virtualNetworks.ts';

/** A way by which nodes or pods reach the internet, whatever the outbound type says. */
export interface OpenWay {
  way: WayOut;
  resourceId: string;
  /** For people: what it is. */
  what: string;
  /** It may be open: Azure Resource Manager does not show it, and a look from inside the cluster does. */
  isPossible?: true;
}

/**
 * A static egress gateway has pods leave by the public IP prefix of its nodes, whatever the outbound type. Source: AKS docs, "Configure
 * Static Egress Gateway" (configure-static-egress-gateway.md, 2026-11-27).
 */
function publicWayOf({ name, mode, enableNodePublicIP }: AgentPoolFacts): string | undefined {
  if (/^gateway$/i.test(mode)) return `static egress gateway ${name}, by whose public IP addresses pods may leave`;
  return enableNodePublicIP ? `public IP addresses of the nodes of ${name}` : undefined;
}

/** The ways out that are open beside the outbound type. Source: AKS docs, "Outbound types"; Learn, "Default outbound access". */
export function openWays(
  cluster: ClusterFacts,
  { network, subnets, publicAddresses, routesOut = [], routeSources = [], natGateways = [] }: AuditFacts,
): OpenWay[] {
  // AKS removes the NAT gateway that it manages when the outbound type changes.
  const isOfOutboundType = (id: string) =>
    /^managedNATGateway/i.test(cluster.outboundType) && isWithin(id, nodeGroupId(cluster));
  const letsOut = (id: string | undefined): id is string =>
    id !== undefined &&
    !isOfOutboundType(id) &&
    !natGateways.some((each) => sameResourceId(each.id, id) && each.addressIds?.length === 0);
  // The subnets of a network that AKS manages are AKS's.
  const own = hasOwnNetwork(cluster) ? subnets : [];
  return [
    ...subnets.flatMap(({ name, natGatewayId }): OpenWay[] =>
      letsOut(natGatewayId)
        ? [{ way: 'natGateway', resourceId: natGatewayId, what: `NAT gateway of subnet ${name}` }]
        : [],
    ),
    ...(letsOut(network?.natGatewayId)
      ? [{ way: 'natGateway', resourceId: network.natGatewayId, what: 'NAT gateway of the network' } as const]
      : []),
    ...routesOut.filter(leadsOut).map(
      ({ routeTableId, addressPrefix = '0.0.0.0/0', nextHopType }): OpenWay => ({
        way: 'defaultRoute',
        resourceId: routeTableId,
        what: `route of ${addressPrefix} to ${nextHopType}`,
      }),
    ),
    ...routeSources.map(
      (id): OpenWay => ({
        way: 'defaultRoute',
        resourceId: id,
        what: 'routes that come from there by BGP',
        isPossible: true,
      }),
    ),
    ...publicAddresses.map(
      (id): OpenWay => ({ way: 'publicAddresses', resourceId: id, what: 'public IP address of the cluster' }),
    ),
    ...cluster.agentPoolProfiles.flatMap((pool): OpenWay[] => {
      const what = publicWayOf(pool);
      return what === undefined
        ? []
        : [{ way: 'nodePublicAddresses', resourceId: agentPoolId(cluster.id, pool.name), what }];
    }),
    ...own.flatMap(({ id, name, defaultOutboundAccess }): OpenWay[] =>
      defaultOutboundAccess === false
        ? []
        : [{ way: 'defaultOutboundAccess', resourceId: id, what: `default outbound access of subnet ${name}` }],
    ),
  ];
}

/**
 * Whether a way out is AKS's own, for an outbound type that its cluster has left: an update that failed leaves it there, and the next
 * one takes it away. Addresses of services are their owners'.
 */
export function goesWithNextUpdate(
  cluster: ClusterFacts,
  { outboundAddresses = [], natGateways = [] }: AuditFacts,
  id: string,
): boolean {
  if (cluster.provisioningState === 'Succeeded') return false;
  const gateways = natGateways.filter((gateway) => isWithin(gateway.id, nodeGroupId(cluster)));
  const own = [...outboundAddresses, ...gateways.flatMap(({ id, addressIds = [] }) => [id, ...addressIds])];
  return own.some((each) => sameResourceId(each, id));
}
