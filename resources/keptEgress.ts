import { z } from 'zod';
import { resourceReference, sameResourceId } from './ids.ts';
import type { ClusterChange, ClusterFacts, OutboundProfile } from './managedClusters.ts';

/** Tags of the cluster in which its egress is kept: a tag takes 256 characters, so there may be several. */
const tagPrefix = 'aks-isolation-egress-';
/** Source: Learn, "Use tags to organize your Azure resources and management hierarchy", Limitations. */
const mostTagCharacters = 256;
const mostTags = 50;

const addressId = z
  .string()
  .max(400)
  .regex(
    /^\/subscriptions\/[\da-f-]{36}\/resourceGroups\/[^/?#%]+\/providers\/Microsoft\.Network\/publicIP(Addresses|Prefixes)\/[\w.-]+$/i,
  );
/** As many as AKS makes for a load balancer. Source: Azure REST API, `ManagedClusterLoadBalancerProfileManagedOutboundIPs`, `count`. */
const mostAddresses = 100;
const references = z.array(z.strictObject({ id: addressId })).max(mostAddresses);
/** A NAT gateway's profile names them without more. Source: Azure REST API, `ManagedClusterNATGatewayProfile`, 2026-11-27. */
const addressIds = z.array(addressId).max(mostAddresses);
const managed = z.strictObject({
  count: z.int().min(1).max(100).exactOptional(),
  countIPv6: z.int().min(0).max(100).exactOptional(),
});
const idleTimeoutInMinutes = z.int().min(1).max(120).exactOptional();

/** Settings of egress that are kept, and nothing else: people and policies may write tags too. */
const profiles = {
  loadBalancerProfile: z.object({
    outboundIPs: z.strictObject({ publicIPs: references }).exactOptional(),
    outboundIPPrefixes: z.strictObject({ publicIPPrefixes: references }).exactOptional(),
    managedOutboundIPs: managed.exactOptional(),
    allocatedOutboundPorts: z.int().min(0).max(64_000).exactOptional(),
    enableMultipleStandardLoadBalancers: z.boolean().exactOptional(),
    idleTimeoutInMinutes,
  }),
  natGatewayProfile: z.object({
    outboundIPs: z.strictObject({ publicIPs: addressIds }).exactOptional(),
    outboundIPPrefixes: z.strictObject({ publicIPPrefixes: addressIds }).exactOptional(),
    managedOutboundIPProfile: managed.exactOptional(),
    idleTimeoutInMinutes,
    sku: z.string().max(40).exactOptional(),
  }),
} as const;
type ProfileKind = keyof typeof profiles;

const keptEgressSchema = z.strictObject({
  outboundType: z.string().max(40),
  loadBalancerProfile: profiles.loadBalancerProfile.exactOptional(),
  natGatewayProfile: profiles.natGatewayProfile.exactOptional(),
});

/** Egress as a cluster had it before it was isolated, which Azure forgets with the outbound type. */
export type KeptEgress = z.output<typeof keptEgressSchema>;

/** The settings that Azure gives every cluster that says nothing: there is no need to keep them. Source: Azure REST API, "Managed Clusters". */
const defaults: Readonly<Record<ProfileKind, Readonly<Record<string, unknown>>>> = {
  loadBalancerProfile: {
    managedOutboundIPs: { count: 1 },
    allocatedOutboundPorts: 0,
    enableMultipleStandardLoadBalancers: false,
    idleTimeoutInMinutes: 30,
  },
  natGatewayProfile: { managedOutboundIPProfile: { count: 1 }, idleTimeoutInMinutes: 4, sku: 'Standard' },
};

/** The settings of a cluster's egress that are not Azure's own. */
export function ownEgress({ outboundType, outboundProfile }: ClusterFacts): KeptEgress | undefined {
  const own = (Object.keys(profiles) as ProfileKind[]).flatMap((kind) => {
    const settings = Object.entries(profiles[kind].safeParse(outboundProfile[kind]).data ?? {}).filter(
      ([key, value]) => JSON.stringify(defaults[kind][key]) !== JSON.stringify(value),
    );
    return settings.length > 0 ? [[kind, Object.fromEntries(settings)] as const] : [];
  });
  return own.length > 0 ? { outboundType, ...Object.fromEntries(own) } : undefined;
}

/** The tags that keep it, in place of those that keep something else; `undefined` where the cluster has no room for so many. */
export function egressTags(
  egress: KeptEgress,
  { tags }: Pick<ClusterFacts, 'tags'>,
): Record<string, string> | undefined {
  const text = JSON.stringify(egress);
  const kept = Object.fromEntries(
    Array.from({ length: Math.ceil(text.length / mostTagCharacters) }, (_, index) => [
      `${tagPrefix}${index + 1}`,
      text.slice(index * mostTagCharacters, (index + 1) * mostTagCharacters),
    ]),
  );
  const others = Object.keys(tags).filter((key) => !isKeptKey(key));
  return others.length + Object.keys(kept).length > mostTags ? undefined : kept;
}

/** The egress that a cluster's tags keep; `undefined` where they keep none, or not all of it any more. */
export function keptEgress({ tags }: Pick<ClusterFacts, 'tags'>): KeptEgress | undefined {
  const text = keptKeys(tags).map((key) => tags[key]);
  try {
    return keptEgressSchema.safeParse(JSON.parse(text.join(''))).data;
  } catch {
    return undefined;
  }
}

const isKeptKey = (key: string): boolean => key.startsWith(tagPrefix);

const keptKeys = (tags: Record<string, string>): string[] =>
  Object.keys(tags)
    .filter(isKeptKey)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));

