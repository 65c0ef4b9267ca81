import type { Check } from '../../contract/result.ts';
import { shortened } from '../../contract/shortened.ts';

/** Azure's lists know no bounds. A report with 500 checks of two such texts takes half of Temporal's 2 MiB. */
const mostBytes = 1_000;

/** Compares as Azure does, without case. */
export const check = (id: string, title: string, resourceId: string, expected: unknown, seen: unknown): Check => ({
  id,
  title,
  resourceId,
  expected: shortened(String(expected), mostBytes),
  seen: seen === undefined || seen === null || seen === '' ? 'absent' : shortened(String(seen), mostBytes),
  ok: String(expected).toLowerCase() === String(seen).toLowerCase(),
});
