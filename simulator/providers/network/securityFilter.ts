import { z } from 'zod';
import { keyOf, parentPath } from '../../arm/ids.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { contains, isIn, isRange, parseRange } from './addressRanges.ts';
import { childrenOf } from './childResource.ts';
import { defaultRules, securityGroupType, securityRules } from './networkSecurityGroups.ts';
import { subnetProperties, subnetRanges } from './subnetShapes.ts';
import { connectedNetworks, spaceOf } from './virtualNetworkPeerings.ts';

/** An address outside of the network, with the service tags that it is in. */
export interface Destination {
  readonly address: string;
  readonly tags: readonly string[];
}

/** TCP or UDP, and the port that is asked. */
export interface Port {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

export const https: Port = { protocol: 'tcp', port: 443 };

const texts = z.array(z.string()).nullish();
const text = z.string().nullish();
const ruleBody = z.looseObject({
  protocol: z.string(),
  priority: z.int(),
  direction: z.string(),
  access: z.string(),
  sourceAddressPrefix: text,
  sourceAddressPrefixes: texts,
  destinationAddressPrefix: text,
  destinationAddressPrefixes: texts,
  destinationPortRange: text,
  destinationPortRanges: texts,
});
type Rule = z.infer<typeof ruleBody> & { readonly id: string };

/**
 * The rule of a subnet's security group that keeps its machines from a destination; `undefined` where they may pass. Rules are
 * tried by their priority, and the first that matches decides. Source: Microsoft Learn, "Network security groups overview".
 */
export function outboundDenial(world: World, subnetId: string, to: Destination, port: Port): string | undefined {
  const from = { ranges: subnetRanges(world, subnetId), tags: [] };
  return denial(world, subnetId, 'Outbound', from, { ranges: [to.address], tags: to.tags }, port);
}

/** The rule of a subnet's security group that keeps machines of another subnet from an address in it. */
export function inboundDenial(
  world: World,
  subnetId: string,
  fromSubnet: string,
  address: string,
  port: Port,
): string | undefined {
  const from = { ranges: subnetRanges(world, fromSubnet), tags: [] };
  return denial(world, subnetId, 'Inbound', from, { ranges: [address], tags: [] }, port);
}

/** Ranges, service tags and ports that the rules of a subnet's group name, besides `*`. */
export function namedByRules(world: World, subnetId: string): { prefixes: string[]; ports: Port[] } {
  const rules = rulesOf(world, subnetId, 'Outbound');
  return {
    prefixes: rules.flatMap((rule) => all(rule.destinationAddressPrefix, rule.destinationAddressPrefixes)),
    ports: rules.flatMap((rule) =>
      all(rule.destinationPortRange, rule.destinationPortRanges).flatMap((range): Port[] => {
        const port = Number(range.split('-')[0]);
        if (!Number.isInteger(port)) return [];
        return rule.protocol.toLowerCase() === 'udp' ? [{ protocol: 'udp', port }] : [{ protocol: 'tcp', port }];
      }),
    ),
  };
}

interface Side {
  readonly ranges: readonly string[];
  readonly tags: readonly string[];
}

function denial(
  world: World,
  subnetId: string,
  direction: 'Inbound' | 'Outbound',
  from: Side,
  to: Side,
  port: Port,
): string | undefined {
  const inside = insideOf(world, parentPath(subnetId));
  const deciding = rulesOf(world, subnetId, direction).find(
    (rule) =>
      ['*', port.protocol].includes(rule.protocol.toLowerCase()) &&
      all(rule.destinationPortRange, rule.destinationPortRanges).some((range) => hasPort(range, port.port)) &&
      all(rule.sourceAddressPrefix, rule.sourceAddressPrefixes).some((prefix) => covers(prefix, from, inside)) &&
      all(rule.destinationAddressPrefix, rule.destinationAddressPrefixes).some((prefix) => covers(prefix, to, inside)),
  );
  return deciding?.access.toLowerCase() === 'deny' ? deciding.id : undefined;
}

/** The rules of a subnet's group in one direction, in the order in which Azure tries them; none without a group. */
function rulesOf(world: World, subnetId: string, direction: 'Inbound' | 'Outbound'): Rule[] {
  const group = groupOf(world, subnetId);
  if (!group) return [];
  const own = childrenOf(world, securityRules, group.id).map((rule) => ({ id: rule.id, ...propertiesOf(rule) }));
  const azures = defaultRules.map(({ name, properties }) => ({
    id: `${group.id}/defaultSecurityRules/${name}`,
    ...properties,
  }));
  return [...own, ...azures]
    .map(({ id, ...properties }) => ({ id, ...ruleBody.parse(properties) }))
    .filter((rule) => rule.direction.toLowerCase() === direction.toLowerCase())
    .sort((one, other) => one.priority - other.priority);
}

function groupOf(world: World, subnetId: string): Resource | undefined {
  const subnet = world.store.get(subnetId);
  const id = subnet && subnetProperties.parse(propertiesOf(subnet)).networkSecurityGroup?.id;
  const group = id === undefined ? undefined : world.store.get(id);
  return group?.type === securityGroupType ? group : undefined;
}

/** The ranges of Azure's tag VirtualNetwork: those of a network and of the networks that it is peered with. */
function insideOf(world: World, vnetId: string): string[] {
  return [vnetId, ...connectedNetworks(world, vnetId)].flatMap((each) => spaceOf(world, keyOf(each)));
}

function covers(prefix: string, { ranges, tags }: Side, inside: readonly string[]): boolean {
  const isInside = ranges.every((range) => isIn(range, inside));
  switch (prefix.toLowerCase()) {
    case '*':
      return true;
    case 'virtualnetwork':
      return isInside;
    case 'internet':
      return !isInside;
    default:
      if (!isRange(prefix)) return tags.some((tag) => isTagOf(prefix, tag));
      return ranges.length > 0 && ranges.every((range) => contains(parseRange(prefix), parseRange(range)));
  }
}

/** Whether a service tag is another one or has it as a part: `Storage` has `Storage.WestEurope`. */
export const isTagOf = (wide: string, narrow: string): boolean =>
  `${narrow}.`.toLowerCase().startsWith(`${wide}.`.toLowerCase());

function hasPort(range: string, port: number): boolean {
  if (range === '*') return true;
  const [from, to = from] = range.split('-').map(Number);
  return from !== undefined && to !== undefined && from <= port && port <= to;
}

const all = (one: string | null | undefined, more: readonly string[] | null | undefined): string[] => [
  ...(one ? [one] : []),
  ...(more ?? []),
];
