import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import product from '../../package.json' with { type: 'json' };

/** Reads files alone: a page that moves, a heading that is renamed and a file that is gone are found at once. */
const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', '{.github,client,docs}/**/*.md'], { cwd: root }).sort();
const code = globSync(
  [
    '*.js',
    '{activities,bench,cli,client,codec,contract,resources,scripts,simulator,telemetry,temporal,test,worker,workflows}/**/*.{ts,js,sh}',
  ],
  { cwd: root },
);
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

const fence = /^ *(`{3,})[\s\S]*?^ *\1 *$/gm;
const prose = (page: string): string => text(page).replaceAll(fence, '');

/** As GitHub makes them: https://docs.github.com/en/get-started/writing-on-github (section links). */
function anchors(page: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [, heading = ''] of prose(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; found.has(anchor); count += 1) anchor = `${slug}-${count}`;
    found.add(anchor);
  }
  return found;
}

function brokenLink(page: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : relative(root, join(root, dirname(page), path));
  if (!existsSync(join(root, file))) return `${target}: there is no ${file}`;
  if (anchor === undefined || !file.endsWith('.md') || anchors(file).has(anchor)) return undefined;
  return `${target}: ${file} has no heading of that name`;
}

const rooms =
  /^(?:activities|bench|cli|client|codec|contract|deploy|docs|examples|resources|scripts|simulator|telemetry|temporal|test|worker|workflows|\.ci|\.githooks|\.github)\//;

/** Paths in backticks; `<name>`, `{a,b}` and `*` stand for any name. */
const pathsIn = (page: string): string[] =>
  [...prose(page).matchAll(/`([^`\s]+)`/g)].flatMap(([, path = '']) => (rooms.test(path) ? [path] : []));

const isThere = (path: string): boolean => globSync(path.replaceAll(/<[^>]+>/g, '*'), { cwd: root }).length > 0;

describe.each(pages)('%s', (page) => {
  it('has no broken link', () => {
    const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    expect(links.flatMap((target) => brokenLink(page, target) ?? [])).toEqual([]);
  });

  it('names only files that exist', () => {
    // The changelog names files as they were.
    const paths = page === 'CHANGELOG.md' ? [] : pathsIn(page);
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const scripts = new Set(Object.keys(product.scripts));
    const named = [...text(page).matchAll(/npm run (?:--silent )?([a-z](?:[\w:-]*\w)?)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !scripts.has(name))).toEqual([]);
  });
});

it('every page under docs/ is in the index', () => {
  const index = text('docs/README.md');
  const listed = new Set([...index.matchAll(/\]\(([^)#\s]+)/g)].map(([, path = '']) => join('docs', path)));
  expect(pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md' && !listed.has(page))).toEqual(
    [],
  );
});

it('a decision is told on at most 40 lines', () => {
  const long = pages.filter((page) => page.startsWith('docs/decisions/') && text(page).split('\n').length > 41);
  expect(long).toEqual([]);
});

it('code names only pages that exist', () => {
  const broken = code.flatMap((file) =>
    [...text(file).matchAll(/(?<!containerd )\bdocs\/[\w/-]+\.(?:md|png)/g)].flatMap(([path]) =>
      existsSync(join(root, path)) && statSync(join(root, path)).isFile() ? [] : [`${file}: ${path}`],
    ),
  );
  expect(broken).toEqual([]);
});
