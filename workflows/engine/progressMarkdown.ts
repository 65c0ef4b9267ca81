import { problemText } from '../../contract/problem.ts';
import type { Progress, StepProgress, StepState } from '../../contract/progress.ts';

/** Ordinary characters, for not every operator's fonts have emoji. */
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

/** The run as the Web UI shows it in the workflow's current details. */
export function progressMarkdown(progress: Progress): string {
  const { scenario, cluster, phase, problems, steps, decisions, decideBy, byDefault, noRetry, answers, found } =
    progress;
  const { awaitingApproval, paused, pausedUntil } = progress;
  return [
    `### ${scenario}: ${phase}`,
    found && foundText(found),
    `\`${cluster}\``,
    paused &&
      `**Paused**: no further step starts until update \`resume\`; what runs in Azure goes on.${pausedUntil === undefined ? '' : ` At ${pausedUntil} the run fails by itself.`}`,
    decisions &&
      `**Waits for a decision** (update \`decide\`): ${decisions.map((each) => `\`${each}\``).join(', ')}; \`${byDefault}\` by itself at ${decideBy}`,
    noRetry !== undefined && `\`retry\` is not offered. ${noRetry}`,
    // The Web UI cuts wide tables, and the operator who decides has to see what failed.
    decisions && steps.flatMap(({ title, error }) => (error ? [`- ${title}: ${error}`] : [])).join('\n'),
    awaitingApproval &&
      `**Waits for an approval** (update \`approve\`): ${awaitingApproval.map((gate) => `\`${gate}\``).join(', ')}`,
    answers && ['```sh', ...answers, '```'].join('\n'),
    problems.length > 0 && problems.map((problem) => `- ${problemText(problem)}`).join('\n'),
    steps.length > 0 && stepTable(steps),
  ]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('\n\n');
}

const foundText = ([first = '', ...others]: readonly string[]): string =>
  [`**${cell(first)}**`, ...others.map((each) => `- ${cell(each)}`)].join('\n');

function stepTable(steps: readonly StepProgress[]): string {
  const rows = steps.map((step) => {
    const note = step.error ?? step.waitsFor ?? step.reason;
    return `| ${[step.title, step.action, `${symbols[step.state]}\u00a0${step.state}`, duration(step), cell(note)].join(' | ')} |`;
  });
  return ['| Step | Action | State | Took | Waits for, or why |', '|---|---|---|---|---|', ...rows].join('\n');
}

function duration({ startedAt, finishedAt }: StepProgress): string {
  if (startedAt === undefined) return '';
  if (finishedAt === undefined) return `since ${startedAt.slice(11, 19)}`;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} m ${whole % 60} s`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
