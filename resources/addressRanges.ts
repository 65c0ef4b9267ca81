import ipaddr from 'ipaddr.js';

const { IPv4 } = ipaddr;

/** Ranges that AKS keeps for itself. Source: AKS docs, concepts-network-cni-overview.md, "AKS CNI networking prerequisites". */
export const aksRanges: readonly string[] = ['169.254.0.0/16', '172.30.0.0/16', '172.31.0.0/16', '192.0.2.0/24'];

/** Ranges that neither networks nor services can have. Sources: Learn, "Azure Virtual Network FAQ"; RFC 1122 for the first. */
export const reservedRanges: readonly { range: string; why: string }[] = [
  { range: '0.0.0.0/8', why: 'stands for no host' },
  { range: '127.0.0.0/8', why: 'each host has for itself' },
  { range: '168.63.129.16/32', why: 'is the address of Azure on every host' },
  { range: '224.0.0.0/4', why: 'is for multicast' },
  { range: '255.255.255.255/32', why: 'is for broadcast' },
  ...aksRanges.map((range) => ({ range, why: 'AKS keeps for itself' })),
];

/** The network that AKS makes where none is given. Source: seen, as in Azure/AKS#2727; AKS documents none. */
export const managedNetworkRange = '10.224.0.0/12';

/** Whether this is an IPv4 range in CIDR notation whose address is the range's first, as Azure wants it. */
export const isRange = (cidr: string): boolean =>
  IPv4.isValidCIDRFourPartDecimal(cidr) && IPv4.networkAddressFromCIDR(cidr).toString() === cidr.split('/')[0];

/** A network may have IPv6 ranges too. They neither contain nor overlap IPv4 ranges. */
export const isIPv4 = (cidr: string): boolean => IPv4.isValidCIDR(cidr);

/** Whether one IPv4 range holds another one. */
export function contains(outer: string, inner: string): boolean {
  if (!isIPv4(outer) || !isIPv4(inner)) return false;
  const [first] = IPv4.parseCIDR(inner);
  return prefixLength(outer) <= prefixLength(inner) && first.match(IPv4.parseCIDR(outer));
}

/** Ranges in CIDR notation overlap only where one contains the other. */
export const overlaps = (one: string, other: string): boolean => contains(one, other) || contains(other, one);

export const prefixLength = (cidr: string): number => IPv4.parseCIDR(cidr)[1];

/** Ranges that are on no internet: RFC 1918, RFC 6598 and RFC 3927; RFC 4193 and RFC 4291 for IPv6. */
const privateRanges: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
];

/** Whether all of a range is private. A service tag is not. */
export const isPrivateRange = (prefix: string): boolean =>
  privateRanges.some((range) => contains(range, prefix)) || /^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/i.test(prefix);

/** Number of addresses that a subnet has for its users: Azure keeps five. Source: Learn, "Virtual Network FAQ". */
export const usableAddresses = (cidr: string): number => Math.max(0, 2 ** (32 - prefixLength(cidr)) - 5);

/** The nth address of a range. @param n Less than 256 and less than the size of the range. */
export function addressIn(cidr: string, n: number): string {
  const [first] = IPv4.parseCIDR(cidr);
  const [a, b, c, d = 0] = first.toByteArray();
  return [a, b, c, d + n].join('.');
}
