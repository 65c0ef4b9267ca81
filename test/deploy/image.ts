import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { bundleFile } from '../../worker/bundle.ts';

/** The last stage of a Dockerfile, assembled in a folder without Docker and without its base image. */
export interface AssembledImage {
  /** Stands for the root of the image. */
  root: string;
  workdir: string;
  env: Readonly<Record<string, string>>;
  uid: number;
  gid: number;
  command: readonly string[];
  /** Files that the build takes from its context. */
  taken: readonly string[];
}

interface Stage {
  root: string;
  workdir: string;
  env: Record<string, string>;
  user: string;
  command: string[];
}

/**
 * Does what a Dockerfile says, instruction by instruction. One thing differs: `npm ci` links the production packages of the
 * context instead of fetching them again. @throws on an instruction that it does not know
 *
 * @param bundle A bundle of the same workflows, to take it instead of making those of the image: that takes most of the time.
 */
export async function assembleImage(
  dockerfile: string,
  context: string,
  into: string,
  args: Readonly<Record<string, string>>,
  bundle?: string,
): Promise<AssembledImage> {
  const stages = new Map<string, Stage>();
  const taken: string[] = [];
  let stage: Stage | undefined;
  for (const [instruction, rest] of await instructionsOf(dockerfile)) {
    if (instruction === 'ARG') continue;
    if (instruction === 'FROM') {
      const [, , name = 'last'] = rest.split(/\s+/);
      stage = { root: join(into, name), workdir: '/', env: {}, user: '0:0', command: [] };
      stages.set(name, stage);
      await mkdir(stage.root, { recursive: true });
      continue;
    }
    if (!stage) throw new Error(`${instruction} before FROM`);
    if (instruction === 'WORKDIR') stage.workdir = resolve(stage.workdir, rest);
    else if (instruction === 'ENV') Object.assign(stage.env, variablesOf(rest, args));
    else if (instruction === 'USER') stage.user = rest;
    else if (instruction === 'CMD') stage.command = JSON.parse(rest);
    else if (instruction === 'RUN') await run(rest, stage, context, args, bundle);
    else if (instruction === 'COPY') taken.push(...(await copy(rest, stage, stages, context)));
    else if (instruction !== 'EXPOSE') throw new Error(`${instruction} is not known here`);
  }
  if (!stage) throw new Error('No FROM');
  const [uid = 0, gid = 0] = stage.user.split(':').map(Number);
  return { ...stage, uid, gid, taken };
}

async function instructionsOf(dockerfile: string): Promise<[string, string][]> {
  const text = (await readFile(dockerfile, 'utf8')).replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n/g, ' ');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1).trim()]);
}

const variablesOf = (text: string, args: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [
      name,
      value.replaceAll(/\$(\w+)/g, (_, arg) => args[arg] ?? ''),
    ]),
  );

const folderOf = ({ root, workdir }: Stage, path = '.'): string => join(root, resolve(workdir, path));

async function run(
  command: string,
  stage: Stage,
  context: string,
  args: Readonly<Record<string, string>>,
  bundle?: string,
): Promise<void> {
  const cwd = folderOf(stage);
  await mkdir(cwd, { recursive: true });
  if (/^npm ci\b/.test(command)) return linkPackages(context, cwd);
  const [, bundles] = /^node scripts\/bundle\.ts (\w+)$/.exec(command) ?? [];
  if (bundles !== undefined && bundle !== undefined) {
    await mkdir(join(cwd, bundles));
    return copyFile(bundle, join(cwd, bundles, bundleFile({})));
  }
  const env = { ...process.env, ...args, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  await execa('sh', ['-c', command], { cwd, env });
}

/** Hard links cost neither time nor space. */
async function linkPackages(context: string, into: string): Promise<void> {
  const lock: Lock = JSON.parse(await readFile(join(context, 'package-lock.json'), 'utf8'));
  const packages = Object.entries(lock.packages).flatMap(([path, { dev }]) =>
    // Those of other platforms are not there.
    path !== '' && !dev && existsSync(join(context, path)) ? [path] : [],
  );
  await execa('cp', ['--archive', '--link', '--parents', ...packages, into], { cwd: context });
}

interface Lock {
  packages: Record<string, { dev?: boolean }>;
}

/** @returns what it takes from the context. */
async function copy(rest: string, stage: Stage, stages: Map<string, Stage>, context: string): Promise<string[]> {
  const words = rest.split(/\s+/);
  const [, from] = /^--from=(\w+)$/.exec(words[0] ?? '') ?? [];
  const paths = from === undefined ? words : words.slice(1);
  const source = from === undefined ? undefined : stages.get(from);
  if (from !== undefined && !source) throw new Error(`There is no stage ${from}`);
  const sources = paths.slice(0, -1);
  const target = paths.at(-1) ?? '';
  for (const path of sources) {
    const file = source ? folderOf(source, path) : join(context, path);
    const isFolder = (await stat(file)).isDirectory();
    const into = folderOf(stage, isFolder || !target.endsWith('/') ? target : join(target, basename(path)));
    await mkdir(isFolder ? into : dirname(into), { recursive: true });
    // Nothing reads a stage after that, and there are tens of thousands of files.
    if (source) await rename(file, into);
    else await cp(file, into, { recursive: true });
  }
  return source ? [] : sources;
}
