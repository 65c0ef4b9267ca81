import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { type Policy, policyIds } from '../../arm/policies.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { isAtOrBelow } from './scopes.ts';

/** Policies are assigned by the reset and by PUT /simulator/policies; callers may read which there are. */
export const policyAssignmentTypes: readonly ResourceType[] = [
  { kind: 'computed', type: 'Microsoft.Authorization/policyAssignments', get: list },
];

/** Assignments at and above the scope. */
function list({ world, id }: ArmRequest): Reply {
  const value = world.settings.policies.filter(({ scope }) => isAtOrBelow(id.scope, scope)).map(view);
  return { status: 200, body: { value } };
}

function view(policy: Policy) {
  const { assignment, definition } = policyIds(policy);
  return {
    ...assignment,
    type: 'Microsoft.Authorization/policyAssignments',
    properties: {
      displayName: policy.name,
      scope: policy.scope,
      policyDefinitionId: definition.id,
      enforcementMode: 'Default',
      parameters: {},
    },
  };
}
