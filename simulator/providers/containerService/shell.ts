import { parse } from 'shell-quote';
import type { World } from '../../arm/world.ts';
import { addressesInNetwork } from '../network/dnsRecords.ts';
import { runKubectl } from './kubectl.ts';
import { egressIsOpen, type KubernetesNode } from './nodes.ts';
import type { ClusterBody } from './shapes.ts';

/** Where a command runs. */
export interface Inside {
  readonly world: World;
  readonly cluster: ClusterBody;
  /** The node of its pod. */
  readonly host: KubernetesNode;
}

export interface Output {
  readonly exitCode: number;
  readonly output: string;
  /** Simulated seconds that it takes. */
  readonly seconds: number;
}

export const said = (output: string, exitCode = 0, seconds = 0): Output => ({ exitCode, output, seconds });

/** Runs lines of commands joined by `&&` or `;`: kubectl, curl, echo, true and false. */
export function runShell(inside: Inside, script: string): Output {
  let all = said('');
  for (const line of script.split('\n')) {
    let skip = false;
    for (const { words, after } of commandsIn(line)) {
      if (after !== '&&') skip = false;
      if (skip || words.length === 0) continue;
      const { exitCode, output, seconds } = runOne(inside, words);
      all = { exitCode, output: all.output + output, seconds: all.seconds + seconds };
      skip = exitCode !== 0;
    }
  }
  return all;
}

function commandsIn(line: string): { words: string[]; after: string }[] {
  const commands: { words: string[]; after: string }[] = [{ words: [], after: ';' }];
  for (const part of parse(line)) {
    if (typeof part === 'string') commands.at(-1)?.words.push(part);
    else if ('pattern' in part) commands.at(-1)?.words.push(part.pattern);
    else if ('op' in part) commands.push({ words: [], after: part.op });
  }
  return commands;
}

function runOne(inside: Inside, [name = '', ...args]: string[]): Output {
  switch (name) {
    case 'kubectl':
      return runKubectl(inside, args);
    case 'curl':
      return curl(inside, args);
    case 'echo':
      return said(`${args.join(' ')}\n`);
    case 'true':
      return said('');
    case 'false':
      return said('', 1);
    default:
      return said(`sh: 1: ${name}: not found\n`, 127);
  }
}

/** Names resolve in the network of the node; everything else is the internet. */
function curl({ world, cluster, host }: Inside, args: readonly string[]): Output {
  const url = args.find((argument) => /^https?:\/\//.test(argument));
  if (url === undefined) return said("curl: try 'curl --help' for more information\n", 2);
  const { hostname } = new URL(url);
  const network = host.subnetId?.split('/subnets/')[0] ?? '';
  if (hostname.endsWith('.azurecr.io') && addressesInNetwork(world, network, hostname).length > 0) return said('');
  if (egressIsOpen(world, cluster, host)) return said('');
  const timeout = Number(args[args.findIndex((argument) => argument === '--max-time' || argument === '-m') + 1] ?? 120);
  const seconds = Number.isFinite(timeout) ? timeout : 120;
  return said(`curl: (28) Connection timed out after ${seconds * 1000} milliseconds\n`, 28, seconds);
}
