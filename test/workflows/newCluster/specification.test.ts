import { describe, expect, it } from '@jest/globals';
import { discoveryRequest } from '../../../workflows/newCluster/plan.ts';
import { given, parsed } from '../../contract/inputs/support.ts';
import { guideVersions, planCreate } from '../support.ts';

describe('the specification of a new cluster', () => {
  it.each([
    ['current', 'privateLink', { enablePrivateCluster: true, enableVnetIntegration: false }],
    ['current', 'vnetIntegration', { enablePrivateCluster: true, enableVnetIntegration: true }],
    ['preview', 'privateLink', { enablePrivateCluster: true, enableVnetIntegration: false }],
    ['preview', 'vnetIntegration', { enablePrivateCluster: false, enableVnetIntegration: true }],
  ] as const)('asks, under profile %s with %s, for %p', (profile, apiServerAccess, expected) => {
    expect(planCreate({ profile, apiServerAccess }, guideVersions).specification).toMatchObject(expected);
  });
});

describe('names that Azure bounds', () => {
  it.each([
    ['is as AKS makes it', 'rg', 'cluster', 'MC_rg_cluster_westeurope'],
    ['may have 80 characters', 'r'.repeat(58), 'cluster', `MC_${'r'.repeat(58)}_cluster_westeurope`],
  ])('the node resource group %s', (_what, resourceGroup, name, expected) => {
    const subscriptionId = '11111111-1111-1111-1111-111111111111';
    const { specification } = planCreate({ cluster: { subscriptionId, resourceGroup, name } });
    expect(specification.nodeResourceGroup).toBe(expected);
  });

  it.each([
    ['short names', 'a', 'b', 'a-b-111111'],
    ['long names', 'c'.repeat(63), 'r'.repeat(90), `${'c'.repeat(10)}-${'r'.repeat(16)}-111111`],
    ['names with characters that DNS has not', 'my_cluster', 'my.group(1)_', 'mycluster-mygroup1-111111'],
  ])('the DNS prefix is made of %s', (_what, name, resourceGroup, expected) => {
    const subscriptionId = '11111111-1111-1111-1111-111111111111';
    const { dnsPrefix } = planCreate({ cluster: { subscriptionId, resourceGroup, name } }).specification;
    expect(dnsPrefix).toBe(expected);
    expect(parsed(given({ dnsPrefix })).dnsPrefix).toBe(dnsPrefix);
  });

  it('are taken from the input where it has them', () => {
    const names = { dnsPrefix: 'mine', nodeResourceGroup: 'nodes' };
    expect(planCreate(names).specification).toMatchObject(names);
    expect(discoveryRequest(parsed(given(names))).nodeResourceGroup).toBe('nodes');
  });
});
