import { z } from 'zod';
import type { NameRule } from '../../resources/names.ts';

/** A name that Azure has a rule for. The rule bounds its length; the JSON Schema says so, too. */
export const named = (what: string, { pattern, longest, madeOf }: NameRule) =>
  z.string().regex(pattern, `not ${what}. Use ${madeOf}.`).meta({ maxLength: longest });

/** A text that a pattern bounds. */
export const matching = (pattern: RegExp, longest: number, message: string) =>
  z.string().regex(pattern, message).meta({ maxLength: longest });

/** Two ways to say which resource is meant, of which one may be used. */
export function notBoth(id: string, name: string): z.core.$ZodCheck<object> {
  return crossCheck(z.looseObject({ [id]: z.string(), [name]: z.string() }), (_, report) =>
    report([name], `given beside ${id}, which says it already. Remove one of them.`),
  );
}

/** A check that nothing is named twice in a list. @param keyOf What two names of the same have in common. */
export const eachOnce = (keyOf = (each: string) => each): z.core.$ZodCheck<string[]> =>
  crossCheck(z.array(z.string()), (all, report) => {
    const keys = all.map(keyOf);
    keys.forEach((each, index) => {
      if (keys.indexOf(each) < index) report([index], 'named twice. Remove one.');
    });
  });

/**
 * A check over several keys that runs whenever those keys are sound, whatever else is wrong with the input,
 * so that all problems are reported at once.
 */
export function crossCheck<T>(
  part: z.ZodType<T>,
  check: (value: T, report: (path: PropertyKey[], message: string) => void) => void,
): z.core.$ZodCheck<object> {
  return z.superRefine<object>(
    (value, context) => {
      const { data, success } = part.safeParse(value);
      if (success) check(data, (path, message) => context.addIssue({ code: 'custom', path, message }));
    },
    { when: ({ value }) => part.safeParse(value).success },
  );
}
