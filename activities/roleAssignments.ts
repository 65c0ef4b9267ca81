import { v5 as uuidv5 } from 'uuid';
import { isFailure } from '../contract/failures.ts';
import { keyOf } from '../resources/ids.ts';
import { carriesMarks, type Marks, marksIn } from '../resources/marks.ts';
import { type BuiltInRole, builtInRoles } from '../resources/roles.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureList, azureRead, collect } from './arm/errors.ts';
import { readBackMismatch, retriedWhileReplicating } from './arm/ownedResource.ts';

/** A role for a principal at the scope of one resource. */
export interface RoleAssignment {
  /** Resource ID. */
  scope: string;
  role: BuiltInRole;
  /** Object ID of an identity's principal. */
  principalId: string;
}

/** Namespace of the assignments' names: of no meaning, and never to be changed. */
const namespace = '6f0c1f5e-8f0b-4b52-9a3e-2d8a51c7f7d4';

/**
 * The same trio always gets the same name, so that an assignment that was sent twice is one. Azure lets the caller
 * choose any GUID.
 */
const assignmentName = ({ scope, role, principalId }: RoleAssignment): string =>
  uuidv5([keyOf(scope), builtInRoles[role].id, principalId.toLowerCase()].join('|'), namespace);

/** IDs of the role definitions that a principal holds at a scope or above it. */
export async function readRoles(clients: ClientsOf, scope: string, principalId: string): Promise<string[]> {
  const { roleAssignments } = clients(subscriptionOf(scope)).authorization;
  // assignedTo() covers groups as well, and only what is at the scope or above.
  const filter = `atScope() and assignedTo('${principalId}')`;
  const assignments = await azureList(scope, () => roleAssignments.listForScope(scope, { filter }));
  const roles = assignments.map(({ roleDefinitionId }) => roleDefinitionId?.split('/').at(-1)?.toLowerCase() ?? '');
  return [...new Set(roles)].sort();
}

export const roleAssignmentActivities = (clients: ClientsOf) => ({
  /** Grants a role. One that somebody else has granted meanwhile serves as well. */
  async assignRole(assignment: RoleAssignment & { marks: Marks }): Promise<void> {
    const { scope, role, principalId, marks } = assignment;
    const { roleAssignments } = clients(subscriptionOf(scope)).authorization;
    const id = assignmentId(assignment);
    try {
      // The answer shows what was made; a read right after it may go to a region that does not know of it yet.
      const made = await azureCall(id, () =>
        roleAssignments.create(scope, assignmentName(assignment), {
          roleDefinitionId: `/subscriptions/${subscriptionOf(scope)}/providers/Microsoft.Authorization/roleDefinitions/${builtInRoles[role].id}`,
          principalId,
          // Azure then does not look the principal up in a directory that may not know it yet.
          principalType: 'ServicePrincipal',
          description: describe(marks),
        }),
      );
      if (made.principalId?.toLowerCase() !== principalId.toLowerCase()) {
        throw readBackMismatch([`principalId: asked ${principalId}, got ${made.principalId ?? 'none'}`], id);
      }
    } catch (error) {
      if (isFailure(error, 'RoleAssignmentExists')) return;
      throw retriedWhileReplicating(error);
    }
  },

  /** Takes a role away if the assignment carries these marks. One made by somebody else stays. */
  async unassignRole(assignment: RoleAssignment & { marks: Marks }): Promise<void> {
    const { scope, marks } = assignment;
    const { roleAssignments } = clients(subscriptionOf(scope)).authorization;
    const id = assignmentId(assignment);
    const name = assignmentName(assignment);
    const seen = await azureRead(id, () => roleAssignments.get(scope, name));
    // One that cannot be seen may have been made a moment ago; the name is computed, so that it is nobody else's.
    if (seen && !carriesMarks(described(seen.description), marks)) return;
    await azureCall(id, () => roleAssignments.delete(scope, name));
  },

  /** Takes all roles of a principal away that carry these marks, in one subscription. */
  async unassignRolesOf({
    subscriptionId,
    principalId,
    marks,
  }: {
    subscriptionId: string;
    principalId: string;
    marks: Marks;
  }): Promise<void> {
    const { roleAssignments } = clients(subscriptionId).authorization;
    const filter = `principalId eq '${principalId}'`;
    const assignments = await azureCall(`/subscriptions/${subscriptionId}`, () =>
      collect(roleAssignments.listForSubscription({ filter })),
    );
    for (const { id = '', description } of assignments) {
      if (carriesMarks(described(description), marks)) await azureCall(id, () => roleAssignments.deleteById(id));
    }
  },
});

const subscriptionOf = (scope: string): string => scope.split('/')[2] ?? '';

const assignmentId = (assignment: RoleAssignment): string =>
  `${assignment.scope}/providers/Microsoft.Authorization/roleAssignments/${assignmentName(assignment)}`;

/** Role assignments have no tags, but a description. */
const describe = (marks: Marks): string =>
  Object.entries(marks)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

/** The marks in a description. */
const described = (description: string | null | undefined): Marks =>
  marksIn(Object.fromEntries((description ?? '').split(' ').map((pair) => pair.split('=', 2) as [string, string])));
