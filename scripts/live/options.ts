import { Command, InvalidArgumentError, Option } from 'commander';
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
  readonly cleanUp?: true;
}

/** Reads the command line. Ends the process where it is wrong. */
export const readOptions = (): Options =>
  new Command('npm run live --')
    .description(
      'Finds out how the real Azure behaves where sources contradict each other or are silent. It costs money, and asks first.',
    )
    .requiredOption('--subscription <id>', 'where it makes, and removes, a resource group of its own')
    .requiredOption('--location <region>', 'such as westeurope')
    .option('--checks <names>', `with commas between them; default all: ${checkNames.join(', ')}`, namesOf)
    .option('--vm-size <size>', 'of the nodes, of which two are there at most', 'Standard_D2ds_v5')
    .option('--folder <folder>', 'where state and recordings are kept', '.tmp/live')
    .option('--yes', 'does not ask about the costs')
    .option('--clean-up', 'removes what live runs have left, and ends')
    .addOption(
      new Option('--speed <factor>', 'of a simulated Azure: as it was started with').argParser(pace).default(1),
    )
    .parse()
    .opts<Options>();

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
