import { isSameName } from '../../contract/approval.ts';
import { startedByMemo } from '../../contract/names.ts';
import type { Plan } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import { shortened } from '../../contract/shortened.ts';
import { updateRefused } from './updateRefused.ts';

/** A name and its title fit. */
const mostNameBytes = 400;

/** Who has started a run, as its memo says. */
export function starterOf(memo: Record<string, unknown> | undefined): { startedBy?: string } {
  const startedBy = memo?.[startedByMemo];
  return typeof startedBy === 'string' ? { startedBy: shortened(startedBy.trim(), mostNameBytes) } : {};
}

/** Adds a problem where somebody else than the starter is to approve, and nobody says who that is. */
export function withKnownStarter<P extends Plan>(plan: P, startedBy: string | undefined): P {
  const asks = plan.byOther && plan.steps.some(({ kind }) => kind === 'approval');
  if (!asks || startedBy) return plan;
  return { ...plan, problems: [...plan.problems, unknownStarter] };
}

export const unknownStarter: Problem = {
  where: `memo ${startedByMemo}`,
  problem: "nobody says who starts this run, and the worker's policy wants approvals by somebody else",
  whatToDo: `Start it with aks-isolation, or with --memo '${startedByMemo}="NAME"'.`,
};

/** @throws ApplicationFailure `UpdateRefused`, where an approval is of whoever started the run that wants that of somebody else. */
export function refuseStarter(by: string, startedBy: string | undefined): void {
  if (startedBy === undefined || !isSameName(by, startedBy)) return;
  throw updateRefused(`${startedBy} started this run. The worker's policy wants the approval of somebody else.`);
}
