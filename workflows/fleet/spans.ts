/** A stretch of time, in milliseconds since 1970. */
export interface Span {
  from: number;
  until: number;
}

/** Whether work may begin, and when that changes. */
export type Opening = { isOpen: true; until: number } | { isOpen: false; from: number };

/** Where spans stand at a moment; `undefined` where none of them is to come. Spans that overlap are one. */
export function openingOf(all: readonly Span[], now: number): Opening | undefined {
  const spans = all.toSorted((a, b) => a.from - b.from);
  let until = now;
  for (const span of spans) if (span.from <= until && span.until > until) until = span.until;
  if (until > now) return { isOpen: true, until };
  const next = spans.find(({ from, until: end }) => from > now && end > from);
  return next && { isOpen: false, from: next.from };
}

/** Cuts the times of other spans out of a span. */
export function without(span: Span, others: readonly Span[]): Span[] {
  return others.reduce<Span[]>(
    (left, { from, until }) =>
      left.flatMap((each) => [
        ...(Math.min(each.until, from) > each.from ? [{ from: each.from, until: Math.min(each.until, from) }] : []),
        ...(each.until > Math.max(each.from, until) ? [{ from: Math.max(each.from, until), until: each.until }] : []),
      ]),
    [span],
  );
}
