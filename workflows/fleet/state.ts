import { z } from 'zod';
import type { FleetCounts, FleetDurations, MemberState } from '../../contract/fleet.ts';
import { memberStates, rolloutStops } from '../../contract/fleet.ts';
import type { FleetCluster } from '../../resources/fleet.ts';

/** One character a cluster: a rollout hands on thousands of them when it continues as new. */
const codes = {
  waiting: '.',
  inWork: '>',
  verified: 'v',
  unchanged: '=',
  isolated: 'i',
  drifted: 'd',
  unproven: 'u',
  failed: 'f',
  rolledBack: 'r',
  skipped: 's',
  busy: 'b',
  gone: 'g',
} as const satisfies Record<MemberState, string>;

const stateOfCode = new Map<string, MemberState>(memberStates.map((state) => [codes[state], state]));

const index = z.int().min(0);
const moment = z.number();

/** Everything that a rollout knows: what one run of the chain hands on to the next. Its size is bounded by the number of clusters. */
export const rolloutState = z.strictObject({
  /** Run ID of the first run of the chain. */
  fleet: z.string(),
  startedAt: z.string(),
  runs: z.int().min(1),
  revision: z.int().min(0),
  subscriptions: z.array(z.string()),
  regions: z.array(z.string()),
  /** Subscription, resource group, name, region; ring after ring. */
  clusters: z.array(z.tuple([index, z.string(), z.string(), index])),
  states: z.string(),
  /** Place after the last cluster of each ring. */
  ringEnds: z.array(index),
  /**
   * How many clusters of a subscription may be in work for Azure's limits, as it was reckoned when the rollout began. Another version of
   * the worker may reckon otherwise, and would then not replay this run.
   */
  withinLimits: z.int().min(1).exactOptional(),
  /** How many rings have begun. */
  opened: index,
  soakUntil: moment.exactOptional(),
  gateUntil: moment.exactOptional(),
  /** Member, attempt, since when; and when it was last looked at. */
  inWork: z.array(z.tuple([index, z.int(), moment, moment])),
  /** Members that are tried again later: not before when, and how often that was so. */
  later: z.array(z.tuple([index, moment, z.int()])),
  /** Members whose own window is closed, and when it opens. */
  putOff: z.array(z.tuple([index, moment])).default([]),
  /** When the windows asked so far would all have been asked at an even pace, for each subscription. */
  asked: z.array(moment).default([]),
  attempts: z.array(z.tuple([index, z.int()])),
  failures: z.array(z.tuple([index, z.string(), z.string()])),
  /** Failures that do not count any more, for an operator lets the rollout go on. */
  forgiven: index,
  paused: z.boolean(),
  /** When the pause ends by itself. */
  pausedUntil: moment.exactOptional(),
  hold: z.strictObject({ id: z.string(), until: moment }).exactOptional(),
  holds: index,
  stop: z.strictObject({ by: z.enum(rolloutStops), why: z.string() }).exactOptional(),
  approvals: z.array(
    z.strictObject({ ring: z.string(), by: z.string(), note: z.string().exactOptional(), at: z.string() }),
  ),
  seconds: z.array(z.number()),
  events: z.array(z.tuple([z.string(), z.string()])),
  unread: z.array(z.string()),
  /** Whether somebody else than the starter is to let rings pass their gates. */
  byOther: z.literal(true).exactOptional(),
  /** The events that the worker sends, and how many were sent. */
  tells: z.array(z.string()),
  sent: index.default(0),
  /** The question that was told last. */
  told: z.string().exactOptional(),
  /** The last audit of a schedule: when it ended, and the clusters by their verdicts. */
  last: z
    .strictObject({
      finishedAt: z.string(),
      verdicts: z.strictObject({
        Isolated: z.array(z.string()),
        Drifted: z.array(z.string()),
        Unproven: z.array(z.string()),
      }),
    })
    .exactOptional(),
});
export type RolloutState = z.output<typeof rolloutState>;

