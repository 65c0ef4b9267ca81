import type { PlannedStep, StepId } from '../../contract/plan.ts';
import { resourceReference } from '../../resources/ids.ts';
import { type Difference, differenceText } from '../../resources/mismatch.ts';
import type { RoleHolder, RoleSpecification } from '../../resources/roles.ts';
import type { SubnetSpecification } from '../../resources/virtualNetworks.ts';

type NamedSubnet = Pick<SubnetSpecification, 'use' | 'name'>;

/** The pools of an existing cluster may be in several subnets. The first has the short ID. */
export const subnetStepId = ({ use, name }: NamedSubnet, all: readonly NamedSubnet[]): StepId =>
  all.find((each) => each.use === use)?.name === name ? `subnet:${use}` : `subnet:${use}:${name}`;

export const roleStepId = ({ role, scope }: RoleSpecification): StepId =>
  `role:${role}:${resourceReference(scope).name}`;

export const holderTitles: Readonly<Record<RoleHolder, string>> = {
  controlPlane: 'control plane identity',
  kubelet: 'kubelet identity',
};

type ActionWithReason = Pick<PlannedStep, 'action' | 'reason' | 'changes'>;

export const createIfAbsent = (seen: object | undefined): ActionWithReason =>
  seen ? { action: 'none', reason: 'found as wanted' } : { action: 'create', reason: 'absent' };

export const updateIfDifferent = (differences: readonly Difference[]): ActionWithReason =>
  differences.length > 0
    ? { action: 'update', reason: differences.map(differenceText).join('; '), changes: differences }
    : { action: 'none', reason: 'found as wanted' };
