import { listedInShort } from './entries.ts';

/** Something that Azure does not let the worker read: what is there is not known, and never taken for nothing. */
export interface Unread {
  /** Resource ID. */
  at: string;
  /** For people, such as `locks`. */
  what: string;
  /** In Azure's words. */
  why: string;
  /** The consequence, such as `Azure itself refuses a size that cannot be had`. Left out where `what` says it. */
  then?: string;
}

/** Parts that could not be read, in words, each kind once: a tenant has thousands of subscriptions. */
export function unreadTexts(all: readonly Unread[]): string[] {
  const kinds = [...new Set(all.map(({ what }) => what))];
  return kinds.map((kind) => {
    const of = all.filter(({ what }) => what === kind);
    const then = of[0]?.then === undefined ? '' : `. Not checked: ${of[0].then}`;
    return `${kind} could not be read: ${listedInShort(of.map(({ at }) => at))} (${of[0]?.why})${then}`;
  });
}
