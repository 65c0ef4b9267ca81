import type { FleetApprovalRequest, MemberEnd } from '../../contract/fleet.ts';
import { type FleetRing, keyOfCluster, type ParsedRolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import type { FleetDecision } from '../../contract/names.ts';
import { shortened } from '../../contract/shortened.ts';
import type { FleetCluster } from '../../resources/fleet.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { windowPace } from './budget.ts';
import { mostFailures } from './rings.ts';
import { type RolloutState, States } from './state.ts';

/** Bounds of what is kept of a rollout, whatever its length. */
const most = { failures: 200, seconds: 200, events: 20 };
const minuteMs = 60_000;

/**
 * A rollout as it stands, and what comes next. It knows no Temporal and no clock: events and times are given to it, so that it can be
 * tried with thousands of clusters in no time.
 */
export class Rollout {
  readonly input: ParsedRolloutFleetInput;
  readonly states: States;
  readonly #state: RolloutState;
  readonly #places: Map<string, number>;

  constructor(input: ParsedRolloutFleetInput, state: RolloutState) {
    this.input = input;
    const { inWork, later, putOff, asked, failures, approvals } = state;
    this.#state = {
      ...state,
      inWork: [...inWork],
      later: [...later],
      putOff: [...putOff],
      asked: [...asked],
      failures: [...failures],
      approvals: [...approvals],
    };
    this.states = new States(state.states);
    this.#places = new Map(state.clusters.map((_, member) => [keyOfCluster(this.cluster(member)), member]));
  }

  /** The state that the next run of the chain takes over. */
  get state(): RolloutState {
    return { ...this.#state, states: this.states.text };
  }

  get now(): Readonly<RolloutState> {
    return this.#state;
  }

  cluster(member: number): FleetCluster {
    const { clusters, subscriptions, regions } = this.#state;
    const [subscription = 0, resourceGroup = '', name = '', region = 0] = clusters[member] ?? [];
    return { subscriptionId: subscriptions[subscription] ?? '', resourceGroup, name, region: regions[region] ?? '' };
  }

  memberOf(cluster: ClusterReference): number | undefined {
    return this.#places.get(keyOfCluster(cluster));
  }

  /** Clusters in work, those of this rollout that nobody has heard of since, for example. */
  get inWork(): readonly { member: number; attempt: number; since: number; lookedAt: number }[] {
    return this.#state.inWork.map(([member, attempt, since, lookedAt]) => ({ member, attempt, since, lookedAt }));
  }

  /** The first ring that has not begun and has clusters. */
  get nextRing(): { ring: FleetRing; place: number } | undefined {
    for (let place = this.#state.opened; place < this.input.rings.length; place += 1) {
      const ring = this.input.rings[place];
      if (ring && this.#sizeOf(place) > 0) return { ring, place };
    }
    return undefined;
  }

  get failuresLeft(): number {
    const { failureBudget } = this.input;
    const counted = this.states.count('failed') - this.#state.forgiven;
    return mostFailures(failureBudget, this.states.all) - counted;
  }

  /** @returns the number of the try. */
  began(member: number, now: number): number {
    const state = this.#state;
    const attempt = state.attempts.find(([each]) => each === member)?.[1] ?? 1;
    state.inWork.push([member, attempt, now, now]);
    state.putOff = state.putOff.filter(([each]) => each !== member);
    if (this.input.aksWindow) {
      const [own] = state.clusters[member] ?? [];
      state.asked = state.subscriptions.map((_, subscription) => {
        const before = state.asked[subscription] ?? 0;
        return subscription === own ? Math.max(now, before) + windowPace.everyMs : before;
      });
    }
    this.states.set(member, 'inWork');
    this.#changed();
    return attempt;
  }

  /** Somebody else's member of that name is there: it is tried again later, as with a busy cluster. */
  wasTaken(member: number, now: number): void {
    const state = this.#state;
    const { everyMinutes, times } = this.input.busy;
    const tries = (state.later.find(([each]) => each === member)?.[2] ?? 0) + 1;
    state.inWork = state.inWork.filter(([each]) => each !== member);
    state.later = state.later.filter(([each]) => each !== member);
    if (tries > times) {
      this.states.set(member, 'busy');
      this.#fail(member, 'ClusterBusy', 'an earlier rollout of this name still works on it', now);
      return;
    }
    state.later.push([member, now + everyMinutes * minuteMs, tries]);
    this.states.set(member, 'waiting');
    this.#changed();
  }

  /** @returns `false` for what was heard before, or is of another rollout. */
  ended({ member, fleet, attempt, outcome, seconds, type, why, from }: MemberEnd, now: number): boolean {
    const state = this.#state;
    const isKnown = state.inWork.some(([each, tried]) => each === member && tried === attempt);
    if (fleet !== state.fleet || !isKnown) return false;
    state.inWork = state.inWork.filter(([each]) => each !== member);
    if (outcome === 'putOff') {
      this.#putOff(member, from ?? now);
      return true;
    }
    state.seconds = [...state.seconds, seconds].slice(-most.seconds);
    this.states.set(member, outcome);
    if (type === undefined) this.#changed();
    else this.#fail(member, type, why ?? '', now);
    return true;
  }

  lookedAt(members: readonly number[], now: number): void {
    const seen = new Set(members);
    this.#state.inWork = this.#state.inWork.map(([member, attempt, since, looked]) => [
      member,
      attempt,
      since,
      seen.has(member) ? now : looked,
    ]);
  }

  pause(isPaused: boolean, now: number): void {
    this.#state.paused = isPaused;
    if (isPaused) this.#state.pausedUntil = now + this.input.pauseTimeoutMinutes * minuteMs;
    else delete this.#state.pausedUntil;
    this.tell(isPaused ? 'Paused: no further cluster begins' : 'Resumed', now);
  }

  skip(member: number, now: number): void {
    this.#forgetForgiven(member);
    this.states.set(member, 'skipped');
    this.#state.putOff = this.#state.putOff.filter(([each]) => each !== member);
    this.tell(`${this.name(member)}: skipped by an operator`, now);
  }

  /** @returns how many clusters are tried again. */
  retryFailed(now: number): number {
    const failed = [...this.states.in('failed')];
    for (const member of failed) this.states.set(member, 'waiting');
    this.#tryAgain(failed);
    this.#state.failures = this.#state.failures.filter(([member]) => this.states.of(member) !== 'waiting');
    this.#state.forgiven = 0;
    // Nothing counts as failed any more, so that nothing is left to decide.
    delete this.#state.hold;
    this.waitNoMore();
    this.tell(`${failed.length} failed ${failed.length === 1 ? 'cluster is' : 'clusters are'} tried again`, now);
    return failed.length;
  }

  approve(request: FleetApprovalRequest, now: number): void {
    this.#state.approvals.push({ ...request, at: new Date(now).toISOString() });
    delete this.#state.gateUntil;
    this.tell(`Ring ${request.ring} was approved by ${request.by}`, now);
  }

  decide(decision: FleetDecision, now: number): void {
    delete this.#state.hold;
    this.tell(`Decided: ${decision}`, now);
    if (decision === 'stop') this.stop('operator', 'an operator stopped it', now);
    if (decision === 'goOn') this.#state.forgiven = this.states.count('failed');
    if (decision === 'retryFailed') this.retryFailed(now);
  }

  /** Waits for an operator's decision. */
  hold(why: string, now: number): void {
    const state = this.#state;
    state.holds += 1;
    const until = now + this.input.holdTimeoutMinutes * minuteMs;
    state.hold = { id: `${state.fleet.slice(-8)}-${state.holds}`, until };
    this.tell(`Held: ${why}`, now);
  }

  /** The failures so far count no more. */
  forgive(): void {
    this.#state.forgiven = this.states.count('failed');
    this.#changed();
  }

  /** The soak time after the rings that have begun; it runs from the first time that this is asked. */
  soakUntil(now: number): number {
    const state = this.#state;
    const minutes = state.opened === 0 ? 0 : (this.input.rings[state.opened - 1]?.soakMinutes ?? 0);
    state.soakUntil ??= now + minutes * minuteMs;
    return state.soakUntil;
  }

  /** Until when the approval of the next ring is waited for; it runs from the first time that this is asked. */
  gateUntil(now: number): number {
    this.#state.gateUntil ??= now + this.input.approvalTimeoutMinutes * minuteMs;
    return this.#state.gateUntil;
  }

  /** Clusters of rings that have begun are not done with, or again: the wait for the next ring begins anew after them. */
  waitNoMore(): void {
    delete this.#state.soakUntil;
    delete this.#state.gateUntil;
  }

  openRing(place: number, now: number): void {
    delete this.#state.soakUntil;
    this.#state.opened = place + 1;
    const size = this.#sizeOf(place);
    this.tell(`Ring ${this.input.rings[place]?.name} begins: ${size} ${size === 1 ? 'cluster' : 'clusters'}`, now);
  }

  /** Place after the last cluster of the rings that have begun. */
  get openEnd(): number {
    const { opened, ringEnds } = this.#state;
    return opened === 0 ? 0 : (ringEnds[opened - 1] ?? 0);
  }

  /** From now on no cluster begins. */
  stop(by: NonNullable<RolloutState['stop']>['by'], why: string, now: number): void {
    this.#state.stop ??= { by, why };
    delete this.#state.hold;
    delete this.#state.gateUntil;
    this.endPause();
    this.tell(`Stopped: ${why}`, now);
  }

  /** Nothing is left that a pause would keep from beginning. */
  endPause(): void {
    delete this.#state.pausedUntil;
    this.#state.paused = false;
  }

  continued(): void {
    this.#state.runs += 1;
  }

  /** Subscription, resource group and name. */
  name(member: number): string {
    const { subscriptionId, resourceGroup, name } = this.cluster(member);
    return `${subscriptionId}/${resourceGroup}/${name}`;
  }

  tell(what: string, now: number): void {
    const event: [string, string] = [new Date(now).toISOString(), what];
    this.#state.events = [event, ...this.#state.events].slice(0, most.events);
    this.#changed();
  }

  /** It begins as another try: what the one that asked says once more does not count. */
  #putOff(member: number, from: number): void {
    this.#state.putOff.push([member, from]);
    this.#tryAgain([member]);
    this.states.set(member, 'waiting');
    this.#changed();
  }

  #tryAgain(members: readonly number[]): void {
    const attempts = new Map(this.#state.attempts);
    for (const member of members) attempts.set(member, (attempts.get(member) ?? 1) + 1);
    this.#state.attempts = [...attempts];
  }

  /** The failures that are forgiven are the first ones. */
  #forgetForgiven(member: number): void {
    const failed = this.#state.failures.filter(([each]) => this.states.of(each) === 'failed');
    const place = failed.findIndex(([each]) => each === member);
    if (place >= 0 && place < this.#state.forgiven) this.#state.forgiven -= 1;
  }

  #fail(member: number, type: string, why: string, now: number): void {
    const { failures } = this.#state;
    if (failures.length < most.failures) failures.push([member, type, shortened(why, 300)]);
    const because = why === '' ? '' : `: ${shortened(why, 100)}`;
    this.tell(`${this.name(member)}: ${this.states.of(member)}, ${type}${because}`, now);
  }

  #sizeOf(ring: number): number {
    const { ringEnds } = this.#state;
    return (ringEnds[ring] ?? 0) - (ringEnds[ring - 1] ?? 0);
  }

  #changed(): void {
    this.#state.revision += 1;
  }
}
