import type { Action } from '../../contract/plan.ts';
import { problemText } from '../../contract/problem.ts';
import { hasEnded, type Phase, type Progress, type StepProgress, type StepState } from '../../contract/progress.ts';
import { code, commands, listed, plain } from './markdown.ts';
import { type UsualRest, usualRest } from './usualRest.ts';

interface StateView {
  /** An ordinary character, for not every operator's fonts have emoji. */
  symbol: string;
  heading: string;
}

/** In the order in which an operator wants to see them. */
const views: Readonly<Record<StepState, StateView>> = {
  failed: { symbol: '✗', heading: 'Failed' },
  leftBehind: { symbol: '!', heading: 'Left behind' },
  running: { symbol: '▶', heading: 'Running' },
  undoing: { symbol: '↶', heading: 'Being taken back' },
  waiting: { symbol: '…', heading: 'Waiting' },
  done: { symbol: '✓', heading: 'Done' },
  undone: { symbol: '↶', heading: 'Taken back' },
  skipped: { symbol: '–', heading: 'Not begun' },
  unchanged: { symbol: '=', heading: 'Nothing to do' },
};

const states = Object.keys(views) as StepState[];

/**
 * The run as the Web UI and the CLI show it in the workflow's current details: first what it has come to or waits for, then what
 * to do about it, then how far it is. Lists, for the Web UI cuts wide tables.
 */
export function progressMarkdown(progress: Progress): string {
  const { scenario, cluster, phase, problems, steps, answers, found = [], untold, startedBy } = progress;
  // An audit that has found drift has succeeded, too.
  const verdict = scenario === 'auditCluster' && phase === 'succeeded' ? found[0] : undefined;
  return [
    `### ${scenario}: ${verdict ?? inWords(phase)}${phase === 'planned' ? againstIt(problems.length) : ''}`,
    startedBy && `Started by ${code(startedBy)}, as that client said`,
    ...foundTexts(verdict === undefined ? toldOnce(found, steps) : ['', ...found.slice(1)]),
    ...waits(progress),
    answers && commands(answers),
    steps.flatMap(failureText).join('\n'),
    problems.map((problem) => `- ${plain(problemText(problem))}`).join('\n'),
    untold && listed('Nobody was told', untold),
    phase !== 'rolledBack' && howFar(progress),
    code(cluster),
    ...states.map((state) => stepList(state, steps, phase)),
  ]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('\n\n');
}

/** `waitingForOperator` as people say it. */
const inWords = (phase: string): string => phase.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** A dry run is completed for Temporal, whatever it has found. */
const againstIt = (problems: number): string =>
  problems === 0 ? '' : `, and cannot be applied: ${problems} problem${problems === 1 ? '' : 's'}`;

/** Without what a step that failed says further down, with advice. */
function toldOnce(found: readonly string[], steps: readonly StepProgress[]): readonly string[] {
  const errors = steps.flatMap(({ error }) => error ?? []);
  return found.filter((each, index) => index === 0 || !errors.some((error) => each.includes(error)));
}

const foundTexts = ([first = '', ...others]: readonly string[]): string[] => [
  first && `**${plain(first)}**`,
  others.map((each) => `- ${plain(each)}`).join('\n'),
];

/** Says what the run waits for, and until when. */
function waits({ paused, pausedUntil, decisions, byDefault, decideBy, noRetry, ...progress }: Progress): string[] {
  const end = pausedUntil === undefined ? '' : ` At ${pausedUntil} the run fails by itself.`;
  return [
    ...(paused
      ? [`**Paused**: no further step starts until update \`resume\`; what runs in Azure goes on.${end}`]
      : []),
    ...(decisions
      ? [
          `**Waits for a decision** (update \`decide\`): ${quoted(decisions)}; \`${byDefault}\` by itself at ${decideBy}`,
        ]
      : []),
    ...(noRetry === undefined ? [] : [`\`retry\` is not offered. ${noRetry}`]),
    ...gates(progress),
  ];
}

