import { shortened } from './shortened.ts';

/** Something that stops a scenario before it changes anything. */
export interface Problem {
  /** Path in the input (`agentPoolProfiles[0].name`) or an Azure resource ID. */
  where: string;
  problem: string;
  whatToDo: string;
}

/** Details of a scenario that was refused. */
export type Problems = readonly Problem[];

export const problemText = ({ where, problem, whatToDo }: Problem): string => `${where}: ${problem}. ${whatToDo}`;

export const problemsText = (problems: readonly Problem[]): string =>
  problems.map((problem) => `- ${problemText(problem)}`).join('\n');

/** A list with all its texts takes 60 kB at most; Temporal fails the workflow task that sends more than 2 MiB. */
const most = { problems: 100, listBytes: 60_000, whereBytes: 1_000, textBytes: 4_000 };

/**
 * As many of the problems as people can do something about, each in words that can be read. Their number and their texts
 * come from inputs and from Azure's answers, which both know no bounds. The last one says how many are left out.
 */
export function boundedProblems(problems: readonly Problem[]): Problem[] {
  const kept: Problem[] = [];
  let bytes = 0;
  for (const { where, problem, whatToDo } of problems.slice(0, most.problems)) {
    const short = {
      where: shortened(where, most.whereBytes),
      problem: shortened(problem, most.textBytes),
      whatToDo: shortened(whatToDo, most.textBytes),
    };
    bytes += encoder.encode(problemText(short)).length;
    if (bytes > most.listBytes) break;
    kept.push(short);
  }
  const more = problems.length - kept.length;
  return more === 0 ? kept : [...kept, leftOut(more)];
}

const encoder = new TextEncoder();

const leftOut = (count: number): Problem => ({
  where: '(more)',
  problem: `and ${count} more ${count === 1 ? 'problem' : 'problems'}`,
  whatToDo: 'Do what is said about the others, then start again to see what is left.',
});

/** A path in an input, as programs write it. */
export function pathText(path: readonly PropertyKey[]): string {
  const part = (key: PropertyKey): string => {
    if (typeof key === 'number') return `[${key}]`;
    return /^[-\w./]+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(key)}]`;
  };
  const text = path.map(part).join('');
  return text.replace(/^\./, '') || '(input)';
}
