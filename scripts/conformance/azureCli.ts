import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Simulator } from '../../simulator/index.ts';
import { userCacheFolder } from '../local/cacheFolder.ts';

/** The release that the scripts were tried with; newer ones may send other API versions. */
const azureCliVersion = '2.91.0';
/** sdk.py needs these beside the packages that the CLI brings along. */
const sdkPackages = ['azure-identity==1.27.0', 'azure-mgmt-network==33.1.0'];

/** A command of a script that was run. */
export interface RanCommand {
  readonly command: string;
  readonly exitCode: number;
  readonly seconds: number;
}

export interface AzureCli {
  /** Runs scripts of `guide/` one after the other in one shell, with these variables; stops at the first command that fails. */
  run(scripts: readonly string[], variables: Readonly<Record<string, string>>): Promise<RanCommand[]>;
  /** Runs a file with the CLI's own Python and packages, in the same environment. */
  python(file: string): Promise<{ exitCode: number; output: string }>;
}

/** Installs the Azure CLI, once, into this product's cache folder; returns its folder of programs. @throws without Python 3 or PyPI */
export async function installAzureCli(onProgress: (line: string) => void): Promise<string> {
  const folder = join(userCacheFolder(), `azure-cli-${azureCliVersion}`);
  const bin = join(folder, 'bin');
  const installed = await execa(join(bin, 'az'), ['version'], { reject: false });
  if (!installed.failed) return bin;
  onProgress(`Installs azure-cli ${azureCliVersion} from PyPI, which takes a minute or two.`);
  await execa('python3', ['-m', 'venv', folder]);
  await execa(join(bin, 'pip'), ['install', '--quiet', `azure-cli==${azureCliVersion}`, ...sdkPackages]);
  return bin;
}

/** Points an installed Azure CLI at a simulator, in a configuration folder of its own, and signs in. */
export async function azureCliAt(bin: string, simulator: Simulator): Promise<AzureCli> {
  const folder = await mkdtemp(join(tmpdir(), 'azure-cli-'));
  const log = join(folder, 'commands.tsv');
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    HOME: folder,
    GUIDE: join(import.meta.dirname, 'guide'),
    AZURE_CONFIG_DIR: join(folder, 'config'),
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
    AZURE_CORE_NO_COLOR: 'true',
    AZURE_CORE_ONLY_SHOW_ERRORS: 'true',
    AZURE_CORE_DISABLE_PROGRESS_BAR: 'true',
    REQUESTS_CA_BUNDLE: simulator.caFile,
    IDENTITY_ENDPOINT: simulator.tokenEndpoint,
    IDENTITY_HEADER: 'simulator',
    ARM_ENDPOINT: simulator.endpoint,
  };
  await mkdir(join(folder, 'bin'));
  // The scripts' `az` is the real one, with its time and exit code logged.
  await writeFile(
    join(folder, 'bin', 'az'),
    `#!/usr/bin/env bash
started=$EPOCHREALTIME
'${join(bin, 'az')}' "$@"
code=$?
printf '%s\\t%s\\t%s\\t%s\\n' "$code" "$started" "$EPOCHREALTIME" "az $*" >> '${log}'
exit $code
`,
  );
  await chmod(join(folder, 'bin', 'az'), 0o755);

  const run: AzureCli['run'] = async (scripts, variables) => {
    await writeFile(log, '');
    const { failed, stderr } = await execa(
      'bash',
      ['-c', ['set -euo pipefail', ...scripts.map((script) => `source "$GUIDE/${script}"`)].join('\n')],
      { env: { ...env, ...variables }, extendEnv: false, reject: false },
    );
    const commands = (await readFile(log, 'utf8')).split('\n').filter(Boolean).map(ranCommand);
    if (!failed || commands.some(({ exitCode }) => exitCode !== 0)) return withReason(commands, stderr);
    throw new Error(`${scripts.join(', ')}: ${stderr}`);
  };
  await run(['sign-in.sh'], {});
  return {
    run,
    async python(file) {
      const { exitCode = 1, all } = await execa(join(bin, 'python'), [file], {
        env,
        extendEnv: false,
        reject: false,
        all: true,
      });
      return { exitCode, output: all };
    },
  };
}

function ranCommand(line: string): RanCommand {
  const [code = '', started = '', ended = '', command = ''] = line.split('\t');
  return { command, exitCode: Number(code), seconds: Number(ended) - Number(started) };
}

/** Adds what az printed to the command that failed, which is the last one. */
function withReason(commands: readonly RanCommand[], stderr: string): RanCommand[] {
  return commands.map((ran) => (ran.exitCode === 0 ? ran : { ...ran, command: `${ran.command}\n${stderr}` }));
}
