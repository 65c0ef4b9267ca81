import { writeFileSync } from 'node:fs';
import { reasonsOf } from '../../codec/reasons.ts';
import { type Problem, problemsText } from '../../contract/problem.ts';
import { isAzures } from '../../resources/clouds.ts';
import { startSimulator } from '../../simulator/index.ts';
import { interruption, untilInterrupted } from '../local/interruption.ts';
import { checkNames, withNeeded } from './checks.ts';
import { durationsIn } from './durations.ts';
import { readExchanges } from './exchanges.ts';
import { leaveFolder } from './folder.ts';
import { groupName } from './live.ts';
import type { Options, ReplayOptions } from './options.ts';
import { problemsOf } from './preflight.ts';
import { hourlyPrice } from './prices.ts';
import { replay } from './replay.ts';
import {
  costOf,
  costText,
  deviationText,
  durationText,
  priceText,
  rowText,
  verdictsOf,
  verdictText,
} from './report.ts';
import { judgeRows } from './rows.ts';
import { checksLeft, runChecks } from './run.ts';
import { removal, remove, type Session } from './session.ts';
import { hasEnded } from './state.ts';

/** `done`: every check was made. `stopped`: one could not be made, the run was interrupted, or a simulator deviates. */
export const exitCodes = { done: 0, notBegun: 1, stopped: 2, somethingLeft: 3 } as const;
export type Ending = keyof typeof exitCodes;

/** The outcome of a start. @param note Gets what keeps it from opening a session. */
export async function endingOf(
  opening: Promise<Session | Problem[]>,
  options: Options,
  note = onStderr,
): Promise<Ending> {
  try {
    const session = await untilInterrupted(opening).catch(unforeseen);
    if (Array.isArray(session)) return refuse(session, note);
    return await (options.cleanUp === undefined ? live(session, options) : cleanUp(session, options.cleanUp));
  } finally {
    leaveFolder(options.folder);
  }
}

async function live(session: Session, { vmSize, yes = false, checks = [...checkNames] }: Options): Promise<Ending> {
  const { azure, clientsOf, file, goesOn, groups, terminal } = session;
  const { state } = file;
  const { runId, subscriptionId, location } = state;
  const chosen = withNeeded(checks);
  const isNew = state.removed;
  const { problems, unchecked } = await untilInterrupted(
    problemsOf(clientsOf, { subscriptionId, location, vmSize, runId, chosen, isNew }, groups),
  ).catch((error: unknown) => ({ problems: unforeseen(error), unchecked: [] }));
  if (problems.length > 0) {
    refuse(problems, (line) => terminal.note(line));
    return notGoneOn(session);
  }
  for (const line of unchecked) terminal.say(line);
  terminal.say(`Run ${runId}${goesOn ? ' goes on' : ''}, in ${location}, in the resource group ${groupName(runId)}:\n`);
  const toMake = checksLeft(state, chosen);
  terminal.say(costText(toMake));
  // A simulated Azure costs nothing, wherever it is said to be.
  const hourly = isAzures(azure.endpoint) ? await hourlyPrice(location, vmSize) : undefined;
  terminal.say(priceText(vmSize, location, hourly));
  if (!yes && !(await mayCost(session, costOf(toMake)))) return notGoneOn(session);
  const why = await runChecks({ azure, file, chosen, vmSize, say: (line) => terminal.say(line) }).then(
    () => undefined,
    textOf,
  );
  if (why !== undefined) terminal.note(`\n${why}`);
  state.finished = chosen.every((name) => hasEnded(state, name));
  const left = await remove(session, [runId]);
  state.removed = left.length === 0;
  const isKept = kept(session, () => {
    file.save();
    report(session);
  });
  if (left.length > 0) return 'somethingLeft';
  return state.finished && isKept ? 'done' : 'stopped';
}

/** This start has made nothing. An earlier one that was killed may have. */
function notGoneOn({ file, groups, terminal }: Session): Ending {
  const left = groups.filter(({ runId }) => runId === file.state.runId);
  if (left.length === 0) return 'notBegun';
  const ids = left.map(({ id }) => `  ${id}`).join('\n');
  terminal.note(
    `An earlier start of this run has left in Azure, where it costs money:\n${ids}\n${removal(file.state)}`,
  );
  return 'somethingLeft';
}

