import type { z } from 'zod';

/** Something that stops a scenario before it changes anything. */
export interface Problem {
  /** Path in the input (`agentPoolProfiles[0].name`) or an Azure resource ID. */
  where: string;
  problem: string;
  whatToDo: string;
}

export const problemText = ({ where, problem, whatToDo }: Problem): string => `${where}: ${problem}. ${whatToDo}`;

export const problemsText = (problems: readonly Problem[]): string =>
  problems.map((problem) => `- ${problemText(problem)}`).join('\n');

export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/** Parses against a strict schema and reports every problem at once. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): Parsed<T> {
  // Only an issue that carries its input tells a missing key from one of the wrong type.
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, problems: result.error.issues.flatMap(problemsOfIssue) };
}

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

function pathText(path: readonly PropertyKey[]): string {
  const part = (key: PropertyKey): string => {
    if (typeof key === 'number') return `[${key}]`;
    return /^[-\w./]+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(key)}]`;
  };
  const text = path.map(part).join('');
  return text.replace(/^\./, '') || '(input)';
}