function gates({ awaitingApproval = [], approveBy }: Pick<Progress, 'awaitingApproval' | 'approveBy'>): string[] {
  return awaitingApproval.map((gate) => {
    const until = approveBy?.[gate];
    const end = until === undefined ? '' : `; the run fails by itself at ${until}`;
    return `**Waits for an approval** (update \`approve\`): \`${gate}\`${end}`;
  });
}

const quoted = (words: readonly string[]): string => words.map((each) => `\`${each}\``).join(', ');

/** Why a step failed, with what to do and what finds the request in Azure's activity log. */
function failureText({ title, error, whatToDo, correlationId }: StepProgress): string[] {
  if (error === undefined) return [];
  const correlation = correlationId && `Correlation ID: \`${correlationId}\`.`;
  return [
    `- **${plain(title)}**: ${plain([error.replace(/\.?$/, '.'), whatToDo, correlation].filter(Boolean).join(' '))}`,
  ];
}

function howFar({ steps, phase, updatedAt }: Progress): string | undefined {
  const wanted = steps.filter(({ action }) => action !== 'none');
  const done = wanted.filter(({ state }) => state === 'done').length;
  if (wanted.length === 0) return undefined;
  if (phase === 'planned') return `**${planSummary(wanted)}**`;
  const rest = phase === 'applying' ? restText(usualRest(steps, Date.parse(updatedAt)), Date.parse(updatedAt)) : '';
  return `**${done} of ${wanted.length} steps done**${rest}`;
}

function planSummary(steps: readonly StepProgress[]): string {
  const count = (action: Action): number => steps.filter((step) => step.action === action).length;
  return `${count('create')} to create, ${count('update')} to change, ${count('delete')} to delete`;
}

/** With the time of day, for what is shown stays as it is until something happens. */
function restText({ seconds, isLowerBound }: UsualRest, now: number): string {
  if (seconds === 0) return '';
  const until = new Date(now + seconds * 1000).toISOString().slice(11, 16);
  const minutes = Math.ceil(seconds / 60);
  return `, usually ${isLowerBound ? 'at least ' : ''}${minutes} more minute${minutes === 1 ? '' : 's'}, until ${until} UTC`;
}

/** A step that has not begun waits no more once the run has ended. */
function viewOf(state: StepState, phase: Phase): StateView {
  if (state !== 'waiting' || !hasEnded(phase)) return views[state];
  return phase === 'planned' ? { symbol: '…', heading: 'Would be done' } : views.skipped;
}

function stepList(state: StepState, all: readonly StepProgress[], phase: Phase): string | undefined {
  const steps = all.filter((step) => step.state === state);
  if (steps.length === 0) return undefined;
  const { symbol, heading } = viewOf(state, phase);
  const lines = steps.map((step) => {
    const facts = [step.action === 'none' ? '' : step.action, duration(step)].filter(Boolean).join(', ');
    const note = [
      noteOf(step, all),
      phase === 'planned' && state === 'waiting' && step.forwardOnly && `cannot be taken back: ${step.forwardOnly}`,
    ]
      .filter(Boolean)
      .join('; ');
    return `${symbol} ${step.title}${facts === '' ? '' : ` (${facts})`}${note === '' ? '' : `: ${note}`}`;
  });
  return listed(heading, lines);
}

/** Says whom or what a step waits for, or why there is nothing to do. The reason of a failure stands above. */
function noteOf({ state, needs, waitsFor, reason }: StepProgress, all: readonly StepProgress[]): string {
  switch (state) {
    case 'waiting': {
      const open = all.filter((step) => needs.includes(step.id) && !['done', 'unchanged'].includes(step.state));
      return open.length > 0 ? `after ${open.map(({ title }) => title).join(', ')}` : (waitsFor ?? '');
    }
    case 'running':
    case 'undoing':
      return waitsFor ?? '';
    case 'unchanged':
      return reason;
    default:
      return '';
  }
}

function duration({ startedAt, finishedAt }: StepProgress): string {
  if (startedAt === undefined) return '';
  if (finishedAt === undefined) return `since ${startedAt.slice(11, 19)}`;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} m ${whole % 60} s`;
}
