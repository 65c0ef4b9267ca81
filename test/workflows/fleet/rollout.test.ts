import { describe, expect, it } from '@jest/globals';
import { parseRolloutFleet } from '../../../contract/parseRolloutFleet.ts';
import type { FleetCluster } from '../../../resources/fleet.ts';
import { type Move, nextMove } from '../../../workflows/fleet/moves.ts';
import { fleetReport } from '../../../workflows/fleet/report.ts';
import { allotted, plannedRings } from '../../../workflows/fleet/rings.ts';
import { Rollout } from '../../../workflows/fleet/rollout.ts';
import { firstState, rolloutState } from '../../../workflows/fleet/state.ts';

const subscriptions = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222'];
const regions = ['westeurope', 'northeurope', 'eastus'];

const fleetOf = (count: number): FleetCluster[] =>
  Array.from({ length: count }, (_, n) => ({
    subscriptionId: subscriptions[n % 2] ?? '',
    resourceGroup: 'rg',
    name: `c${n}`,
    region: regions[n % 3] ?? '',
  }));

const inputOf = (more: object) => {
  const parsed = parseRolloutFleet({ name: 'x', scenario: 'auditCluster', select: { subscriptions }, ...more });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
};

const begun = (count: number, more: object = {}): Rollout => {
  const input = inputOf(more);
  const { rings } = allotted(fleetOf(count), input.rings);
  return new Rollout(
    input,
    firstState(rings, { fleet: 'run', startedAt: '2026-11-26T00:00:00Z', unread: [], tells: [] }),
  );
};

const minute = 60_000;

/** Begins all that may begin now. @returns the members, and what the rollout waits for then. */
function startAll(rollout: Rollout, now: number): { members: number[]; last: Move } {
  const members: number[] = [];
  for (;;) {
    const move = nextMove(rollout, now);
    if (move.do !== 'start') return { members, last: move };
    rollout.began(move.member, now);
    members.push(move.member);
  }
}

const end = (
  rollout: Rollout,
  member: number,
  outcome: 'isolated' | 'drifted' | 'failed' = 'isolated',
  now = 0,
  attempt = 1,
) =>
  rollout.ended(
    {
      member,
      fleet: 'run',
      attempt,
      outcome,
      seconds: 60,
      ...(outcome === 'failed' && { type: 'StepFailed', why: 'no' }),
    },
    now,
  );

describe('rings', () => {
  it('are a canary, a few, a tenth and the rest by default', () => {
    const { rings, problems } = allotted(fleetOf(100), inputOf({}).rings);
    expect(rings.map((ring) => ring.length)).toEqual([1, 5, 10, 84]);
    expect(problems).toEqual([]);
    expect(new Set(rings.flat()).size).toBe(100);
  });

  it('have what they name, whatever comes before', () => {
    const [first] = fleetOf(1);
    const { region: _region, ...cluster } = first ?? ({} as FleetCluster);
    const input = inputOf({ rings: [{ name: 'a', count: 2 }, { name: 'b', clusters: [cluster] }, { name: 'c' }] });
    const { rings } = allotted(fleetOf(10), input.rings);
    expect(rings.map((ring) => ring.map(({ name }) => name))).toEqual([
      ['c1', 'c2'],
      ['c0'],
      ['c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9'],
    ]);
  });

  it('that leave clusters out are a problem', () => {
    const { problems } = allotted(fleetOf(10), inputOf({ rings: [{ name: 'a', percent: 25 }] }).rings);
    expect(problems).toMatchObject([{ where: 'rings', problem: '7 of 10 clusters are in no ring' }]);
  });

  it('say what bounds them', () => {
    const input = inputOf({ rings: [{ name: 'all', atOnce: 40 }], parallel: { perSubscription: 12, perRegion: 5 } });
    const [ring] = plannedRings(allotted(fleetOf(60), input.rings).rings, input, { pools: 3 });
    expect(ring?.bounds).toEqual([
      { by: 'clusters of the ring', atOnce: 60 },
      { by: 'parallel.clusters', atOnce: 50 },
      { by: 'atOnce of the ring', atOnce: 40 },
      { by: 'parallel.perSubscription', atOnce: 24 },
      { by: 'parallel.perRegion', atOnce: 15 },
    ]);
    expect(ring?.atOnce).toBe(15);
  });

  it('are bounded by what Azure lets a subscription do', () => {
    const parallel = { clusters: 300, perSubscription: 200, perRegion: 200 };
    const input = inputOf({
      scenario: 'isolateCluster',
      input: { registry: { mode: 'managed' } },
      rings: [{ name: 'all' }],
      parallel,
    });
    const limits = { pools: 3, withinLimits: 30 };
    const [ring] = plannedRings(allotted(fleetOf(200), input.rings).rings, input, limits);
    const azure = ring?.bounds.at(-1);
    expect(azure?.by).toBe("Azure's limit on other requests to AKS in a subscription");
    // In each of two subscriptions.
    expect([azure?.atOnce, ring?.atOnce]).toEqual([60, 60]);
    const known = { fleet: 'run', startedAt: '2026-11-26T00:00:00Z', unread: [], tells: [] };
    // As it was reckoned when the rollout began, whatever this version of the worker would reckon.
    const rollout = new Rollout(input, firstState([fleetOf(200)], { ...known, withinLimits: 7 }));
    expect(startAll(rollout, 0).members).toHaveLength(14);
  });
});

