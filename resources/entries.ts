/**
 * An entry of a record whose keys are names from Azure. Plain access would find what every object inherits: a node pool or
 * a registry may be named `constructor`.
 */
export const entryOf = <T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  record && Object.hasOwn(record, key) ? record[key] : undefined;
