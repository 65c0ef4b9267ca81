import type { Action, Plan, PlannedStep, PlannedTurns, Problem } from '../../contract/index.ts';
import type { ExitCode } from '../exitCodes.ts';
import { exitCodes } from '../exitCodes.ts';
import { oneLine } from './printable.ts';
import { type Paint, plain } from './style.ts';

/** Numbers of steps, by what they do. */
export type PlanSummary = Record<Action, number>;

export function planSummary({ steps }: Pick<Plan, 'steps'>): PlanSummary {
  const summary: PlanSummary = { create: 0, update: 0, delete: 0, check: 0, none: 0 };
  for (const { action } of steps) summary[action] += 1;
  return summary;
}

const wouldChange = (summary: PlanSummary): boolean => summary.create + summary.update + summary.delete > 0;

/** A plan that cannot be applied has failed, whatever it would change. */
export function planExitCode(plan: Plan): ExitCode {
  if (plan.problems.length > 0) return exitCodes.failed;
  return wouldChange(planSummary(plan)) ? exitCodes.wouldChange : exitCodes.ok;
}

/** Terraform's signs, so that nobody has to learn others. */
const signs: Record<Action, string> = { create: '+', update: '~', delete: '-', check: '?', none: '=' };
const colours = { create: 'green', update: 'yellow', delete: 'red', check: 'cyan', none: 'dim' } as const;

/** A plan for people: what nobody could see and problems first, then each step, which pools go together, what differs from the other profile, and the summary. */
export function planText(plan: Plan, paint: Paint = plain): string {
  const { steps, problems, differences, turns, unread = [] } = plan;
  return [
    unread.map((each) => paint('yellow', `not seen: ${oneLine(each)}`)).join('\n'),
    problems.length > 0 && problemsBlock(problems, paint),
    steps.map((step) => stepText(step, paint)).join('\n'),
    turns && turnsBlock(turns),
    differences.length > 0 &&
      ['Profile:', ...differences.map(({ id, profile, step, does }) => `  ${id} (${profile}), ${step}: ${does}`)].join(
        '\n',
      ),
    paint('bold', summaryText(plan)),
  ]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('\n\n');
}

function problemsBlock(problems: readonly Problem[], paint: Paint): string {
  const count = problems.length === 1 ? 'A problem has' : `${problems.length} problems have`;
  return [
    paint('red', `${count} to be solved before anything is changed:`),
    ...problems.map(({ where, problem, whatToDo }) => `  ${paint('red', '!')} ${where}: ${problem}\n      ${whatToDo}`),
  ].join('\n');
}

function stepText({ action, title, reason, changes, forwardOnly, ladder = [] }: PlannedStep, paint: Paint): string {
  if (action === 'none') return paint('dim', `  ${signs[action]} ${title} (${oneLine(reason)})`);
  const known = changes ?? [];
  // The reason has the changes in words as well.
  const others = reason.split('; ').filter((part) => !known.some(({ property }) => part.startsWith(`${property}: `)));
  const why = others.length > 0 ? ` (${oneLine(others.join('; '))})` : '';
  const lines = known.map(({ property, before, after }) => `      ${property}: ${before} -> ${after}`);
  const final = forwardOnly === undefined ? [] : [`      cannot be taken back: ${forwardOnly}`];
  const rungs = ladder.map(
    ({ by, says, without }) => `        ${by}: ${without === undefined ? says : `not here: ${without}`}`,
  );
  const means = rungs.length === 0 ? [] : ['      if that leaves nodes as they are:', ...rungs];
  return [paint(colours[action], `  ${signs[action]} ${title}${why}`), ...lines, ...final, ...means].join('\n');
}

function turnsBlock({ atATime, because, waves, apart }: PlannedTurns): string {
  const names = (pools: readonly string[]) => pools.join(', ');
  return [
    `Node pools, at most ${atATime} at a time (${oneLine(because)}):`,
    ...(waves.length > 1 ? waves.map((wave, at) => `  ${at + 1}. ${names(wave.pools)} (${wave.because})`) : []),
    ...apart.map(({ pools, because: why }) => `  one at a time of ${names(pools)} (${oneLine(why)})`),
  ].join('\n');
}

function summaryText(plan: Plan): string {
  const { create, update, delete: deleted, check, none } = planSummary(plan);
  const also = [none > 0 && `${none} as wanted already`, check > 0 && `${check} to look or wait`].filter(Boolean);
  const summary = `Plan: ${create} to create, ${update} to change, ${deleted} to delete${also.length > 0 ? ` (${also.join(', ')})` : ''}.`;
  const stopped = plan.problems.length;
  return stopped === 0
    ? summary
    : `${summary} It cannot be applied: ${stopped === 1 ? 'one problem' : `${stopped} problems`}.`;
}
