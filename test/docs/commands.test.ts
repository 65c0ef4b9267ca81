import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse as parseShell } from 'shell-quote';
import { programOf } from '../../cli/program.ts';
import product from '../../package.json' with { type: 'json' };
import { commandLines, fencesOf, pages, shellBlocks } from './shellBlocks.ts';

/** Checks commands as far as that goes without running them; `npm run test:docs` runs them. */
const root = join(import.meta.dirname, '../..');
const scripts: Readonly<Record<string, string>> = product.scripts;

/** Words of a command; expansions and redirections left out. */
const wordsOf = (line: string): string[] =>
  parseShell(line, (name) => `$${name}`).flatMap((word) => (typeof word === 'string' ? [word] : []));

const flagsIn = (words: readonly string[]): string[] =>
  words.flatMap((word) => /^(--[a-z][\w-]*)/.exec(word)?.[1] ?? []);

const { env, stdin, stdout, stderr } = process;
const interruption = () => new AbortController().signal;
const program = programOf({ env, stdin, stdout, stderr, interruption }, () => undefined);

/** Flags after the name of the terminal command that it does not have. */
function unknownFlags(words: readonly string[]): string[] {
  const at = words.indexOf('aks-isolation');
  const name = words[at + 1];
  if (at < 0 || name === undefined || name.startsWith('-')) return [];
  const command = program.commands.find((each) => each.name() === name);
  if (!command) return [name];
  const known = new Set(command.options.map(({ long }) => long));
  return flagsIn(words.slice(at + 2)).filter((flag) => !known.has(flag));
}

/** Options of our own scripts are declared in the script, or in what the local ones share. */
function undeclaredOptions(line: string): string[] {
  const [, name = '', rest = ''] = /npm run (?:--silent )?([a-z][\w:-]*) -- (.*)/.exec(line) ?? [];
  const [file] = /[\w/]+\.ts/.exec(scripts[name] ?? '') ?? [];
  // The Temporal CLI and jest have their own.
  if (!file || name === 'temporal') return [];
  const shared = [
    'scripts/local/options.ts',
    ...(name === 'live' ? ['scripts/live/options.ts'] : []),
    'test/sweep/options.ts',
    'test/worlds/options.ts',
    'simulator/options.ts',
  ];
  const declared = [file, ...shared.filter((each) => existsSync(join(root, each)))]
    .map((each) => readFileSync(join(root, each), 'utf8'))
    .join('\n');
  return flagsIn(wordsOf(rest)).filter((flag) => !declared.includes(flag));
}

const filesIn = (words: readonly string[]): string[] =>
  words.filter((word) => /^(?:examples|scripts|test|worker|codec|client|docs)\/[\w./-]+\.\w+$/.test(word));

const everyCommand = (page: string): string[] => {
  const inline = [...readFileSync(join(root, page), 'utf8').matchAll(/`((?:npx aks-isolation|npm run) [^`]+)`/g)];
  return [...shellBlocks(page).flatMap(({ code }) => commandLines(code)), ...inline.map(([, code = '']) => code)];
};

describe.each(pages.filter((page) => everyCommand(page).length > 0))('%s', (page) => {
  const commands = everyCommand(page).map((line) => ({ line, words: wordsOf(line) }));

  it('names only files that exist', () => {
    expect(commands.flatMap(({ words }) => filesIn(words)).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('has only commands and flags that aks-isolation has', () => {
    expect(commands.flatMap(({ line, words }) => unknownFlags(words).map((flag) => `${line}: ${flag}`))).toEqual([]);
  });

  it('has only flags that our scripts have', () => {
    expect(commands.flatMap(({ line }) => undeclaredOptions(line).map((flag) => `${line}: ${flag}`))).toEqual([]);
  });
});

it('no commands hide in a block without a language', () => {
  const hidden = pages.flatMap((page) =>
    fencesOf(page)
      .filter(({ language, code }) => language === '' && /^(?:\w+=\S+ )*(?:npm|npx|temporal|curl|az) /m.test(code))
      .map(({ line }) => `${page}:${line}`),
  );
  expect(hidden).toEqual([]);
});
