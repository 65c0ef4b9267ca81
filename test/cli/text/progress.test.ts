import { describe, expect, it } from '@jest/globals';
import { ChangeLines, type Estimates, progressScreen } from '../../../cli/text/progress.ts';
import { plain } from '../../../cli/text/style.ts';
import type { Progress, StepProgress } from '../../../contract/index.ts';

const begun = '2026-11-26T12:00:00.000Z';
const now = Date.parse('2026-11-26T12:01:30.000Z');

const step = (id: string, more: Partial<StepProgress>): StepProgress => ({
  id: id as StepProgress['id'],
  kind: 'cluster',
  title: id,
  action: 'create',
  reason: 'absent',
  needs: [],
  resourceId: `/${id}`,
  state: 'waiting',
  ...more,
});

const progress = (steps: StepProgress[], more: Partial<Progress> = {}): Progress => ({
  scenario: 'isolateCluster',
  cluster: '/cluster',
  phase: 'applying',
  revision: 1,
  startedAt: begun,
  updatedAt: begun,
  steps,
  problems: [],
  ...more,
});

const nothingKnown: Estimates = { nodes: new Map(), usualMs: new Map() };
const screen = (given: Progress, estimates = nothingKnown, size = { columns: 100, rows: 30 }) =>
  progressScreen(given, estimates, 'aks/id', size, plain, now);

describe('the live view', () => {
  const running = step('reimage:work', { kind: 'reimage', state: 'running', startedAt: begun });

  it('has a bar for the run, by its steps', () => {
    const text = screen(
      progress([step('a', { state: 'done' }), step('b', {}), step('c', { state: 'unchanged' }), step('d', {})]),
    );
    expect(text).toContain('████████████░░░░░░░░░░░░ 2 of 4 steps, 1 m 30 s');
  });

  it('has a bar for a pool, by its nodes', () => {
    const nodes = new Map([['reimage:work', { nodesDone: 3, nodesTotal: 4 }]]);
    expect(screen(progress([running]), { ...nothingKnown, nodes })).toContain('█████████░░░ 3 of 4 nodes, 1 m 30 s');
  });

  it('has a bar for a step, by the time that it usually takes, and never says that it is done', () => {
    const usual = (ms: number) => screen(progress([running]), { ...nothingKnown, usualMs: new Map([['reimage', ms]]) });
    expect(usual(180_000)).toContain('██████░░░░░░ 1 m 30 s of usually 3 m 0 s');
    expect(usual(60_000)).toContain('███████████░ 1 m 30 s of usually 1 m 0 s');
  });

  it('shows how long a step runs where nobody knows how long it will', () => {
    expect(screen(progress([running]))).toMatch(/[█░]{12} 1 m 30 s/);
  });

  it('shows that it waits, and until when', () => {
    const text = screen(
      progress([], { decisions: ['retry', 'leave'], decideBy: '2026-11-29T12:00:00.000Z', byDefault: 'leave' }),
    );
    expect(text).toContain('Waits for you. Until 2026-11-29T12:00:00.000Z, then leave.');
  });

  it('says by title what a step waits for, without what is done', () => {
    const steps = [
      step('a', { state: 'done' }),
      step('b', { title: 'Cluster b', state: 'running', startedAt: begun }),
      step('c', {}),
      step('d', { needs: ['a', 'b', 'c'] as never, waitsFor: 'a, b, c' }),
    ];
    expect(screen(progress(steps))).toMatch(/d +waits for Cluster b and 1 more$/m);
  });

  it('fits into its window, and keeps what has failed', () => {
    const steps = [
      ...Array.from({ length: 90 }, (_, index) => step(`done${index}`, { state: 'done' })),
      step('broken', { state: 'failed', error: `It broke: ${'x'.repeat(500)}` }),
    ];
    const lines = screen(progress(steps), nothingKnown, { columns: 60, rows: 20 }).split('\n');
    expect(lines.length).toBeLessThanOrEqual(20);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60);
    expect(lines.join('\n')).toContain('✗ broken');
    expect(lines.join('\n')).toContain('and 90 more');
  });

  it('keeps what runs and what has failed behind many steps that wait', () => {
    const steps = [
      ...Array.from({ length: 90 }, (_, index) => step(`waits${index}`, {})),
      step('runs', { state: 'running', startedAt: begun }),
      step('broken', { state: 'failed', error: 'It broke' }),
    ];
    const text = screen(progress(steps), nothingKnown, { columns: 60, rows: 20 });
    expect(text).toMatch(/… waits0 [\s\S]*▶ runs [\s\S]*✗ broken/);
    expect(text.split('\n').length).toBeLessThanOrEqual(20);
  });
});

describe('plain lines', () => {
  it('tell each change once', () => {
    const lines = new ChangeLines();
    const given = progress([step('a', { state: 'running', startedAt: begun }), step('b', {})], {
      awaitingApproval: ['cutEgress'],
    });
    expect(lines.next(given, nothingKnown, 'aks/id')).toEqual([
      '12:00:00Z  applying',
      '12:00:00Z  running    a',
      'Waits for you.',
      "  aks-isolation approve aks/id cutEgress --by 'YOUR NAME'",
    ]);
    expect(lines.next(given, nothingKnown, 'aks/id')).toEqual([]);
    const nodes = new Map([['a', { nodesDone: 1, nodesTotal: 2 }]]);
    expect(lines.next(given, { nodes }, 'aks/id')).toEqual(['12:00:00Z  running    a: 1 of 2 nodes']);
  });
});
