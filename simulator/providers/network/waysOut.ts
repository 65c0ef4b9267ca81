import { parentPath } from '../../arm/ids.ts';
import { propertiesOf } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { isPrivateAddress, isRange } from './addressRanges.ts';
import { outboundFrontends } from './loadBalancers.ts';
import { machineAt } from './machines.ts';
import { addressesOfGateway, gatewayOfNetwork } from './natGateways.ts';
import { rangeOf } from './publicAddresses.ts';
import { hasGateway, namedByRoutes, nextHop } from './routing.ts';
import { type Destination, https, namedByRules, outboundDenial, type Port } from './securityFilter.ts';
import { subnetProperties } from './subnetShapes.ts';

/** Where a machine is, and what it has apart from its subnet. */
export interface Place {
  readonly subnetId: string;
  readonly hasPublicAddress: boolean;
  /** Whether it is behind a load balancer of the SKU Standard: then it has no default outbound access. */
  readonly isBalanced: boolean;
  /** ID of the load balancer with an outbound rule that it is behind. */
  readonly outboundBalancer?: string | undefined;
  /** Private address of the proxy that it asks for what is outside, and who says so. */
  readonly proxy?: { readonly address: string; readonly saidBy: string } | undefined;
}

/** A way from machines to what is outside of their network. */
export interface WayOut {
  readonly kind: 'route' | 'natGateway' | 'publicAddress' | 'loadBalancer' | 'defaultOutboundAccess' | 'proxy';
  /** ID of the resource that makes it: a route, a NAT gateway, a load balancer, a subnet. */
  readonly id: string;
  /** The destinations that it leads to: `internet`, or the service tags and ranges that rules and routes leave open. */
  readonly reaches: readonly string[];
  /** Why it leads nowhere; left out where it is open. */
  readonly closedBy?: string;
}

/** One address of each half of the internet: two routes of half its size stand for a default route. */
const internet: readonly Destination[] = [
  { address: '1.1.1.1', tags: [] },
  { address: '151.101.1.69', tags: [] },
];
/** Ports that stand for all others, besides those that rules name. */
const ports: readonly Port[] = [
  https,
  { protocol: 'tcp', port: 80 },
  { protocol: 'udp', port: 443 },
  { protocol: 'udp', port: 53 },
  { protocol: 'tcp', port: 20001 },
];

/**
 * The ways out that machines have, open or not. A route to an appliance or a gateway goes before a NAT gateway, that before a
 * public address of their own, that before a load balancer, and Azure's default outbound access comes last.
 * Sources: Microsoft Learn, "What is Azure NAT Gateway?" (traffic routes), "Default outbound access in Azure".
 */
export function waysOutOf(world: World, place: Place): WayOut[] {
  const { prefixes, ports: named } = namedByRules(world, place.subnetId);
  const asked: readonly (readonly [string, Destination])[] = [
    ...internet.map((destination) => ['internet', destination] as const),
    ...[...prefixes, ...namedByRoutes(world, place.subnetId)].flatMap(destinationFor),
  ];
  const found = new Map<string, { way: Step; reaches: Set<string>; closedBy: string | undefined }>();
  for (const [name, destination] of asked) {
    for (const port of [...ports, ...named]) {
      for (const way of steps(world, place, destination, port)) {
        const entry = found.get(`${way.kind} ${way.id}`) ?? { way, reaches: new Set<string>(), closedBy: way.closedBy };
        found.set(`${way.kind} ${way.id}`, entry);
        if (way.closedBy === undefined) entry.reaches.add(name);
      }
    }
  }
  return [...found.values()].map(({ way: { kind, id }, reaches, closedBy }) => ({
    kind,
    id,
    reaches: [...reaches],
    ...(reaches.size === 0 && { closedBy: closedBy ?? '' }),
  }));
}

/** Why machines do not reach an address outside of their network; `undefined` if they do. */
export function closedBecause(world: World, place: Place, to: Destination, port: Port = https): string | undefined {
  const ways = steps(world, place, to, port);
  if (ways.some(({ closedBy }) => closedBy === undefined)) return undefined;
  return ways[0]?.closedBy ?? `subnet ${place.subnetId} has no way out`;
}

/** The addresses from which machines are seen at a destination; none where they belong to nobody who could be asked. */
export function sourceAddresses(world: World, place: Place, to: Destination): string[] {
  const used = steps(world, place, to, https).find(({ closedBy }) => closedBy === undefined);
  const resource = used && world.store.get(used.id);
  if (!resource) return [];
  const ids =
    used.kind === 'natGateway'
      ? addressesOfGateway(resource)
      : used.kind === 'loadBalancer'
        ? outboundFrontends(resource).flatMap(({ publicAddress }) => publicAddress ?? [])
        : [];
  return ids.flatMap((id) => rangeOf(world, id) ?? []);
}

type Step = Omit<WayOut, 'reaches'>;

