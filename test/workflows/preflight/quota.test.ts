import { describe, expect, it } from '@jest/globals';
import { type AgentPoolFacts, surgeNodes } from '../../../resources/agentPools.ts';
import type { VmSizeFacts } from '../../../resources/allowances.ts';
import { copyNeed, surgeNeed } from '../../../workflows/preflight/quota.ts';
import { ordinary, planIsolate, seen } from '../existingCluster/support.ts';
import { clusterThere, nothingThere, planCreate, problemTexts } from '../support.ts';

const size = (family: string, vCPUs: number, more: Partial<VmSizeFacts> = {}) => ({
  family,
  vCPUs,
  zones: ['1', '2', '3'],
  ...more,
});
const vmSizes: Record<string, VmSizeFacts> = {
  Standard_D4ds_v5: size('standardDDSv5Family', 4),
  Standard_D8ds_v5: size('standardDDSv5Family', 8),
  Standard_E4s_v5: size('standardESv5Family', 4),
  Standard_L8s_v3: size('standardLSv3Family', 8, { zones: ['1'] }),
  Standard_NC24: size('standardNCFamily', 24, { restriction: 'NotAvailableForSubscription', zones: [] }),
};
const plenty = { used: 0, limit: 1000 };

/** Problems of these pools where so much quota is left, as `where: problem`. */
function problems(
  pools: Record<string, unknown>[],
  left: Record<string, { used: number; limit: number }> = {},
): string[] {
  const usages = { standardddsv5family: plenty, standardesv5family: plenty, cores: plenty, ...left };
  const agentPoolProfiles = pools.map((pool, index) => ({ name: `pool${index}`, count: 1, ...pool }));
  const allowances = { ...nothingThere.allowances, vmSizes, usages };
  const found = planCreate({ agentPoolProfiles }, { allowances }).problems;
  expect(found.filter(({ whatToDo }) => !/^\w.*\.$/.test(whatToDo))).toEqual([]);
  return found.map(({ where, problem }) => `${where}: ${problem}`);
}

describe('nodes that an upgrade adds', () => {
  it.each([
    [0, 0],
    [1, 1],
    [10, 1],
    [11, 2],
    [100, 10],
    [101, 11],
    [1000, 100],
  ])('to %p nodes are %p', (nodes, surge) => {
    expect(surgeNodes(nodes)).toBe(surge);
  });
});

describe('the vCPU quota', () => {
  const d4 = { vmSize: 'Standard_D4ds_v5' };
  const d8 = { vmSize: 'Standard_D8ds_v5' };
  const e4 = { vmSize: 'Standard_E4s_v5' };
  const ofFamily = (limit: number, used = 0) => ({ standardddsv5family: { used, limit } });
  const ofRegion = (limit: number, used = 0) => ({ cores: { used, limit } });

  it.each<[what: string, pools: Record<string, unknown>[], needed: number]>([
    ['one node and one to surge', [d4], 8],
    ['ten nodes and one to surge', [{ ...d4, count: 10 }], 44],
    ['eleven nodes and two to surge', [{ ...d4, count: 11 }], 52],
    ['two pools of one family, each with its own surge', [d4, { ...d8, count: 2 }], 8 + 24],
    ['no node of a user pool', [d4, { ...d8, mode: 'User', count: 0 }], 8],
    [
      'the initial nodes of a pool that scales',
      [{ ...d4, count: 2, enableAutoScaling: true, minCount: 1, maxCount: 50 }],
      12,
    ],
  ])('of a family suffices for %s, to the last vCPU', (_what, pools, needed) => {
    expect(problems(pools, ofFamily(needed))).toEqual([]);
    expect(problems(pools, ofFamily(needed + 5, 5))).toEqual([]);
    expect(problems(pools, ofFamily(needed + 4, 5))).toEqual([
      `agentPoolProfiles: ${needed} vCPUs are needed with surge nodes, and the quota of family standardDDSv5Family in westeurope leaves ${needed - 1} of ${needed + 4}`,
    ]);
  });

  it('of the region counts all families', () => {
    expect(problems([d4, e4], ofRegion(16))).toEqual([]);
    expect(problems([d4, e4], ofRegion(20, 5))).toEqual([
      'agentPoolProfiles: 16 vCPUs are needed with surge nodes, and the quota of the region westeurope leaves 15 of 20',
    ]);
  });

  it('of family and region are reported together', () => {
    expect(problems([d4], { ...ofFamily(7), ...ofRegion(7) })).toHaveLength(2);
  });

  it('of a family that the pools are not of does not matter', () => {
    expect(problems([e4], ofFamily(0))).toEqual([]);
  });

  it('does not matter where Azure tells nothing of it', () => {
    expect(problems([{ vmSize: 'Standard_L8s_v3' }])).toEqual([]);
  });

  it('does not matter for a cluster that is there', () => {
    const allowances = { ...nothingThere.allowances, usages: ofRegion(0) };
    const group = { location: 'westeurope', provisioningState: 'Succeeded', tags: {} };
    const seen = { allowances, resourceGroup: group, nodeResourceGroup: group };
    expect(planCreate({}, seen).problems).toHaveLength(2);
    expect(planCreate({}, { ...seen, cluster: clusterThere() }).problems).toEqual([]);
  });
});

