import { expect, it } from '@jest/globals';
import { FleetLines, fleetScreen } from '../../../cli/text/fleet.ts';
import { plain } from '../../../cli/text/style.ts';
import type { FleetProgress } from '../../../contract/index.ts';
import { rolloutMarkdown } from '../../../workflows/fleet/shown.ts';

const progress = (more: Partial<FleetProgress>): FleetProgress => ({
  scenario: 'rolloutFleet',
  fleet: 'monthly',
  of: 'reimageNodePools',
  phase: 'rollingOut',
  revision: 3,
  startedAt: '2026-11-27T10:00:00.000Z',
  updatedAt: '2026-11-27T10:05:00.000Z',
  clusters: 100,
  counts: { verified: 10, inWork: 25, waiting: 65 },
  ring: { name: 'rest', number: 2, of: 2, clusters: 99, done: 9 },
  durations: { p50: 600, p90: 700, most: 800 },
  events: [{ at: '2026-11-27T10:01:00.000Z', what: 'Ring rest begins: 99 clusters' }],
  inWork: Array.from({ length: 20 }, (_, n) => ({
    cluster: `shop-${n}/shop`,
    since: '2026-11-27T10:02:00.000Z',
    workflowId: `aks/11111111-1111-1111-1111-111111111111/shop-${n}/shop`,
  })),
  failures: [],
  problems: [],
  runs: 1,
  ...more,
});

it('the current details say how far a rollout is, and which clusters are in work under which workflow ID', () => {
  const shown = rolloutMarkdown(progress({}));
  expect(shown).toContain('**10 of 100 clusters done: 10 verified, 25 in work, 65 waiting**');
  // 90 are left, 25 at once: four rounds of ten minutes.
  expect(shown).toContain('9 of 99 clusters done, usually 40 more minutes');
  expect(shown).toContain('- ▶ `aks/11111111-1111-1111-1111-111111111111/shop-0/shop` (since 10:02:00)');
  expect(shown).toContain('- and 5 more');
});

it('what a rollout waits for, the command that answers and what failed stand before the rest', () => {
  const shown = rolloutMarkdown(
    progress({
      phase: 'waitingForOperator',
      waitsFor: 'a decision: 1 cluster has failed',
      until: '2026-11-30T10:05:00.000Z',
      answers: ["temporal workflow update execute --name decide --workflow-id 'fleet/monthly'"],
      failures: [{ cluster: 'a/b', type: 'StepFailed', why: 'No.', workflowId: 'aks/1/a/b' }],
    }),
  );
  const order = [
    'Waits for a decision',
    'until 2026-11-30 10:05 UTC',
    '--name decide',
    '`aks/1/a/b`: StepFailed: No.',
    '10 of 100',
    'In work',
    'Last events',
  ];
  const places = order.map((text) => shown.indexOf(text));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((one, other) => one - other));
  expect(shown).not.toContain('usually');
});

it('a terminal says until when a soak time lasts, which nobody can answer', () => {
  const soaking = progress({
    phase: 'soaking',
    waitsFor: 'the soak time of ring canary',
    until: '2026-11-27T10:06:00.000Z',
  });
  const words = 'waits for the soak time of ring canary, until 2026-11-27T10:06:00Z';
  expect(fleetScreen(soaking, 'fleet/monthly', plain)).toContain(words);
  expect(new FleetLines().next(soaking, 'fleet/monthly').join('\n')).toContain(words);
});
