import type { z } from 'zod';
import { unsoundParts } from './bounds.ts';
import { boundedProblems, type Problem, pathText } from './problem.ts';

export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/**
 * Parses what somebody has given against a strict schema, and reports every problem at once. It takes anything, and is done
 * at once with what is too large for any schema.
 */
export function parse<T>(schema: z.ZodType<T>, given: unknown): Parsed<T> {
  const { tooLarge, unusable } = unsoundParts(given);
  if (tooLarge.length > 0) return refused(tooLarge);
  // Only an issue that carries its input tells a missing key from one of the wrong type.
  const result = schema.safeParse(given, { reportInput: true });
  if (result.success && unusable.length === 0) return { ok: true, value: result.data };
  const issues = result.error?.issues ?? [];
  // A value of the wrong type, or one that cannot be used at all, has no other problem.
  const wrong = new Set(issues.filter(({ code }) => code === 'invalid_type').map(({ path }) => pathText(path)));
  const known = new Set(unusable.map(({ where }) => where));
  const others = issues.flatMap((issue) =>
    issue.code !== 'invalid_type' && wrong.has(pathText(issue.path)) ? [] : problemsOfIssue(issue),
  );
  return refused([...unusable, ...others.filter(({ where }) => !known.has(where))]);
}

/** The variables of an environment that a schema knows. Empty ones count as not set. */
export const ownVariables = (shape: object, env: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(env).filter(([name, value]) => name in shape && value !== ''));

const refused = (problems: readonly Problem[]): Parsed<never> => ({ ok: false, problems: boundedProblems(problems) });

function problemsOfIssue(issue: z.core.$ZodIssue): Problem[] {
  const where = pathText(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        where: pathText([...issue.path, key]),
        problem: 'unknown key',
        whatToDo: 'Remove it or correct its spelling; the JSON Schema lists the keys.',
      }));
    // A key of a record: its own schema says what is wrong with it.
    case 'invalid_key':
      return issue.issues.flatMap((nested) => problemsOfIssue({ ...nested, path: issue.path }));
    case 'invalid_type': {
      const problem = issue.input === undefined ? 'missing' : 'wrong type';
      return [{ where, problem, whatToDo: `Give a value of type ${typeNames[issue.expected] ?? issue.expected}.` }];
    }
    case 'invalid_value': {
      const problem = issue.input === undefined ? 'missing' : 'not an allowed value';
      return [{ where, problem, whatToDo: `Use ${issue.values.map((v) => JSON.stringify(v)).join(' or ')}.` }];
    }
    default: {
      // The schemas' own messages are two sentences: what is wrong, and what to do.
      const [, problem = issue.message, whatToDo = 'Correct the value.'] = /^(.*?)\. (.*)$/s.exec(issue.message) ?? [];
      return [{ where, problem, whatToDo }];
    }
  }
}

/** JSON's names of types, where zod has others. */
const typeNames: Readonly<Record<string, string>> = { int: 'integer', record: 'object' };
