import { type AzureSwitches, azureSwitches } from '../../simulator/index.ts';
import type { Exchange } from './exchanges.ts';

export type Switch = keyof typeof azureSwitches;

/** The finding of a check about a switch of the simulated Azure: its position, something else, or nothing. */
export type Finding =
  | { [S in Switch]: { switch: S; position: AzureSwitches[S]; shownBy: readonly Exchange[] } }[Switch]
  | { switch: Switch; otherwise: string; shownBy: readonly Exchange[] }
  | { switch: Switch; unknown: string; shownBy?: readonly Exchange[] };

/** A verdict on what the product and the simulator assume by default. */
export interface Verdict {
  readonly assumption: Switch;
  readonly verdict: 'holds' | 'differs' | 'unknown';
  /** The switch's position; left out where it has none for what was seen, or nothing was. */
  readonly position?: string;
  readonly because: string;
  /** The exchanges that show it. */
  readonly shownBy: readonly Exchange[];
}

const switchNames = Object.keys(azureSwitches) as Switch[];

/** A verdict on every assumption, in the order of the switches. One that no check has looked at is unknown. */
export const verdictsOn = (findings: readonly Finding[], notLooked: (assumption: Switch) => string): Verdict[] =>
  switchNames.map((assumption) => {
    const about = findings.filter((finding) => finding.switch === assumption);
    const finding = about.findLast((each) => !('unknown' in each)) ?? about.at(-1);
    return finding ? verdictOf(finding) : unknown(assumption, notLooked(assumption));
  });

function verdictOf(finding: Finding): Verdict {
  const { switch: assumption, shownBy = [] } = finding;
  if ('unknown' in finding) return unknown(assumption, finding.unknown, shownBy);
  const { values, says } = azureSwitches[assumption];
  if ('otherwise' in finding) {
    const because = `${finding.otherwise}, for which the simulator has no position. ${says}`;
    return { assumption, verdict: 'differs', because, shownBy };
  }
  const { position } = finding;
  return { assumption, verdict: position === values[0] ? 'holds' : 'differs', position, because: says, shownBy };
}

const unknown = (assumption: Switch, because: string, shownBy: readonly Exchange[] = []): Verdict => ({
  assumption,
  verdict: 'unknown',
  because,
  shownBy,
});

/** How the simulator is started to be as this Azure, for `--azure`: the switches that differ from its defaults. */
export const movesOf = (verdicts: readonly Verdict[]): string =>
  verdicts
    .flatMap(({ verdict, assumption, position }) =>
      verdict === 'differs' && position ? [`${assumption}=${position}`] : [],
    )
    .join(',');
