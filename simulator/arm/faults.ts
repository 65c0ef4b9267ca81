import { randomUUID } from 'node:crypto';
import { z } from 'zod';

const regex = z.string().refine((text) => {
  try {
    return Boolean(new RegExp(text, 'i'));
  } catch {
    return false;
  }
}, 'is not a regular expression');

/** A rule of POST /simulator/faults. */
export const faultRule = z
  .strictObject({
    id: z.string().min(1).optional(),
    method: z.enum(['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE', '*']),
    /** Regular expression on the path, any case. */
    path: regex,
    times: z.int().positive().default(1),
    /** Lets so many matching requests pass first. */
    after: z.int().nonnegative().default(0),
    answer: z
      .strictObject({
        /** 304 has no body. */
        status: z.union([z.literal(304), z.int().min(400).max(599)]),
        code: z.string(),
        message: z.string(),
        headers: z.record(z.string(), z.string()).optional(),
        wrapped: z.boolean().default(true),
      })
      .optional(),
    operation: z
      .strictObject({
        /** Succeeded with `afterSeconds`: early, having changed nothing more. */
        status: z.enum(['Failed', 'Canceled', 'Succeeded']),
        code: z.string().default(''),
        message: z.string().default(''),
        afterSeconds: z.number().nonnegative().optional(),
      })
      .optional(),
    /** Closes the connection before or after the request takes effect. */
    drop: z.enum(['before', 'after']).optional(),
    /** The property of the body that Azure silently ignores. */
    ignore: z.strictObject({ path: z.string().min(1) }).optional(),
    /** Simulated seconds added before the answer. */
    delaySeconds: z.number().nonnegative().optional(),
  })
  .refine(
    (rule) =>
      [rule.answer, rule.operation, rule.drop, rule.ignore, rule.delaySeconds].some((effect) => effect !== undefined),
    'needs an effect: answer, operation, drop, ignore or delaySeconds',
  );

export type FaultRuleInput = z.input<typeof faultRule>;
export type Fault = z.output<typeof faultRule> & { id: string; seen: number; hits: number };

/** The fault rules of a world; the first live rule that matches acts. */
export class Faults {
  #rules: Fault[] = [];

  add(rule: z.output<typeof faultRule>): Fault {
    const fault = { ...rule, id: rule.id ?? randomUUID(), seen: 0, hits: 0 };
    this.#rules = [...this.#rules.filter((other) => other.id !== fault.id), fault];
    return fault;
  }

  list(): readonly Fault[] {
    return this.#rules;
  }

  clear(): void {
    this.#rules = [];
  }

  match(method: string, path: string): Fault | undefined {
    for (const rule of this.#rules) {
      const matches = (rule.method === '*' || rule.method === method) && new RegExp(rule.path, 'i').test(path);
      if (!matches || rule.hits >= rule.times) continue;
      rule.seen += 1;
      if (rule.seen <= rule.after) continue;
      rule.hits += 1;
      return rule;
    }
    return undefined;
  }
}
