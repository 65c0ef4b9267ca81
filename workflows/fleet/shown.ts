import { type AnsweredRun, updateCommand } from '../../contract/approval.ts';
import type { FleetCounts, FleetFailure, FleetPhase, FleetProgress } from '../../contract/fleet.ts';
import type { ParsedRolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import {
  approveUpdate,
  clusterWorkflowId,
  decideUpdate,
  fleetDecisions,
  resumeUpdate,
  rolloutFleet,
} from '../../contract/names.ts';
import { type Problem, problemText } from '../../contract/problem.ts';
import { code, commands, listed, plain } from '../engine/markdown.ts';
import type { Move } from './moves.ts';
import type { Rollout } from './rollout.ts';
import { durationsOf } from './state.ts';

/** Facts of a run that its rollout does not hold. */
export interface ShownRun extends AnsweredRun {
  startedBy?: string;
}

/** As much as a person reads. */
const most = { inWork: 20, failures: 20, putOff: 20 };

/** Answer of the query. @param phase Left out: what the move says. */
export function progressOf(rollout: Rollout, run: ShownRun, move: Move | undefined, phase?: FleetPhase): FleetProgress {
  const { input, states, now } = rollout;
  const { hold, paused, events, startedAt, revision, runs, putOff } = now;
  const wait = move?.do === 'wait' ? move : undefined;
  const durations = durationsOf(now.seconds);
  const ring = ringOf(rollout);
  const answers = answersTo(rollout, run, wait?.phase);
  return {
    scenario: rolloutFleet,
    fleet: input.name,
    of: input.scenario,
    phase: phase ?? wait?.phase ?? 'rollingOut',
    revision,
    startedAt,
    updatedAt: events[0]?.[0] ?? startedAt,
    ...(run.startedBy !== undefined && { startedBy: run.startedBy }),
    clusters: states.all,
    counts: states.counts,
    ...(ring && { ring }),
    ...(durations && { durations }),
    ...(wait && { waitsFor: waitText(wait, rollout, run) }),
    ...(wait?.until !== undefined && { until: new Date(wait.until).toISOString() }),
    ...(answers.length > 0 && { answers }),
    ...(paused && { paused }),
    ...(hold && { hold: hold.id, decisions: fleetDecisions }),
    events: events.map(([at, what]) => ({ at, what })),
    inWork: rollout.inWork.slice(0, most.inWork).map(({ member, since }) => ({
      cluster: rollout.name(member),
      since: new Date(since).toISOString(),
      workflowId: clusterWorkflowId(rollout.cluster(member)),
    })),
    ...(putOff.length > 0 && {
      putOff: putOff
        .toSorted(([, one], [, other]) => one - other)
        .slice(0, most.putOff)
        .map(([member, at]) => ({ cluster: rollout.name(member), until: new Date(at).toISOString() })),
    }),
    failures: failuresOf(rollout).slice(-most.failures),
    problems: [],
    runs,
  };
}

/** Phases after which a paused rollout waits for its resume, too. */
const beforeResume: ReadonlySet<FleetPhase> = new Set(['awaitingApproval', 'waitingForOperator', 'soaking']);

/** In words: what is waited for, and by whom it may be given. */
function waitText(
  { for: what, phase }: Extract<Move, { do: 'wait' }>,
  { now }: Rollout,
  { startedBy }: ShownRun,
): string {
  const other = now.byOther && phase === 'awaitingApproval' ? `, by somebody else than ${startedBy}` : '';
  const resume = now.paused && beforeResume.has(phase) ? `, and the update ${resumeUpdate}` : '';
  return `${what}${other}${resume}`;
}

/** The answer as long as the clusters are not known. */
export const progressBefore = (
  { name, scenario }: ParsedRolloutFleetInput,
  phase: FleetPhase = 'checking',
  startedAt: string,
): FleetProgress => ({
  scenario: rolloutFleet,
  fleet: name,
  of: scenario,
  phase,
  revision: 0,
  startedAt,
  updatedAt: startedAt,
  clusters: 0,
  counts: {},
  events: [],
  inWork: [],
  failures: [],
  problems: [],
  runs: 1,
});

export const failuresOf = (rollout: Rollout): FleetFailure[] =>
  rollout.now.failures.map(([member, type, why]) => ({
    cluster: rollout.name(member),
    type,
    why,
    workflowId: clusterWorkflowId(rollout.cluster(member)),
  }));

function ringOf(rollout: Rollout): FleetProgress['ring'] {
  const { opened, ringEnds } = rollout.now;
  const place = opened === 0 ? rollout.nextRing?.place : opened - 1;
  const ring = place === undefined ? undefined : rollout.input.rings[place];
  if (place === undefined || !ring) return undefined;
  const [from, end] = [ringEnds[place - 1] ?? 0, ringEnds[place] ?? 0];
  return {
    name: ring.name,
    number: place + 1,
    of: ringEnds.length,
    clusters: end - from,
    done: rollout.states.done(from, end),
  };
}

/** The commands that answer what is asked now. */
function answersTo(rollout: Rollout, run: AnsweredRun, phase: FleetPhase | undefined): string[] {
  const { hold, paused } = rollout.now;
  const next = rollout.nextRing;
  return [
    ...(hold
      ? fleetDecisions.map((decision) =>
          updateCommand(run, decideUpdate, `${decideUpdate}-${hold.id}-${decision}`, { decision, hold: hold.id }),
        )
      : []),
    ...(phase === 'awaitingApproval' && next
      ? [
          updateCommand(run, approveUpdate, `${approveUpdate}-ring-${next.place + 1}`, {
            ring: next.ring.name,
            by: 'NAME',
          }),
        ]
      : []),
    ...(paused ? [updateCommand(run, resumeUpdate)] : []),
  ];
}

/**
 * The rollout as the Web UI shows it in the current details: what it waits for and the command that answers, what failed, how far it
 * is, what is in work, then the rest. Its length is bounded, whatever the length of the rollout.
 */
export function rolloutMarkdown(progress: FleetProgress): string {
  const { of, fleet, clusters, counts, durations, waitsFor, until, answers, failures, events, startedBy } = progress;
  const { inWork, putOff = [] } = progress;
  return [
    `### ${fleet}: ${of}, ${inWords(progress.phase)}${progress.paused ? ', paused' : ''}`,
    startedBy && `Started by ${code(startedBy)}, as that client said`,
    waitsFor && `**Waits for ${waitsFor}**${until === undefined ? '' : `, until ${minuteOf(until)}`}`,
    answers && commands(answers),
    section(
      'Failed, or passed over',
      failures.map(({ workflowId, type, why }) => `✗ ${code(workflowId)}: ${type}: ${why}`),
    ),
    `**${countsText(counts, clusters)}**`,
    ringText(progress),
    durations &&
      `A cluster takes ${durations.p50} s (median), ${durations.p90} s (nine of ten), ${durations.most} s at most`,
    section(
      'In work',
      inWork.map(({ workflowId, since }) => `▶ ${code(workflowId)} (since ${since.slice(11, 19)})`),
      counts.inWork,
    ),
    section(
      "Waits for AKS's own window",
      putOff.map((one) => `… ${one.cluster}: ${minuteOf(one.until)}`),
    ),
    section(
      'Last events',
      events.map(({ at, what }) => `${at.slice(0, 19)}Z ${what}`),
    ),
  ]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('\n\n');
}

/** @param all How many there are, where not all are shown. */
function section(heading: string, lines: readonly string[], all = lines.length): string {
  if (lines.length === 0) return '';
  return listed(heading, all > lines.length ? [...lines, `and ${all - lines.length} more`] : lines);
}

const minuteOf = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;

function ringText({ ring, counts, durations, phase }: FleetProgress): string {
  if (!ring) return '';
  const { name, number, of, clusters, done } = ring;
  const { inWork = 0 } = counts;
  const rounds = Math.ceil((clusters - done) / Math.max(1, inWork));
  const minutes = phase === 'rollingOut' && inWork > 0 && durations && Math.ceil((rounds * durations.p50) / 60);
  const usually = minutes ? `, usually ${minutes} more minute${minutes === 1 ? '' : 's'}` : '';
  return `Ring ${code(name)} (${number} of ${of}): ${done} of ${clusters} clusters done${usually}`;
}

/** The plan's problems, as a rollout that is refused shows them. */
export const refusedMarkdown = (problems: readonly Problem[]): string =>
  [
    '### rolloutFleet: failed',
    '**Nothing was changed.**',
    problems.map((each) => `- ${plain(problemText(each))}`).join('\n'),
  ].join('\n\n');

/** How many clusters are in which state. */
export function countsText(counts: FleetCounts, clusters: number): string {
  const { waiting = 0, inWork = 0, ...others } = counts;
  const done = clusters - waiting - inWork;
  const each = Object.entries({ ...others, inWork, waiting }).filter(([, count]) => count > 0);
  return `${done} of ${clusters} clusters done${each.length === 0 ? '' : `: ${each.map(([state, count]) => `${count} ${inWords(state)}`).join(', ')}`}`;
}

const inWords = (phase: string): string => phase.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
