import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { parse } from '../contract/parse.ts';
import { workerPolicy } from '../contract/policy.ts';
import type { Problem } from '../contract/problem.ts';
import type { WorkerPolicy } from '../resources/workerPolicy.ts';

/** Reads a policy, in YAML or JSON, or lists every problem with it. */
export function readPolicy(file: string): WorkerPolicy | Problem[] {
  const where = `POLICY_FILE ${file}`;
  let given: unknown;
  try {
    given = parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    return [{ where, problem: `cannot be read (${reason})`, whatToDo: 'Give the path of a file in YAML or JSON.' }];
  }
  const parsed = parse(workerPolicy, given);
  return parsed.ok
    ? parsed.value
    : parsed.problems.map((problem) => ({ ...problem, where: `${where}: ${problem.where}` }));
}
