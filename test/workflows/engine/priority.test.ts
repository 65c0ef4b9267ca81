import { expect, it } from '@jest/globals';
import { priorityOf, type Urgency } from '../../../workflows/engine/priority.ts';

/** Options with which members of a rollout are started. */
const unhurried = { priorityKey: 4 };

const workflowId = 'aks/11111111-1111-1111-1111-111111111111/rg/c';

it("puts undo first, then what people wait for, and a rollout's last", () => {
  const order: [Urgency, 'person' | 'rollout'][] = [
    ['undo', 'rollout'],
    ['short', 'person'],
    ['operation', 'person'],
    ['short', 'rollout'],
    ['operation', 'rollout'],
  ];
  const keys = order.map(([urgency, who]) =>
    priorityOf(urgency, { workflowId, ...(who === 'rollout' && { priority: unhurried }) }),
  );
  expect(keys.map(({ priorityKey }) => priorityKey)).toEqual([1, 2, 3, 4, 5]);
});

it('lets subscriptions take turns', () => {
  const fairness = (id: string, fairnessKey?: string) =>
    priorityOf('short', { workflowId: id, ...(fairnessKey && { priority: { fairnessKey } }) }).fairnessKey;
  expect(fairness(workflowId)).toBe('11111111-1111-1111-1111-111111111111');
  // Audits and dry runs have IDs of their own: only their caller can say.
  expect(fairness('audit-1')).toBeUndefined();
  expect(fairness('audit-1', 'theirs')).toBe('theirs');
  expect(fairness(workflowId, 'theirs')).toBe('theirs');
});
