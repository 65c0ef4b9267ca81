import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { execa } from 'execa';
import product from '../../package.json' with { type: 'json' };
import { scratchFolder, scripts } from './support.ts';

let tarball: string;
let files: string[];
let manifest: Record<string, unknown>;
beforeAll(async () => {
  const out = await scratchFolder();
  const { stdout } = await execa(process.execPath, [join(scripts, 'package/main.ts'), '--out', out]);
  tarball = stdout.split('\n').at(-1) ?? '';
  await execa('tar', ['xzf', tarball], { cwd: out });
  files = (await execa('tar', ['tzf', tarball])).stdout.split('\n');
  manifest = JSON.parse(await readFile(join(out, 'package/package.json'), 'utf8'));
});

it('prints the path of the tarball last', () => {
  expect(basename(tarball)).toBe(`aks-isolation-client-${product.version}.tgz`);
});

it('holds compiled code, declarations, schemas, its own README and the license', () => {
  const wanted = [
    'dist/client/index.js',
    'dist/client/index.d.ts',
    'dist/codec/encodedFailures.js',
    'README.md',
    'LICENSE',
  ];
  const schemas = ['createCluster', 'auditCluster', 'progress', 'result', 'failureDetails', 'problems', 'event'];
  const all = [...wanted, ...schemas.map((name) => `schemas/${name}.json`)].map((file) => `package/${file}`);
  expect(files).toEqual(expect.arrayContaining(all));
});

it('holds nothing of the worker, and no TypeScript', () => {
  const rooms = files.flatMap((file) => /^package\/dist\/([^/]+)\//.exec(file)?.[1] ?? []);
  expect([...new Set(rooms)].sort()).toEqual(['client', 'codec', 'contract', 'resources', 'temporal']);
  expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
});

it('needs few packages', () => {
  const { dependencies, peerDependencies, peerDependenciesMeta = {} } = manifest as Record<string, object>;
  // Azure's packages are for keys in Key Vault alone.
  const optional = Object.keys(peerDependenciesMeta);
  expect(optional.sort()).toEqual(['@azure/identity', '@azure/keyvault-secrets']);
  const needed = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !optional.includes(name));
  expect(needed.sort()).toEqual([
    '@opentelemetry/api',
    '@temporalio/client',
    '@temporalio/common',
    '@temporalio/envconfig',
    '@temporalio/proto',
    '@types/ms',
    'ipaddr.js',
    'zod',
  ]);
});