describe('a VM size', () => {
  it.each<[what: string, pool: Record<string, unknown>, problem: string | undefined]>([
    ['that is not offered', { vmSize: 'Standard_Z1' }, 'Standard_Z1 is not offered in westeurope'],
    [
      'that the subscription cannot have',
      { vmSize: 'Standard_NC24' },
      'Standard_NC24 cannot be had in westeurope (NotAvailableForSubscription)',
    ],
    [
      'that is not in all zones',
      { vmSize: 'Standard_L8s_v3', availabilityZones: ['1', '2', '3'] },
      'Standard_L8s_v3 is not offered in zone 2, 3',
    ],
    ['in its zone', { vmSize: 'Standard_L8s_v3', availabilityZones: ['1'] }, undefined],
    ['without a zone', { vmSize: 'Standard_L8s_v3' }, undefined],
  ])('%s is said so at its pool', (_what, pool, problem) => {
    expect(problems([{}, pool])).toEqual(problem === undefined ? [] : [`agentPoolProfiles[1].vmSize: ${problem}`]);
  });

  it('that is not offered does not hide the quota of the others', () => {
    const pools = [{ vmSize: 'Standard_Z1' }, { vmSize: 'Standard_E4s_v5' }];
    expect(problems(pools, { standardesv5family: { used: 0, limit: 7 } })).toHaveLength(2);
  });
});

it('a pool of virtual machines has no size and no count of its own: AKS adds one of its largest', () => {
  const virtualMachines = [
    { size: 'Standard_D4ds_v5', count: 3 },
    { size: 'Standard_D8ds_v5', count: 1 },
  ];
  const [pool] = ordinary().agentPoolProfiles;
  const ofMachines = { ...(pool as AgentPoolFacts), vmSize: '', count: 4, type: 'VirtualMachines', virtualMachines };
  expect(surgeNeed(ofMachines, vmSizes)).toBe('1 node, 8 vCPUs of standardDDSv5Family');
  expect(copyNeed(ofMachines, vmSizes)).toBe('4 nodes, 20 vCPUs of standardDDSv5Family');
});

describe('the nodes that a reimage needs', () => {
  const tight = (used: number) => {
    const facts = seen(ordinary());
    const { discovered = nothingThere } = facts;
    const usages = { standardddsv5family: { used, limit: 350 }, cores: { used, limit: 350 } };
    return { ...facts, discovered: { ...discovered, allowances: { ...discovered.allowances, usages } } };
  };

  it('are counted for the pools that are reimaged at the same time', () => {
    // One node of 4 vCPUs for each of two pools.
    expect(problemTexts(planIsolate(tight(346)))).toEqual([]);
    expect(problemTexts(planIsolate(tight(347)))).toContainEqual(
      expect.stringMatching(/^4 vCPUs are needed for surge nodes/),
    );
    expect(problemTexts(planIsolate(tight(346), { reimage: { maxParallelPools: 2 } }))).toContainEqual(
      expect.stringMatching(/^8 vCPUs/),
    );
  });

  it('are as many as the pool has, where a temporary copy may stand for it', () => {
    const reimage = { whenNotReimaged: 'temporaryPool' } as const;
    const largest = Math.max(...ordinary().agentPoolProfiles.map(({ count }) => count)) * 4;
    expect(problemTexts(planIsolate(tight(350 - largest), { reimage }))).toEqual([]);
    expect(problemTexts(planIsolate(tight(351 - largest), { reimage }))).toContainEqual(
      `${largest} vCPUs are needed for temporary copies of pools, and the quota of standardDDSv5Family leaves ${largest - 1} of 350`,
    );
  });
});
