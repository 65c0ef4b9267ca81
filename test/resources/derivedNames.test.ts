import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  controlPlaneIdentityName,
  endpointNameBesides,
  formerRegistryName,
  kubeletIdentityName,
  nodeResourceGroupName,
  registryName,
  temporaryPoolName,
  virtualNetworkName,
} from '../../resources/derivedNames.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { nameRules } from '../../resources/names.ts';

const subscriptionId = '11111111-1111-1111-1111-111111111111';
const cluster = (resourceGroup: string, name: string, subscription = subscriptionId) => ({
  subscriptionId: subscription,
  resourceGroup,
  name,
});

const clusters = fc.record({
  subscriptionId: fc.uuid(),
  resourceGroup: fc.stringMatching(nameRules.resourceGroup.pattern),
  name: fc.stringMatching(nameRules.cluster.pattern),
});
const regions = fc.constantFrom('westeurope', 'australiacentral2', 'eastus2euap');
const pools = fc.stringMatching(nameRules.agentPool.pattern);
const copyName = (name: string, osType = 'Linux') => temporaryPoolName({ name, osType });

describe('a derived name', () => {
  it.each([
    ['short', 'r', 'c', 'cr11111111', /^cr[a-z0-9]{9}x$/],
    [
      'as long as they may be',
      'r'.repeat(20),
      'c'.repeat(20),
      `${'c'.repeat(20)}${'r'.repeat(20)}11111111`,
      /^c{20}r{20}[a-z0-9]{9}x$/,
    ],
    ['with hyphens and underscores', 'rg-Shop_1', 'shop-1', 'shop1rgshop111111111', /^shop1rgshop1[a-z0-9]{9}x$/],
  ])('of a registry is made of names that are %s', (_what, group, name, former, expected) => {
    expect(registryName(cluster(group, name))).toMatch(expected);
    expect(formerRegistryName(cluster(group, name))).toBe(former);
  });

  it('of a registry is no other when a run is repeated with another version of this product', () => {
    expect(registryName(cluster('rg-shop', 'shop-1'))).toBe('shop1rgshop67i9pievvx');
  });

  it.each<[what: string, ...names: [group: string, name: string][]]>([
    ['a hyphen that is on the other side', ['c', 'a-b'], ['b-c', 'a']],
    ['where the one ends and the other begins', ['bc', 'a'], ['c', 'ab']],
    ['hyphens and underscores', ['r-g', 'c'], ['rg', 'c'], ['r_g', 'c']],
  ])('of a registry and of a node resource group tells clusters apart by %s', (_what, ...names) => {
    for (const nameOf of [registryName, (one: ClusterReference) => nodeResourceGroupName(one, 'westeurope')])
      expect(new Set(names.map(([group, name]) => nameOf(cluster(group, name)))).size).toBe(names.length);
  });

  it('of a node resource group tells an underscore of the group from one of the cluster', () => {
    const names = [cluster('a_b', 'c'), cluster('a', 'b_c')].map((one) => nodeResourceGroupName(one, 'westeurope'));
    expect(names).toEqual([
      expect.stringMatching(/^MC_a_b_c_westeurope-[a-z0-9]{9}$/),
      expect.stringMatching(/^MC_a_b_c_westeurope-[a-z0-9]{9}$/),
    ]);
    expect(new Set(names).size).toBe(2);
  });

  it('is another one for each cluster', () => {
    const derived = [registryName, (one: ClusterReference) => nodeResourceGroupName(one, 'westeurope')];
    const same = (a: ClusterReference, b: ClusterReference) =>
      JSON.stringify(a).toLowerCase() === JSON.stringify(b).toLowerCase();
    fc.assert(
      fc.property(
        clusters,
        clusters,
        (a, b) =>
          same(a, { ...b, subscriptionId: a.subscriptionId }) ||
          derived.every((nameOf) => nameOf(a) !== nameOf({ ...b, subscriptionId: a.subscriptionId })),
      ),
      { seed: 1, numRuns: 1000 },
    );
  });

  it.each<[what: string, ...names: [group: string, name: string][]]>([
    ['the end of long cluster names', ['rg', 'platform-production-weu-001'], ['rg', 'platform-production-weu-002']],
    ['the end of long group names', ['rg-platform-production-weu-001', 'c'], ['rg-platform-production-weu-002', 'c']],
    ['dots', ['r.g', 'c'], ['rg', 'c']],
    ['parentheses', ['r(g)', 'c'], ['r.g.c', 'c'], ['rg', 'c']],
  ])('of a registry tells clusters apart by %s', (_what, ...names) => {
    const derived = names.map(([group, name]) => registryName(cluster(group, name)));
    expect(new Set(derived).size).toBe(names.length);
  });

  it('of a registry tells subscriptions apart whose IDs begin alike', () => {
    const other = subscriptionId.replace(/1$/, '2');
    const group = 'rg';
    expect(registryName(cluster(group, 'c', other))).not.toBe(registryName(cluster(group, 'c')));
  });

  it('does not depend on the case of its input: Azure compares without', () => {
    const group = 'RG.Platform-Production-WestEurope';
    expect(registryName(cluster(group, 'Shop'))).toBe(registryName(cluster(group.toLowerCase(), 'shop')));
  });

  it.each([
    ['is as AKS makes it', 'rg', 'cluster', 'MC_rg_cluster_westeurope'],
    ['may have 80 characters', 'r'.repeat(58), 'cluster', `MC_${'r'.repeat(58)}_cluster_westeurope`],
  ])('of a node resource group %s', (_what, group, name, expected) => {
    expect(nodeResourceGroupName(cluster(group, name), 'westeurope')).toBe(expected);
  });

  it('of a node resource group tells clusters apart that it has no room for', () => {
    const group = 'r'.repeat(90);
    const names = ['a', 'b'].map((name) => nodeResourceGroupName(cluster(group, name), 'westeurope'));
    expect(new Set(names).size).toBe(2);
    expect(names).toEqual([expect.stringMatching(/^MC_r{67}-/), expect.stringMatching(/^MC_r{67}-/)]);
  });

  it("of a temporary pool is the pool's with tmp before it, while that fits", () => {
    expect(copyName('workload1')).toBe('tmpworkload1');
    expect(new Set(['workload001', 'workload002', 'workload0'].map((name) => copyName(name))).size).toBe(3);
    expect(copyName('win', 'Windows')).toBe('tmpwin');
    expect(new Set(['win', 'win001', 'win002'].map((name) => copyName(name, 'Windows'))).size).toBe(3);
  });

  it('of a temporary pool is another one for each pool', () => {
    fc.assert(
      fc.property(pools, pools, (a, b) => a === b || copyName(a) !== copyName(b)),
      { seed: 1 },
    );
  });

  it('is one that Azure takes, whatever it is made of', () => {
    fc.assert(
      fc.property(clusters, regions, pools, (reference, region, pool) => {
        const registry = registryName(reference);
        expect(registry).toMatch(/^[a-z0-9]{5,50}$/);
        expect(endpointNameBesides(registry)).toMatch(nameRules.privateEndpoint.pattern);
        expect(nodeResourceGroupName(reference, region)).toMatch(nameRules.nodeResourceGroup.pattern);
        expect(controlPlaneIdentityName(reference)).toMatch(nameRules.identity.pattern);
        expect(kubeletIdentityName(reference)).toMatch(nameRules.identity.pattern);
        expect(copyName(pool)).toMatch(nameRules.agentPool.pattern);
        expect(copyName(pool.slice(0, 6), 'Windows')).toMatch(/^[a-z][a-z0-9]{0,5}$/);
        // The schema refuses the clusters whose network would have a longer name.
        if (reference.name.length <= 59)
          expect(virtualNetworkName(reference)).toMatch(nameRules.virtualNetwork.pattern);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});
