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
/** The cells of the only step's row. */
const rowOf = (changes: Partial<StepProgress>): string[] => {
  const row =
    progressMarkdown(progress({ steps: [step(changes)] }))
      .split('\n')
      .at(-1) ?? '';
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
};

describe('the progress of a run as markdown', () => {
  it('says first what was found, such as the verdict of an audit', () => {
    const found = ['Drifted', 'Egress from inside the cluster: expected closed, seen open'];
    const [heading, verdict, drift] = progressMarkdown(progress({ phase: 'succeeded', found })).split(/\n+/);
    expect(heading).toMatch(/^### /);
    expect([verdict, drift]).toEqual(['**Drifted**', `- ${found[1]}`]);
  });

  it('is a heading and the cluster before anything is planned', () => {
    expect(progressMarkdown(progress({ phase: 'checking' }))).toBe('### createCluster: checking\n\n`/c`');
  });

  it('lists problems and the decisions that are waited for', () => {
    const text = progressMarkdown(
      progress({
        phase: 'waitingForOperator',
        problems: [{ where: 'location', problem: 'unknown', whatToDo: 'Use another.' }],
        decisions: ['retry', 'leave'],
        answers: ['temporal workflow update execute --name decide'],
        steps: [step({ state: 'failed', error: 'QuotaExceeded: no cores' })],
      }),
    );
    expect(text).toContain('- location: unknown. Use another.');
    expect(text).toContain('(update `decide`): `retry`, `leave`');
    expect(text).toContain('\n- Cluster c: QuotaExceeded: no cores\n');
    expect(text).toContain('```sh\ntemporal workflow update execute --name decide\n```');
  });

  it('says why a retry is not offered, and until when a run is paused', () => {
    const text = progressMarkdown(
      progress({ decisions: ['leave'], noRetry: 'The pool is gone.', paused: true, pausedUntil: '2026-01-04' }),
    );
    expect(text).toContain('`retry` is not offered. The pool is gone.');
    expect(text).toContain('At 2026-01-04 the run fails by itself.');
  });

  it.each(stepStates.map((state) => [state]))('shows a step that is %s', (state) => {
    expect(rowOf({ state })).toEqual([
      'Cluster c',
      'create',
      expect.stringMatching(new RegExp(`^\\S+\\s${state}$`)),
      '',
      'absent',
    ]);
  });

  it.each<[string, Partial<StepProgress>]>([
    ['the error', { error: 'QuotaExceeded: no', waitsFor: 'AKS' }],
    ['what is waited for', { waitsFor: 'AKS' }],
    ['the reason', {}],
  ])('says first of all %s', (_what, changes) => {
    expect(rowOf(changes)[4]).toBe(changes.error ?? changes.waitsFor ?? 'absent');
  });

  it.each<[string, string | undefined, string]>([
    ['2026-01-01T10:00:00.000Z', undefined, 'since 10:00:00'],
    ['2026-01-01T10:00:00.000Z', '2026-01-01T10:00:01.250Z', '1.3 s'],
    ['2026-01-01T10:00:00.000Z', '2026-01-01T10:09:29.000Z', '9 m 29 s'],
  ])('says how long a step took: %s to %s', (startedAt, finishedAt, expected) => {
    expect(rowOf({ startedAt, ...(finishedAt !== undefined && { finishedAt }) })[3]).toBe(expected);
  });

  it('keeps pipes and line breaks out of the table', () => {
    expect(rowOf({ error: 'a|b\nc\r\nd' })).toHaveLength(5);
    expect(rowOf({ error: 'a|b\nc' })[4]).toBe('a\\|b c');
  });
});
