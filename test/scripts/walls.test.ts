import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import biome from '../../biome.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { scratchFolder } from './support.ts';

const root = join(import.meta.dirname, '../..');

/** Runs one command of `npm run walls` in a folder with these files; returns what it prints and its exit code. */
async function walls(tool: 'depcruise' | 'knip', files: Readonly<Record<string, string>>) {
  const folder = await scratchFolder();
  for (const file of ['package.json', 'knip.jsonc', '.dependency-cruiser.js'])
    await copyFile(join(root, file), join(folder, file));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
  const command = packageJson.scripts.walls.split(' && ').find((part) => part.startsWith(tool)) ?? '';
  const local = { cwd: folder, preferLocal: true, localDir: root };
  const { exitCode, stdout } = await execa(command, { ...local, shell: true, reject: false });
  // Each finding is a paragraph, in lines of 80 characters.
  return { exitCode, findings: stdout.split(/\n\s*\n/).map((finding) => finding.trim().replace(/\s+/g, ' ')) };
}

/** A small house in which every import is allowed. */
const house = {
  'resources/ids.ts': "import 'zod';",
  'contract/index.ts': "import '../resources/ids.ts';",
  'activities/index.ts':
    "import '@azure/arm-network'; import 'node:fs'; import '../contract/index.ts'; export type Activities = object;",
  'workflows/index.ts': "export * from './createCluster.ts';",
  'workflows/createCluster.ts': "import './reimage/plan.ts'; import './newCluster/plan.ts';",
  'workflows/reimage/plan.ts': "import '../existingCluster/plan.ts';",
  'workflows/existingCluster/plan.ts': "import '../removal/plan.ts'; import '../engine/azure.ts';",
  'workflows/newCluster/plan.ts': "import '../preflight/quota.ts';",
  'workflows/removal/plan.ts': "import '../infrastructure/plan.ts';",
  'workflows/preflight/quota.ts': "import '../nodes/probe.ts';",
  'workflows/nodes/probe.ts': "import '../engine/azure.ts';",
  'workflows/infrastructure/plan.ts': "import '../../contract/index.ts';",
  'workflows/engine/azure.ts':
    "import '@temporalio/workflow'; import type { Activities } from '../../activities/index.ts'; export type Azure = Activities;",
  'worker/main.ts': "import '../activities/index.ts'; import '@temporalio/worker';",
  'client/index.ts': "import '../contract/index.ts'; import '@temporalio/client';",
  'simulator/index.ts': "import 'execa';",
  'scripts/demo/main.ts': "import '../../simulator/index.ts'; import '../../client/index.ts';",
  'test/any.test.ts': "import '../scripts/demo/main.ts'; import '../worker/main.ts'; import '@azure/arm-network';",
  'bench/main.ts': "import '../scripts/demo/main.ts'; import '../simulator/index.ts'; import '@azure/arm-network';",
  ...Object.fromEntries(
    ['@azure/arm-network', '@temporalio/workflow', '@temporalio/worker', '@temporalio/client', 'execa', 'zod'].flatMap(
      (name) => [
        [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
        [`node_modules/${name}/index.js`, ''],
      ],
    ),
  ),
};

/** Imports that are not allowed, each planted into a file of its own in the house. */
const forbidden = [
  ['activities', '../simulator/index.ts', 'What puts them together belongs in scripts/, bench/ or test/'],
  ['simulator', '../contract/index.ts', 'What puts them together belongs in scripts/, bench/ or test/'],
  ['worker', '../scripts/demo/main.ts', 'what others need belongs in their own room'],
  ['scripts', '../bench/main.ts', 'Only tests import bench/'],
  ['scripts', '../test/any.test.ts', 'share belongs in scripts/'],
  ['resources', '../contract/index.ts', 'names that callers see belong in contract/'],
  ['contract', '../workflows/index.ts', 'decisions in workflows/'],
  ['activities', '../workflows/index.ts', 'decisions belong in workflows/'],
  ['workflows', '../client/index.ts', 'belongs in contract/'],
  ['workflows/nodes', '../../activities/index.ts', 'what both need belongs in resources/'],
  ['workflows/engine', '../nodes/probe.ts', 'what builds on them above it'],
  ['workflows/nodes', '../infrastructure/plan.ts', 'what it shares with others belongs below it'],
  ['worker', '../workflows/index.ts', 'the worker bundles workflows by their path'],
  ['client', '../activities/index.ts', 'what callers see belongs in contract/'],
  ['workflows/registrations', '../preflight/quota.ts', 'what builds on them above it'],
  ['workflows/infrastructure', '../nodes/probe.ts', 'what builds on them above it'],
  ['workflows/preflight', '../newCluster/plan.ts', 'what builds on them above it'],
  ['workflows/isolation', '../newCluster/plan.ts', 'what builds on them above it'],
  ['workflows/newCluster', '../removal/plan.ts', 'what builds on them above it'],
  ['workflows/removal', '../newCluster/plan.ts', 'what builds on them above it'],
  ['workflows/existingCluster', '../reimage/plan.ts', 'what builds on them above it'],
  ['workflows/reimage', '../createCluster.ts', 'what it shares with others belongs below it'],
  ['workflows', './newWing/plan.ts', 'gets its place in the stack'],
  ['cli', '../billing/costs.ts', 'A new room gets its place in .dependency-cruiser.js'],
  ['billing', '../simulator/index.ts', 'A new room gets its place in .dependency-cruiser.js'],
  ['workflows', './createCluster.ts', 'what two scenarios share belongs in a wing'],
  ['workflows/engine', 'node:fs', 'what needs them belongs in activities/'],
  ['contract', '@temporalio/worker', 'what needs them belongs in activities/'],
  ['resources', '@temporalio/workflow', 'resources/ knows Azure, not Temporal'],
  ['workflows', '@azure/arm-network', 'Only activities/ speak with Azure'],
  ['client', 'execa', 'list the package under `dependencies`'],
  ['client', '@temporalio/worker', 'is installed by everybody who uses it'],
] as const;
const planted = forbidden.map(([folder, imported], index) => [`${folder}/planted${index}.ts`, `import '${imported}';`]);

const [allowed, found, unused] = await Promise.all([
  walls('depcruise', house),
  walls('depcruise', {
    ...house,
    ...Object.fromEntries(planted),
    'resources/one.ts': "import './other.ts';",
    'resources/other.ts': "import './one.ts';",
    'billing/costs.ts': '',
    'workflows/newWing/plan.ts': '',
    'workflows/engine/azure.ts': "import { createActivities } from '../../activities/index.ts'; createActivities();",
  }),
  walls('knip', {
    'client/index.ts': "import { used } from '../contract/inputs.ts'; used();",
    'contract/inputs.ts': 'export const used = () => 1; export const unused = 2; export type Unused = string;',
    'contract/lost.ts': '',
  }),
]);

test('npm run check tells first what stands in a wrong place', () => {
  expect(packageJson.scripts.check).toMatch(/^npm run --silent walls && /);
});

test('an import within a type, which the walls do not see, is a lint error', async () => {
  const folder = await scratchFolder();
  const { plugins } = biome;
  await writeFile(join(folder, 'biome.json'), JSON.stringify({ plugins }));
  await Promise.all(plugins.map((file) => copyFile(join(root, file), join(folder, file))));
  await writeFile(join(folder, 'planted.ts'), "export type Planted = import('../workflows/index.ts').Part;");
  const local = { cwd: folder, preferLocal: true, localDir: root };
  const { exitCode, all } = await execa('biome', ['lint', '.'], { ...local, reject: false, all: true });
  expect(exitCode).toBe(1);
  expect(all).toContain('An import within a type passes the walls unseen');
});

test('a house of allowed imports passes', () => {
  expect(allowed).toMatchObject({ exitCode: 0, findings: [expect.stringContaining('no dependency violations found')] });
});

test('a house with forbidden imports fails', () => {
  expect(found.exitCode).toBeGreaterThan(0);
});

test.each(forbidden.map(([folder, imported, message], index) => ({ index, folder, imported, message })))(
  'a file in $folder may not import $imported: $message',
  ({ index, folder, message }) => {
    const here = found.findings.filter((finding) => finding.includes(`: ${folder}/planted${index}.ts →`));
    expect(here).toContainEqual(expect.stringContaining(message));
  },
);

test('two files may not import each other', () => {
  const message = 'resources/other.ts → resources/one.ts Files import each other in a circle: put what they share';
  expect(found.findings).toContainEqual(expect.stringContaining(message));
});

test('the engine may import no more than a type of activities', () => {
  expect(found.findings).toContainEqual(expect.stringContaining('Workflows see activities as one type'));
});

test('an unused export, type, file or dependency fails', () => {
  expect(unused.exitCode).toBe(1);
  const [report] = unused.findings;
  expect(report).toMatch(/Unused files \(1\) contract\/lost\.ts /);
  expect(report).toMatch(/Unused exports \(1\) unused contract\/inputs\.ts/);
  expect(report).toMatch(/Unused exported types \(1\) Unused type contract\/inputs\.ts/);
  expect(report).toMatch(/Unused dependencies \(\d+\)/);
});