/** What cannot be written is no reason to be silent about what is left. */
function kept({ terminal }: Session, write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    terminal.note(`The results could not be written: ${textOf(error)}`);
    return false;
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function mayCost({ terminal }: Session, { minutes, usd }: ReturnType<typeof costOf>): Promise<boolean> {
  const cost = `takes about ${(minutes / 60).toFixed(1)} hours and may cost ${usd.toFixed(2)} USD`;
  const isYes = terminal.canAsk && (await terminal.confirm(`\nThis ${cost}. Go on? Only "yes" is a yes: `));
  if (isYes) return true;
  const why = terminal.canAsk
    ? ''
    : `This ${cost}, and there is no terminal to ask whether it may: say so with --yes. `;
  terminal.note(`${why}Nothing was made.`);
  return false;
}

function report({ file, terminal }: Session): void {
  const recording = file.path('exchanges.jsonl');
  const verdicts = verdictsOf(file.state);
  const exchanges = readExchanges(recording);
  const rows = judgeRows(exchanges, verdicts);
  const files = [
    ['verdicts.json', verdicts],
    ['behaviours.json', rows],
  ] as const;
  for (const [name, content] of files) writeFileSync(file.path(name), `${JSON.stringify(content, null, 2)}\n`);
  terminal.say(`\n${verdictText(verdicts)}\n\n${rowText(rows)}\n\n${durationText(durationsIn(exchanges))}\n`);
  for (const [name] of files) terminal.say(`Written: ${file.path(name)}`);
  terminal.say(`Written: ${recording}, for npm run live -- replay`);
}

/** Holds a simulator against a recording. */
export async function hold(recording: string, { azure, edition }: ReplayOptions, say = onStdout): Promise<Ending> {
  const exchanges = readExchanges(recording);
  if (exchanges.length === 0) {
    const whatToDo = 'Give the file of exchanges that a run has written.';
    return refuse([{ where: recording, problem: 'no exchange is in it', whatToDo }]);
  }
  const simulator = await startSimulator({ speed: 'demand', edition, azure });
  try {
    const deviations = await replay(exchanges, simulator);
    say(deviationText(deviations, exchanges.length));
    return deviations.length === 0 ? 'done' : 'stopped';
  } finally {
    await simulator.close();
  }
}

/** @param which The ID of a run; `true`: the last one of this folder, and what has expired. */
async function cleanUp(session: Session, which: string | true): Promise<Ending> {
  const { file, goesOn, groups, terminal } = session;
  const expired = groups.filter(({ expiresOn }) => Date.parse(expiresOn) < Date.now()).map(({ runId }) => runId);
  const own = goesOn ? [file.state.runId] : [];
  const runIds = which === true ? new Set([...own, ...expired]) : [which];
  const left = await remove(session, runIds);
  if (goesOn && [...runIds].includes(file.state.runId)) {
    file.state.removed = left.length === 0;
    kept(session, () => file.save());
  }
  const others = groups.filter(({ runId }) => ![...runIds].includes(runId));
  for (const { id, runId, expiresOn } of others)
    terminal.say(`Another run has ${id}, until ${expiresOn}. If it does not work any more: --clean-up ${runId}`);
  if (left.length === 0) terminal.say('Nothing else is left.');
  return left.length === 0 ? 'done' : 'somethingLeft';
}

/** Azure has answered what nobody has thought of, or nothing; or somebody did not want to wait for it. */
const unforeseen = (error: unknown): Problem[] =>
  interruption.aborted
    ? [{ where: 'this process', problem: reasonsOf(error), whatToDo: 'Start again.' }]
    : [
        {
          where: 'Azure',
          problem: `did not answer as it should (${reasonsOf(error)})`,
          whatToDo: 'Do what it says; else start again later.',
        },
      ];

const onStdout = (text: string): void => void process.stdout.write(`${text}\n`);
const onStderr = (text: string): void => void process.stderr.write(`${text}\n`);

function refuse(problems: readonly Problem[], note = onStderr): Ending {
  note(`The live run cannot start, and has made nothing:\n${problemsText(problems)}`);
  return 'notBegun';
}
