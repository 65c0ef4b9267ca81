import { describe, expect, it } from '@jest/globals';
import { type Progress, type StepProgress, stepStates } from '../../../contract/index.ts';
import { progressMarkdown } from '../../../workflows/engine/progressMarkdown.ts';

const step = (changes: Partial<StepProgress> = {}): StepProgress => ({
  id: 'cluster',
  kind: 'cluster',
  title: 'Cluster c',
  action: 'create',
  reason: 'absent',
  needs: [],
  resourceId: '/c',
  state: 'waiting',
  ...changes,
});
const progress = (changes: Partial<Progress> = {}): Progress => ({
  scenario: 'createCluster',
  cluster: '/c',
  phase: 'applying',
  revision: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  steps: [],
  problems: [],
  ...changes,
});
const late: Partial<StepProgress> = { state: 'running', startedAt: '2025-12-31T23:00:00.000Z' };
/** The paragraphs of what is shown. */
const shown = (changes: Partial<Progress>): string[] => progressMarkdown(progress(changes)).split('\n\n');
/** The line of the only step. */
const lineOf = (changes: Partial<StepProgress>): string =>
  shown({ steps: [step(changes)] })
    .at(-1)
    ?.split('\n')[0] ?? '';

describe('the progress of a run as markdown', () => {
  it('says first what was found, such as the verdict of an audit', () => {
    const found = ['Drifted', 'Egress from inside the cluster: expected closed, seen open'];
    const drifted = shown({ scenario: 'auditCluster', phase: 'succeeded', found });
    expect(drifted.slice(0, 2)).toEqual(['### auditCluster: Drifted', `- ${found[1]}`]);
    const ended = shown({ phase: 'rolledBack', found: ['Taken back.', 'QuotaExceeded', 'remains'] });
    expect(ended.slice(0, 3)).toEqual([
      '### createCluster: rolled back',
      '**Taken back.**',
      '- QuotaExceeded\n- remains',
    ]);
  });

  it('says why a run failed once, with advice, and counts no steps that were taken back', () => {
    const error = 'QuotaExceeded: no cores';
    const failed = step({ state: 'undone', error, whatToDo: 'Ask for more quota.' });
    const found = ['Everything that this run had changed was taken back.', `${error} (/c)`];
    expect(shown({ phase: 'rolledBack', found, steps: [failed] })).toEqual([
      '### createCluster: rolled back',
      `**${found[0]}**`,
      `- **Cluster c**: ${error}. Ask for more quota.`,
      '`/c`',
      '**Taken back**',
      '- ↶ Cluster c (create)',
    ]);
  });

  it.each<[string, Partial<StepProgress>[], string]>([
    ['what is open', [{}], '**0 of 1 steps done**, usually 10 more minutes, until 00:09 UTC'],
    [
      'what a running step has left, and what waits for it',
      [
        { state: 'running', startedAt: '2025-12-31T23:51:00.000Z' },
        { id: 'outboundType', kind: 'outboundType', action: 'update', needs: ['cluster'] },
      ],
      '**0 of 2 steps done**, usually 5 more minutes, until 00:04 UTC',
    ],
    [
      'the longest of what goes on at the same time, and what nobody has recorded',
      [
        { id: 'registry', kind: 'registry' },
        { id: 'reimage:a', kind: 'reimage', action: 'update', needs: ['registry'] },
      ],
      '**0 of 2 steps done**, usually at least 1 more minute, until 00:00 UTC',
    ],
    ['nothing of a step that takes longer than usual', [late], '**0 of 1 steps done**'],
    ['nothing of what is done', [{ state: 'done' }], '**1 of 1 steps done**'],
  ])('says how long a run usually takes from now on: %s', (_what, steps, expected) => {
    expect(shown({ steps: steps.map(step) })).toContain(expected);
  });

  it('is a heading and the cluster before anything is planned', () => {
    expect(shown({ phase: 'checking' })).toEqual(['### createCluster: checking', '`/c`']);
  });

  it('says what a plan would do, and what of it cannot be taken back', () => {
    const reimage = {
      id: 'reimage:a',
      title: 'Reimage a',
      action: 'update',
      forwardOnly: 'nodes are made anew',
    } as const;
    const nothing = step({ action: 'none', state: 'unchanged', reason: 'Registered', forwardOnly: 'they stay' });
    expect(shown({ phase: 'planned', steps: [step({}), step(reimage), nothing] }).slice(1)).toEqual([
      '**1 to create, 1 to change, 0 to delete**',
      '`/c`',
      '**Would be done**',
      '- … Cluster c (create)\n- … Reimage a (update): cannot be taken back: nodes are made anew',
      '**Nothing to do**',
      '- = Cluster c: Registered',
    ]);
  });

  it('says of a run that was refused that nothing of it has begun', () => {
    expect(shown({ phase: 'failed', steps: [step({})] })).toContain('**Not begun**');
  });

  it('says at once that a plan cannot be applied', () => {
    const problem = { where: 'quota', problem: 'too little', whatToDo: 'Ask for more.' };
    expect(shown({ phase: 'planned', problems: [problem] })[0]).toBe(
      '### createCluster: planned, and cannot be applied: 1 problem',
    );
    expect(shown({ phase: 'planned' })[0]).toBe('### createCluster: planned');
  });

  it('says what is waited for and until when, the commands that answer, what failed, and how far the run is, in this order', () => {
    const failed = {
      state: 'failed',
      error: 'QuotaExceeded: no cores',
      whatToDo: 'Ask for more quota.',
      correlationId: 'c-1',
    } as const;
    expect(
      shown({
        phase: 'waitingForOperator',
        decisions: ['retry', 'leave'],
        byDefault: 'leave',
        decideBy: '2026-01-04',
        answers: ['temporal workflow update execute --name decide'],
        steps: [step({ id: 'resourceGroup', title: 'Group g', state: 'done' }), step(failed)],
      }),
    ).toEqual([
      '### createCluster: waiting for operator',
      '**Waits for a decision** (update `decide`): `retry`, `leave`; `leave` by itself at 2026-01-04',
      expect.stringContaining('**To answer, paste one of these into a shell**'),
      '`temporal workflow update execute --name decide`',
      expect.stringContaining('PowerShell'),
      '- **Cluster c**: QuotaExceeded: no cores. Ask for more quota. Correlation ID: `c-1`.',
      '**1 of 2 steps done**',
      '`/c`',
      '**Failed**',
      '- ✗ Cluster c (create)',
      '**Done**',
      '- ✓ Group g (create)',
    ]);
  });

  it('lets no text from outside become a link, an image or HTML, nor leave its code', () => {
    const attack =
      '[a\\](https://x) [a](https://x) ![b](https://x/b.png) ![c][d] <img src=x> <https://x>\n[d]: https://x/b.png';
    const all = shown({
      cluster: `\`${attack}`,
      startedBy: `\`${attack}\``,
      found: [attack, attack],
      problems: [{ where: attack, problem: attack, whatToDo: attack }],
      steps: [step({ state: 'failed', title: attack, error: attack, whatToDo: attack })],
      answers: [`temporal ${attack}`],
    }).join('\n\n');
    const text = all.replaceAll(/`[^`\n]*`/g, '');
    expect(text).not.toMatch(/\]\(|\]\[|<[a-z]/);
    expect(text).not.toMatch(/^[-*\s]*\[/m);
    expect(text).toContain('[a\\] (https://x)');
    expect(text).not.toContain('`');
  });

  it('lists problems', () => {
    const problems = [{ where: 'location', problem: 'unknown', whatToDo: 'Use another.' }];
    expect(shown({ problems })).toContain('- location: unknown. Use another.');
  });

  it('says why a retry is not offered, and until when a run is paused', () => {
    const text = shown({ decisions: ['leave'], noRetry: 'The pool is gone.', paused: true, pausedUntil: '2026-01-04' });
    expect(text).toContain('`retry` is not offered. The pool is gone.');
    expect(text.join()).toContain('At 2026-01-04 the run fails by itself.');
  });

  it.each(stepStates.map((state) => [state]))('shows a step that is %s', (state) => {
    expect(lineOf({ state })).toMatch(/^- \S Cluster c \(create\)/);
  });

  it.each<[string, Partial<StepProgress>, string]>([
    ['running', { waitsFor: 'AKS' }, ': AKS'],
    ['waiting', { waitsFor: 'a decision' }, ': a decision'],
    ['unchanged', { action: 'none', reason: 'found as wanted' }, '- = Cluster c: found as wanted'],
  ])('says of a step that is %s what it waits for, or why', (state, changes, end) => {
    expect(lineOf({ state: state as StepProgress['state'], ...changes })).toMatch(new RegExp(`${end}$`));
  });

  it('names the steps that another waits for by their titles, without those that are done', () => {
    const group = step({ id: 'resourceGroup', title: 'Group g', state: 'done' });
    const registry = step({ id: 'registry', title: 'Registry r', state: 'running' });
    const cluster = step({ needs: ['resourceGroup', 'registry'], waitsFor: 'resourceGroup, registry' });
    expect(shown({ steps: [group, registry, cluster] })).toContain('- … Cluster c (create): after Registry r');
  });

  it.each<[string, string | undefined, string]>([
    ['2026-01-01T10:00:00.000Z', undefined, 'since 10:00:00'],
    ['2026-01-01T10:00:00.000Z', '2026-01-01T10:00:01.250Z', '1.3 s'],
    ['2026-01-01T10:00:00.000Z', '2026-01-01T10:09:29.000Z', '9 m 29 s'],
  ])('says how long a step took: %s to %s', (startedAt, finishedAt, expected) => {
    expect(lineOf({ startedAt, ...(finishedAt !== undefined && { finishedAt }) })).toContain(`(create, ${expected})`);
  });

  it('keeps each item on one line', () => {
    expect(shown({ steps: [step({ error: 'a\nb\r\nc', state: 'failed' })] })).toContain('- **Cluster c**: a b c.');
  });
});
