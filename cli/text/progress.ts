import { hasEnded, type Progress, type StepProgress, type StepState } from '../../contract/index.ts';
import { commandsFor } from './commands.ts';
import { between, durationText } from './duration.ts';
import { oneLine } from './printable.ts';
import type { Paint } from './style.ts';

/** Nodes of a pool that is being reimaged. */
export interface NodesDone {
  nodesDone: number;
  nodesTotal: number;
}

/** Everything that is known of running steps beside the progress: nodes done by step ID, and how long steps of a kind usually take. */
export interface Estimates {
  nodes: ReadonlyMap<string, NodesDone>;
  usualMs: ReadonlyMap<string, number>;
}

export interface ScreenSize {
  columns: number;
  rows: number;
}

const symbols: Record<StepState, string> = {
  waiting: '…',
  running: '▶',
  done: '✓',
  unchanged: '=',
  failed: '✗',
  skipped: '–',
  undoing: '↶',
  undone: '↶',
  leftBehind: '!',
};

const colours = {
  waiting: 'dim',
  running: 'cyan',
  done: 'green',
  unchanged: 'dim',
  failed: 'red',
  skipped: 'dim',
  undoing: 'yellow',
  undone: 'yellow',
  leftBehind: 'red',
} as const satisfies Record<StepState, string>;

const openStates: ReadonlySet<StepState> = new Set<StepState>(['waiting', 'running', 'undoing']);

const stepsDone = ({ steps }: Pick<Progress, 'steps'>): number =>
  steps.filter(({ state }) => !openStates.has(state)).length;

/** How long a run has taken until now, or took until its end. */
const elapsedMs = ({ startedAt, updatedAt, phase }: Progress, now: number): number =>
  (hasEnded(phase) ? Date.parse(updatedAt) : now) - Date.parse(startedAt);

