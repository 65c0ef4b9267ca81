import ipaddr from 'ipaddr.js';
import { ArmError } from '../../arm/errors.ts';
import { nameOf } from '../../arm/ids.ts';

/** Checks a subnet against its network and its siblings. @throws ArmError 400 NetcfgInvalidSubnet, NetcfgSubnetRangeOutsideVnet or InvalidCIDRNotation */
export function checkRanges(
  vnetId: string,
  name: string,
  prefixes: readonly string[],
  space: readonly string[],
  siblings: readonly { name: string; prefixes: readonly string[] }[],
): void {
  const vnetName = nameOf(vnetId);
  if (prefixes.length === 0) {
    throw new ArmError(
      400,
      'NetcfgInvalidSubnet',
      `Subnet '${name}' has no address prefix in virtual network '${vnetName}'.`,
    );
  }
  for (const prefix of prefixes) {
    const range = parseCidr(prefix);
    if (!space.some((block) => contains(parseCidr(block), range))) {
      throw new ArmError(
        400,
        'NetcfgSubnetRangeOutsideVnet',
        `Subnet '${name}' is not valid because its IP address range is outside the IP address range of virtual network '${vnetName}'.`,
        { details: [] },
      );
    }
    const clash = siblings.find((other) => other.prefixes.some((one) => overlaps(parseCidr(one), range)));
    if (clash) {
      throw new ArmError(
        400,
        'NetcfgInvalidSubnet',
        `Subnet '${name}' is not valid in virtual network '${vnetName}': it overlaps subnet '${clash.name}'.`,
        { details: [] },
      );
    }
  }
}

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** By their texts: each look at a network compares the same few again. */
const parsed = new Map<string, Range>();
/** A fleet's nodes have so many addresses. */
const keptRanges = 10_000;

/** A range, or a single address as a range of one. @throws ArmError 400 InvalidCIDRNotation */
export function parseRange(text: string): Range {
  const known = parsed.get(text);
  if (known) return known;
  const range = ipaddr.isValid(text) ? rangeOfOne(text) : parseCidr(text);
  if (parsed.size === keptRanges) parsed.clear();
  parsed.set(text, range);
  return range;
}

function rangeOfOne(text: string): Range {
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function parseCidr(text: string): Range {
  if (!ipaddr.isValidCIDR(text)) {
    throw new ArmError(400, 'InvalidCIDRNotation', `The address prefix ${text} has an invalid CIDR notation.`, {
      details: [],
    });
  }
  return ipaddr.parseCIDR(text);
}

export const isRange = (text: string): boolean => parsed.has(text) || ipaddr.isValid(text) || ipaddr.isValidCIDR(text);

export function contains([outer, outerBits]: Range, [inner, innerBits]: Range): boolean {
  return outer.kind() === inner.kind() && innerBits >= outerBits && inner.match([outer, outerBits]);
}

export function overlaps(one: Range, other: Range): boolean {
  return contains(one, other) || contains(other, one);
}

/** Whether an address or a whole range is in one of these ranges. */
export const isIn = (text: string, ranges: readonly string[]): boolean =>
  ranges.some((range) => contains(parseRange(range), parseRange(text)));

/** Whether an address is one of a network or behind its gateways, and not one of the internet. */
export const isPrivateAddress = (text: string): boolean => isIn(text, privateRanges);

/** RFC 1918 and RFC 6598. */
export const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];
