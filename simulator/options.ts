import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type AzureSwitchMoves, azureSwitchesIn, type FaultRule, faultProblems, type Speed } from './index.ts';

export interface SimulatorCommand {
  readonly port: number;
  readonly speed: Speed;
  readonly edition: 'current' | '2024-preview';
  readonly record?: string;
  readonly caFile?: string;
  readonly faults?: FaultRule[];
  readonly azure?: AzureSwitchMoves;
}

/** The command line. */
export const simulatorCommand = () =>
  new Command('simulator')
    .description('A local Azure Resource Manager for AKS network isolation')
    .requiredOption('--port <port>', 'port on 127.0.0.1; 0 takes a free one', port)
    .option(
      '--speed <factor>',
      'simulated seconds per real second; at 0 time is advanced by hand; "demand": it passes when clients wait',
      speed,
      1,
    )
    .addOption(new Option('--edition <edition>', 'which Azure').choices(['current', '2024-preview']).default('current'))
    .option('--record <file>', 'write every ARM request as a JSON line')
    .option('--azure <switches>', 'what is not settled about Azure: reimageOnNewestImage=304,retryAfter=none', azure)
    .option('--faults <file>', 'JSON array of fault rules, in force from the start', faults)
    .option('--ca-file <file>', 'where to write the CA certificate (default: a temporary file)');

function port(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < 0 || value > 65535) {
    throw new InvalidArgumentError('must be a whole number from 0 to 65535.');
  }
  return value;
}

function faults(file: string): FaultRule[] {
  let rules: unknown;
  try {
    rules = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  const problems = faultProblems(rules);
  if (problems.length > 0) throw new InvalidArgumentError(`\n${problems.join('\n')}`);
  return rules as FaultRule[];
}

function azure(text: string): AzureSwitchMoves {
  const { moves, problems } = azureSwitchesIn(text);
  if (problems.length > 0) throw new InvalidArgumentError(`\n${problems.join('\n')}`);
  return moves;
}

function speed(text: string): Speed {
  if (text === 'demand') return text;
  const value = Number(text);
  if (text === '' || !(value >= 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('must be a number, not negative, or "demand".');
  return value;
}
