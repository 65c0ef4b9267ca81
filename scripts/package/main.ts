import { globSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { execa } from 'execa';
import root from '../../package.json' with { type: 'json' };
import { manifest } from './manifest.ts';

// Packs the client for npm: compiled JavaScript, declarations, JSON Schemas. The last line is the path of the tarball.
const repository = join(import.meta.dirname, '../..');

const { out: given } = new Command('npm run package --')
  .description('Packs the client as a tarball for npm, and prints its path last.')
  .option('--out <folder>', 'folder of the tarball', join(repository, '.tmp'))
  .parse()
  .opts<{ out: string }>();

const out = resolve(given);
await mkdir(out, { recursive: true });
const build = await mkdtemp(join(tmpdir(), 'aks-isolation-package-'));
const run = { cwd: build, preferLocal: true, localDir: repository } as const;
const project = join(import.meta.dirname, 'tsconfig.json');
await execa('tsc', ['--project', project, '--outDir', join(build, 'dist')], { ...run, stdout: 'inherit' });
await Promise.all([
  cp(join(repository, 'contract/schemas'), join(build, 'schemas'), { recursive: true }),
  copyFile(join(repository, 'client/README.md'), join(build, 'README.md')),
  copyFile(join(repository, 'LICENSE'), join(build, 'LICENSE')),
  writeFile(join(build, 'package.json'), `${JSON.stringify(manifest(root, await importedPackages()), null, 2)}\n`),
]);
const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', out], run);
const [packed]: { filename: string; size: number; entryCount: number }[] = JSON.parse(stdout);
if (!packed) throw new Error(`npm packed nothing: ${stdout}`);
await rm(build, { recursive: true });
process.stdout.write(`${packed.entryCount} files, ${Math.ceil(packed.size / 1000)} kB\n`);
process.stdout.write(`${join(out, packed.filename)}\n`);

/** Packages that the compiled files and their declarations import. */
async function importedPackages(): Promise<ReadonlySet<string>> {
  const files = globSync('dist/**/*.{js,d.ts}', { cwd: build });
  const codes = await Promise.all(files.map((file) => readFile(join(build, file), 'utf8')));
  const names = codes.flatMap((code) =>
    [...code.matchAll(/(?:from|import) ?\(?'((?:@[^/']+\/)?[^./'][^/']*)/g)].map(([, name = '']) => name),
  );
  return new Set(names.filter((name) => !name.startsWith('node:')));
}
