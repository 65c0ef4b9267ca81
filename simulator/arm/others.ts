import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { matches, requestPattern } from './faults.ts';

/** A request to Azure that somebody else sends. */
const request = z.strictObject({
  method: z.enum(['PUT', 'PATCH', 'POST', 'DELETE']),
  path: z.string().startsWith('/'),
  body: z.record(z.string(), z.unknown()).optional(),
  /** Its operation is over as soon as it is accepted, as if it had begun long before. */
  atOnce: z.boolean().default(true),
});

/** A resource that comes into another state by itself. */
const change = z.strictObject({ id: z.string().startsWith('/'), provisioningState: z.string().min(1) });

/** Something that others do, in the end a request or a change of state. */
export const doing = z.union([request, change]);
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
}

/** Other people's doings in a world at given moments of the caller's requests. All rules that match act, in their order. */
export class Others {
  #rules: OthersRule[] = [];

  add(rule: z.output<typeof othersRule>): OthersRule {
    const added = { ...rule, id: rule.id ?? randomUUID(), seen: 0, hits: 0, answers: [] };
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
