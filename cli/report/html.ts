import { html } from 'ghtml';
import type { Block, Cell } from './document.ts';
import { timelineSvg } from './timeline.ts';

/** A report as one page that loads nothing. Texts from outside are escaped by the template. */
export const htmlPage = (title: string, blocks: readonly Block[]): string => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>!${style}</style>
</head>
<body>
<h1>${title}</h1>
!${blocks.map(blockHtml).join('\n')}
</body>
</html>
`;

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return html`<h2>${block.text}</h2>`;
    case 'text':
      return html`<p class="${block.tone ?? ''}">${block.text}</p>`;
    case 'table':
      return tableHtml(block);
    case 'code':
      return html`<pre>${block.text}</pre>`;
    case 'timeline':
      return timelineSvg(block);
  }
}

function tableHtml({ head, rows }: Extract<Block, { kind: 'table' }>): string {
  const headHtml = head.some((text) => text !== '')
    ? html`<thead><tr>!${head.map((text) => html`<th>${text}</th>`)}</tr></thead>`
    : '';
  const rowsHtml = rows.map(
    ({ cells, tone }) =>
      `<tr class="${tone ?? ''}">${cells.map((value) => `<td>${cellHtml(value)}</td>`).join('')}</tr>`,
  );
  return `<table>${headHtml}<tbody>${rowsHtml.join('')}</tbody></table>`;
}

function cellHtml(value: Cell): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return html`${value}`;
  const links = value.links.map(({ label, href }) => html`<a href="${href}" rel="noreferrer">${label}</a>`).join(' ');
  return html`${value.text}<br>!${links}`;
}

const style = `
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --unproven: #9a6700; --open: #57606a; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --unproven: #d29922; --open: #8b949e; } }
body { font: 14px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
p { white-space: pre-line; }
p.good, p.bad, p.unproven, p.open { font-weight: 600; }
p.good, tr.good td:first-child { color: var(--good); } p.bad, tr.bad td:first-child { color: var(--bad); }
p.unproven, tr.unproven td:first-child { color: var(--unproven); } p.open { color: var(--open); }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; min-width: 6rem; }
td:has(a) { min-width: 12rem; }
th, td:first-child { white-space: nowrap; min-width: 0; } th { font-weight: 600; }
a { margin-right: .5rem; white-space: nowrap; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8881; padding: .75rem; border-radius: 4px; }
svg { width: 100%; height: auto; font-size: 11px; } svg text { fill: currentColor; }
.tick { stroke: var(--line); } text.tick { stroke: none; }
.activity { fill: #0969da; } .wait { fill: #9a670088; } .failed { fill: var(--bad); } .cancelled { fill: var(--open); } .open { fill: #0969da88; }
@media print { body { max-width: none; margin: 0; } tr { break-inside: avoid; } }
`;
