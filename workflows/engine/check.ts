import type { Check, Gap } from '../../contract/result.ts';
import { shortened } from '../../contract/shortened.ts';

/** Azure's lists know no bounds. A report with 500 checks of two such texts takes half of Temporal's 2 MiB. */
const mostTextBytes = 1_000;

/** Compares as Azure does, without case. */
export function check(id: string, title: string, resourceId: string, expected: unknown, seen: unknown): Check {
  const promised = {
    id,
    title,
    resourceId,
    expected: shortened(String(expected), mostTextBytes),
    seen: seen === undefined || seen === null || seen === '' ? 'absent' : shortened(String(seen), mostTextBytes),
  };
  return String(expected).toLowerCase() === String(seen).toLowerCase()
    ? { ...promised, verdict: 'met', ok: true }
    : { ...promised, verdict: 'missed', ok: false };
}

/** A promise that could not be looked at. */
export const unseen = (
  { id, title, resourceId, expected }: Pick<Check, 'id' | 'title' | 'resourceId' | 'expected'>,
  because: Gap,
  message: string,
): Check => ({
  id,
  title,
  resourceId,
  expected,
  seen: 'not seen',
  verdict: 'unproven',
  ok: false,
  because,
  unproven: shortened(message, mostTextBytes),
});

/** The input accepts what was seen, or that nothing was. */
export const accepted = (seen: Check): Check => (seen.verdict === 'met' ? seen : { ...seen, ok: true, accepted: true });

const worst: readonly Check['verdict'][] = ['missed', 'unproven', 'met'];
const rank = ({ ok, verdict }: Check): number => (ok ? worst.length : 0) + worst.indexOf(verdict);

/** Each promise once: a scenario and the proof of isolation share some of them. The worse verdict counts. */
export function withoutRepeats(checks: readonly Check[]): Check[] {
  const byId = new Map<string, Check>();
  for (const each of checks) {
    const before = byId.get(each.id);
    if (!before || rank(each) < rank(before)) byId.set(each.id, each);
  }
  return [...byId.values()];
}
