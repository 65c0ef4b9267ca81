import type { Figure } from './figures.ts';
import type { Bench, Item } from './item.ts';
import { type MeasuredRun, runsOf } from './runs.ts';
import { type MeasuredName, measuredNames } from './scenarios.ts';
import { timelineText } from './timeline.ts';

/** Bounds for a creation, and for other scenarios: they wait for Azure, and hardly for anything else. */
const limits = { creation: 1.03, other: 1.05 };

async function byScenario(bench: Bench): Promise<[MeasuredName, MeasuredRun[]][]> {
  const names = bench.scenarios ?? measuredNames;
  const measured = await runsOf(bench, names);
  return names.map((name) => [name, measured.filter(({ scenario }) => scenario === name)]);
}

/** How long each scenario takes, divided by what Azure takes on its critical path. */
export const makespan: Item = async (bench) => {
  const measured = await byScenario(bench);
  if (bench.timeline) for (const run of measured.flatMap(([, runs]) => runs)) bench.onProgress(timelineOf(run));
  return measured.map(([name, runs]) => figureOf(name, runs));
};

const timelineOf = ({ scenario, seconds, leastSeconds, spans }: MeasuredRun): string =>
  timelineText(`${scenario}: ${seconds.toFixed(1)} s, at least ${leastSeconds.toFixed(1)} s`, seconds, spans);

function figureOf(name: MeasuredName, measured: readonly MeasuredRun[]): Figure {
  // An audit consists of looks: Azure works for it for seconds only.
  if (name === 'audit') return { name, unit: 's', better: 'lower', values: measured.map(({ seconds }) => seconds) };
  const limit = name.startsWith('create') ? limits.creation : limits.other;
  const values = measured.map(({ seconds, leastSeconds }) => seconds / leastSeconds);
  return { name, unit: 'ratio', better: 'lower', limit, values };
}

/** The requests that Terraform's azapi takes for the same cluster, a verification not included. Measured 2026-11. */
const azapiRequests = 78;

/** The costs of each scenario in Temporal and in Azure. */
export const cost: Item = async (bench) =>
  (await byScenario(bench)).flatMap(([name, measured]): Figure[] => {
    const of = (what: string, value: (run: MeasuredRun) => number, limit?: number): Figure => ({
      name: `${name}: ${what}`,
      unit: 'count',
      better: 'lower',
      values: measured.map(value),
      ...(limit !== undefined && { limit }),
    });
    return [
      of('actions', ({ cost }) => cost.actions),
      of('heartbeats', ({ cost }) => cost.heartbeats),
      of('events', ({ cost }) => cost.events),
      { ...of('history', ({ cost }) => cost.bytes / 1000), unit: 'kB' },
      of('reads', ({ cost }) => cost.reads),
      of('writes', ({ cost }) => cost.writes),
      ...(name === 'create-byo' ? [of('requests', ({ cost }) => cost.reads + cost.writes, azapiRequests)] : []),
    ];
  });
