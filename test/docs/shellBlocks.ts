import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Every page with commands. A new one is found by itself. */
export const pages = globSync(['*.md', '{.github,client,docs,examples}/**/*.md'], { cwd: root })
  .filter((page) => page !== 'CHANGELOG.md')
  .sort();

/**
 * A fenced block of shell commands, with what comments above it say:
 *
 * - `<!-- not run: WHY -->`
 * - `<!-- first: COMMANDS -->` do what the reader has done before, and the page tells in words
 * - `<!-- with THIS: THAT -->` stands for what the reader fills in
 */
export interface ShellBlock {
  page: string;
  line: number;
  code: string;
  notRun?: string;
  first: string;
}

const comments = '((?:^[ \\t]*<!-- .*?-->[ \\t]*\\n)*)';
const fence = new RegExp(`${comments}^([ \\t]*)\`\`\`(\\S*)[ \\t]*\\n([\\s\\S]*?)^\\2\`\`\``, 'gm');

/** Fenced blocks of a page, with their languages. */
export function fencesOf(page: string): { line: number; language: string; code: string; marks: string }[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(fence)].map(({ index, 1: marks = '', 2: indent = '', 3: language = '', 4: code = '' }) => ({
    line: text.slice(0, index + marks.length).split('\n').length,
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    marks,
  }));
}

/** The shell blocks of a page, in their order. */
export function shellBlocks(page: string): ShellBlock[] {
  return fencesOf(page)
    .filter(({ language }) => ['sh', 'bash', 'shell', 'console'].includes(language))
    .map(({ line, code, marks }) => {
      const values = (key: string) =>
        [...marks.matchAll(new RegExp(`<!-- ${key}: ([\\s\\S]*?) ?-->`, 'g'))].map(([, value = '']) => value.trim());
      const filled = [...marks.matchAll(/<!-- with (.+?): ([\s\S]*?) ?-->/g)].reduce(
        (text, [, from = '', to = '']) => text.replaceAll(from, to),
        code,
      );
      const [notRun] = values('not run');
      return {
        page,
        line,
        code: filled,
        ...(notRun !== undefined && { notRun }),
        first: values('first').join('\n'),
      };
    });
}

/** Commands of a script, each on one line. */
export const commandLines = (code: string): string[] =>
  code
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line));
