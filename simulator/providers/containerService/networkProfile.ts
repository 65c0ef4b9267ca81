import { type Body, echoed, isBody, withoutUndefined } from '../../arm/json.ts';
import type { Intent } from './intent.ts';
import type { ClusterBody, ClusterRequest } from './shapes.ts';

/** The cluster's network. Properties that are fixed at creation stay where the request leaves them out; profiles of ways out do not. */
export function networkProfile(
  request: ClusterRequest,
  { networkPlugin, outboundType, natGatewaySku }: Intent,
  existing: ClusterBody | undefined,
): Body {
  const sent = request.properties.networkProfile;
  const {
    loadBalancerProfile: _balancer,
    natGatewayProfile: _gateway,
    ...before
  } = echoed(existing?.properties.networkProfile);
  const serviceCidr = sent?.serviceCidr ?? before.serviceCidr ?? '10.0.0.0/16';
  return withoutUndefined({
    networkPolicy: 'none',
    networkDataplane: 'azure',
    loadBalancerSku: 'standard',
    ...before,
    ...echoed(sent),
    networkPlugin,
    loadBalancerProfile: loadBalancerProfile(echoed(sent?.loadBalancerProfile), outboundType),
    natGatewayProfile: natGatewayProfile(
      { ...(natGatewaySku !== undefined && { sku: natGatewaySku }), ...echoed(sent?.natGatewayProfile) },
      outboundType,
    ),
    serviceCidr,
    dnsServiceIP: sent?.dnsServiceIP ?? before.dnsServiceIP ?? '10.0.0.10',
    outboundType,
    serviceCidrs: [serviceCidr],
    ipFamilies: ['IPv4'],
  });
}

/** Recorded: it is never null or absent, not even without a load balancer, and then says nothing of addresses. */
function loadBalancerProfile(sent: Body, outboundType: string): Body {
  const { backendPoolType: kind = 'nodeIPConfiguration', effectiveOutboundIPs: _shown, ...settings } = sent;
  // Recorded: Azure answers with another spelling than it documents.
  const backendPoolType = String(kind).replace(/^N/, 'n');
  if (outboundType !== 'loadBalancer') return { backendPoolType };
  const { outboundIPs, outboundIPPrefixes, managedOutboundIPs, ...rest } = settings;
  const own = ownAddresses({ outboundIPs, outboundIPPrefixes });
  const managed = { managedOutboundIPs: isBody(managedOutboundIPs) ? managedOutboundIPs : { count: 1 } };
  return { ...(Object.keys(own).length > 0 ? own : managed), ...rest, backendPoolType };
}

const ownAddresses = (sent: Body): Body =>
  withoutUndefined(Object.fromEntries(Object.entries(sent).filter(([, value]) => addressIds(value).length > 0)));

/** IDs of the public addresses or prefixes that a profile names. */
function addressIds(profile: unknown): string[] {
  if (!isBody(profile)) return [];
  return Object.values(profile).flatMap((list) =>
    Array.isArray(list)
      ? list.flatMap((one) => (isBody(one) ? one.id : one)).filter((id) => typeof id === 'string')
      : [],
  );
}

function natGatewayProfile(sent: Body, outboundType: string): Body | undefined {
  if (!isManagedGateway(outboundType)) return undefined;
  const { effectiveOutboundIPs: _shown, outboundIPs, outboundIPPrefixes, ...settings } = sent;
  const own = ownAddresses({ outboundIPs, outboundIPPrefixes });
  const managed = Object.keys(own).length > 0 ? own : { managedOutboundIPProfile: { count: 1 } };
  return { ...managed, idleTimeoutInMinutes: 4, ...settings };
}

/** Whether AKS makes a NAT gateway. Until the API of June 2026 the second generation had an outbound type of its own. */
export const isManagedGateway = (outboundType: string): boolean =>
  outboundType === 'managedNATGateway' || outboundType === 'managedNATGatewayV2';

/**
 * The outbound type with the generation of its NAT gateway, as the API had it until June 2026
 * (https://github.com/Azure/azure-rest-api-specs/pull/45002).
 */
export const generation = (outboundType: string, sku: string | null | undefined): string =>
  outboundType === 'managedNATGateway' && sku?.toLowerCase() === 'standardv2' ? 'managedNATGatewayV2' : outboundType;

/** IDs of the owner's public addresses and prefixes for the load balancer or the NAT gateway; none where AKS makes the address. */
export function ownOutboundAddresses({ networkProfile: network }: ClusterBody['properties']) {
  const { loadBalancerProfile, natGatewayProfile, outboundType } = network;
  const { outboundIPs, outboundIPPrefixes } = isManagedGateway(outboundType)
    ? echoed(natGatewayProfile)
    : loadBalancerProfile;
  return { addresses: addressIds(outboundIPs), prefixes: addressIds(outboundIPPrefixes) };
}

/** The network with the addresses with which it leaves, as only a finished cluster shows them. */
export function withEffectiveAddresses(properties: ClusterBody['properties'], managedAddress: string): Body {
  const { networkProfile: network } = properties;
  const { addresses, prefixes } = ownOutboundAddresses(properties);
  const own = [...addresses, ...prefixes];
  const effectiveOutboundIPs = (own.length > 0 ? own : [managedAddress]).map((id) => ({ id }));
  if (network.outboundType === 'loadBalancer')
    return { ...network, loadBalancerProfile: { ...network.loadBalancerProfile, effectiveOutboundIPs } };
  if (!isManagedGateway(network.outboundType)) return network;
  return {
    ...network,
    natGatewayProfile: { ...echoed(network.natGatewayProfile), effectiveOutboundIPs },
  };
}