function bar(fraction: number, width: number): string {
  const full = Math.floor(Math.min(1, Math.max(0, fraction)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** A bar of which nobody knows how far it will go: its block wanders, so that one sees that it lives. */
const wandering = (ms: number, width: number): string => {
  const at = Math.floor(ms / 1000) % width;
  return `${'░'.repeat(at)}█${'░'.repeat(width - at - 1)}`;
};

const barWidth = 12;

/** How far a running step is: by its nodes, by the time it usually takes, or not known. */
function stepBar({ id, kind, startedAt }: StepProgress, { nodes, usualMs }: Estimates, now: number): string {
  const elapsed = startedAt === undefined ? 0 : now - Date.parse(startedAt);
  const counted = nodes.get(id);
  const usual = usualMs.get(kind);
  if (counted) {
    const { nodesDone, nodesTotal } = counted;
    return `${bar(nodesDone / Math.max(1, nodesTotal), barWidth)} ${nodesDone} of ${nodesTotal} nodes, ${durationText(elapsed)}`;
  }
  if (usual === undefined) return `${wandering(elapsed, barWidth)} ${durationText(elapsed)}`;
  // A step that takes longer than usual is not done yet.
  const fraction = Math.min(0.95, elapsed / usual);
  return `${bar(fraction, barWidth)} ${durationText(elapsed)} of usually ${durationText(usual)}`;
}

/** A run as it stands, for a terminal that is drawn over. */
export function progressScreen(
  progress: Progress,
  estimates: Estimates,
  workflowId: string,
  { columns, rows }: ScreenSize,
  paint: Paint,
  now: number = Date.now(),
): string {
  const { scenario, phase, paused, steps, found, problems } = progress;
  const total = steps.length;
  const done = stepsDone(progress);
  const head = [
    paint('bold', fitted(`${scenario}: ${phaseText(phase)}${paused ? ', paused' : ''}   ${workflowId}`, columns)),
    ...(total > 0
      ? [`${bar(done / total, 24)} ${done} of ${total} steps, ${durationText(elapsedMs(progress, now))}`]
      : []),
    ...(found ?? []).map((line) => paint('bold', fitted(oneLine(line), columns))),
    ...problems.map(({ where, problem }) => paint('red', fitted(`! ${where}: ${oneLine(problem)}`, columns))),
  ];
  // The commands stand above the picture: there a narrow window does not cut them.
  const foot = waitingLines(progress, workflowId)
    .slice(0, 1)
    .map((line) => paint('yellow', line));
  const room = Math.max(5, rows - head.length - foot.length - 4);
  const shown = mostTelling(steps, room);
  const titles = Math.min(60, Math.max(0, ...shown.map(({ title }) => title.length)));
  const lines = shown.map((step) =>
    paint(
      colours[step.state],
      fitted(
        `  ${symbols[step.state]} ${fitted(step.title, titles).padEnd(titles)}  ${stepNote(step, steps, estimates, now)}`,
        columns,
      ),
    ),
  );
  const hidden = total - shown.length;
  return [
    ...head,
    '',
    ...lines,
    ...(hidden > 0 ? [paint('dim', `    and ${hidden} more`)] : []),
    ...(foot.length > 0 ? ['', ...foot] : []),
  ].join('\n');
}

function stepNote(step: StepProgress, all: readonly StepProgress[], estimates: Estimates, now: number): string {
  const { state, startedAt, finishedAt, error, waitsFor, reason } = step;
  const took = startedAt !== undefined && finishedAt !== undefined ? durationText(between(startedAt, finishedAt)) : '';
  switch (state) {
    case 'running':
      return [stepBar(step, estimates, now), waitsFor].filter(Boolean).join('  ');
    case 'failed':
    case 'leftBehind':
      return oneLine(error ?? '');
    case 'waiting':
      return waitText(step, all);
    case 'unchanged':
      return oneLine(reason);
    case 'done':
    case 'skipped':
    case 'undoing':
    case 'undone':
      return took;
  }
}

/** The first step that it needs and that is not done, in words; else what the run itself says. */
function waitText({ needs, waitsFor }: StepProgress, all: readonly StepProgress[]): string {
  const open = all.filter(({ id, state }) => needs.includes(id) && openStates.has(state));
  const [first, ...others] = open;
  if (first) return `waits for ${first.title}${others.length > 0 ? ` and ${others.length} more` : ''}`;
  return waitsFor === undefined ? '' : `waits for ${waitsFor}`;
}

/**
 * As many steps as there is room for, in the order of the plan. Steps that need nobody's eye are left out first, and then those
 * that wait, from the end.
 */
function mostTelling(steps: readonly StepProgress[], room: number): StepProgress[] {
  let kept = [...steps];
  for (const state of ['unchanged', 'skipped', 'done', 'undone'] as const) {
    if (kept.length <= room) return kept;
    kept = kept.filter((step) => step.state !== state);
  }
  const open = kept.filter(({ state }) => state !== 'waiting').slice(0, room);
  const waiting = kept.filter(({ state }) => state === 'waiting').slice(0, room - open.length);
  return kept.filter((step) => open.includes(step) || waiting.includes(step));
}

/** The things that a run waits for, and the commands to paste. */
export function waitingLines(progress: Progress, workflowId: string): string[] {
  const { decideBy, byDefault, pausedUntil, noRetry } = progress;
  const commands = commandsFor(workflowId, progress);
  if (commands.length === 0) return [];
  const until = decideBy !== undefined && byDefault !== undefined ? ` Until ${decideBy}, then ${byDefault}.` : '';
  const paused = pausedUntil === undefined ? '' : ` Paused until ${pausedUntil}, then it fails.`;
  const but = noRetry === undefined ? [] : [`  no retry: ${oneLine(noRetry)}`];
  return [`Waits for you.${until}${paused}`, ...but, ...commands.map((command) => `  ${command}`)];
}

/** `waitingForOperator` as people write it. */
const phaseText = (phase: string): string => phase.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const fitted = (text: string, columns: number): string =>
  text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;

/** Tells in plain lines what has changed, for outputs that cannot be drawn over. */
export class ChangeLines {
  /** The last text about each subject. A run that waits for nobody is nothing to tell. */
  readonly #shown = new Map<string, string>([['waiting', '']]);

  /** The lines for what is new. */
  next(progress: Progress, { nodes }: Pick<Estimates, 'nodes'>, workflowId: string): string[] {
    const { phase, paused, steps, updatedAt, found, problems } = progress;
    const time = `${updatedAt.slice(11, 19)}Z`;
    const lines = steps.flatMap((step) => {
      const counted = nodes.get(step.id);
      const count = counted && step.state === 'running' ? `${counted.nodesDone} of ${counted.nodesTotal} nodes` : '';
      const text = [step.title, count, plainNote(step)].filter(Boolean).join(': ');
      return this.#isNew(step.id, `${step.state} ${text}`) && step.state !== 'waiting'
        ? [`${time}  ${step.state.padEnd(10)} ${text}`]
        : [];
    });
    const head = `${phaseText(phase)}${paused ? ', paused' : ''}`;
    return [
      ...(this.#isNew('phase', head) ? [`${time}  ${head}`] : []),
      ...lines,
      ...(found ?? []).filter((line) => this.#isNew(`found ${line}`, line)).map((line) => `${time}  ${oneLine(line)}`),
      ...problems
        .filter(({ where, problem }) => this.#isNew(`problem ${where} ${problem}`, ''))
        .map(({ where, problem }) => `${time}  problem    ${where}: ${oneLine(problem)}`),
      ...this.#waiting(progress, workflowId),
    ];
  }

  #waiting(progress: Progress, workflowId: string): string[] {
    const lines = waitingLines(progress, workflowId);
    return this.#isNew('waiting', lines.join('\n')) ? lines : [];
  }

  #isNew(key: string, text: string): boolean {
    if (this.#shown.get(key) === text) return false;
    this.#shown.set(key, text);
    return true;
  }
}

function plainNote({ state, startedAt, finishedAt, error, reason }: StepProgress): string {
  if (error !== undefined) return oneLine(error);
  if (state === 'unchanged') return oneLine(reason);
  const isOver = state === 'done' && startedAt !== undefined && finishedAt !== undefined;
  return isOver ? durationText(between(startedAt, finishedAt)) : '';
}
