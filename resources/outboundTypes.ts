/** The outbound types that cut egress. Source: AKS docs, "Outbound types" (egress-outboundtype.md, 2026-11-26). */
export const closedOutboundTypes = ['none', 'block'] as const;
export type ClosedOutboundType = (typeof closedOutboundTypes)[number];

/** Those that a scenario opens egress with. */
export const openOutboundTypes = [
  'loadBalancer',
  'managedNATGateway',
  'managedNATGatewayV2',
  'userAssignedNATGateway',
  'userDefinedRouting',
] as const;

/**
 * Azure's moves in a network that AKS manages, by the type that is left, lower case. A NAT gateway of the second generation is
 * told by its outbound type or by natGatewayProfile.sku.
 */
export const managedOutboundMoves: Readonly<Record<string, readonly string[]>> = {
  loadbalancer: ['managedNATGateway', 'managedNATGatewayV2', 'none', 'block'],
  managednatgateway: ['managedNATGatewayV2', 'none', 'block'],
  managednatgatewayv2: ['none', 'block'],
  none: ['loadBalancer', 'managedNATGateway', 'managedNATGatewayV2', 'block'],
  block: ['loadBalancer', 'managedNATGateway', 'managedNATGatewayV2', 'none'],
};

/** The types between which Azure moves in a network of one's own. */
export const ownNetworkOutboundTypes: readonly string[] = [
  'loadBalancer',
  'userAssignedNATGateway',
  'userDefinedRouting',
  'none',
];

/** The ways out that the owner has to put on each subnet of nodes beforehand. Source: AKS docs, "Outbound types" (egress-outboundtype.md, 2026-11-26). */
const ownersWaysOut = {
  userAssignedNATGateway: { on: 'natGatewayId', what: 'NAT gateway', with: 'with a public IP address' },
  userDefinedRouting: {
    on: 'routeTableId',
    what: 'route table',
    with: 'with a default route to an appliance or a gateway',
  },
} as const;

/** The way out that an outbound type asks of the owner's subnets; `undefined` where AKS makes the way out. */
export const ownersWayOut = (outboundType: string) =>
  Object.entries(ownersWaysOut).find(([type]) => type === outboundType)?.[1];

/** Whether the outbound type cuts egress. */
export const cutsEgress = (outboundType: string): boolean =>
  closedOutboundTypes.some((type) => type === outboundType.toLowerCase());