const steps = (world: World, place: Place, to: Destination, port: Port): Step[] => [
  ...directSteps(world, place, to, port),
  ...proxySteps(world, place, port),
];

/** A proxy in the network is asked over http, whatever rules and routes there are for the internet. */
function proxySteps(world: World, { subnetId, proxy }: Place, { protocol, port }: Port): Step[] {
  if (!proxy || protocol !== 'tcp' || (port !== 443 && port !== 80)) return [];
  const machine = machineAt(world, parentPath(subnetId), proxy.address);
  const denied = outboundDenial(world, subnetId, { address: proxy.address, tags: [] }, https);
  const closedBy =
    denied === undefined
      ? machine?.forwards
        ? undefined
        : `nothing is passed on at ${proxy.address}`
      : `security rule ${denied} denies it`;
  return [{ kind: 'proxy', id: proxy.saidBy, ...(closedBy !== undefined && { closedBy }) }];
}

/** The ways that lead to an address, or would but for a rule or a route. */
function directSteps(world: World, place: Place, to: Destination, port: Port): Step[] {
  const denied = outboundDenial(world, place.subnetId, to, port);
  const hop = nextHop(world, place.subnetId, to);
  const translated = translations(world, place);
  const because =
    (closedBy: string | undefined) =>
    (step: Step): Step =>
      closedBy === undefined || step.closedBy !== undefined ? step : { ...step, closedBy };
  const byRule = denied === undefined ? undefined : `security rule ${denied} denies it`;
  switch (hop.type) {
    case 'Internet':
      return translated.map(because(byRule));
    case 'VirtualAppliance':
    case 'VirtualApplianceEcmp':
    case 'VirtualNetworkGateway': {
      const id = hop.route ?? place.subnetId;
      const way: Step = { kind: 'route', id, ...applianceProblem(world, place, hop) };
      return [because(byRule)(way), ...translated.map(because(`route ${id} sends it elsewhere`))];
    }
    case 'VnetLocal':
    case 'None':
      return translated.map(because(`route ${hop.route ?? 'of Azure'} drops it`));
  }
}

/** The ways by which machines get an address of the internet, in Azure's order. The first that works is used. */
function translations(world: World, { subnetId, hasPublicAddress, isBalanced, outboundBalancer }: Place): Step[] {
  const subnet = world.store.get(subnetId);
  if (!subnet) return [];
  const { natGateway, defaultOutboundAccess } = subnetProperties.parse(propertiesOf(subnet));
  const gateway = (natGateway && world.store.get(natGateway.id)) ?? gatewayOfNetwork(world, parentPath(subnetId));
  const hasAddress = gateway !== undefined && addressesOfGateway(gateway).length > 0;
  const isExplicit = hasAddress || hasPublicAddress || isBalanced;
  const all: Step[] = [
    ...(gateway
      ? [{ kind: 'natGateway', id: gateway.id, ...(!hasAddress && { closedBy: 'it has no public address' }) } as const]
      : []),
    ...(hasPublicAddress ? [{ kind: 'publicAddress', id: subnetId } as const] : []),
    ...(outboundBalancer === undefined ? [] : [{ kind: 'loadBalancer', id: outboundBalancer } as const]),
    ...(defaultOutboundAccess === false || isExplicit
      ? []
      : [{ kind: 'defaultOutboundAccess', id: subnetId } as const]),
  ];
  const used = all.find(({ closedBy }) => closedBy === undefined);
  return all.map((step) =>
    step === used || step.closedBy !== undefined || !used
      ? step
      : { ...step, closedBy: `${used.kind} ${used.id} goes before it` },
  );
}

/** Why what a route sends its traffic to does not pass it on. */
function applianceProblem(
  world: World,
  { subnetId }: Place,
  { type, addresses }: { readonly type: string; readonly addresses: readonly string[] },
): { readonly closedBy?: string } {
  const vnet = parentPath(subnetId);
  if (type === 'VirtualNetworkGateway') return hasGateway(world, vnet) ? {} : { closedBy: 'there is no gateway' };
  const machines = addresses.map((address) => machineAt(world, vnet, address));
  if (machines.some((machine) => machine?.forwards)) return {};
  const which = addresses.join(', ');
  return {
    closedBy: machines.some((machine) => machine) ? `${which} passes nothing on` : `nothing is reached at ${which}`,
  };
}

/** A destination in the range or service tag that a rule or a route names; none for what is in no address of the internet. */
function destinationFor(prefix: string): (readonly [string, Destination])[] {
  if (/^(\*|Internet|VirtualNetwork|0\.0\.0\.0\/0)$/i.test(prefix)) return [];
  if (!isRange(prefix)) return [[prefix, { address: '20.50.0.1', tags: [prefix] }]];
  const [address = ''] = prefix.split('/');
  return address.includes(':') || isPrivateAddress(address) ? [] : [[prefix, { address, tags: [] }]];
}
