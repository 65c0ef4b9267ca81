import type { Block, Cell } from './document.ts';

/** A report as Markdown. Texts from outside are escaped: they neither format nor become HTML. */
export const markdown = (title: string, blocks: readonly Block[]): string =>
  [`# ${escaped(title)}`, ...blocks.map(blockText)]
    .filter((text) => text !== '')
    .join('\n\n')
    .concat('\n');

function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `## ${escaped(block.text)}`;
    case 'text':
      return block.tone === undefined ? escaped(block.text) : `**${escaped(block.text)}**`;
    case 'table':
      return [block.head.map(escaped), block.head.map(() => '---'), ...block.rows.map(({ cells }) => cells.map(cell))]
        .map((row) => `| ${row.join(' | ')} |`)
        .join('\n');
    case 'code':
      return block.text
        .split('\n')
        .map((line) => `    ${line}`)
        .join('\n');
    // The table beside it says the same.
    case 'timeline':
      return '';
  }
}

function cell(value: Cell): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return escaped(value);
  return [escaped(value.text), ...value.links.map(({ label, href }) => `[${escaped(label)}](<${href}>)`)].join(' ');
}

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]|~#!]/g, (sign) => `\\${sign}`)
    .replaceAll(/\s*\n\s*/g, ' ');
