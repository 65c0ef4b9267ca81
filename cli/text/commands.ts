import type { Progress } from '../../contract/index.ts';

/** The name under which people call this program. */
export const program = 'aks-isolation';

/** Quoted where a shell needs it, POSIX's and PowerShell alike. Workflow IDs of clusters hold no quotes. */
export const quoted = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", '')}'`);

export const watchCommand = (workflowId: string, runId?: string): string =>
  [program, 'watch', quoted(workflowId), ...(runId === undefined ? [] : ['--run-id', runId])].join(' ');

/** The commands that let a waiting run go on, to be pasted. Each answers the question that is asked now, and no later one. */
export function commandsFor(
  workflowId: string,
  { awaitingApproval = [], waits, decisions = [], hold, paused }: Progress,
): string[] {
  const id = quoted(workflowId);
  const bound = (option: string, question: string | undefined) =>
    question === undefined ? '' : ` --${option} ${quoted(question)}`;
  return [
    ...awaitingApproval.map(
      (gate) => `${program} approve ${id} ${gate}${bound('wait', waits?.[gate])} --by 'YOUR NAME'`,
    ),
    ...decisions.map((decision) => `${program} decide ${id} ${decision}${bound('hold', hold)}`),
    ...(paused ? [`${program} resume ${id}`] : []),
  ];
}