/** The change of tags that takes away what is kept. */
export const withoutKeptEgress = ({ tags }: Pick<ClusterFacts, 'tags'>): Pick<ClusterChange, 'tags'> => {
  const keys = keptKeys(tags);
  return keys.length === 0 ? {} : { tags: Object.fromEntries(keys.map((key) => [key, null])) };
};

/** The change of tags that undoes another one. */
export const tagsBefore = (change: ClusterChange, { tags }: Pick<ClusterFacts, 'tags'>): Pick<ClusterChange, 'tags'> =>
  change.tags === undefined
    ? {}
    : { tags: Object.fromEntries(Object.keys(change.tags).map((key) => [key, tags[key] ?? null])) };

/** IDs of the owner's public addresses and prefixes. */
export const ownAddressesOf = ({ loadBalancerProfile: balancer, natGatewayProfile: gateway }: KeptEgress): string[] => [
  ...(balancer?.outboundIPs?.publicIPs ?? []).map(({ id }) => id),
  ...(balancer?.outboundIPPrefixes?.publicIPPrefixes ?? []).map(({ id }) => id),
  ...(gateway?.outboundIPs?.publicIPs ?? []),
  ...(gateway?.outboundIPPrefixes?.publicIPPrefixes ?? []),
];

/** The profile to put back: without the addresses that cannot be had any more. */
export function profileOf(
  { loadBalancerProfile, natGatewayProfile }: KeptEgress,
  lost: readonly string[],
): OutboundProfile {
  const isThere = (id: string) => !lost.some((one) => sameResourceId(one, id));
  return {
    ...(loadBalancerProfile && {
      loadBalancerProfile: withAddresses(loadBalancerProfile, ({ id }) => isThere(id)),
    }),
    ...(natGatewayProfile && { natGatewayProfile: withAddresses(natGatewayProfile, isThere) }),
  };
}

interface Addresses<T> {
  outboundIPs?: { publicIPs: T[] };
  outboundIPPrefixes?: { publicIPPrefixes: T[] };
}

function withAddresses<T>(
  { outboundIPs, outboundIPPrefixes, ...settings }: Addresses<T>,
  isThere: (address: T) => boolean,
): Record<string, unknown> {
  const publicIPs = (outboundIPs?.publicIPs ?? []).filter(isThere);
  const publicIPPrefixes = (outboundIPPrefixes?.publicIPPrefixes ?? []).filter(isThere);
  return {
    ...settings,
    ...(publicIPs.length > 0 && { outboundIPs: { publicIPs } }),
    ...(publicIPPrefixes.length > 0 && { outboundIPPrefixes: { publicIPPrefixes } }),
  };
}

/** For the plan. */
export function inWords(egress: KeptEgress): string {
  const { outboundIPs: _ips, outboundIPPrefixes: _prefixes, ...balancer } = egress.loadBalancerProfile ?? {};
  const { outboundIPs: _own, outboundIPPrefixes: _ranges, ...gateway } = egress.natGatewayProfile ?? {};
  const settings = Object.entries({ ...balancer, ...gateway }).map(
    ([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`,
  );
  return [...ownAddressesOf(egress).map((id) => resourceReference(id).name), ...settings].join(', ');
}
