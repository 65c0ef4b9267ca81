import { describe, expect, it } from '@jest/globals';
import { type MetricGauge, type MetricMeter, noopMetricMeter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { mostPauseMs, Pace } from '../../activities/arm/pace.ts';
import { metrics } from '../../contract/metrics.ts';
import { scenarios } from '../../contract/names.ts';
import { runCostOf } from '../../contract/runCosts.ts';
import { rolloutBudget, tokenBuckets } from '../../resources/armBudget.ts';
import { startAzure, subscriptionId } from './support.ts';

describe('a bucket of Azure', () => {
  /** Some ask at the same time, and again when they are told to. @returns when each may send, by its name. */
  function sendTimes(askers: Readonly<Record<string, boolean>>, workers = 1): Record<string, number> {
    const pace = new Pace(tokenBuckets.otherAks);
    const waiting = new Map(Object.entries(askers).map(([name, isUnhurried]) => [name, { isUnhurried, at: 0 }]));
    for (const who of waiting.values()) pace.queue(who);
    const sent: Record<string, number> = {};
    while (waiting.size > 0) {
      const [name, who] = [...waiting].reduce((first, each) => (each[1].at < first[1].at ? each : first));
      const { waitMs } = pace.take(who, workers, who.at);
      if (waitMs > 0) who.at += waitMs;
      else {
        sent[name] = who.at / 1_000;
        pace.leave(who);
        waiting.delete(name);
      }
    }
    return sent;
  }
  const rollout = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`r${at}`, true]));

  it('is emptied but for a quarter, and then asked as fast as it fills', () => {
    const times = Object.values(sendTimes(rollout(100)));
    expect(times.filter((at) => at === 0)).toHaveLength(45);
    expect(Math.max(...times)).toBeCloseTo(55 / 0.97, 0);
  });

  it('serves what somebody waits for before a rollout, from what it has kept', () => {
    const times = sendTimes({ ...rollout(100), creation: false });
    expect(times.creation).toBe(0);
    expect(times.r99).toBeGreaterThan(50);
  });

  it('serves who has waited longest', () => {
    const times = Object.values(sendTimes(rollout(100)));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('is shared by workers', () => {
    const [one, four] = [sendTimes(rollout(30)), sendTimes(rollout(30), 4)];
    expect(Math.max(...Object.values(one))).toBe(0);
    // A quarter of the bucket, of which a quarter is kept.
    expect(Object.values(four).filter((at) => at === 0)).toHaveLength(11);
    expect(Math.max(...Object.values(four))).toBeCloseTo((30 - 11) * 4, -1);
  });

  it('is waited for where Azure tells that others have emptied it', () => {
    const pace = new Pace(tokenBuckets.reads);
    const who = { isUnhurried: false };
    pace.queue(who);
    expect(pace.take(who, 1, 0).waitMs).toBe(0);
    pace.told(0, 1, 0);
    expect(pace.take(who, 1, 0).waitMs).toBeGreaterThan(30);
    // Its answer from before others asked counts no more.
    pace.told(200, 1, 0);
    expect(pace.take(who, 1, 0).waitMs).toBeGreaterThan(30);
    expect(pace.take(who, 1, 100).waitMs).toBe(0);
  });
});

it('shows how many requests wait for a token, and that none does any more', async () => {
  const azure = await startAzure();
  const shown: [bucket: unknown, requests: number][] = [];
  const metricMeter = Object.assign(Object.create(noopMetricMeter) as MetricMeter, {
    createGauge: (name: string): MetricGauge => ({
      ...noopMetricMeter.createGauge(name, 'float'),
      set: (requests, tags) => void (name === metrics.armRequestsWaiting.name && shown.push([tags?.bucket, requests])),
    }),
  });
  const { capacity } = tokenBuckets.otherAks;
  const waiting = 5;
  const cluster = { subscriptionId, resourceGroup: 'rg-pace', name: 'pace' };
  const { readMaintenanceConfigurations } = azure.activities;
  await new MockActivityEnvironment({}, { metricMeter, logger: new DefaultLogger('ERROR') }).run(() =>
    Promise.allSettled(
      Array.from({ length: capacity + waiting }, () =>
        readMaintenanceConfigurations({ cluster, scenario: 'auditCluster' }),
      ),
    ),
  );
  await azure.close();
  expect(shown.slice(0, waiting)).toEqual([1, 2, 3, 4, 5].map((requests) => ['otherAks', requests]));
  expect(shown.at(-1)).toEqual(['otherAks', 0]);
});

it.each(scenarios)(
  'waits in a rollout of %s are as long as the runs before take, so that none is sent without a token',
  (scenario) => {
    const { context } = new MockActivityEnvironment({ priority: { priorityKey: 4 } });
    for (const pools of [1, 3, 8]) {
      const cost = runCostOf(scenario, pools);
      const { runsInFlight, clustersPerHour } = rolloutBudget(cost);
      const waitSeconds = (runsInFlight / clustersPerHour) * 3_600 - cost.seconds;
      expect(waitSeconds * 1_000).toBeLessThan(mostPauseMs(context));
    }
  },
);
