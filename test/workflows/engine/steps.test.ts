import { describe, expect, it } from '@jest/globals';
import { azureFailure, ownFailure, tellingSent } from '../../../contract/failures.ts';
import type { Leftover, PlannedStep } from '../../../contract/index.ts';
import { mayHaveBegun, Steps } from '../../../workflows/engine/steps.ts';

/** As far as no step acts: from there on steps need a workflow, see test/scenarios/. */
const steering = {
  isPaused: () => false,
  refuseAfterPause: () => undefined,
  shouldRetry: async () => false,
  changed: () => undefined,
  stillThere: async (leftovers: readonly Leftover[]) => [...leftovers],
};
const planned = (id: PlannedStep['id'], changes: Partial<PlannedStep> = {}): PlannedStep => ({
  id,
  kind: 'registry',
  title: id,
  action: 'create',
  reason: 'absent',
  needs: [],
  resourceId: `/${id}`,
  ...changes,
});
const stepsOf = (...all: PlannedStep[]) => new Steps(all, steering);
const act = async () => {
  throw new Error('acted');
};

describe('the steps of a plan', () => {
  it('wait, unless there is nothing to do', () => {
    const { progress } = stepsOf(planned('registry'), planned('cluster', { action: 'none' }));
    expect(progress.map(({ id, state }) => [id, state])).toEqual([
      ['registry', 'waiting'],
      ['cluster', 'unchanged'],
    ]);
  });

  it('do not act where there is nothing to do', async () => {
    const steps = stepsOf(planned('cluster', { action: 'none' }));
    expect(await steps.step('cluster', { act, waitsFor: 'Azure' }).result).toBeUndefined();
    await steps.settle();
  });

  it('refuse a step that is not in the plan', () => {
    expect(() => stepsOf().step('cluster', { act, waitsFor: 'Azure' })).toThrow('Step cluster is not in the plan');
  });

  it.each<[wayBack: boolean, what: string, steps: PlannedStep[]]>([
    [true, 'creates', [planned('registry')]],
    [
      true,
      'has not begun to delete for good',
      [planned('registry'), planned('cluster', { action: 'delete', forwardOnly: 'it is gone' })],
    ],
    [false, 'only deletes', [planned('cluster', { action: 'delete', forwardOnly: 'it is gone' })]],
    [false, 'deletes and looks', [planned('cluster', { action: 'delete' }), planned('pullProbe', { action: 'check' })]],
  ])('have a way back (%s) where a plan %s', (wayBack, _what, steps) => {
    expect(stepsOf(...steps).noWayBack).toBe(!wayBack);
  });

  it('leave nothing that was not begun, and name what was to be deleted', async () => {
    const steps = stepsOf(
      planned('registry'),
      planned('pullProbe', { action: 'check' }),
      planned('cluster', { action: 'delete' }),
    );
    expect(await steps.leave('left as asked')).toEqual([{ resourceId: '/cluster', why: 'not deleted' }]);
  });
});

describe('a step that has failed', () => {
  const notOwned = ownFailure('NotOwned', 'Made by somebody else', '/registry');
  const refused = azureFailure('RequestDisallowedByPolicy', 'No', '/registry');
  it.each([
    ['has made it, though it is not recognised: its request was sent', tellingSent(notOwned, true), undefined, true],
    ['has made nothing of what is somebody else’s', tellingSent(notOwned, false), undefined, false],
    ['has made nothing that Azure has refused', tellingSent(refused, false), undefined, false],
    ['may have made it, where nobody says', refused, undefined, true],
    ['has made nothing before a pause ended', ownFailure('PauseTimedOut', 'Nobody resumed'), true, false],
    ['has made what an earlier one of its writes did', tellingSent(refused, false), true, true],
  ])('%s', (_what, failure, wrote, begun) => {
    expect(mayHaveBegun(failure, wrote)).toBe(begun);
  });
});
