import { InvalidArgumentError, Option } from 'commander';
import { type AzureSwitchMoves, azureSwitchesIn, type Edition } from '../../simulator/index.ts';

/** Options that the demo and the development session share. */
export interface DevelopmentOptions {
  speed: number;
  edition: Edition;
  record?: string;
}

/** At speed 60 a simulated minute is a second: a cluster is made in ten seconds, and its steps can still be watched. */
export const speedOption = (): Option =>
  new Option('--speed <factor>', 'simulated seconds per real second').argParser(positive).default(60);

export const editionOption = (): Option =>
  new Option('--edition <edition>', 'which Azure is simulated').choices(['current', '2024-preview']).default('current');

export const recordOption = (): Option => new Option('--record <file>', 'write every request to Azure as a JSON line');

export const portOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(port);

/** Reads the value of `--azure`. */
export function switchesOf(text: string): AzureSwitchMoves {
  const { moves, problems } = azureSwitchesIn(text);
  if (problems.length > 0) throw new InvalidArgumentError(`\n${problems.join('\n')}`);
  return moves;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('Give a number greater than 0.');
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0 && value < 65_536))
    throw new InvalidArgumentError('Give a port from 1 to 65535.');
  return value;
}
