import { azureSwitches } from '../../../simulator/index.ts';
import { type Command, command, commandsTogether, lookInside, machines, startedLate } from '../clusters.ts';
import { type Exchange, errorCode, exchangeText, inAnswer } from '../exchanges.ts';
import type { Finding } from '../findings.ts';
import type { Live } from '../live.ts';

/** Runs commands in a cluster that has never run one: a first, some tools, and two at once. */
export async function checkCommands(live: Live): Promise<Finding[]> {
  const first = await command(live, 'open', 'true');
  const tools = await toolsOf(live);
  // Only one right after the other is sure to be beside it.
  const both = await commandsTogether(live, 'open', 'true');
  return [start(live, first), ...failures([first, ...both]), tools, atOnce(both)];
}

function start({ isRepeated }: Live, first: Command): Finding {
  const shownBy = [first.first];
  if (isRepeated)
    return { switch: 'commandStart', unknown: 'an earlier start of the run may have run the first command', shownBy };
  if (first.ran) return { switch: 'commandStart', position: 'warm', shownBy };
  if (startedLate(first)) return { switch: 'commandStart', position: 'cold', shownBy };
  if (first.first.status < 300)
    return {
      switch: 'commandStart',
      unknown: `the first command was taken, and ended as ${exchangeText(first.last)}`,
      shownBy,
    };
  // Such as a throttled one, and one that may not be run: they say nothing about its pod.
  return { switch: 'commandStart', unknown: `the first command was answered ${exchangeText(first.last)}`, shownBy };
}

/** The code with which a command is refused whose pod does not start in time, if one was. */
function failures(commands: readonly Command[]): Finding[] {
  const late = commands.find(startedLate);
  if (!late) return [];
  const code = errorCode(late.first) ?? 'no code';
  const position = azureSwitches.commandFailure.values.find((value) => value === code);
  return position
    ? [{ switch: 'commandFailure', position, shownBy: [late.first] }]
    : [
        {
          switch: 'commandFailure',
          otherwise: `the code is ${code}, with ${late.first.status}`,
          shownBy: [late.first],
        },
      ];
}

async function toolsOf(live: Live): Promise<Finding> {
  const { ran, last } = await lookInside(live, 'open', 'curl --version');
  // The shell's own code for a program that it does not find.
  return { switch: 'commandTools', position: ran.exitCode === 127 ? 'withoutCurl' : 'withCurl', shownBy: [last] };
}

function atOnce(both: readonly Command[]): Finding {
  const shownBy = both.map(({ first }) => first);
  if (both.some(startedLate)) return { switch: 'commandsAtOnce', position: 'one', shownBy };
  // AKS takes a command once its pod has started.
  if (shownBy.every(({ status }) => status < 300)) return { switch: 'commandsAtOnce', position: 'many', shownBy };
  return { switch: 'commandsAtOnce', unknown: 'a command failed for another reason', shownBy };
}

/** Longer than az waits. */
const longCommand = 'sleep 360';

/** Runs a command for longer than five minutes, once. */
export async function checkLongCommand(live: Live): Promise<Finding[]> {
  // Its pod starts in time where another one has just run.
  await lookInside(live, 'open', 'true');
  const { first, ran, last } = await command(live, 'open', longCommand);
  const finding = { switch: 'longCommands', shownBy: first === last ? [first] : [first, last] } as const;
  if (ran?.exitCode === 0) return [{ ...finding, position: 'run' }];
  if (/^failed$/i.test(String(inAnswer(last, 'properties.provisioningState'))))
    return [{ ...finding, position: 'fail' }];
  return [{ ...finding, unknown: `it ended as ${exchangeText(last)}` }];
}

const pods = { batches: 4, ofEach: 5 };
const image = 'mcr.microsoft.com/azurelinux/busybox:1.36';

/** Runs short pods and attaches to them: whether their output comes, beside what their logs hold. */
export async function checkProbes(live: Live): Promise<Finding[]> {
  const shownBy: Exchange[] = [];
  // A start that has died may have left pods of other names.
  const start = Date.now().toString(36);
  let attached = 0;
  let logged = 0;
  for (let batch = 0; batch < pods.batches; batch += 1) {
    const names = Array.from({ length: pods.ofEach }, (_, index) => `live-${start}-${batch}-${index}`);
    const { ran, last } = await lookInside(live, 'open', names.map(attachText).join('; '));
    const parts = ran.logs.split(/^in-its-logs$/m);
    // Each pod says its words in the part before the mark, where it was attached to, and in the part after it.
    parts.forEach((part, index) => {
      const words = part.split('\n');
      if (index < names.length && words.includes(`said-by-${names[index]}`)) attached += 1;
      if (index > 0 && words.includes(`said-by-${names[index - 1]}`)) logged += 1;
    });
    shownBy.push(last);
  }
  live.say(`  of ${logged} pods that said something, ${attached} were heard`);
  if (logged === 0) return [{ switch: 'attachedOutput', unknown: 'no pod said anything', shownBy }];
  return [{ switch: 'attachedOutput', position: attached < logged ? 'lost' : 'whole', shownBy: shownBy.slice(0, 1) }];
}

const attachText = (name: string): string =>
  [
    `kubectl run ${name} --image ${image} --restart Never --attach --quiet -- echo said-by-${name}`,
    'echo in-its-logs',
    `kubectl logs ${name}`,
    `kubectl delete pod ${name} --ignore-not-found`,
  ].join('; ');

/** The last look at a cluster: no node takes pods any more, so that the pod of the next command cannot start. */
export async function checkRefusal(live: Live): Promise<Finding[]> {
  const { names } = await machines(live, 'open');
  const { last } = await lookInside(live, 'open', names.map((name) => `kubectl cordon ${name}`).join('; '));
  const refused = await command(live, 'open', 'true');
  const found = failures([refused]);
  if (found.length > 0) return found;
  const unknown = refused.ran
    ? 'a command ran although no node took pods'
    : `it ended as ${exchangeText(refused.last)}`;
  return [{ switch: 'commandFailure', unknown, shownBy: [last, refused.first] }];
}
