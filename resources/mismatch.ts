/** A property that Azure shows otherwise than it is asked to be, in Azure's names and words. */
export interface Difference {
  property: string;
  /** As Azure shows it; `none` where it shows nothing. */
  before: string;
  after: string;
}

/** The difference between what is asked of a property and what Azure shows, if there is one. Compares as Azure does, without case. */
export function difference(property: string, asked: unknown, seen: unknown): Difference[] {
  if (asked === undefined || String(asked).toLowerCase() === String(seen).toLowerCase()) return [];
  return [
    {
      property,
      before: seen === '' || seen === null || seen === undefined ? 'none' : String(seen),
      after: String(asked),
    },
  ];
}

export const differenceText = ({ property, before, after }: Difference): string =>
  `${property}: asked ${after}, got ${before}`;

/** The same in words: one line, or none. */
export const mismatch = (property: string, asked: unknown, seen: unknown): string[] =>
  difference(property, asked, seen).map(differenceText);
