/** Why something failed, in one line. Each credential of a chain has a reason of its own. */
export function reasonsOf(error: unknown): string {
  const each = error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : [error];
  return each.map(firstLine).join('; ');
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
