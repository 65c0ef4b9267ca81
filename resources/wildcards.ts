/**
 * Whether a pattern with wildcards, such as an action of a role, matches a text; without case, as Azure compares. By hand:
 * regular expressions take for ever on some patterns, and the package `matcher` needs `structuredClone`, which the workflow
 * sandbox does not have.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  const last = rest.pop();
  const whole = text.toLowerCase();
  if (last === undefined) return whole === first;
  if (!whole.startsWith(first) || !whole.endsWith(last)) return false;
  let from = first.length;
  for (const part of rest) {
    const found = whole.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return from <= whole.length - last.length;
}
