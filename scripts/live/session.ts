import { type AzureConnection, azureClients, type ClientsOf } from '../../activities/arm/connection.ts';
import { whereAllowed } from '../../activities/arm/errors.ts';
import { Terminal } from '../../cli/terminal.ts';
import type { Problem } from '../../contract/problem.ts';
import { azureConnection, checkAzure } from '../../worker/azure.ts';
import { readConfiguration } from '../../worker/configuration.ts';
import { interruption } from '../local/interruption.ts';
import { LiveAzure } from './azure.ts';
import { type RunGroup, removeRun, runGroups } from './cleanup.ts';
import { Recording } from './exchanges.ts';
import { folderProblems } from './folder.ts';
import { Neutral } from './neutral.ts';
import type { Options } from './options.ts';
import { subscriptionProblems } from './preflight.ts';
import { lastState, newState, type State, StateFile } from './state.ts';

/** A start of the program: the Azure that it asks, and the run that it goes on with or begins. */
export interface Session {
  readonly terminal: Pick<Terminal, 'say' | 'note' | 'canAsk' | 'confirm'>;
  readonly clientsOf: ClientsOf;
  readonly azure: LiveAzure;
  readonly file: StateFile;
  /** Whether an earlier start has begun the run. */
  readonly goesOn: boolean;
  /** Groups of all runs that are in the subscription. */
  readonly groups: readonly RunGroup[];
}

/** Connects as a worker does, by the same environment. @returns what is wrong with it, if something is */
export async function openSession(options: Options): Promise<Session | Problem[]> {
  const configuration = readConfiguration(process.env);
  if (Array.isArray(configuration)) return configuration;
  return sessionOn(azureConnection(configuration), options, new Terminal('table', process));
}

/** The same on a connection to Azure. */
export async function sessionOn(
  connection: AzureConnection,
  { subscription, location, folder, speed }: Options,
  terminal: Session['terminal'],
): Promise<Session | Problem[]> {
  const unwritable = folderProblems(folder);
  if (unwritable.length > 0) return unwritable;
  const unusable = await checkAzure(connection);
  if (unusable.length > 0) return unusable;
  const clientsOf = azureClients(connection);
  const noSubscription = await subscriptionProblems(clientsOf, subscription);
  if (noSubscription.length > 0) return noSubscription;
  const last = lastState(folder);
  const elsewhere = last ? elsewhereProblems(last, subscription) : [];
  if (elsewhere.length > 0) return elsewhere;
  const goesOn =
    last !== undefined && isOpen(last) && isSame(last.subscriptionId, subscription) && last.location === location;
  const file = new StateFile(folder, goesOn ? last : newState(subscription, location));
  const { runId, replacements } = file.state;
  const neutral = new Neutral(replacements, subscription, runId, connection.endpoint);
  const recording = new Recording(file.path('exchanges.jsonl'), neutral);
  const azure = new LiveAzure(clientsOf(subscription), subscription, speed, recording);
  const groups = await whereAllowed(() => runGroups(azure));
  if ('forbidden' in groups) {
    const problem = `its resource groups may not be read (${groups.forbidden})`;
    return [{ where: '--subscription', problem, whatToDo: 'Give the identity the role Contributor there.' }];
  }
  return { terminal, clientsOf, azure, file, goesOn, groups: groups.seen };
}

/** A run of another subscription, of which something may be left: this folder alone knows of it. */
function elsewhereProblems({ runId, removed, subscriptionId, location }: State, subscription: string): Problem[] {
  if (removed || isSame(subscriptionId, subscription)) return [];
  const problem = `its last run ${runId} may have left something in the subscription ${subscriptionId}`;
  return [
    { where: '--folder', problem, whatToDo: `${removal({ subscriptionId, location })}. Or give another folder.` },
  ];
}

/** How to remove what runs have left. @param runIds Default: the last run of the folder. */
export function removal(
  { subscriptionId, location }: Pick<State, 'subscriptionId' | 'location'>,
  runIds: readonly string[] = [],
): string {
  const [only, ...others] = runIds;
  const which = only === undefined || others.length > 0 ? '' : ` ${only}`;
  return `Remove it: --subscription ${subscriptionId} --location ${location} --clean-up${which}`;
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const isOpen = ({ finished, removed }: State): boolean => !(finished && removed);

/** npm hands on the Ctrl-C that a terminal has sent to this process already: both are one. */
const onePressMs = 1_000;

/** Removes all that these runs have made, also after an interruption. Another one ends the wait. @returns IDs of what is left */
export async function remove({ azure, file, terminal }: Session, runIds: Iterable<string>): Promise<string[]> {
  const impatience = new AbortController();
  let pressedAt: number | undefined;
  const stop = () => {
    if (pressedAt === undefined) {
      pressedAt = performance.now();
      terminal.say('Removes what was made. Another Ctrl-C ends the wait.');
    } else if (performance.now() - pressedAt > onePressMs) impatience.abort(new Error('Stopped waiting'));
  };
  if (interruption.aborted) stop();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  azure.signal = impatience.signal;
  azure.check = '';
  const left: string[] = [];
  try {
    for (const runId of runIds) left.push(...(await removeRun(azure, runId, (line) => terminal.say(line))));
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  const ids = left.map((id) => `  ${id}`).join('\n');
  if (left.length > 0) terminal.note(`Still in Azure, and costing money:\n${ids}\n${removal(file.state, [...runIds])}`);
  return left;
}
