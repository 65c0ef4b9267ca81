import type { Check } from '../../contract/result.ts';

/** Compares as Azure does, without case. */
export const check = (id: string, title: string, resourceId: string, expected: unknown, seen: unknown): Check => ({
  id,
  title,
  resourceId,
  expected: String(expected),
  seen: seen === undefined || seen === null || seen === '' ? 'absent' : String(seen),
  ok: String(expected).toLowerCase() === String(seen).toLowerCase(),
});
