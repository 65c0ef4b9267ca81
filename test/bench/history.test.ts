import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { costOf } from '../../bench/cost.ts';
import { activityGraph } from '../../bench/noOps/graph.ts';

const kept = (name: string) =>
  historyFromJSON(JSON.parse(readFileSync(new URL(`../histories/0.1.0/${name}.json`, import.meta.url), 'utf8')));
const request = (method: string, path: string, status = 200) => ({
  method,
  url: `https://127.0.0.1/subscriptions/s${path}?api-version=1`,
  status,
  time: '',
  headers: {},
  body: null,
  needs: [],
  scopes: [],
});

describe('the cost of a run', () => {
  const requests = [
    request('GET', ''),
    request('POST', '/managedClusters/c/runCommand', 202),
    request('PUT', '/managedClusters/c', 201),
    request('GET', '', 429),
  ];

  it('comes from its history, and from its requests', () => {
    const { events = [] } = kept('audit-verified');
    const { heartbeats: _, ...cost } = costOf({ events }, requests, 1);
    expect(cost).toEqual({ actions: 11, events: 39, bytes: 16_046, reads: 3, writes: 1, throttled: 1 });
  });

  it('has the heartbeats of real speed', () => {
    const history = kept('create-managed-verified');
    expect(costOf(history, [], 1000).heartbeats).toBeGreaterThan(costOf(history, [], 1).heartbeats);
  });
});

describe('the graph of a run', () => {
  it('has every activity, each behind those whose end scheduled it', () => {
    const graph = activityGraph(kept('create-byo-verified'));
    expect(graph.slice(0, 2)).toEqual([[], [0]]);
    expect(graph.length).toBeGreaterThan(15);
    for (const [index, needs] of graph.entries()) for (const need of needs) expect(need).toBeLessThan(index);
  });
});
