import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { matches, regex, requestPattern } from './faults.ts';
import type { Body } from './json.ts';
import { policy } from './policies.ts';

const sent = {
  method: z.enum(['PUT', 'PATCH', 'POST', 'DELETE']),
  body: z.record(z.string(), z.unknown()).optional(),
  /** Its operation is over as soon as it is accepted, as if it had begun long before. */
  atOnce: z.boolean().default(true),
};

/** A request to Azure that somebody else sends. */
const request = z.strictObject({ ...sent, path: z.string().startsWith('/') });
export type SomebodysRequest = z.output<typeof request>;

/** A request for each resource that is there at that moment. */
const requestForEach = z.strictObject({
  ...sent,
  /** The type in any case; a regular expression on the ID. */
  each: z.strictObject({ type: z.string().min(1), id: regex.default('.') }),
  /** With `{id}`, `{name}` and `{group}` of the resource, as in the body. */
  path: z.string().default('{id}'),
  /** In place of a body: the resource as it is, with these values at dotted paths; null removes one. */
  change: z.record(z.string(), z.unknown()).optional(),
});
export type SomebodysRequests = z.output<typeof requestForEach>;

/** Policies that are in force from then on, in place of those before. */
const assignment = z.strictObject({ policies: z.array(policy) });

/** A resource that comes into another state by itself. */
const change = z.strictObject({ id: z.string().startsWith('/'), provisioningState: z.string().min(1) });

/** Something that others do. */
export const doing = z.union([request, requestForEach, change, assignment]);
export type Doing = z.output<typeof doing>;

/** A rule of POST /simulator/others. */
export const othersRule = z.strictObject({
  id: z.string().min(1).optional(),
  ...requestPattern,
  /** Whether it happens right before the matching request takes effect, or right after. */
  when: z.enum(['before', 'after']).default('before'),
  does: z.array(doing).min(1),
});
export type OthersRuleInput = z.input<typeof othersRule>;

interface OthersRule extends z.output<typeof othersRule> {
  readonly id: string;
  seen: number;
  hits: number;
  /** How Azure has answered what they did, oldest first. */
  readonly answers: { readonly status: number; readonly code?: string }[];
  /** When it has acted, by the machine's clock, oldest first. */
  readonly at: string[];
  /** Everything in the world that what they did has changed, oldest first. */
  readonly changes: Change[];
}

/** A resource before and after somebody's doing, as it is stored; left out where it was not there. */
export interface Change {
  readonly id: string;
  readonly type: string;
  readonly before?: Body;
  readonly after?: Body;
}

/** Other people's doings in a world at given moments of the caller's requests. All rules that match act, in their order. */
export class Others {
  #rules: OthersRule[] = [];

  add(rule: z.output<typeof othersRule>): OthersRule {
    const added = { ...rule, id: rule.id ?? randomUUID(), seen: 0, hits: 0, answers: [], at: [], changes: [] };
    this.#rules = [...this.#rules.filter(({ id }) => id !== added.id), added];
    return added;
  }

  list(): readonly OthersRule[] {
    return this.#rules;
  }

  clear(): void {
    this.#rules = [];
  }

  /** Counts a request of the caller: the rules that act on it. */
  meet(method: string, path: string): OthersRule[] {
    return this.#rules.filter((rule) => {
      if (rule.hits >= rule.times || !matches(rule, method, path)) return false;
      rule.seen += 1;
      if (rule.seen <= rule.after) return false;
      rule.hits += 1;
      return true;
    });
  }
}
