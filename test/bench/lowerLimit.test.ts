import { describe, expect, it } from '@jest/globals';
import { lowerLimit, type TimedOperation, type TimedStep } from '../../bench/lowerLimit.ts';
import type { StepId, StepKind } from '../../contract/index.ts';

const step = (
  id: StepId,
  resourceId: string,
  [begin, end]: [number, number],
  more: { needs?: StepId[]; kind?: StepKind } = {},
): TimedStep => ({ begin, end, step: { id, resourceId, kind: more.kind ?? 'cluster', needs: more.needs ?? [] } });

const took = (resourceId: string, begin: number, end: number, operation = 'PUT'): TimedOperation => ({
  begin,
  end,
  operation: { resourceId, operation },
});

describe('the least that a run can take', () => {
  it('is the longest way through its steps, not the sum', () => {
    const steps = [
      step('registry', '/r', [0, 20]),
      step('virtualNetwork', '/v', [0, 40]),
      step('privateEndpoint', '/e', [45, 150], { needs: ['registry', 'virtualNetwork'] }),
    ];
    expect(lowerLimit(steps, [took('/r', 1, 11), took('/v', 1, 31), took('/E', 46, 146)])).toBe(130);
  });

  it('counts a write for the step that ran while it did, where two steps are about one resource', () => {
    const steps = [step('bootstrap', '/c', [0, 200]), step('outboundType', '/c', [300, 500], { needs: ['bootstrap'] })];
    expect(lowerLimit(steps, [took('/c', 10, 180), took('/c', 310, 480)])).toBe(340);
  });

  it('counts commands that ran while no write did', () => {
    const command = (begin: number, end: number) => took('/c', begin, end, 'POST runCommand');
    const operations = [command(0, 6), took('/c', 10, 110), command(50, 56), command(112, 118), command(113, 119)];
    expect(lowerLimit([step('cluster', '/c', [10, 111])], operations)).toBe(113);
    expect(lowerLimit([], [command(0, 6), command(3, 9)])).toBe(9);
  });

  it('takes reimages one after the other that the input keeps apart', () => {
    const pool = (name: string, time: [number, number]) =>
      step(`reimage:${name}`, `/p/${name}`, time, { kind: 'reimage' });
    const operations = [took('/p/a', 0, 100, 'POST x'), took('/p/b', 102, 202, 'POST x')];
    expect(lowerLimit([pool('b', [101, 203]), pool('a', [0, 101])], operations)).toBe(200);
    const together = [took('/p/a', 0, 100, 'POST x'), took('/p/b', 1, 101, 'POST x')];
    expect(lowerLimit([pool('a', [0, 101]), pool('b', [0, 102])], together)).toBe(100);
  });
});
