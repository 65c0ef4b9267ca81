import { describe, expect, it } from '@jest/globals';
import { kubernetesIn } from '../../activities/kubernetes.ts';

const node = 'aks-work-vmss000000   work   boot-1   2026-01-01T00:00:00Z   True';
const budget = 'shop   cart   0   2';
const whole = [node, 'end-of-nodes', budget, 'end-of-disruption-budgets', ''].join('\n');

describe('a listing of nodes and disruption budgets', () => {
  it('is taken where it is whole', () => {
    expect(kubernetesIn(whole)).toEqual({
      seen: {
        nodes: [
          {
            name: 'aks-work-vmss000000',
            pool: 'work',
            bootId: 'boot-1',
            createdAt: '2026-01-01T00:00:00Z',
            ready: true,
          },
        ],
        disruptionBudgets: [{ namespace: 'shop', name: 'cart', disruptionsAllowed: 0, expectedPods: 2 }],
      },
    });
  });

  it('is taken where there is neither a node nor a budget', () => {
    expect(kubernetesIn('No resources found\nend-of-nodes\nend-of-disruption-budgets\n')).toEqual({
      seen: { nodes: [], disruptionBudgets: [] },
    });
  });

  // run-command cuts its logs at 512 kB, wherever that is.
  it('is not taken wherever it was cut', () => {
    const cuts = Array.from({ length: whole.indexOf('end-of-disruption-budgets') }, (_, at) => whole.slice(0, at));
    const failed = { unseen: { because: 'failed', message: expect.stringContaining('cut') } };
    expect(cuts.map(kubernetesIn)).toEqual(cuts.map(() => failed));
  });
});
