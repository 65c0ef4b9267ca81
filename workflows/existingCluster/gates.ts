import type { ApprovalGate } from '../../contract/names.ts';
import type { PlannedStep, StepId } from '../../contract/plan.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import type { UpdateContext } from './context.ts';

/** The step that waits for the `approve` update. */
export const approvalStep = (gate: ApprovalGate, cluster: ClusterReference, needs: readonly StepId[]): PlannedStep => ({
  id: `approve:${gate}`,
  kind: 'approval',
  title: gate === 'reimage' ? 'Approval to reimage the node pools' : 'Approval to cut egress',
  action: 'check',
  reason: 'asked for',
  needs,
  resourceId: clusterId(cluster),
});

/** Waits until an operator lets the scenario pass, if that was asked for. */
export function applyApproval(gate: ApprovalGate, { input, plan, step, operator }: UpdateContext): void {
  const { approvalTimeoutMinutes: minutes } = input;
  if (!plan.steps.some(({ id }) => id === `approve:${gate}`)) return;
  step(`approve:${gate}`, {
    act: () => operator.approval(gate, minutes),
    waitsFor: `approval (update approve), at most ${minutes} minutes`,
  });
}
