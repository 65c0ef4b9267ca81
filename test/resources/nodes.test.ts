import { describe, expect, it } from '@jest/globals';
import { type NodeFacts, type PoolEvidence, poolEvidence, proofOf, type Unseen } from '../../resources/nodes.ts';

const node = (changes: Partial<NodeFacts> = {}): NodeFacts => ({
  name: 'a',
  pool: 'work',
  bootId: 'boot-1',
  createdAt: '2026-01-01T00:00:00Z',
  ready: true,
  ...changes,
});
const pool = (nodes: NodeFacts[], changes: Partial<PoolEvidence> = {}): PoolEvidence => ({
  provisioningState: 'Succeeded',
  nodeImageVersion: 'image-1',
  count: nodes.length,
  enableAutoScaling: false,
  nodes,
  ...changes,
});
const unseen = (because: Unseen['because']) =>
  poolEvidence('work', { nodeImageVersion: 'image-1' }, { unseen: { because, message: 'no look' } });
const later = '2026-01-02T00:00:00Z';

describe('a node', () => {
  it.each<[string, Partial<NodeFacts>, Partial<NodeFacts>, boolean]>([
    ['has joined anew', {}, { bootId: 'boot-2', createdAt: later }, true],
    ['was only rebooted', {}, { bootId: 'boot-2' }, false],
    ['was rebooted, with its machine ID', { machineId: 'm-1' }, { bootId: 'boot-2', machineId: 'm-1' }, false],
    ['has another machine ID', { machineId: 'm-1' }, { bootId: 'boot-2', machineId: 'm-2' }, true],
    [
      'was deleted from Kubernetes and has joined with its old disk',
      { machineId: 'm-1' },
      { bootId: 'boot-2', createdAt: later, machineId: 'm-1' },
      false,
    ],
    ['has joined anew without a boot', {}, { createdAt: later }, false],
    ['is another one', {}, { name: 'b', bootId: 'boot-2', createdAt: later }, true],
  ])('that %s counts as reimaged, or not', (_what, before, after, reimaged) => {
    const proof = proofOf('work', pool([node(before)]), pool([node(after)]));
    expect(proof).toMatchObject({ evidence: 'nodes', reimaged, nodes: [{ after: node(after).bootId, reimaged }] });
  });
});

describe('a pool', () => {
  const anew = node({ bootId: 'boot-2', createdAt: later });

  it('without a node is not reimaged where AKS counts some', () => {
    expect(proofOf('work', pool([]), pool([], { count: 3 }))).toMatchObject({
      reimaged: false,
      seen: 'no nodes; AKS counts 3, and 0 were seen',
    });
    expect(proofOf('work', pool([]), pool([], { count: 1, enableAutoScaling: true })).reimaged).toBe(false);
  });

  it('without a node is not reimaged where AKS does not count its machines, and it had some', () => {
    const { count: _notCounted, ...machines } = pool([]);
    expect(proofOf('work', pool([node()]), machines)).toMatchObject({ reimaged: false, seen: 'no nodes' });
    expect(proofOf('work', unseen('failed'), machines).reimaged).toBe(false);
  });

  it('without a node has nothing to reimage where AKS counts none', () => {
    expect(proofOf('work', pool([]), pool([]))).toMatchObject({ reimaged: true, seen: 'no nodes' });
  });

  it('without a node now has nothing to reimage, though nobody could look before', () => {
    const empty = pool([], { count: 0, enableAutoScaling: true });
    expect(proofOf('work', { ...unseen('failed'), count: 0, enableAutoScaling: true }, empty)).toMatchObject({
      reimaged: true,
      seen: 'no nodes',
    });
    const some = pool([], { count: 1, enableAutoScaling: true });
    expect(proofOf('work', unseen('failed'), some).reimaged).toBe(false);
  });

  it('takes AKS at its word for an empty pool where the look, which runs on another pool, fails', () => {
    const empty = { ...unseen('failed'), count: 0 };
    expect(proofOf('work', pool([]), empty)).toMatchObject({ reimaged: true, seen: 'no nodes, as AKS counts' });
    expect(proofOf('work', pool([]), { ...empty, count: 1 }).reimaged).toBe(false);
    expect(proofOf('work', pool([]), { ...empty, enableAutoScaling: true }).reimaged).toBe(false);
  });

  it('is not reimaged as long as fewer nodes are seen than AKS counts, unless an autoscaler adds some', () => {
    expect(proofOf('work', pool([node()]), pool([anew], { count: 2 })).reimaged).toBe(false);
    expect(proofOf('work', pool([node()]), pool([anew], { count: 2, enableAutoScaling: true })).reimaged).toBe(true);
  });

  it('tells that more nodes are there than AKS counts', () => {
    const other = node({ name: 'b', bootId: 'boot-3', createdAt: later });
    expect(proofOf('work', pool([node()]), pool([anew, other], { count: 1 }))).toMatchObject({
      reimaged: true,
      seen: '2 of 2 nodes have a new disk; AKS counts 1, and 2 were seen',
    });
  });

  it('is not proven by its image after a look that failed', () => {
    const proof = proofOf('work', pool([node()]), { ...unseen('failed'), nodeImageVersion: 'image-2' });
    expect(proof).toMatchObject({
      reimaged: false,
      unseen: { because: 'failed' },
      seen: expect.stringContaining('could not be looked at'),
    });
  });

  it('is known by its image only where nobody may look', () => {
    const proof = proofOf('work', unseen('notAllowed'), { ...unseen('notAllowed'), nodeImageVersion: 'image-2' });
    expect(proof).toMatchObject({ evidence: 'nodeImageVersion', reimaged: true, unseen: { because: 'notAllowed' } });
    expect(proofOf('work', unseen('notAllowed'), unseen('notAllowed')).reimaged).toBe(false);
  });
});
