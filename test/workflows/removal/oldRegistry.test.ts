import { describe, expect, it } from '@jest/globals';
import type { OldRegistryFacts } from '../../../resources/discovery.ts';
import { isolated, planChange, registryId, seen } from '../existingCluster/support.ts';
import { acting, clusterId, group, problemTexts, stepOf } from '../support.ts';

describe('the registry that a cluster leaves', () => {
  const mine = registryId('mine');
  const endpoint = `${group}/providers/Microsoft.Network/privateEndpoints/myPrivateEndpoint`;
  const record = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io/A/mine`;
  const old: OldRegistryFacts = {
    id: mine,
    endpoints: [{ id: endpoint }],
    owned: [mine, endpoint, record],
    clusters: [clusterId],
  };
  const plan = (changes: Partial<OldRegistryFacts> = {}, oldRegistry: 'keep' | 'delete' = 'delete') =>
    planChange(seen(isolated({ containerRegistryId: mine }), { old: { ...old, ...changes } }), {
      registry: { mode: 'managed' },
      oldRegistry,
    });

  it('goes last, after its endpoint and records, which go after the pull probe', () => {
    expect(acting(plan()).slice(-3)).toEqual([
      'old:privateEndpoint:myPrivateEndpoint',
      'old:record:mine',
      'old:registry:mine',
    ]);
    expect(stepOf(plan(), 'old:record:mine').needs).toContain('pullProbe');
    expect(stepOf(plan(), 'old:registry:mine').needs).toEqual(
      expect.arrayContaining(['pullProbe', 'old:privateEndpoint:myPrivateEndpoint', 'old:record:mine']),
    );
    expect(plan().removals.map(({ kind }) => kind)).toEqual(['privateEndpoint', 'record', 'registry']);
    expect(problemTexts(plan())).toEqual([]);
  });

  it('has a record in the zones of two groups: each gets a step of its own', () => {
    const other = record.replace('/rg/', '/dns/');
    const { steps } = plan({ owned: [mine, endpoint, record, other] });
    const records = steps.filter(({ kind }) => kind === 'record').map(({ id, resourceId }) => [id, resourceId]);
    expect(records).toEqual([
      ['old:record:mine', record],
      [`old:record:${other}`, other],
    ]);
  });

  it('stays unless it is to go', () => {
    expect(plan({}, 'keep').removals).toEqual([]);
  });

  it.each<[name: string, changes: Partial<OldRegistryFacts>, problem: RegExp]>([
    ['this product did not make it', { owned: [endpoint] }, /was not made by this product for this cluster/],
    [
      "another cluster's nodes boot from it",
      { clusters: [`${clusterId}-other`] },
      /the nodes of .*cluster-other boot from/,
    ],
    [
      'nobody may read who has a role on it',
      { users: { users: [], unchecked: [], unread: [{ at: '/acr', what: 'roles on it', why: 'no' }] } },
      /nobody can tell who uses the registry that the cluster leaves: roles on it could not be read/,
    ],
    ['somebody else has an endpoint to it', { owned: [mine] }, /is used by way of .*myPrivateEndpoint as well/],
  ])('is not deleted where %s', (_name, changes, problem) => {
    expect(problemTexts(plan(changes))).toEqual([expect.stringMatching(problem)]);
  });
});
