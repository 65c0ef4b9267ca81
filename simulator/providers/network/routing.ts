import { z } from 'zod';
import { keyOf, nameOf, parentPath } from '../../arm/ids.ts';
import { propertiesOf } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { isIn, isRange, parseRange, privateRanges } from './addressRanges.ts';
import { childrenOf } from './childResource.ts';
import { routes } from './routeTables.ts';
import { type Destination, isTagOf } from './securityFilter.ts';
import { subnetProperties, subnetType } from './subnetShapes.ts';
import { connectedNetworks, networksWithGateways, spaceOf } from './virtualNetworkPeerings.ts';

const hopTypes = [
  'VirtualNetworkGateway',
  'VnetLocal',
  'Internet',
  'VirtualAppliance',
  'VirtualApplianceEcmp',
  'None',
] as const;
const routeBody = z.looseObject({
  addressPrefix: z.string(),
  nextHopType: z
    .string()
    .transform((sent) => hopTypes.find((type) => type.toLowerCase() === sent.toLowerCase()) ?? 'None'),
  nextHopIpAddress: z.string().nullish(),
  nextHop: z.looseObject({ nextHopIpAddresses: z.array(z.string()) }).nullish(),
});

/** Where a subnet's traffic goes next. */
export interface Hop {
  readonly type: (typeof hopTypes)[number];
  /** ID of the route of the subnet's table; left out for a route of Azure's own. */
  readonly route?: string;
  /** Addresses of the appliances. */
  readonly addresses: readonly string[];
}

interface Route extends Hop {
  readonly prefix: string;
  readonly bits: number;
}

/** A service tag is many ranges. Most of them are narrower than this; the tag of a whole cloud is wider. Modelled. */
const tagBits = 16;

/**
 * The next hop of a subnet's traffic to an address: that of the longest prefix, and of a route table's route before Azure's own.
 * Source: Microsoft Learn, "Virtual network traffic routing".
 */
export function nextHop(world: World, subnetId: string, to: Destination): Hop {
  const fitting = [...ownRoutes(world, subnetId), ...azuresRoutes(world, parentPath(subnetId))].filter(({ prefix }) =>
    isRange(prefix) ? isIn(to.address, [prefix]) : to.tags.some((tag) => isTagOf(prefix, tag)),
  );
  const longest = Math.max(...fitting.map(({ bits }) => bits));
  return fitting.find(({ bits }) => bits === longest) ?? { type: 'None', addresses: [] };
}

/** Prefixes of the routes of a subnet's table. */
export const namedByRoutes = (world: World, subnetId: string): string[] =>
  ownRoutes(world, subnetId).map(({ prefix }) => prefix);

/** IDs of the networks whose machines have an address: this one, or one that it is peered with. */
export const networksWith = (world: World, vnetId: string, address: string): string[] =>
  [vnetId, ...connectedNetworks(world, vnetId)].filter((each) => isIn(address, spaceOf(world, each)));

/** Whether a network has a gateway to somewhere else, or uses that of a hub. Modelled: a GatewaySubnet stands for the gateway in it. */
export const hasGateway = (world: World, vnetId: string): boolean =>
  [vnetId, ...networksWithGateways(world, vnetId)].some((each) =>
    world.store.list(subnetType, each).some(({ id }) => nameOf(id).toLowerCase() === 'gatewaysubnet'),
  );

function ownRoutes(world: World, subnetId: string): Route[] {
  const subnet = world.store.get(subnetId);
  const table = subnet && subnetProperties.parse(propertiesOf(subnet)).routeTable?.id;
  if (table === undefined) return [];
  return childrenOf(world, routes, table).map((route) => {
    const { addressPrefix, nextHopType, nextHopIpAddress, nextHop: hop } = routeBody.parse(propertiesOf(route));
    const addresses = nextHopIpAddress ? [nextHopIpAddress] : (hop?.nextHopIpAddresses ?? []);
    return { ...routeTo(addressPrefix, nextHopType), route: route.id, addresses };
  });
}

/** The routes that every subnet of a network has. */
const azuresRoutes = (world: World, vnetId: string): Route[] => [
  ...[vnetId, ...connectedNetworks(world, vnetId)]
    .flatMap((each) => spaceOf(world, keyOf(each)))
    .map((prefix) => routeTo(prefix, 'VnetLocal')),
  ...privateRanges.map((prefix) => routeTo(prefix, hasGateway(world, vnetId) ? 'VirtualNetworkGateway' : 'None')),
  routeTo('0.0.0.0/0', 'Internet'),
];

const routeTo = (prefix: string, type: Hop['type']): Route => ({
  prefix,
  type,
  addresses: [],
  bits: isRange(prefix) ? parseRange(prefix)[1] : tagBits,
});
