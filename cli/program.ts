import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { decisions, fleetDecisions } from '../contract/index.ts';
import product from '../package.json' with { type: 'json' };
import type { CommandContext, Output } from './commandContext.ts';
import { apply } from './commands/apply.ts';
import { audit } from './commands/audit.ts';
import { list } from './commands/list.ts';
import { plan } from './commands/plan.ts';
import { report } from './commands/report.ts';
import { approve, cancel, decide, pause, resume, retryFailed, skip } from './commands/steer.ts';
import { watch } from './commands/watch.ts';
import type { ExitCode } from './exitCodes.ts';
import { startable } from './input.ts';
import { publicPortal } from './report/portal.ts';
import { program } from './text/commands.ts';

/** Makes what a command does the action of its declaration: commander gives the arguments, then the options. */
type By = <Given extends unknown[]>(
  act: (context: CommandContext, ...given: Given) => Promise<ExitCode>,
) => (...given: Given) => Promise<void>;

/**
 * The commands, with their options.
 *
 * @param ended Called with the exit code of the command that was run.
 */
export function programOf(context: CommandContext, ended: (code: ExitCode) => void): Command {
  const { stdout, stderr } = context;
  const by: By =
    (act) =>
    async (...given) =>
      ended(await act(context, ...given));
  const root = new Command(program)
    .description('Runs network isolated AKS clusters: plans, applies, watches and audits, by way of Temporal.')
    .version(product.version)
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => widthOf(stdout),
      getErrHelpWidth: () => widthOf(stderr),
    })
    .addHelpText('after', help);
  const command = (name: string, description: string): Command =>
    root
      .command(name)
      .description(description)
      .addOption(
        new Option('-o, --output <format>', 'for people, or for programs').choices(['table', 'json']).default('table'),
      )
      .option(
        '--task-queue <name>',
        'task queue of the workers (default: TASK_QUEUE; of plans and audits READ_ONLY_TASK_QUEUE)',
      );
  const withInput = (name: string, description: string): Command =>
    command(name, description)
      .argument('<file>', 'input in YAML or JSON; - reads standard input')
      .addOption(
        new Option('--scenario <name>', 'what the input is for (default: what its $schema names)').choices(startable),
      )
      .option('--by <name>', 'who starts it (default: the name of your account)');
  const withRun = (name: string, description: string): Command =>
    command(name, description)
      .argument('<run>', 'workflow ID, or resource ID of the cluster')
      .option('--run-id <id>', 'one run of the workflow ID (default: the last one)');

  withInput('plan', 'Show what a scenario would do; changes nothing').action(by(plan));
  withInput('apply', 'Show the plan, ask, run it and follow it; a run of the same input is followed')
    .option('-y, --yes', 'do not ask')
    .option('--detach', 'start it and do not follow it')
    .action(by(apply));
  withRun('watch', 'Follow a run to its end; Ctrl-C leaves it running').action(by(watch));
  addList(command('list', 'List runs, the newest first'), by);
  addSteering(withRun, by);
  withRun('report', 'Write the evidence of a run as Markdown, JSON and HTML, from its history')
    .option('--folder <path>', 'where to', '.')
    .option('--portal <url>', "address of Azure's portal", publicPortal)
    .action(by(report));
  command('audit', 'Look whether a cluster is isolated; changes nothing')
    .argument('[file]', 'input in YAML or JSON; - reads standard input')
    .option('--cluster <id>', 'resource ID of the cluster, instead of an input')
    .action(by(audit));
  return root;
}

/** A file or pipe is as wide as commander takes it to be. */
const widthOf = ({ isTTY, columns }: Output): number => (isTTY ? (columns ?? 80) : 80);

function addList(command: Command, by: By): void {
  command
    .addOption(new Option('--scenario <name>', 'only this scenario').choices(startable))
    .option('--cluster <name>', 'only clusters of this name')
    .option('--resource-group <name>', 'only this resource group')
    .option('--fleet <name>', 'only the rollout of this name, and what it has started')
    .option('--phase <phase>', 'only this phase, such as WaitingForOperator')
    .option('--running', 'only runs that have not ended')
    .option('--waiting', 'only runs that wait for somebody')
    .option('--plans', 'dry runs as well')
    .addOption(new Option('--limit <count>', 'as many at most').argParser(count).default(50))
    .action(by(list));
}

function count(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return Number(text);
}

function addSteering(withRun: (name: string, description: string) => Command, by: By): void {
  withRun('approve', 'Let a run pass a gate')
    .argument('<gate>', 'what is approved: a gate, or of a rollout the name of a ring')
    .option('--by <name>', 'who approves (default: the name of your account)')
    .option('--note <text>', 'kept with the approval')
    .option('--wait <id>', 'the wait that is answered, as watch shows it (default: the one that is there now)')
    .action(by(approve));
  withRun('decide', 'Answer a run that waits for a decision')
    .addArgument(new Argument('<decision>', 'what is to happen').choices([...decisions, ...fleetDecisions]))
    .option('--hold <id>', 'the hold that is answered, as watch shows it (default: the one that is there now)')
    .action(by(decide));
  withRun('pause', 'Keep a run from starting another step').action(by(pause));
  withRun('resume', 'Let a paused run go on').action(by(resume));
  withRun('skip', 'Have a rollout leave a cluster out')
    .argument('<cluster>', 'resource ID of the cluster')
    .action(by(skip));
  withRun('retry-failed', 'Have a rollout try again what has failed').action(by(retryFailed));
  withRun('cancel', 'Stop a run and take its changes back; a rollout does as its onCancel says').action(by(cancel));
}

const help = `
Connects as Temporal's environment configuration says: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, profiles.

Exit codes:
  0    done; of plan: nothing would change; of audit: isolated
  1    failed, cancelled or refused; of plan: problems
  2    of plan: something would change
  3    of audit: the cluster has drifted
  4    of audit: no drift, and not everything could be looked at
  130  Ctrl-C; a run goes on
  141  nobody reads the output any more; a run goes on`;
