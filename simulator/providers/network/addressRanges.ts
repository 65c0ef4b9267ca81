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
    const range = cidr(prefix);
    if (!space.some((block) => contains(cidr(block), range))) {
      throw new ArmError(
        400,
        'NetcfgSubnetRangeOutsideVnet',
        `Subnet '${name}' is not valid because its IP address range is outside the IP address range of virtual network '${vnetName}'.`,
        { details: [] },
      );
    }
    const clash = siblings.find((other) => other.prefixes.some((one) => overlaps(cidr(one), range)));
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

type Cidr = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

function cidr(text: string): Cidr {
  if (!ipaddr.isValidCIDR(text)) {
    throw new ArmError(400, 'InvalidCIDRNotation', `The address prefix ${text} has an invalid CIDR notation.`, {
      details: [],
    });
  }
  return ipaddr.parseCIDR(text);
}

function contains([outer, outerBits]: Cidr, [inner, innerBits]: Cidr): boolean {
  return outer.kind() === inner.kind() && innerBits >= outerBits && inner.match([outer, outerBits]);
}

function overlaps(one: Cidr, other: Cidr): boolean {
  return contains(one, other) || contains(other, one);
}
