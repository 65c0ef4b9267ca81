import { randomUUID } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { z } from 'zod';
import { parseId } from './ids.ts';

/** A regular expression, as rules of faults and policies spell it. */
export const regex = z.string().refine((text) => {
  try {
    return Boolean(new RegExp(text, 'i'));
  } catch {
    return false;
  }
}, 'is not a regular expression');

const seconds = z.number().nonnegative();
const moment = z.enum(['before', 'after']);

/** The effects that a rule can have; faultEffects.ts acts them out. */
const effects = {
  answer: z
    .strictObject({
      /** An answer of 304 has no body. */
      status: z.union([z.literal(304), z.int().min(400).max(599)]),
      code: z.string(),
      message: z.string(),
      headers: z.record(z.string(), z.string()).optional(),
      /** The header `Retry-After`, for so many simulated seconds. As a date it is exact to a real second. */
      retryAfter: z.strictObject({ seconds, as: z.enum(['seconds', 'date']).default('seconds') }).optional(),
      wrapped: z.boolean().default(true),
    })
    .optional(),
  /** Something between the client and Azure answers, before or after the request takes effect. */
  proxy: z
    .strictObject({
      status: z.int().min(200).max(599),
      contentType: z.string().default('text/html'),
      body: z.string().default('<html><body>Gateway</body></html>'),
      when: moment.default('before'),
    })
    .optional(),
  operation: z
    .strictObject({
      /** With `afterSeconds`, an operation can also succeed early. */
      status: z.enum(['Failed', 'Canceled', 'Succeeded']).optional(),
      code: z.string().default(''),
      message: z.string().default(''),
      afterSeconds: seconds.optional(),
      /** The operation takes so many simulated seconds longer. */
      stuckSeconds: seconds.optional(),
      /** The operation does not end before the rule is removed. */
      held: z.literal(true).optional(),
      /** The word for the status while the operation runs. */
      runningStatus: z.string().min(1).optional(),
    })
    .refine(
      ({ status, stuckSeconds, held, runningStatus }) =>
        [status, stuckSeconds, held, runningStatus].some((one) => one !== undefined),
      'needs a status, stuckSeconds, held or runningStatus',
    )
    .optional(),
  /** Closes the connection before or after the request takes effect. */
  drop: moment.optional(),
  /** Never answers; the request takes effect or not. */
  hang: moment.optional(),
  /** Azure silently ignores this property of the body. */
  ignore: z.strictObject({ path: z.string().min(1) }).optional(),
  /** The resource comes into this state in the end, whatever its operation says. */
  leaves: z.string().min(1).optional(),
  /** The request takes effect, but is not answered before the rule is removed. */
  held: z.literal(true).optional(),
  /** Simulated seconds added before the answer. */
  delaySeconds: seconds.optional(),
  /** Readers do not find the written resource for so many simulated seconds. */
  unseenSeconds: seconds.optional(),
  /** Only for the token endpoint, whose path is `/msi/token`. */
  token: z.enum(['refused', 'expired']).optional(),
};

/** The requests on which a rule acts. */
export const requestPattern = {
  method: z.enum(['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE', '*']).default('*'),
  /** Regular expression on the path, any case. */
  path: regex.default('.'),
  /** Resource type, any case, such as `Microsoft.Network/privateEndpoints`. */
  type: z.string().optional(),
  times: z.int().positive().default(1),
  /** The rule lets so many matching requests pass first. */
  after: z.int().nonnegative().default(0),
} as const;
type RequestPattern = z.output<z.ZodObject<typeof requestPattern>>;

/** Whether a rule is about such a request. */
export const matches = (
  rule: Pick<RequestPattern, 'method' | 'path' | 'type'>,
  method: string,
  path: string,
): boolean =>
  (rule.method === '*' || rule.method === method) &&
  new RegExp(rule.path, 'i').test(path) &&
  (rule.type === undefined || rule.type.toLowerCase() === parseId(path).type.toLowerCase());

/** A rule of POST /simulator/faults. */
export const faultRule = z
  .strictObject({
    id: z.string().min(1).optional(),
    ...requestPattern,
    /** How likely the rule acts on a matching request. The same seed always picks the same requests. */
    probability: z.number().gt(0).max(1).default(1),
    seed: z.int().default(0),
    ...effects,
  })
  .refine(
    (rule) => Object.keys(effects).some((effect) => rule[effect as keyof typeof effects] !== undefined),
    `needs an effect: ${Object.keys(effects).join(', ')}`,
  );

export type FaultRuleInput = z.input<typeof faultRule>;
export type Fault = z.output<typeof faultRule> & { id: string; seen: number; hits: number };

/** A file of fault rules. */
export const faultRules = z.array(faultRule);

/** Path of App Service's managed identity endpoint. Only rules with `token` act there. */
export const tokenPath = '/msi/token';

/** The fault rules of a world. The first that matches and is not used up acts. */
export class Faults {
  #rules: { fault: Fault; random: ReturnType<typeof xoroshiro128plus> }[] = [];
  readonly #removals = new Map<Fault, PromiseWithResolvers<void>>();

  add(rule: z.output<typeof faultRule>): Fault {
    const fault = { ...rule, id: rule.id ?? randomUUID(), seen: 0, hits: 0 };
    this.remove(fault.id);
    this.#rules.push({ fault, random: xoroshiro128plus(fault.seed) });
    return fault;
  }

  list(): readonly Fault[] {
    return this.#rules.map(({ fault }) => fault);
  }

  remove(id: string): void {
    this.#keep((fault) => fault.id !== id);
  }

  clear(): void {
    this.#keep(() => false);
  }

  /** Resolves once the rule is removed. */
  async removed(fault: Fault): Promise<void> {
    if (!this.list().includes(fault)) return;
    const removal = this.#removals.get(fault) ?? Promise.withResolvers<void>();
    this.#removals.set(fault, removal);
    await removal.promise;
  }

  #keep(wanted: (fault: Fault) => boolean): void {
    const removed = this.#rules.filter(({ fault }) => !wanted(fault));
    this.#rules = this.#rules.filter(({ fault }) => wanted(fault));
    for (const { fault } of removed) {
      this.#removals.get(fault)?.resolve();
      this.#removals.delete(fault);
    }
  }

  match(method: string, path: string): Fault | undefined {
    for (const { fault, random } of this.#rules) {
      const isMet = (fault.token !== undefined) === (path === tokenPath) && matches(fault, method, path);
      if (!isMet || fault.hits >= fault.times) continue;
      fault.seen += 1;
      if (fault.seen <= fault.after) continue;
      if (fault.probability < 1 && uniformFloat64(random) >= fault.probability) continue;
      fault.hits += 1;
      return fault;
    }
    return undefined;
  }
}
