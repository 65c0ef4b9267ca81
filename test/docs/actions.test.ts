import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');

it('actions of others are named by their commit, for a tag can be moved', () => {
  const files = globSync('.github/{workflows,actions/*}/*.yml', { cwd: root });
  const used = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/uses: (.*)/g)].map(([, action = '']) => action),
  );
  expect(used.length).toBeGreaterThan(10);
  expect(used.filter((action) => !/^(\.\/|[\w./-]+@[0-9a-f]{40} # v\d)/.test(action))).toEqual([]);
});
