import { describe, expect, it } from '@jest/globals';
import type { NodeFacts } from '../../../resources/nodes.ts';
import {
  isolated,
  ordinary,
  planChange,
  planIsolate,
  planReimage,
  pool,
  seen,
  systemPool,
} from '../existingCluster/support.ts';
import { problemTexts } from '../support.ts';

const node = (name: string, of: string, ready = true): NodeFacts => ({
  name,
  pool: of,
  bootId: `boot-${name}`,
  createdAt: '2026-01-01T00:00:00Z',
  ready,
});
const usual = [node('s', 'system'), node('w', 'work')];
const beside = (...nodes: NodeFacts[]) => ({
  kubernetes: { seen: { nodes: [...usual, ...nodes], disruptionBudgets: [] } },
});

describe('nodes that no proof could speak for', () => {
  it.each([
    ['a virtual node', node('virtual-node-aci-linux', '')],
    ['one that node auto provisioning has left', node('aks-default-x7k2p', 'default')],
  ])('are a problem of what ends isolated before the first write: %s', (_what, outside) => {
    const problem = expect.stringMatching(`^nodes are in no agent pool.*: ${outside.name}$`);
    expect(problemTexts(planIsolate(seen(ordinary(), beside(outside))))).toContainEqual(problem);
    expect(problemTexts(planChange(seen(isolated(), beside(outside))))).toContainEqual(problem);
    // Scenarios that do not claim isolation leave them alone.
    expect(problemTexts(planReimage(seen(ordinary(), beside(outside))))).not.toContainEqual(problem);
  });

  it('are told by their first names, however many they are', () => {
    const many = Array.from({ length: 5000 }, (_, index) => node(`virtual-${index}`, ''));
    const [problem] = problemTexts(planIsolate(seen(ordinary(), beside(...many))));
    expect(problem).toMatch(/and 4990 more$/);
  });

  describe('because they are deallocated', () => {
    const work = (changes: Parameters<typeof pool>[1]) =>
      ordinary({ agentPoolProfiles: [systemPool, pool('work', { count: 1, ...changes })] });
    const idle = beside(node('w2', 'work', false), node('w3', 'work', false));
    const kept = /2 of its 3 nodes are not ready.*scaleDownMode Deallocate/;

    it.each([false, true])('are a problem, and no reason to scale up; autoscaling: %s', (enableAutoScaling) => {
      const texts = problemTexts(planIsolate(seen(work({ keepsMachines: true, enableAutoScaling }), idle)));
      expect(texts).toContainEqual(expect.stringMatching(kept));
      expect(texts).not.toContainEqual(expect.stringMatching(/an update would remove the others/));
    });

    it('are none of a pool that deletes what it scales down, or that has none', () => {
      expect(problemTexts(planIsolate(seen(work({ enableAutoScaling: true }), idle)))).toEqual([]);
      expect(problemTexts(planIsolate(seen(work({ keepsMachines: true }))))).toEqual([]);
    });
  });
});
