import { startedByMemo } from '../../contract/names.ts';
import type { Plan } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';

/** Adds a problem where somebody else than the starter is to approve, and nobody says who that is. */
export function withKnownStarter<P extends Plan>(plan: P, startedBy: string | undefined): P {
  const asks = plan.byOther && plan.steps.some(({ kind }) => kind === 'approval');
  if (!asks || startedBy) return plan;
  const problem: Problem = {
    where: `memo ${startedByMemo}`,
    problem: "nobody says who starts this run, and the worker's policy wants approvals by somebody else",
    whatToDo: `Start it with aks-isolation, or with --memo '${startedByMemo}="NAME"'.`,
  };
  return { ...plan, problems: [...plan.problems, problem] };
}
