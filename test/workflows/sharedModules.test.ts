import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');

/** A module that has a `let`, or an empty container that is not read-only, would keep what one run has done for all others. */
const keeps =
  /^(export )?(let|var) |^(export )?const (?!.*: readonly )[^=]*= (new (Map|Set|WeakMap|WeakSet)(<[^>]*>)?\(\)|\[\]|\{\});|^ {2}static (?!readonly)[#\w]+( =|;|:)/m;

it('modules that all runs of a worker share keep nothing of any of them', () => {
  const files = ['contract', 'resources', 'workflows'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => keeps.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

it.each([
  'let count = 0;',
  'const seen = new Map();',
  'export const all: string[] = [];',
  'class A {\n  static #count = 0;',
])('which is seen: %s', (code) => {
  expect(keeps.test(code)).toBe(true);
});
