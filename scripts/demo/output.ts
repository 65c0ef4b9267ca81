import { createLogUpdate } from 'log-update';
import type { ScenarioHandle } from '../../client/index.ts';
import type { AuditReport, Check, Plan, Progress, StepProgress, VerificationReport } from '../../contract/index.ts';
import type { Duration } from '../../simulator/index.ts';
import { criticalPath, sumSeconds } from './criticalPath.ts';

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printPlan({ steps, differences }: Plan): void {
  print('\nPlan, by a dry run that changes nothing:');
  for (const { action, title, reason, forwardOnly } of steps)
    print(`  ${action.padEnd(6)}  ${title} (${reason})${forwardOnly && action !== 'none' ? ', forward only' : ''}`);
  for (const { id, profile, step, does } of differences)
    print(`  ${id.padEnd(6)}  profile ${profile}, ${step}: ${does}`);
  print('');
}

/** Simulated minutes pass in a second, so that the client's half second would skip over whole steps. */
const redrawMs = 200;

/** Shows a run until its end: on a terminal in place, elsewhere a line for each change. */
export async function showProgress(run: ScenarioHandle): Promise<void> {
  const screen = process.stdout.isTTY ? createLogUpdate(process.stdout) : undefined;
  const shown = new Map<string, string>();
  for await (const progress of run.watch(redrawMs)) {
    if (screen) screen(screenText(progress));
    else printChanges(progress, shown);
  }
  screen?.done();
}

function screenText({ phase, steps }: Progress): string {
  return [phase, ...steps.map((step) => `  ${stepText(step)}`)].join('\n');
}

const stepText = ({ title, state, waitsFor, error }: StepProgress): string =>
  `${title}: ${state}${error ? ` (${error})` : waitsFor ? ` (waits for ${waitsFor})` : ''}`;

/** Prints one line for each change, for an output that is no terminal. */
function printChanges({ phase, steps }: Progress, shown: Map<string, string>): void {
  const printOnce = (key: string, line: string) => {
    if (shown.get(key) !== line) print(line);
    shown.set(key, line);
  };
  for (const step of steps.filter(({ id }) => shown.has(id))) printOnce(step.id, `  ${stepText(step)}`);
  printOnce('phase', phase);
  for (const step of steps) printOnce(step.id, `  ${stepText(step)}`);
}

export function printReport({ cluster, nothingToDo, unproven, checks }: VerificationReport): void {
  print(`\nVerified: ${cluster}${nothingToDo ? ', there was nothing to do' : ''}`);
  for (const each of unproven) print(`  not proven: ${each}`);
  printChecks(checks);
}

export function printAudit({ cluster, verdict, drift, unproven, checks }: AuditReport): void {
  print(`\n${verdict}: ${cluster}`);
  for (const each of [...drift, ...unproven.map((text) => `not proven: ${text}`)]) print(`  ${each}`);
  printChecks(checks);
}

function printChecks(checks: readonly Check[]): void {
  for (const { title, expected, seen, ok, evidence } of checks) {
    const how = evidence === undefined ? '' : ` (${evidence})`;
    print(ok ? `  ok      ${title}: ${seen}${how}` : `  NOT OK  ${title}: ${seen}, expected ${expected}${how}`);
  }
  print('');
}

/** Prints how long a verified run took, against what Azure took for its writes. */
export function printMakespan(
  seconds: number,
  speed: number,
  result: VerificationReport,
  writes: readonly Duration[],
): void {
  print(`Makespan ${seconds.toFixed(2)} s at speed ${speed}.`);
  if (result.reimages.length > 0) printReimages(result, speed, writes);
  else if (result.scenario === 'createCluster') printCriticalPath(seconds, speed, result, writes);
}

function printCriticalPath(
  seconds: number,
  speed: number,
  { steps }: VerificationReport,
  writes: readonly Duration[],
): void {
  const { seconds: least, pollingIncluded } = criticalPath(steps, writes);
  const at = (simulated: number) => (simulated / speed).toFixed(2);
  const ratio = (of: number, to: number) => (of / (to / speed)).toFixed(2);
  const sum = sumSeconds(steps);
  print('What Azure itself takes on the critical path:');
  print(`  ${at(least)} s for its operations (ratio ${ratio(seconds, least)}),`);
  print(`  ${at(pollingIncluded)} s with the polling that it prescribes (ratio ${ratio(seconds, pollingIncluded)}).`);
  print(`One after the other, the steps take ${sum.toFixed(2)} s, ${ratio(sum, least)} times the critical path.`);
}

/** Compares the time of all pools together with what Azure took for the slowest one and for their sum. */
function printReimages({ steps, reimages }: VerificationReport, speed: number, writes: readonly Duration[]): void {
  const each = reimages.map(({ pool }) => ({ pool, seconds: poolSeconds(pool, writes) }));
  print(
    `What Azure took for each pool: ${each.map(({ pool, seconds }) => `${pool} ${seconds.toFixed(0)} s`).join(', ')}.`,
  );
  const done = steps.filter(({ kind, state }) => kind === 'reimage' && state === 'done');
  const begins = Math.min(...done.map(({ startedAt = '' }) => Date.parse(startedAt)));
  const ends = Math.max(...done.map(({ finishedAt = '' }) => Date.parse(finishedAt)));
  const all = ((ends - begins) / 1000) * speed;
  const slowest = Math.max(...each.map(({ seconds }) => seconds));
  const sum = each.reduce((total, { seconds }) => total + seconds, 0);
  const ratio = (to: number) => (all / to).toFixed(2);
  print(
    `From the first to the last: ${all.toFixed(0)} s, ${ratio(slowest)} times the slowest, ${ratio(sum)} times the sum.`,
  );
}

const poolSeconds = (pool: string, writes: readonly Duration[]): number =>
  writes
    .filter(({ resourceId }) => resourceId.toLowerCase().endsWith(`/agentpools/${pool}`))
    .reduce((sum, { requestSeconds, operationSeconds }) => sum + requestSeconds + operationSeconds, 0);
