import type { WayOut } from '../../contract/inputs/isolation.ts';
import type { AuditFacts } from '../../resources/discovery.ts';
import { agentPoolId, isWithin } from '../../resources/ids.ts';
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

/** The ways out that are open beside the outbound type. Source: AKS docs, "Outbound types"; Learn, "Default outbound access". */
export function openWays(
  cluster: ClusterFacts,
  { network, subnets, publicAddresses, routesOut = [], routeSources = [] }: AuditFacts,
): OpenWay[] {
  // AKS removes the NAT gateway that it manages when the outbound type changes.
  const isOfOutboundType = (id: string) =>
    /^managedNATGateway/i.test(cluster.outboundType) && isWithin(id, nodeGroupId(cluster));
  // The subnets of a network that AKS manages are AKS's.
  const own = hasOwnNetwork(cluster) ? subnets : [];
  return [
    ...subnets.flatMap(({ name, natGatewayId }): OpenWay[] =>
      natGatewayId === undefined || isOfOutboundType(natGatewayId)
        ? []
        : [{ way: 'natGateway', resourceId: natGatewayId, what: `NAT gateway of subnet ${name}` }],
    ),
    ...(network?.natGatewayId === undefined || isOfOutboundType(network.natGatewayId)
      ? []
      : [{ way: 'natGateway', resourceId: network.natGatewayId, what: 'NAT gateway of the network' } as const]),
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
    ...cluster.agentPoolProfiles.flatMap(({ name, enableNodePublicIP }): OpenWay[] =>
      enableNodePublicIP
        ? [
            {
              way: 'nodePublicAddresses',
              resourceId: agentPoolId(cluster.id, name),
              what: `public IP addresses of the nodes of ${name}`,
            },
          ]
        : [],
    ),
    ...own.flatMap(({ id, name, defaultOutboundAccess }): OpenWay[] =>
      defaultOutboundAccess === false
        ? []
        : [{ way: 'defaultOutboundAccess', resourceId: id, what: `default outbound access of subnet ${name}` }],
    ),
  ];
}
