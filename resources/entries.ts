/**
 * An entry of a record whose keys are names from Azure. Plain access would find what every object inherits: a node pool or
 * a registry may be named `constructor`.
 */
export const entryOf = <T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  record && Object.hasOwn(record, key) ? record[key] : undefined;

/** Plans and failures are read by people, and stand in histories. */
const mostListed = 10;

/** A list in words: its first entries, each once, and how many more there are. */
export function listedInShort(all: readonly string[]): string {
  const entries = [...new Set(all)];
  const more = entries.length > mostListed ? [`and ${entries.length - mostListed} more`] : [];
  return [...entries.slice(0, mostListed), ...more].join('; ');
}
