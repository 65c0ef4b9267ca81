import { copyFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import biome from '../../biome.json' with { type: 'json' };
import { scratchFolder } from './support.ts';

const root = join(import.meta.dirname, '../..');

/** An empty repository with this one's hooks, tools and code style. */
async function repository() {
  const cwd = await scratchFolder();
  const git = (...args: string[]) => execa('git', args, { cwd, reject: false });
  const settings = ['-c', 'user.name=any', '-c', 'user.email=any', '-c', `core.hooksPath=${join(root, '.githooks')}`];
  await git('init', '--quiet');
  for (const file of ['biome.json', ...biome.plugins, '.gitignore']) await copyFile(join(root, file), join(cwd, file));
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'));
  return {
    git,
    add: async (file: string, content: string) => {
      await writeFile(join(cwd, file), content);
      await git('add', file);
    },
    commit: (subject: string, ...args: string[]) => git(...settings, 'commit', '--message', subject, ...args),
  };
}

test('a subject has at most 72 characters, whatever their bytes', async () => {
  const { commit } = await repository();
  expect(await commit('é'.repeat(72), '--allow-empty')).toMatchObject({ exitCode: 0 });
  const long = await commit('x'.repeat(73), '--allow-empty');
  expect(long).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('73 characters, at most 72') });
});

test('staged files are linted and formatted; others do not count', async () => {
  const { add, commit } = await repository();
  await add('good.ts', 'export const good = 1;\n');
  expect(await commit('Good')).toMatchObject({ exitCode: 0 });
  await add('bad.ts', 'export const   bad:any = 1');
  const bad = await commit('Bad');
  expect(bad).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('npm run fix') });
  expect(`${bad.stdout}${bad.stderr}`).toContain('bad.ts');
});
