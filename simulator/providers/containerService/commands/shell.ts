import { resolve } from '../../network/nameResolution.ts';
import { hostUnreached } from '../../network/reach.ts';
import { placeOfPods } from '../egress.ts';
import { type CommandContext, type Output, printed } from './command.ts';
import { runKubectl } from './kubectl.ts';
import { runScript } from './script.ts';

/** Runs a script in the pod of a command: kubectl, curl, echo, sleep, true and false. */
export const runShell = (context: CommandContext, script: string): Output =>
  runScript(script, (words) => runOne(context, words));

function runOne(context: CommandContext, [name = '', ...args]: string[]): Output {
  switch (name) {
    case 'kubectl':
      return runKubectl(context, args);
    case 'curl':
      if (context.world.settings.azure.commandTools === 'withoutCurl') return notFound(name);
      return curl(context, args);
    case 'echo':
      return printed(`${args.join(' ')}\n`);
    case 'sleep':
      return sleep(args);
    case 'true':
      return printed('');
    case 'false':
      return printed('', 1);
    default:
      return notFound(name);
  }
}

const notFound = (name: string): Output => printed(`sh: 1: ${name}: not found\n`, 127);

function sleep([duration = '']: readonly string[]): Output {
  const seconds = Number(duration);
  return seconds >= 0 ? printed('', 0, seconds) : printed(`sleep: invalid time interval '${duration}'\n`, 1);
}

/** Runs in a pod: it asks the DNS servers that its node asks, and goes out as pods do. */
function curl({ world, cluster, host }: CommandContext, args: readonly string[]): Output {
  const url = args.find((argument) => /^https?:\/\//.test(argument));
  if (url === undefined) return printed("curl: try 'curl --help' for more information\n", 2);
  const { hostname } = new URL(url);
  const place = placeOfPods(world, cluster, host);
  if (place && hostUnreached(world, place, hostname) === undefined) return printed('');
  const timeout = Number(args[args.findIndex((argument) => argument === '--max-time' || argument === '-m') + 1] ?? 120);
  const seconds = Number.isFinite(timeout) ? timeout : 120;
  const answer = place && resolve(world, place, hostname);
  if (answer?.why !== undefined) return printed(`curl: (6) Could not resolve host: ${hostname}\n`, 6);
  return printed(`curl: (28) Connection timed out after ${seconds * 1000} milliseconds\n`, 28, seconds);
}
