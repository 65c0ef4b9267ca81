import { z } from 'zod';
import { isRange, overlaps, prefixLength, reservedRanges } from '../../resources/addressRanges.ts';

/**
 * An IPv4 range of a network or subnet. Azure takes /29 at the smallest, AKS /8 at the largest. Sources: Learn, "Azure Virtual
 * Network FAQ"; AKS docs, concepts-network-ip-address-planning.md.
 */
export const addressPrefix = ipv4Range(8, 29);

/**
 * The range of a cluster's services. It must be smaller than /12; in one smaller than /28, the tenth address, which is that
 * of the DNS service, is outside. Source: AKS docs, concepts-network-ip-address-planning.md.
 */
export const serviceRange = ipv4Range(13, 28);

function ipv4Range(largest: number, smallest: number) {
  return z
    .string()
    .check(
      z.superRefine((range, context) => {
        const message = faultOf(range, largest, smallest);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      }),
    )
    .meta({ maxLength: '255.255.255.255/32'.length });
}

function faultOf(range: string, largest: number, smallest: number): string | undefined {
  if (!isRange(range)) {
    return 'not an IPv4 range. Use CIDR notation that begins with the first address, such as 192.168.1.0/24.';
  }
  const size = prefixLength(range);
  if (size < largest || size > smallest) {
    return `a range that is too ${size < largest ? 'large' : 'small'}. Use /${largest} to /${smallest}.`;
  }
  const reserved = reservedRanges.find((each) => overlaps(range, each.range));
  return reserved && `${range} overlaps ${reserved.range}, which ${reserved.why}. Use another range.`;
}
