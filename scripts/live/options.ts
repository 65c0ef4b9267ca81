import { Command, InvalidArgumentError, Option } from 'commander';
import type { AzureSwitchMoves, Edition } from '../../simulator/index.ts';
import { editionOption, switchesOf } from '../local/options.ts';
import type { Pace } from './azure.ts';
import { type CheckName, checkNames } from './checks.ts';

export interface Options {
  readonly subscription: string;
  readonly location: string;
  readonly checks?: CheckName[];
  readonly vmSize: string;
  readonly folder: string;
  readonly speed: Pace;
  readonly yes?: boolean;
  /** The ID of a run, or of none in particular. */
  readonly cleanUp?: string | true;
}

export interface ReplayOptions {
  readonly azure: AzureSwitchMoves;
  readonly edition: Edition;
}

/** The command line. Without the name of a command it begins a run, or goes on with one. */
export function program(
  live: (options: Options) => Promise<void>,
  replay: (recording: string, options: ReplayOptions) => Promise<void>,
): Command {
  const command = new Command('npm run live --').description(
    'Finds out how the real Azure behaves where sources contradict each other or are silent. It costs money, and asks first.',
  );
  command
    .command('run', { isDefault: true })
    .description('makes the checks; the default')
    .requiredOption('--subscription <id>', 'where it makes, and removes, a resource group of its own')
    .requiredOption('--location <region>', 'such as westeurope')
    .option('--checks <names>', `with commas between them; default all: ${checkNames.join(', ')}`, namesOf)
    .option(
      '--vm-size <size>',
      'of the nodes, of which three are there at most; LocalDNS needs 4 vCPUs',
      'Standard_D4ds_v5',
    )
    .option('--folder <folder>', 'where state and recordings are kept', '.tmp/live')
    .option('--yes', 'does not ask about the costs')
    .option('--clean-up [run]', 'removes what the last run has left and what has expired, or that run, and ends')
    .addOption(
      new Option('--speed <factor>', 'of a simulated Azure: as it was started with').argParser(pace).default(1),
    )
    .action(live);
  command
    .command('replay <recording>')
    .description('holds a simulator against the exchanges of a run')
    .addOption(new Option('--azure <switches>', 'as the run has found them').argParser(switchesOf).default({}, 'none'))
    .addOption(editionOption())
    .action(replay);
  return command;
}

function namesOf(text: string): CheckName[] {
  const given = text.split(',');
  const known = checkNames.filter((name) => given.includes(name));
  const unknown = given.filter((name) => !checkNames.some((each) => each === name));
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no check ${unknown.join(', ')}.`);
  return known;
}

function pace(text: string): Pace {
  if (text === 'demand') return text;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('Give a number greater than 0, or demand.');
  return value;
}
