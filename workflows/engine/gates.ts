import type { ApprovalGate } from '../../contract/names.ts';
import type { Plan, PlannedStep, StepId } from '../../contract/plan.ts';
import type { AccessFacts } from '../../resources/allowances.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { stepIds } from './part.ts';
import type { Apply } from './scenario.ts';

/** The part of an input that is about gates. */
interface GatedInput {
  cluster: ClusterReference;
  approvals: readonly ApprovalGate[];
}

const titles: Readonly<Record<ApprovalGate, string>> = {
  reimage: 'Approval to reimage the node pools',
  cutEgress: 'Approval to cut egress',
  openEgress: 'Approval to open egress',
  delete: 'Approval to delete',
};

/**
 * Plans the step that waits for the `approve` update.
 *
 * @param access Has the policy of the worker, which may want a gate that the input does not ask for.
 * @returns no step where nobody wants the gate.
 */
export function planGate(
  gate: ApprovalGate,
  { cluster, approvals }: GatedInput,
  access: Pick<AccessFacts, 'policy'> | undefined,
  needs: readonly StepId[],
): PlannedStep[] {
  const isAsked = approvals.includes(gate);
  if (!isAsked && !access?.policy?.approvals?.required?.includes(gate)) return [];
  const reason = isAsked ? 'asked for' : 'the policy of the worker wants it';
  const resourceId = clusterId(cluster);
  return [{ id: `approve:${gate}`, kind: 'approval', title: titles[gate], action: 'check', reason, needs, resourceId }];
}

/** A step that waits for these gates before anything else. */
export const behind = (gates: readonly PlannedStep[], step: PlannedStep): PlannedStep => ({
  ...step,
  needs: [...stepIds(gates), ...step.needs],
});

/** Waits until an operator lets the scenario pass, if that was planned. */
export function applyApproval(
  gate: ApprovalGate,
  { input, plan, step, operator }: Apply & { input: { approvalTimeoutMinutes: number }; plan: Pick<Plan, 'steps'> },
): void {
  const { approvalTimeoutMinutes: minutes } = input;
  if (!plan.steps.some(({ id }) => id === `approve:${gate}`)) return;
  step(`approve:${gate}`, {
    act: () => operator.approval(gate, minutes),
    waitsFor: `approval (update approve), at most ${minutes} minutes`,
  });
}
