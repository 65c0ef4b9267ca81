import { html } from 'ghtml';
import { durationText } from '../text/duration.ts';
import type { Block } from './document.ts';
import type { Span } from './history.ts';

type Timeline = Extract<Block, { kind: 'timeline' }>;

const width = 1_000;
/** Titles stand left of the bars. */
const left = 330;
/** As many characters of wide fonts as fit there. */
const mostLabel = 44;
const rowHeight = 20;
const top = 24;

/** The timeline as a picture: a row for each activity and each wait, from its begin to its end. */
export function timelineSvg({ spans, startedAt, endedAt }: Timeline): string {
  const begin = Date.parse(startedAt);
  const total = Math.max(1, Date.parse(endedAt) - begin);
  const at = (time: string): number => Math.round(left + ((width - left - 10) * (Date.parse(time) - begin)) / total);
  const height = top + spans.length * rowHeight + 8;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => ({
    x: left + (width - left - 10) * part,
    label: durationText(total * part),
  }));
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Timeline of the run">
    !${ticks.map(({ x, label }) => html`<line x1="${x}" x2="${x}" y1="${top - 4}" y2="${height}" class="tick"/><text x="${x}" y="14" class="tick" text-anchor="${x > width - 40 ? 'end' : 'middle'}">${label}</text>`)}
    !${spans.map((span, row) => spanRow(span, row, at, endedAt)).join('')}
  </svg>`;
}

function spanRow(span: Span, row: number, at: (time: string) => number, runEnd: string): string {
  const y = top + row * rowHeight;
  const from = at(span.startedAt);
  const to = at(span.endedAt ?? runEnd);
  const { title, kind, state, endedAt, attempts } = span;
  const took = endedAt === undefined ? 'open' : durationText(Date.parse(endedAt) - Date.parse(span.startedAt));
  const tries = attempts !== undefined && attempts > 1 ? `, ${attempts} attempts` : '';
  const label = title.length > mostLabel ? `${title.slice(0, mostLabel - 1)}…` : title;
  return html`<g><title>${title}: ${state}, ${took}${tries}</title><text x="${left - 8}" y="${y + 14}" text-anchor="end">${label}</text><rect x="${from}" y="${y + 3}" width="${Math.max(2, to - from)}" height="${rowHeight - 6}" rx="2" class="${kind} ${state}"/></g>`;
}