describe('a rollout', () => {
  it('goes ring by ring, and ends', () => {
    const rollout = begun(20, { rings: [{ name: 'a', count: 1 }, { name: 'b', percent: 10 }, { name: 'c' }] });
    for (const size of [1, 2, 17]) {
      const { members, last } = startAll(rollout, 0);
      expect(members).toHaveLength(size);
      expect(last).toMatchObject({ do: 'wait', phase: 'rollingOut' });
      for (const member of members) end(rollout, member);
    }
    expect(nextMove(rollout, 0)).toEqual({ do: 'end' });
    expect(rollout.states.counts).toEqual({ isolated: 20 });
  });

  it('keeps to what may be in work at once, in all, a region and a subscription', () => {
    const most = { clusters: 9, perRegion: 4, perSubscription: 5 };
    const rollout = begun(60, { rings: [{ name: 'all' }], parallel: most });
    const queue = startAll(rollout, 0).members;
    let seen = queue.length;
    while (queue.length > 0) {
      const inWork = rollout.inWork.map(({ member }) => rollout.cluster(member));
      expect(inWork.length).toBeLessThanOrEqual(9);
      for (const region of regions) expect(inWork.filter((c) => c.region === region).length).toBeLessThanOrEqual(4);
      for (const id of subscriptions)
        expect(inWork.filter((c) => c.subscriptionId === id).length).toBeLessThanOrEqual(5);
      end(rollout, queue.shift() ?? -1);
      const { members } = startAll(rollout, 0);
      queue.push(...members);
      seen += members.length;
    }
    expect(seen).toBe(60);
  });

  it('hears each member once, and nobody of another rollout', () => {
    const rollout = begun(3, { rings: [{ name: 'all' }] });
    startAll(rollout, 0);
    expect(end(rollout, 0)).toBe(true);
    expect(end(rollout, 0)).toBe(false);
    expect(rollout.ended({ member: 1, fleet: 'other', attempt: 1, outcome: 'failed', seconds: 1 }, 0)).toBe(false);
    expect(end(rollout, 1, 'isolated', 0, 2)).toBe(false);
    expect(rollout.states.counts).toEqual({ isolated: 1, inWork: 2 });
  });

  it('soaks, then waits at a gate for the approval of that ring, and stops without one', () => {
    const rings = [
      { name: 'a', count: 1, soakMinutes: 10 },
      { name: 'b', gate: true },
    ];
    const rollout = begun(2, { rings, approvalTimeoutMinutes: 5 });
    end(rollout, startAll(rollout, 0).members[0] ?? -1, 'isolated', 0);
    expect(nextMove(rollout, 0)).toMatchObject({ phase: 'soaking', until: 10 * minute });
    expect(nextMove(rollout, 10 * minute)).toMatchObject({ phase: 'awaitingApproval', until: 15 * minute });
    const late = new Rollout(rollout.input, rolloutState.parse(JSON.parse(JSON.stringify(rollout.state))));
    expect(nextMove(late, 15 * minute)).toEqual({ do: 'end' });
    expect(late.now.stop).toMatchObject({ by: 'approval' });
    rollout.approve({ ring: 'b', by: 'Ada' }, 11 * minute);
    expect(startAll(rollout, 11 * minute).members).toEqual([1]);
  });

  it.each([
    ['stop', { do: 'wait', phase: 'ending' }],
    ['hold', { do: 'wait', phase: 'waitingForOperator' }],
    ['goOn', { do: 'wait', phase: 'rollingOut' }],
  ])('with more failures than its budget does as asked: %s', (whenUsedUp, expected) => {
    const rollout = begun(10, { rings: [{ name: 'all' }], failureBudget: { count: 1, percent: 50, whenUsedUp } });
    startAll(rollout, 0);
    end(rollout, 0, 'failed');
    expect(nextMove(rollout, 0)).toMatchObject({ phase: 'rollingOut' });
    end(rollout, 1, 'failed');
    expect(nextMove(rollout, 0)).toMatchObject(expected);
  });

  it('that is held goes on, tries again or stops as an operator decides, and stops by itself', () => {
    const held = () => {
      const rollout = begun(10, { rings: [{ name: 'all', atOnce: 3 }], holdTimeoutMinutes: 5 });
      startAll(rollout, 0);
      for (const member of [0, 1]) end(rollout, member, 'failed');
      expect(nextMove(rollout, 0)).toMatchObject({ phase: 'waitingForOperator', until: 5 * minute });
      end(rollout, 2);
      return rollout;
    };
    const goesOn = held();
    goesOn.decide('goOn', 0);
    expect(startAll(goesOn, 0).members).toEqual([3, 4, 5]);
    const triesAgain = held();
    triesAgain.decide('retryFailed', 0);
    expect(startAll(triesAgain, 0).members).toEqual([0, 1, 3]);
    expect(triesAgain.inWork.map(({ attempt }) => attempt)).toEqual([2, 2, 1]);
    const stops = held();
    stops.decide('stop', 0);
    expect(nextMove(stops, 0)).toEqual({ do: 'end' });
    const waits = held();
    expect(nextMove(waits, 5 * minute)).toEqual({ do: 'end' });
    expect(waits.now.stop).toMatchObject({ by: 'budget' });
  });

  it('of audits tells what has changed since the last, and takes no cluster for gone whose audit failed', () => {
    const rollout = begun(3, { rings: [{ name: 'all' }] });
    const verdicts = {
      Isolated: [0, 1, 2, 3].map((n) => rollout.name(n).replace('//', 'gone')),
      Drifted: [],
      Unproven: [],
    };
    const last = { finishedAt: '2026-11-25T00:00:00Z', verdicts };
    const night = new Rollout(rollout.input, { ...rollout.state, last });
    startAll(night, 0);
    for (const member of [0, 1]) end(night, member, member === 0 ? 'failed' : 'isolated');
    end(night, 2, 'drifted');
    expect(fleetReport(night, '2026-11-26T00:00:00Z').changes?.clusters).toEqual([
      { cluster: night.name(2), was: 'Isolated', is: 'Drifted' },
      { cluster: verdicts.Isolated[3], was: 'Isolated' },
    ]);
  });

  it('that is held goes on at once where update retryFailed has its clusters tried again', () => {
    const rollout = begun(4, { rings: [{ name: 'all', atOnce: 2 }], failureBudget: { count: 0 } });
    startAll(rollout, 0);
    end(rollout, 0, 'failed');
    expect(nextMove(rollout, 0)).toMatchObject({ phase: 'waitingForOperator' });
    expect(rollout.retryFailed(0)).toBe(1);
    expect(rollout.now.hold).toBeUndefined();
    expect(startAll(rollout, 0).members).toEqual([0]);
  });

  it('that tries clusters again at a gate has all the time for its approval afterwards', () => {
    const rings = [
      { name: 'a', count: 1 },
      { name: 'b', gate: true },
    ];
    const rollout = begun(2, { rings, approvalTimeoutMinutes: 5 });
    end(rollout, startAll(rollout, 0).members[0] ?? -1, 'failed', 0);
    expect(nextMove(rollout, 0)).toMatchObject({ phase: 'awaitingApproval', until: 5 * minute });
    rollout.retryFailed(4 * minute);
    expect(startAll(rollout, 4 * minute).members).toEqual([0]);
    expect(rollout.now.gateUntil).toBeUndefined();
    end(rollout, 0, 'isolated', 30 * minute, 2);
    expect(nextMove(rollout, 30 * minute)).toMatchObject({ phase: 'awaitingApproval', until: 35 * minute });
  });

  it('counts no failure as forgiven that an operator has skipped', () => {
    const rollout = begun(10, { rings: [{ name: 'all' }], failureBudget: { count: 1, percent: 50 } });
    startAll(rollout, 0);
    for (const member of [0, 1]) end(rollout, member, 'failed');
    expect(nextMove(rollout, 0)).toMatchObject({ phase: 'waitingForOperator' });
    rollout.decide('goOn', 0);
    for (const member of [2, 3]) end(rollout, member, 'failed');
    rollout.skip(0, 0);
    rollout.skip(2, 0);
    expect(rollout.failuresLeft).toBe(0);
    rollout.skip(1, 0);
    rollout.skip(3, 0);
    expect(rollout.failuresLeft).toBe(1);
  });

  it('begins nothing while it is paused or outside of its windows', () => {
    const now = Date.parse('2026-11-26T12:00:00Z');
    const rollout = begun(2, { rings: [{ name: 'all' }], maintenanceWindows: [{ start: '22:00', hours: 4 }] });
    expect(nextMove(rollout, now)).toMatchObject({
      phase: 'awaitingWindow',
      until: Date.parse('2026-11-26T22:00:00Z'),
    });
    rollout.pause(true, now);
    expect(nextMove(rollout, now + 11 * 60 * minute)).toMatchObject({ for: 'the update resume' });
    rollout.pause(false, now);
    expect(nextMove(rollout, now + 11 * 60 * minute)).toEqual({ do: 'start', member: 0 });
  });

  it('that is paused stops where nobody resumes it in time, at a gate or in a hold too', () => {
    const paused = begun(4, { rings: [{ name: 'all', atOnce: 2 }], pauseTimeoutMinutes: 10 });
    startAll(paused, 0);
    paused.pause(true, 0);
    expect(nextMove(paused, 0)).toMatchObject({ for: 'the update resume', until: 10 * minute });
    expect(nextMove(paused, 10 * minute)).toMatchObject({ phase: 'ending' });
    expect(paused.now.stop).toEqual({ by: 'pause', why: 'it was paused, and nobody resumed it within 10 min' });
    for (const member of [0, 1]) end(paused, member);
    expect(nextMove(paused, 10 * minute)).toEqual({ do: 'end' });

    const atGate = begun(2, { rings: [{ name: 'a', gate: true }], pauseTimeoutMinutes: 10 });
    atGate.pause(true, 0);
    expect(nextMove(atGate, 0)).toMatchObject({ phase: 'awaitingApproval', until: 10 * minute });
    // The next run of the chain knows of it, too.
    const next = new Rollout(atGate.input, rolloutState.parse(JSON.parse(JSON.stringify(atGate.state))));
    expect(nextMove(next, 10 * minute)).toEqual({ do: 'end' });
    atGate.pause(false, 5 * minute);
    expect(nextMove(atGate, 10 * minute)).toMatchObject({ phase: 'awaitingApproval', until: 24 * 60 * minute });
  });

  it('begins a cluster again once its own window opens, and hears only the try that did', () => {
    const rollout = begun(2, { rings: [{ name: 'all' }], aksWindow: {} });
    const putOff = (member: number, from: number, attempt: number) =>
      rollout.ended({ member, fleet: 'run', attempt, outcome: 'putOff', seconds: 1, from }, 0);
    startAll(rollout, 0);
    expect([putOff(0, 60 * minute, 1), putOff(1, 30 * minute, 1)]).toEqual([true, true]);
    expect(nextMove(rollout, 0)).toEqual({
      do: 'wait',
      phase: 'awaitingWindow',
      for: "AKS's own maintenance windows of 2 clusters",
      until: 30 * minute,
    });
    const next = new Rollout(rollout.input, rolloutState.parse(JSON.parse(JSON.stringify(rollout.state))));
    expect(startAll(next, 30 * minute).members).toEqual([1]);
    expect(end(next, 1, 'isolated', 0, 1)).toBe(false);
    expect(end(next, 1, 'isolated', 0, 2)).toBe(true);
    expect(startAll(next, 60 * minute).members).toEqual([0]);
    expect(next.states.counts).toEqual({ inWork: 1, isolated: 1 });
    expect(rollout.now.putOff).toHaveLength(2);
    rollout.skip(1, 0);
    expect(nextMove(rollout, 0)).toMatchObject({
      for: "AKS's own maintenance window of 1 cluster",
      until: 60 * minute,
    });
  });

  it('asks for no more windows at once than AKS answers', () => {
    const rollout = begun(2_000, { rings: [{ name: 'all' }], aksWindow: {}, parallel: { clusters: 300 } });
    let asked = 0;
    let now = 0;
    for (; now < 10 * minute; now += 1_000)
      for (const member of startAll(rollout, now).members) {
        asked += 1;
        rollout.ended({ member, fleet: 'run', attempt: 1, outcome: 'putOff', seconds: 1, from: 1_000 * minute }, now);
      }
    // Two subscriptions: a bucket of 60 that gains one a second, half of it, and half of what flows in.
    expect(asked).toBeGreaterThan(2 * 300);
    expect(asked).toBeLessThanOrEqual(2 * (30 + 300 + 1));
  });

  it('tries a member whose name is taken again later, then passes the cluster over', () => {
    const rollout = begun(1, { busy: { everyMinutes: 15, times: 1 } });
    startAll(rollout, 0);
    rollout.wasTaken(0, 0);
    expect(nextMove(rollout, 0)).toMatchObject({ do: 'wait', until: 15 * minute });
    expect(startAll(rollout, 15 * minute).members).toEqual([0]);
    rollout.wasTaken(0, 15 * minute);
    expect(nextMove(rollout, 15 * minute)).toEqual({ do: 'end' });
    expect(rollout.states.counts).toEqual({ busy: 1 });
  });

  it('of 5,000 clusters is handed on in less than Temporal keeps of a payload', () => {
    const rollout = begun(5_000, { rings: [{ name: 'all' }] });
    for (let n = 0; n < 5_000; n += 1) {
      const { members } = startAll(rollout, n);
      for (const member of members) end(rollout, member, member % 2 === 0 ? 'failed' : 'isolated', n);
      if (rollout.now.hold) rollout.decide('goOn', n);
      if (rollout.states.count('waiting') === 0) break;
    }
    const text = JSON.stringify(rollout.state);
    expect(text.length).toBeLessThan(1024 * 1024);
    expect(new Rollout(rollout.input, rolloutState.parse(JSON.parse(text))).state).toEqual(rollout.state);
  });
});
