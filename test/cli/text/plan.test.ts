import { describe, expect, it } from '@jest/globals';
import { planExitCode, planText } from '../../../cli/text/plan.ts';
import type { Plan, PlannedStep } from '../../../contract/index.ts';

const step = (more: Partial<PlannedStep>): PlannedStep => ({
  id: 'cluster',
  kind: 'cluster',
  title: 'Cluster shop',
  action: 'update',
  reason: 'absent',
  needs: [],
  resourceId: '/cluster',
  ...more,
});
const plan = (steps: PlannedStep[], more: Partial<Plan> = {}): Plan => ({
  profile: 'current',
  differences: [],
  steps,
  problems: [],
  ...more,
});

describe('a plan', () => {
  it('shows before and after where they are known, and other reasons beside them', () => {
    const changes = [{ property: 'networkProfile.outboundType', before: 'loadBalancer', after: 'none' }];
    const reason = 'networkProfile.outboundType: asked none, got loadBalancer; its state is Failed';
    expect(planText(plan([step({ changes, reason, forwardOnly: 'Azure does not change it back' })]))).toBe(
      [
        '  ~ Cluster shop (its state is Failed)',
        '      networkProfile.outboundType: loadBalancer -> none',
        '      cannot be taken back: Azure does not change it back',
        '',
        'Plan: 0 to create, 1 to change, 0 to delete.',
      ].join('\n'),
    );
  });

  it('says first what nobody could see', () => {
    expect(planText(plan([], { unread: ['locks could not be read: /subscriptions/1 (no)'] })).split('\n')[0]).toBe(
      'not seen: locks could not be read: /subscriptions/1 (no)',
    );
  });

  it('says which pools are reimaged at the same time, which are not, and why', () => {
    const waves = [
      { pools: ['a', 'b'], because: 'the others' },
      { pools: ['system'], because: 'system pools last' },
    ];
    const apart = [{ pools: ['a', 'b'], because: 'disruption budget shop/cart' }];
    const turns = { atATime: 4, because: 'more only by reimage.maxParallelPools', waves, apart };
    expect(planText(plan([], { turns })).split('\n').slice(0, 4)).toEqual([
      'Node pools, at most 4 at a time (more only by reimage.maxParallelPools):',
      '  1. a, b (the others)',
      '  2. system (system pools last)',
      '  one at a time of a, b (disruption budget shop/cart)',
    ]);
  });

  it.each([
    ['nothing to do', [step({ action: 'none' }), step({ action: 'check' })], [], 0],
    ['something to delete', [step({ action: 'delete' })], [], 2],
    ['a problem', [step({ action: 'create' })], [{ where: 'w', problem: 'p', whatToDo: 'd.' }], 1],
  ] as const)('with %s has its exit code', (_what, steps, problems, code) => {
    expect(planExitCode(plan([...steps], { problems }))).toBe(code);
  });
});
