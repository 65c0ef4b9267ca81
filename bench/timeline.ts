import { covered } from './lowerLimit.ts';

/** Something that took time, in simulated seconds since the run's start. */
export interface Span {
  /** A step of the plan, an activity, an operation of Azure's, or a look at whether that has ended. */
  what: 'step' | 'activity' | 'Azure' | 'poll';
  name: string;
  begin: number;
  end: number;
}

/** Everything of a run by its begin, and then when Azure did nothing for it: that is this product's own time. */
export function timelineText(title: string, seconds: number, spans: readonly Span[]): string {
  const azure = spans.filter(({ what }) => what === 'Azure');
  const rows = [...spans]
    .sort((a, b) => a.begin - b.begin || b.end - a.end)
    .map((span) => `${times(span)} ${indents[span.what]}${span.name}`);
  const idle = idleSpans(azure, seconds).map(
    (gap) => `${times(gap)} ${meanwhile(gap, spans).join(', ') || 'the workflow itself'}`,
  );
  const sum = seconds - covered(azure.map((span) => within(span, seconds)));
  return [
    title,
    ...rows,
    `Azure did nothing for ${sum.toFixed(1)} s, of which longer than half a second:`,
    ...idle,
  ].join('\n');
}

const indents: Readonly<Record<Span['what'], string>> = { step: '', activity: '  ', Azure: '    ', poll: '      ' };

const times = ({ begin, end }: Pick<Span, 'begin' | 'end'>): string =>
  [begin, end, end - begin].map((value) => value.toFixed(1).padStart(8)).join('');

const within = ({ begin, end }: Span, seconds: number): { begin: number; end: number } => ({
  begin: Math.max(0, begin),
  end: Math.min(seconds, Math.max(0, end)),
});

/** When none of them ran for longer than half a second. */
function idleSpans(azure: readonly Span[], seconds: number): { begin: number; end: number }[] {
  const idle: { begin: number; end: number }[] = [];
  let until = 0;
  for (const { begin, end } of azure.map((span) => within(span, seconds)).sort((a, b) => a.begin - b.begin)) {
    if (begin - until > 0.5) idle.push({ begin: until, end: begin });
    until = Math.max(until, end);
  }
  if (seconds - until > 0.5) idle.push({ begin: until, end: seconds });
  return idle;
}

/** Names of the activities that ran in the middle of a gap. */
const meanwhile = (gap: { begin: number; end: number }, spans: readonly Span[]): string[] =>
  spans
    .filter(({ what, begin, end }) => what === 'activity' && begin < gap.end - 0.25 && end > gap.begin + 0.25)
    .map(({ name }) => name);
