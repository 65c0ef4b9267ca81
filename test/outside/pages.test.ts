import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import getPort from 'get-port';
import which from 'which';
import { installAzureCli } from '../../scripts/conformance/azureCli.ts';
import { findTemporalCli } from '../../scripts/local/temporal/cli.ts';
import { commandLines, pages, type ShellBlock, shellBlocks } from '../docs/shellBlocks.ts';
import { program, scratchFolder } from '../scripts/support.ts';

// Every command of every page, in its order, as a reader would type it. Readers have `npm run dev` running where a page does not say
// what to start.
const root = join(import.meta.dirname, '../..');

/** Programs that stay up, and what they print once they are. */
const stayUp: readonly [RegExp, string][] = [
  [/npm run dev\b/, 'Every example'],
  [/npm run simulator\b/, 'CA file'],
  [/npm run temporal -- server start-dev/, 'Temporal Metrics'],
  [/npm run codec-server\b/, 'Codec server'],
  [/npm run worker\b|node (--\S+ )*worker\/main\.ts/, 'Worker is ready'],
];
const startsServer = (blocks: readonly ShellBlock[]): boolean =>
  blocks.some(({ code, notRun }) => notRun === undefined && /npm run (dev|temporal -- server)\b/.test(code));

let folder: string;
let env: Record<string, string>;
let stopDev: () => Promise<unknown>;
/** As `npm run dev` prints them. */
let temporalAddress = '';
let azure: Record<string, string> = {};
beforeAll(async () => {
  folder = await scratchFolder();
  const cli = await findTemporalCli({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  const bin = join(folder, 'bin');
  await program(join(bin, 'temporal'), `exec node ${join(root, 'scripts/temporal.ts')} "$@"`);
  // They come first in CI anyway.
  await program(join(bin, 'npm'), `case "$1" in ci|test) ;; *) exec ${await which('npm')} "$@" ;; esac`);
  env = {
    PATH: [bin, dirname(process.execPath), process.env.PATH].join(':'),
    HOME: process.env.HOME ?? folder,
    TEMPORAL_CLI_PATH: cli.path,
    AZURE_CONFIG_DIR: join(folder, 'azure'),
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
  };
  const dev = execa(process.execPath, ['scripts/local/dev.ts', '--speed', '1200'], {
    cwd: root,
    env: { ...env, XDG_CACHE_HOME: join(folder, 'cache') },
    extendEnv: false,
    reject: false,
    buffer: false,
    stdin: 'ignore',
  });
  stopDev = () => {
    dev.kill('SIGINT');
    return dev;
  };
  for await (const line of createInterface(dev.stdout)) {
    temporalAddress ||= /^Temporal +(\S+)$/.exec(line)?.[1] ?? '';
    const [, endpoint, ca, tokens] = /endpoint (\S+), CA (\S+), tokens (\S+)/.exec(line) ?? [];
    if (endpoint && ca && tokens) azure = armEnvironment(endpoint, ca, tokens);
    if (line.startsWith('Every example')) break;
  }
  // Nobody reads on, and a full pipe would stop it.
  dev.stdout.resume();
});
afterAll(() => stopDev());

/** With which a worker finds the simulated Azure. */
const armEnvironment = (endpoint: string, ca: string, tokens: string) => ({
  AZURE_RESOURCE_MANAGER_ENDPOINT: endpoint,
  AZURE_RESOURCE_MANAGER_CA_FILE: ca,
  IDENTITY_ENDPOINT: tokens,
  IDENTITY_HEADER: 'any',
});

/** A checkout in which files can be written. */
async function checkout(): Promise<string> {
  const path = await scratchFolder();
  for (const entry of await readdir(root)) {
    if (entry !== '.git') await symlink(join(root, entry), join(path, entry));
  }
  return path;
}

/** The Azure CLI is there only for pages that use it: it takes minutes to install. */
async function pathFor(blocks: readonly ShellBlock[]): Promise<string> {
  if (!blocks.some(({ code }) => /^az /m.test(code))) return env.PATH ?? '';
  return `${await installAzureCli((line) => process.stderr.write(`${line}\n`))}:${env.PATH}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function scriptOf(blocks: readonly ShellBlock[]): string {
  const run = (code: string): string[] => {
    const background = commandLines(code).flatMap((line) => {
      const text = stayUp.find(([pattern]) => pattern.test(line))?.[1];
      return text === undefined ? [] : [[line, `up ${quoted(text)} ${quoted(line)}`] as const];
    });
    // Where nothing stays up, lines stay as they are: quotes may reach over several.
    if (background.length === 0) return [code];
    const started = new Map(background);
    return commandLines(code).map((line) => started.get(line) ?? line);
  };
  return [
    prelude,
    ...blocks.flatMap(({ page, line, code, first }) => [`here=${quoted(`${page}:${line}`)}`, first, ...run(code)]),
    'here=',
  ].join('\n');
}

const prelude = `
set -Eeo pipefail
set -m
pids=()
here=
finish() {
  code=$?
  [ -z "$here" ] || echo "FAILED in $here: exit code $code"
  for pid in "\${pids[@]}"; do kill -INT -- "-$pid" 2>/dev/null || true; done
  for pid in "\${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  exit $code
}
trap finish EXIT
# up TEXT COMMAND: leaves the command running, once it has printed the text.
up() {
  log=$(mktemp -p "$XDG_CACHE_HOME")
  bash -c "$2" >"$log" 2>&1 </dev/null &
  pids+=("$!")
  for _ in $(seq 1200); do
    if grep -qF -- "$1" "$log"; then return; fi
    if ! kill -0 "\${pids[-1]}" 2>/dev/null; then break; fi
    sleep 0.1
  done
  cat "$log"
  return 1
}
# until_it_waits ID: until a run waits for somebody.
until_it_waits() {
  for _ in $(seq 600); do
    if temporal workflow query --type progress --workflow-id "$1" | grep -qE 'awaitingApproval|waitingForOperator'; then return; fi
    sleep 0.2
  done
  return 1
}
# printed NAME: what the last program that was started has printed beside a name.
printed() { awk -F '  +' -v name="$1" '$1 == name { split($2, words, " "); print words[1]; exit }' "$log"; }
`;

describe.each(pages.filter((page) => shellBlocks(page).some(({ notRun }) => notRun === undefined)))('%s', (page) => {
  it('has commands that work', async () => {
    const blocks = shellBlocks(page).filter(({ notRun }) => notRun === undefined);
    const cwd = await checkout();
    const cache = join(cwd, 'cache');
    await mkdir(cache);
    const own = startsServer(blocks);
    const ports = new Map<string, string>();
    for (const port of ['7233', '8443', '9464', '8081', '8233']) ports.set(port, String(await getPort()));
    const script = [...ports].reduce(
      (text, [port, free]) => text.replaceAll(new RegExp(`(:|-port )${port}\\b`, 'g'), `$1${free}`),
      own ? scriptOf(blocks) : scriptOf(blocks).replaceAll('127.0.0.1:7233', temporalAddress),
    );
    await writeFile(join(cwd, 'page.sh'), script.replaceAll('/tmp/', `${cache}/`));
    const { all, exitCode } = await execa('bash', ['page.sh'], {
      cwd,
      env: {
        ...env,
        PATH: await pathFor(blocks),
        ...azure,
        DEV_TEMPORAL_ADDRESS: temporalAddress,
        PAGE: join(root, page),
        XDG_CACHE_HOME: own ? cache : join(folder, 'cache'),
        ...(!own && { TEMPORAL_ADDRESS: temporalAddress }),
      },
      extendEnv: false,
      reject: false,
      all: true,
      stdin: 'ignore',
    });
    if (exitCode !== 0) throw new Error(`${all.split('\n').slice(-60).join('\n')}`);
    expect(exitCode).toBe(0);
  });
});
