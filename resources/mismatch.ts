/**
 * One line where Azure shows something else than was asked, in Azure's property names, or none. Compares as Azure does,
 * without case.
 */
export function mismatch(property: string, asked: unknown, seen: unknown): string[] {
  if (asked === undefined || String(asked).toLowerCase() === String(seen).toLowerCase()) return [];
  return [`${property}: asked ${asked}, got ${seen === '' || seen === null || seen === undefined ? 'none' : seen}`];
}
