import { writeFileSync } from 'node:fs';
import { type Problem, problemsText } from '../../contract/problem.ts';
import { checkNames, withNeeded } from './checks.ts';
import { groupName } from './live.ts';
import { type Options, readOptions } from './options.ts';
import { problemsOf } from './preflight.ts';
import { costOf, costText, verdictsOf, verdictText } from './report.ts';
import { runChecks } from './run.ts';
import { openSession, remove, type Session } from './session.ts';

/** `done`: every check was made. `stopped`: one could not be made, or the run was interrupted. */
const exitCodes = { done: 0, notBegun: 1, stopped: 2, somethingLeft: 3 } as const;
type Ending = keyof typeof exitCodes;

async function live(session: Session, { vmSize, yes = false, checks = [...checkNames] }: Options): Promise<Ending> {
  const { azure, clientsOf, file, goesOn, groups, terminal } = session;
  const { state } = file;
  const { runId, subscriptionId, location } = state;
  const chosen = withNeeded(checks);
  const isNew = state.removed;
  const problems = await problemsOf(clientsOf, { subscriptionId, location, vmSize, runId, chosen, isNew }, groups);
  if (problems.length > 0) return refuse(problems);
  terminal.say(`Run ${runId}${goesOn ? ' goes on' : ''}, in ${location}, in the resource group ${groupName(runId)}:\n`);
  terminal.say(costText(chosen));
  if (!yes && !(await mayCost(session, costOf(chosen)))) return 'notBegun';
  const why = await runChecks({ azure, file, chosen, vmSize, say: (line) => terminal.say(line) }).then(
    () => undefined,
    textOf,
  );
  if (why !== undefined) terminal.note(`\n${why}`);
  state.finished = chosen.every((name) => state.checks[name]?.findings !== undefined);
  const left = await remove(session, [runId]);
  state.removed = left.length === 0;
  file.save();
  report(session);
  if (left.length > 0) return 'somethingLeft';
  return state.finished ? 'done' : 'stopped';
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
  const verdicts = verdictsOf(file.state);
  const written = file.path('verdicts.json');
  writeFileSync(written, `${JSON.stringify(verdicts, null, 2)}\n`);
  terminal.say(`\n${verdictText(verdicts)}\n\nVerdicts: ${written}\nExchanges: ${file.path('exchanges.jsonl')}`);
}

async function cleanUp(session: Session): Promise<Ending> {
  const { file, goesOn, groups, terminal } = session;
  const runIds = new Set([...groups.map(({ runId }) => runId), ...(goesOn ? [file.state.runId] : [])]);
  if (runIds.size === 0) terminal.say('No live run has left anything.');
  const left = await remove(session, runIds);
  file.state.removed = left.length === 0;
  if (goesOn) file.save();
  return left.length === 0 ? 'done' : 'somethingLeft';
}

function refuse(problems: readonly Problem[]): Ending {
  process.stderr.write(`The live run cannot start, and has made nothing:\n${problemsText(problems)}\n`);
  return 'notBegun';
}

const options = readOptions();
const session = await openSession(options);
const ending = Array.isArray(session)
  ? refuse(session)
  : options.cleanUp
    ? await cleanUp(session)
    : await live(session, options);
process.exitCode = exitCodes[ending];