/** The state of a rollout that begins. @param rings The clusters of each ring. */
export function firstState(
  rings: readonly (readonly FleetCluster[])[],
  {
    fleet,
    startedAt,
    unread,
    tells,
    last,
    withinLimits,
    byOther,
  }: Pick<RolloutState, 'fleet' | 'startedAt' | 'unread' | 'tells' | 'last' | 'withinLimits' | 'byOther'>,
): RolloutState {
  const all = rings.flat();
  const subscriptions = [...new Set(all.map(({ subscriptionId }) => subscriptionId))];
  const regions = [...new Set(all.map(({ region }) => region))];
  let end = 0;
  return {
    fleet,
    startedAt,
    runs: 1,
    revision: 0,
    subscriptions,
    regions,
    clusters: all.map(({ subscriptionId, resourceGroup, name, region }) => [
      subscriptions.indexOf(subscriptionId),
      resourceGroup,
      name,
      regions.indexOf(region),
    ]),
    states: codes.waiting.repeat(all.length),
    ringEnds: rings.map((ring) => {
      end += ring.length;
      return end;
    }),
    opened: 0,
    inWork: [],
    later: [],
    putOff: [],
    asked: [],
    attempts: [],
    failures: [],
    forgiven: 0,
    paused: false,
    holds: 0,
    approvals: [],
    seconds: [],
    events: [],
    unread,
    tells,
    sent: 0,
    ...(last && { last }),
    ...(withinLimits !== undefined && { withinLimits }),
    ...(byOther && { byOther }),
  };
}

/** The states of all clusters, with how many are in each. */
export class States {
  readonly #states: string[];
  readonly #counts = new Map<MemberState, number>();
  /** Index of a cluster before which none waits: the search begins there. */
  #first = 0;

  constructor(states: string) {
    this.#states = [...states];
    for (const code of this.#states) this.#count(stateOfCode.get(code) ?? 'waiting', 1);
  }

  get all(): number {
    return this.#states.length;
  }

  of(member: number): MemberState {
    return stateOfCode.get(this.#states[member] ?? '') ?? 'waiting';
  }

  set(member: number, state: MemberState): void {
    this.#count(this.of(member), -1);
    this.#states[member] = codes[state];
    this.#count(state, 1);
    if (state === 'waiting') this.#first = Math.min(this.#first, member);
  }

  count(state: MemberState): number {
    return this.#counts.get(state) ?? 0;
  }

  get counts(): FleetCounts {
    return Object.fromEntries(
      memberStates.flatMap((state) => (this.count(state) > 0 ? [[state, this.count(state)]] : [])),
    );
  }

  /** The clusters in a state, in their order. */
  *in(state: MemberState, end = this.all): Generator<number> {
    const code = codes[state];
    while (this.#first < this.all && this.#states[this.#first] !== codes.waiting) this.#first += 1;
    for (let member = state === 'waiting' ? this.#first : 0; member < end; member += 1)
      if (this.#states[member] === code) yield member;
  }

  /** How many of a range are done with. */
  done(from: number, end: number): number {
    let done = 0;
    for (let member = from; member < end; member += 1)
      if (this.#states[member] !== codes.waiting && this.#states[member] !== codes.inWork) done += 1;
    return done;
  }

  get text(): string {
    return this.#states.join('');
  }

  #count(state: MemberState, by: number): void {
    this.#counts.set(state, this.count(state) + by);
  }
}

/** Durations in words of statistics; `undefined` where nothing has ended. */
export function durationsOf(seconds: readonly number[]): FleetDurations | undefined {
  if (seconds.length === 0) return undefined;
  const sorted = seconds.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), most: at(1) };
}

/** How a rollout runs; callers have no say in it. Tests make it small. */
const fleetSettings = z.strictObject({
  /** So many members begin before it continues as new: its history then has about two thousand events. */
  startsPerRun: z.int().min(1).default(200),
  /** A member of which nothing was heard for so long is looked at. */
  lookAfterMinutes: z.number().positive().default(60),
});
export type FleetSettings = z.output<typeof fleetSettings>;

/** The state that one run of the chain hands on to the next. */
export const continuation = z.strictObject({
  state: rolloutState.exactOptional(),
  settings: fleetSettings.prefault({}),
});
