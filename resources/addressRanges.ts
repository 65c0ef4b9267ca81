import ipaddr from 'ipaddr.js';

/** An IPv4 range in CIDR notation: its first address and how many follow. */
interface Range {
  first: number;
  size: number;
}

/** Whether this is an IPv4 range in CIDR notation whose address is the range's first, as Azure wants it. */
export function isRange(cidr: string): boolean {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr)) return false;
  return ipaddr.IPv4.networkAddressFromCIDR(cidr).toString() === cidr.split('/')[0];
}

/** A network may have IPv6 ranges as well, which neither contain nor overlap any of IPv4. */
export const isIPv4 = (cidr: string): boolean => ipaddr.IPv4.isValidCIDR(cidr);

export function contains(outer: string, inner: string): boolean {
  if (!isIPv4(outer) || !isIPv4(inner)) return false;
  const a = parseRange(outer);
  const b = parseRange(inner);
  return a.first <= b.first && b.first + b.size <= a.first + a.size;
}

export function overlaps(one: string, other: string): boolean {
  if (!isIPv4(one) || !isIPv4(other)) return false;
  const a = parseRange(one);
  const b = parseRange(other);
  return a.first < b.first + b.size && b.first < a.first + a.size;
}

export const prefixLength = (cidr: string): number => ipaddr.IPv4.parseCIDR(cidr)[1];

/** How many addresses of a subnet can be used: Azure keeps five (Learn, "Virtual networks FAQ"). */
export const usableAddresses = (cidr: string): number => Math.max(0, parseRange(cidr).size - 5);

/** The nth address of a range. */
export function addressIn(cidr: string, n: number): string {
  const value = parseRange(cidr).first + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function parseRange(cidr: string): Range {
  const [address, bits] = ipaddr.IPv4.parseCIDR(cidr);
  const [a = 0, b = 0, c = 0, d = 0] = address.toByteArray();
  return { first: ((a * 256 + b) * 256 + c) * 256 + d, size: 2 ** (32 - bits) };
}
