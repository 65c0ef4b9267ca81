import { describe, expect, it } from '@jest/globals';
import type { ReimageNodePoolsInput } from '../../../contract/index.ts';
import type { AgentPoolFacts } from '../../../resources/agentPools.ts';
import type { AllowanceFacts } from '../../../resources/allowances.ts';
import type { ExistingClusterFacts } from '../../../resources/discovery.ts';
import type { ClusterFacts } from '../../../resources/managedClusters.ts';
import { notAllowed, ordinary, planReimage, pool, seen, systemPool } from '../existingCluster/support.ts';
import { clusterId, nothingThere, problemTexts, stepOf } from '../support.ts';

interface Given {
  changes?: Partial<AgentPoolFacts>;
  cluster?: Partial<ClusterFacts>;
  others?: AgentPoolFacts[];
  allowances?: Partial<AllowanceFacts>;
  facts?: Partial<ExistingClusterFacts>;
  reimage?: ReimageNodePoolsInput['reimage'];
}

const everyRung = { ladder: ['localDNS' as const, 'patchUpgrade' as const, 'temporaryPool' as const] };

function planned({ changes, cluster, others = [], allowances, facts, reimage = everyRung }: Given) {
  const agentPoolProfiles = [systemPool, pool('work', { currentOrchestratorVersion: '1.34.5', ...changes }), ...others];
  const found = seen(ordinary({ agentPoolProfiles, ...cluster }), facts);
  const discovered = { ...found.discovered, allowances: { ...nothingThere.allowances, ...allowances } };
  return planReimage({ ...found, discovered } as ExistingClusterFacts, { reimage });
}

/** The means that are tried, and why the others are not. */
const ladderOf = (given: Given): [string, string | undefined][] =>
  (stepOf(planned(given), 'reimage:work').ladder ?? []).map(({ by, without }) => [by, without]);
const gapOf = (means: string, given: Given) => ladderOf(given).find(([by]) => by === means)?.[1];

describe('the ladder of a pool', () => {
  it('says what each means does and costs', () => {
    const { ladder = [] } = stepOf(planned({ changes: { count: 20, maxSurge: '10%' }, reimage: {} }), 'reimage:work');
    expect(ladder.map(({ by, without }) => [by, without])).toEqual([
      ['localDNS', undefined],
      ['temporaryPool', undefined],
    ]);
    expect(ladder.map(({ says }) => says)).toEqual([
      expect.stringMatching(/Preferred.*and back.*twice.*2 nodes, 8 vCPUs of standardDDSv5Family/),
      expect.stringMatching(/20 nodes, 80 vCPUs of standardDDSv5Family.*nodes get other names/),
    ]);
  });

  it('is none where the input names one way, or the pool is not reimaged', () => {
    expect(ladderOf({ reimage: { whenNotReimaged: 'fail' } })).toEqual([]);
    expect(ladderOf({ changes: { mode: 'Machines' } })).toEqual([]);
  });

  it.each<[string, string, Given, RegExp]>([
    ['localDNS', 'is Required', { changes: { localDNSMode: 'Required' } }, /Required/],
    ['localDNS', 'has Windows', { changes: { osType: 'Windows' } }, /Linux/],
    ['localDNS', 'is old', { changes: { currentOrchestratorVersion: '1.30.5' } }, /1\.31.*1\.30\.5/],
    [
      'localDNS',
      'is small',
      { allowances: { vmSizes: { Standard_D4ds_v5: { family: 'f', vCPUs: 2, zones: [] } } } },
      /4 vCPUs.*has 2/,
    ],
    ['localDNS', 'cannot be looked at', { facts: { kubernetes: notAllowed } }, /nobody may look/],
    ['patchUpgrade', 'has the newest patch', {}, /as the control plane does/],
    ['patchUpgrade', 'is a minor version behind', { cluster: { currentKubernetesVersion: '1.35.1' } }, /another minor/],
    ['temporaryPool', 'has a neighbour of the name', { others: [pool('tmpwork')] }, /called tmpwork/],
    [
      'temporaryPool',
      'is too large',
      { changes: { count: 30 }, allowances: { usages: { cores: { used: 250, limit: 350 } } } },
      /120 vCPUs.*cores leaves 100 of 350/,
    ],
    [
      'temporaryPool',
      'is locked',
      {
        allowances: {
          locks: [{ id: `${clusterId}/providers/Microsoft.Authorization/locks/l`, level: 'CanNotDelete' }],
        },
      },
      /lock forbids to delete/,
    ],
  ])('does without %s where the pool %s', (means, _case, given, why) => {
    expect(gapOf(means, given)).toMatch(why);
    // The run begins all the same: the reimage itself may do.
    expect(problemTexts(planned(given)).filter((text) => !/lock/.test(text))).toEqual([]);
  });

  it('does without what the worker may not do', () => {
    const pools = 'Microsoft.ContainerService/managedClusters/agentPools';
    const permissions = Object.fromEntries(
      Object.keys(nothingThere.allowances.permissions).map((scope) => [
        scope,
        [{ actions: ['*'], notActions: [`${pools}/write`, `${pools}/delete`] }],
      ]),
    );
    const may = { allowances: { permissions } };
    expect([gapOf('localDNS', may), gapOf('temporaryPool', may)]).toEqual([
      expect.stringMatching(/may not .*agentPools\/write/),
      expect.stringMatching(/may not .*agentPools\/write, .*agentPools\/delete/),
    ]);
    expect(problemTexts(planned(may))).toEqual([]);
  });

  it('upgrades to a newer patch of the control plane, and puts Preferred back from Disabled', () => {
    expect(gapOf('patchUpgrade', { cluster: { currentKubernetesVersion: '1.34.6' } })).toBeUndefined();
    const { ladder = [] } = stepOf(planned({ changes: { localDNSMode: 'Preferred' } }), 'reimage:work');
    expect(ladder[0]?.says).toMatch(/mode Disabled/);
  });
});

it('a pool whose LocalDNS mode a run has left is reimaged, whatever its nodes boot from', () => {
  const { action, reason } = stepOf(planned({ changes: { formerLocalDNSMode: null } }), 'reimage:work');
  expect([action, reason]).toEqual(['update', expect.stringMatching(/left its LocalDNS mode changed/)]);
});
