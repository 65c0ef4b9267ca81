export function difference(property: string, wanted: unknown, seen: unknown): string[] {
  if (wanted === undefined || String(wanted).toLowerCase() === String(seen).toLowerCase()) return [];
  return [`${property}: asked ${wanted}, got ${seen === '' || seen === null ? 'none' : seen}`];
}
