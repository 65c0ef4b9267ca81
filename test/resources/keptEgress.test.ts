import { describe, expect, it } from '@jest/globals';
import { egressTags, inWords, type KeptEgress, keptEgress, ownEgress, profileOf } from '../../resources/keptEgress.ts';
import type { ClusterFacts, OutboundProfile } from '../../resources/managedClusters.ts';

const address = (name: string, group = 'rg') =>
  `/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/${group}/providers/Microsoft.Network/publicIPAddresses/${name}`;
const own: KeptEgress = {
  outboundType: 'loadBalancer',
  loadBalancerProfile: {
    outboundIPs: { publicIPs: [{ id: address('one') }, { id: address('two') }] },
    allocatedOutboundPorts: 1024,
  },
};
const found = (outboundProfile: OutboundProfile, outboundType = 'loadBalancer') =>
  ({ outboundType, outboundProfile, tags: {} }) as unknown as ClusterFacts;
const kept = (tags: Record<string, string> | undefined) => keptEgress({ tags: { team: 'a', ...tags } });

describe('what is kept of egress', () => {
  it.each<[what: string, outboundType: string, profile: OutboundProfile]>([
    [
      'a load balancer',
      'loadBalancer',
      { loadBalancerProfile: { managedOutboundIPs: { count: 1 }, backendPoolType: 'NodeIP' } },
    ],
    [
      'one that says so',
      'loadBalancer',
      { loadBalancerProfile: { allocatedOutboundPorts: 0, idleTimeoutInMinutes: 30 } },
    ],
    [
      'a NAT gateway',
      'managedNATGateway',
      { natGatewayProfile: { managedOutboundIPProfile: { count: 1 }, idleTimeoutInMinutes: 4 } },
    ],
  ])('is nothing where %s is as Azure makes it', (_what, outboundType, profile) => {
    expect(ownEgress(found(profile, outboundType))).toBeUndefined();
  });

  it('is what the owner has set', () => {
    const balancer = { ...own.loadBalancerProfile, idleTimeoutInMinutes: 30, backendPoolType: 'NodeIPConfiguration' };
    expect(ownEgress(found({ loadBalancerProfile: balancer }))).toEqual(own);
    const gateway = { managedOutboundIPProfile: { count: 3 }, idleTimeoutInMinutes: 4 };
    expect(ownEgress(found({ natGatewayProfile: gateway }, 'managedNATGateway'))).toEqual({
      outboundType: 'managedNATGateway',
      natGatewayProfile: { managedOutboundIPProfile: { count: 3 } },
    });
  });

  describe('of a NAT gateway with addresses of its owner’s', () => {
    const prefix = address('range').replace('publicIPAddresses', 'publicIPPrefixes');
    const outboundIPs = { publicIPs: [address('one'), address('two')] };
    const natGatewayProfile = { sku: 'StandardV2', outboundIPs, outboundIPPrefixes: { publicIPPrefixes: [prefix] } };
    const gateway = { outboundType: 'managedNATGatewayV2', natGatewayProfile };

    it('comes back with them out of its tags', () => {
      expect(ownEgress(found({ natGatewayProfile }, gateway.outboundType))).toEqual(gateway);
      expect(kept(egressTags(gateway, { tags: {} }))).toEqual(gateway);
      expect(profileOf(gateway, [])).toEqual({ natGatewayProfile });
      expect(inWords(gateway)).toBe('one, two, range, sku StandardV2');
    });

    it('comes back without those that are lost, in whichever spelling', () => {
      expect(profileOf(gateway, [address('one').toUpperCase(), prefix])).toEqual({
        natGatewayProfile: { sku: 'StandardV2', outboundIPs: { publicIPs: [address('two')] } },
      });
      expect(profileOf(gateway, [...outboundIPs.publicIPs, prefix])).toEqual({
        natGatewayProfile: { sku: 'StandardV2' },
      });
    });
  });

  it('is that services have load balancers of their own', () => {
    const loadBalancerProfile = { enableMultipleStandardLoadBalancers: true };
    expect(ownEgress(found({ loadBalancerProfile }))).toEqual({ outboundType: 'loadBalancer', loadBalancerProfile });
  });

  it.each([1, 12, 30])('comes back out of its tags, %s addresses', (count) => {
    const publicIPs = Array.from({ length: count }, (_, index) => ({
      id: address(`address-${index}`, 'g'.repeat(90)),
    }));
    const many = { ...own, loadBalancerProfile: { outboundIPs: { publicIPs } } };
    const tags = egressTags(many, { tags: {} });
    for (const value of Object.values(tags ?? {})) expect(value.length).toBeLessThanOrEqual(256);
    expect(kept(tags)).toEqual(many);
  });

  it('does not fit where the cluster has too many tags', () => {
    const tags = Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`t${index}`, '']));
    expect(egressTags(own, { tags })).toBeUndefined();
  });

  it.each<[what: string, change: (tags: Record<string, string>) => Record<string, string | undefined>]>([
    ['are gone', () => ({})],
    ['are not all there', ({ 'aks-isolation-egress-1': first }) => ({ 'aks-isolation-egress-1': first })],
    [
      'lead elsewhere',
      () => ({
        'aks-isolation-egress-1': JSON.stringify({
          outboundType: 'loadBalancer',
          loadBalancerProfile: { outboundIPs: { publicIPs: [{ id: '/subscriptions/../x' }] } },
        }),
      }),
    ],
    ['hold something else', () => ({ 'aks-isolation-egress-1': '{"outboundType":"none","networkPolicy":"none"}' })],
  ])('is nothing where the tags %s', (_what, change) => {
    expect(kept(change(egressTags(own, { tags: {} }) ?? {}) as Record<string, string>)).toBeUndefined();
  });

  it('is put back without what is lost', () => {
    expect(profileOf(own, [address('ONE')])).toEqual({
      loadBalancerProfile: { outboundIPs: { publicIPs: [{ id: address('two') }] }, allocatedOutboundPorts: 1024 },
    });
    expect(profileOf(own, [address('one'), address('two')])).toEqual({
      loadBalancerProfile: { allocatedOutboundPorts: 1024 },
    });
    expect(inWords(own)).toBe('one, two, allocatedOutboundPorts 1024');
  });
});
