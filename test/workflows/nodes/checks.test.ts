import { describe, expect, it } from '@jest/globals';
import type { AgentPoolFacts } from '../../../resources/agentPools.ts';
import type { KubernetesFacts, Look, NodeFacts, NodeProbeResult, PoolReimage } from '../../../resources/nodes.ts';
import { addedPoolChecks, nodeChecks, reimageChecks } from '../../../workflows/nodes/checks.ts';
import { pool, systemPool } from '../existingCluster/support.ts';
import { clusterThere } from '../support.ts';

const source = 'r.azurecr.io/aks-managed-repository';
const node = (name: string, changes: Partial<NodeFacts> = {}): NodeFacts => ({
  name,
  pool: 'work',
  bootId: name,
  createdAt: '2026-01-01T00:00:00Z',
  ready: true,
  ...changes,
});
const nodes = (...all: NodeFacts[]): Look<KubernetesFacts> => ({ seen: { nodes: all, disruptionBudgets: [] } });
const pulled: Look<NodeProbeResult> = {
  seen: { node: 'a', image: 'i', pulled: true, bootstrapSource: source, message: 'pulled' },
};
const looked = (
  of: Partial<AgentPoolFacts>,
  kubernetes: Look<KubernetesFacts>,
  probe: Look<NodeProbeResult> | undefined = pulled,
  machines?: Record<string, number>,
) => {
  const work = { ...pool('work'), count: 1, ...of };
  const checks = nodeChecks(
    clusterThere({ agentPoolProfiles: [work] }),
    kubernetes,
    probe ? { work: probe } : {},
    source,
    machines,
  );
  return Object.fromEntries(checks.map((each) => [each.id, each]));
};

describe('what nodes prove', () => {
  it('is as promised where all were seen, and the oldest boots and pulls from the registry', () => {
    expect(Object.values(looked({}, nodes(node('a')))).map(({ id, verdict }) => [id, verdict])).toEqual([
      ['nodes:work', 'met'],
      ['boots:work', 'met'],
      ['pulls:work', 'met'],
      ['nodes', 'met'],
    ]);
  });

  it('is otherwise where a node boots from elsewhere, or cannot pull', () => {
    const other = { seen: { node: 'a', image: 'i', pulled: true, bootstrapSource: 'Direct', message: '' } };
    expect(looked({}, nodes(node('a')), other)['boots:work']).toMatchObject({ verdict: 'missed', seen: 'Direct' });
    const none = { seen: { node: 'a', image: 'i', pulled: false, message: 'ImagePullBackOff' } };
    expect(looked({}, nodes(node('a')), none)).toMatchObject({
      'boots:work': { verdict: 'unproven' },
      'pulls:work': { verdict: 'missed', seen: 'ImagePullBackOff' },
    });
  });

  it.each([
    ['notAllowed', 'runCommandForbidden'],
    ['failed', 'failed'],
  ] as const)('is neither where a look was %s', (because, gap) => {
    const unseen = { unseen: { because, message: 'why' } };
    const both = {
      'boots:work': { verdict: 'unproven', because: gap },
      'pulls:work': { verdict: 'unproven', because: gap },
    };
    expect(looked({}, unseen)).toMatchObject(both);
    expect(looked({}, nodes(node('a')), unseen)).toMatchObject(both);
  });

  it.each<[string, Partial<AgentPoolFacts>, NodeFacts[], Record<string, number>, RegExp]>([
    ['fewer nodes than AKS counts', { count: 2 }, [node('a')], {}, /AKS counts 2, and 1 were seen/],
    ['more nodes than AKS counts', { count: 1 }, [node('a'), node('b')], {}, /AKS counts 1, and 2 were seen/],
    ['fewer nodes than machines', { count: 1 }, [node('a')], { work: 3 }, /has 3 machines, and 1 nodes/],
    ['a node that is not ready', { count: 1 }, [node('a', { ready: false })], {}, /not ready: a/],
  ])('is incomplete with %s', (_what, of, seen, machines, why) => {
    expect(looked(of, nodes(...seen), pulled, machines)['nodes:work']).toMatchObject({
      verdict: 'unproven',
      ok: false,
      because: 'incomplete',
      unproven: expect.stringMatching(why),
    });
  });

  it('is incomplete with nodes that are in no agent pool', () => {
    expect(looked({}, nodes(node('a'), node('nap', { pool: '<none>' }))).nodes).toMatchObject({ unproven: 'nap' });
  });

  it('rests on the cluster where a pool has no nodes: new ones boot as it says', () => {
    const checks = looked({ count: 0 }, nodes(), undefined);
    expect(checks['boots:work']).toMatchObject({ verdict: 'met', evidence: expect.stringContaining('has no nodes') });
    expect(checks).not.toHaveProperty('pulls:work');
  });

  it('is incomplete where a pool is stopped, or has Windows nodes', () => {
    expect(looked({ count: 0, powerState: 'Stopped' }, nodes(), undefined)['boots:work']).toMatchObject({
      unproven: expect.stringContaining('stopped'),
    });
    expect(looked({ osType: 'Windows' }, nodes(node('a')))['pulls:work']).toMatchObject({ because: 'incomplete' });
  });
});

describe('the reimage of a pool', () => {
  const reimage = (changes: Partial<PoolReimage>): PoolReimage => ({
    pool: 'work',
    evidence: 'nodes',
    reimaged: true,
    nodes: [],
    seen: '2 of 2 nodes have a new disk',
    how: 'reimaged',
    notModified: false,
    ...changes,
  });

  it('is unproven where only a newer image of the pool speaks for it', () => {
    const unseen = { because: 'notAllowed', message: 'disabled' } as const;
    const byImage = reimage({ evidence: 'nodeImageVersion', unseen });
    expect(reimageChecks(clusterThere(), [reimage({}), byImage])).toMatchObject([
      { verdict: 'met', evidence: expect.stringContaining('machine ID') },
      { verdict: 'unproven', because: 'runCommandForbidden', evidence: 'node image of the pool' },
    ]);
  });

  it('is missed by a pool that somebody has added meanwhile', () => {
    const before = clusterThere({ agentPoolProfiles: [systemPool] });
    const now = clusterThere({ agentPoolProfiles: [systemPool, pool('late')] });
    expect(addedPoolChecks(before, now)).toMatchObject([{ id: 'reimage:late', verdict: 'missed' }]);
    expect(addedPoolChecks(now, now)).toEqual([]);
  });
});
