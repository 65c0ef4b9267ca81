import type { RoleAssignment as RoleAssignmentFound } from '@azure/arm-authorization';
import { activityInfo } from '@temporalio/activity';
import { v5 as uuidv5 } from 'uuid';
import { azureFailure, isFailure } from '../contract/failures.ts';
import { keyOf, sameResourceId, subscriptionOf } from '../resources/ids.ts';
import { carriesMarks, type Marks, markedUsers, markTags } from '../resources/marks.ts';
import { type BuiltInRole, builtInRoles, type HeldRoles, sufficientRoles } from '../resources/roles.ts';
import { usersOfRole } from '../resources/users.ts';
import { checkpoint, recorded } from './arm/checkpoint.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureList, azureRead, collect, httpStatus, seenOr, whereAllowed } from './arm/errors.ts';
import { boundTo, marksOn } from './arm/marks.ts';
import { readBackMismatch, refuseUsed } from './arm/refusals.ts';
import { onceReplicated, readOnceSent, retriedWhileReplicating } from './arm/replication.ts';
import { readMarks } from './arm/secondMarks.ts';
import { isOwnCluster, listClusters, ownSubscriptions } from './users/clusters.ts';

/** A role that a principal holds at a scope. */
export interface RoleAssignment {
  /** Resource ID. */
  scope: string;
  role: BuiltInRole;
  /** Object ID of an identity's principal. */
  principalId: string;
}

/** Namespace of the assignments' names, made at random. Another one would give the same assignments other names. */
const namespace = '6f0c1f5e-8f0b-4b52-9a3e-2d8a51c7f7d4';

/**
 * The name of an assignment follows from scope, role, principal and cluster, so that one that is sent twice is made once. Azure lets
 * the caller choose any GUID, and answers 200 with a new description where the name is taken: a name that two clusters had would let
 * one take the other's marks. Under another name Azure refuses the same role (`RoleAssignmentExists`), and it serves both.
 */
const assignmentName = ({ scope, role, principalId, marks }: MarkedRole): string =>
  uuidv5(
    [keyOf(scope), builtInRoles[role].id, principalId.toLowerCase(), marks[markTags.workflow] ?? ''].join('|'),
    namespace,
  );

/** A role with the marks of the run that assigns it or takes it away. */
type MarkedRole = RoleAssignment & {
  marks: Marks;
  /** The identity that has the principal. */
  identityId?: string;
  /** Whether this run has made the principal, so that nobody else has given it a role. Default: false. */
  isNewPrincipal?: boolean;
};

/**
 * Reads the roles that a principal holds at a scope or above it. One that it holds under a condition stands apart: presence is not
 * effect. Source: Learn, "Azure role assignment conditions"; Azure/acr#794 (2026-11-26).
 */
export async function readRoles(clients: ClientsOf, scope: string, principalId: string): Promise<HeldRoles> {
  const { roleAssignments } = clients(subscriptionOf(scope)).authorization;
  // assignedTo() also finds roles of the principal's groups. atScope() leaves out scopes below this one.
  const filter = `atScope() and assignedTo('${principalId}')`;
  const assignments = await azureList(scope, () => roleAssignments.listForScope(scope, { filter }));
  const roleOf = ({ roleDefinitionId }: { roleDefinitionId?: string }) =>
    roleDefinitionId?.split('/').at(-1)?.toLowerCase() ?? '';
  const roles = new Set(assignments.filter(({ condition }) => !condition).map(roleOf));
  const conditional = assignments.filter(
    (each) => each.condition && sameResourceId(each.scope, scope) && !roles.has(roleOf(each)),
  );
  return {
    roles: [...roles].sort(),
    conditions: Object.fromEntries(conditional.map((each) => [roleOf(each), each.condition ?? ''])),
  };
}

/** An assignment of somebody else. */
export interface ForeignRole {
  id: string;
  principalId: string;
}

/** Lists the roles right at a scope whose assignments do not carry these marks. */
export async function rolesAt(clients: ClientsOf, scope: string, marks: Marks): Promise<ForeignRole[]> {
  const { roleAssignments } = clients(subscriptionOf(scope)).authorization;
  const all = await azureList(scope, () => roleAssignments.listForScope(scope, { filter: 'atScope()' }));
  return foreignRoles(
    all.filter((each) => sameResourceId(each.scope, scope)),
    marks,
  );
}

/** Lists the roles of a principal in a subscription whose assignments do not carry these marks. */
export async function rolesOf(
  clients: ClientsOf,
  subscriptionId: string,
  principalId: string,
  marks: Marks,
): Promise<ForeignRole[]> {
  const { roleAssignments } = clients(subscriptionId).authorization;
  const filter = `principalId eq '${principalId}'`;
  const all = await azureList(`/subscriptions/${subscriptionId}`, () =>
    roleAssignments.listForSubscription({ filter }),
  );
  return foreignRoles(all, marks);
}

const foreignRoles = (all: readonly RoleAssignmentFound[], marks: Marks): ForeignRole[] =>
  all
    .filter((each) => !carriesMarks(described(each), marks))
    .map(({ id = '', principalId = '' }) => ({ id, principalId }));

export const roleAssignmentActivities = (clients: ClientsOf) => ({
  /**
   * Assigns a role. An assignment that somebody else has made meanwhile serves as well.
   *
   * @returns ID of the assignment; `undefined` where it is somebody else's.
   */
  async assignRole(assignment: MarkedRole): Promise<string | undefined> {
    const { scope, role, principalId, marks, isNewPrincipal = false } = assignment;
    const { roleAssignments } = clients(subscriptionOf(scope)).authorization;
    const id = assignmentId(assignment);
    const name = assignmentName(assignment);
    const isFirst = isNewPrincipal && activityInfo().attempt === 1;
    let isAbsent = isFirst;
    try {
      // Azure would answer 200 to the same request, and give the assignment this run's marks: it may be another run's.
      const read = () => azureRead(id, () => roleAssignments.get(scope, name));
      const there = isFirst ? undefined : await readOnceSent(read);
      if (there) return carriesMarks(described(there), marks) ? id : undefined;
      isAbsent = true;
      // The answer is the proof: a read right after it may go to a region that does not know the assignment yet.
      const made = await recorded(() =>
        azureCall(id, () =>
          roleAssignments.create(scope, name, {
            roleDefinitionId: `/subscriptions/${subscriptionOf(scope)}/providers/Microsoft.Authorization/roleDefinitions/${builtInRoles[role].id}`,
            principalId,
            // With the type given, Azure does not look for the principal in a directory that may not know it yet.
            principalType: 'ServicePrincipal',
            description: describe(boundTo(whatOf(assignment), marks)),
          }),
        ),
      );
      if (made.principalId?.toLowerCase() !== principalId.toLowerCase()) {
        throw readBackMismatch([`principalId: asked ${principalId}, got ${made.principalId ?? 'none'}`], id);
      }
      return id;
    } catch (error) {
      if (isFailure(error, 'RoleAssignmentExists')) {
        await refuseConditional(clients, assignment);
        return undefined;
      }
      // Who may not assign it asks somebody who may, and that one may have assigned it at a scope above.
      if (isAbsent && !checkpoint().sent && httpStatus(error) === 403 && (await isHeld(clients, assignment)))
        return undefined;
      throw retriedWhileReplicating(error);
    }
  },

  /**
   * Takes a role away if the assignment carries these marks. An assignment of somebody else stays.
   *
   * @throws ApplicationFailure `InUse` if another cluster needs it.
   */
  async unassignRole(assignment: MarkedRole): Promise<void> {
    const { scope, marks } = assignment;
    const { roleAssignments } = clients(subscriptionOf(scope)).authorization;
    const id = assignmentId(assignment);
    const name = assignmentName(assignment);
    // An assignment that cannot be seen may have been made a moment ago.
    const seen = await onceReplicated(
      () => azureRead(id, () => roleAssignments.get(scope, name)),
      (each) => each !== undefined || checkpoint().sent,
    );
    // Its name is this cluster's alone: one that Azure does not show can be deleted all the same, and Azure has nothing against it.
    if (seen ? !carriesMarks(described(seen), marks) : checkpoint().sent) return;
    const users = await roleUsers(clients, marks);
    refuseUsed('role', id, [...(await secondUsers(clients, assignment)), ...users(scope, assignment.principalId)]);
    await recorded(() => azureRead(id, () => roleAssignments.delete(scope, name)));
  },

  /** Takes away all roles of a principal in one subscription whose assignments carry these marks, if no other cluster needs them. */
  unassignRolesOf: (roles: OwnRoles): Promise<void> => unassignOwnRoles(clients, roles),
});

/** Whether a principal holds a role, or one that suffices for it, whoever has assigned it. */
async function isHeld(clients: ClientsOf, { scope, role, principalId }: RoleAssignment): Promise<boolean> {
  const held = seenOr(await whereAllowed(() => readRoles(clients, scope, principalId)), undefined);
  return sufficientRoles(role).some((id) => held?.roles.includes(id));
}

/** The roles of a principal in one subscription whose assignments carry these marks. */
interface OwnRoles {
  subscriptionId: string;
  principalId: string;
  marks: Marks;
}

async function unassignOwnRoles(clients: ClientsOf, { subscriptionId, principalId, marks }: OwnRoles): Promise<void> {
  const { roleAssignments } = clients(subscriptionId).authorization;
  const filter = `principalId eq '${principalId}'`;
  const assignments = await azureCall(`/subscriptions/${subscriptionId}`, () =>
    collect(roleAssignments.listForSubscription({ filter })),
  );
  const own = assignments.filter((each) => carriesMarks(described(each), marks));
  const subscriptions = ownSubscriptions(subscriptionId, marks);
  const users = own.length > 0 ? await roleUsers(clients, marks, subscriptions) : () => [];
  for (const { id = '', scope = '' } of own) {
    if (users(scope, principalId).length > 0) continue;
    await recorded(() => azureRead(id, () => roleAssignments.deleteById(id)));
  }
}

/** A cluster that has left its second mark on both a role's scope and its holder is about to need the role. */
async function secondUsers(clients: ClientsOf, { scope, identityId, marks }: MarkedRole): Promise<string[]> {
  if (identityId === undefined) return [];
  const looks = await Promise.all([scope, identityId].map((id) => readMarks(clients, id)));
  const marked = looks.flatMap((look) => ('seen' in look ? [markedUsers(look.seen, marks)] : []));
  const [first] = marked;
  if (first === undefined) return [`nobody can tell, for the marks of ${scope} and ${identityId} may not be read`];
  // Where one of the two may not be read, the other's mark is enough.
  return first.filter((user) => marked.every((users) => users.includes(user)));
}

/**
 * Asks who needs a role, beside the cluster of these marks.
 *
 * @param own Subscriptions whose clusters must be known. Where they may not be listed, any of them may need it.
 */
async function roleUsers(
  clients: ClientsOf,
  marks: Marks,
  own: readonly string[] = [],
): Promise<(scope: string, principalId: string) => string[]> {
  const { clusters, unlisted } = await listClusters(clients, own);
  const others = clusters.filter(({ id }) => !isOwnCluster(id, marks));
  const isUnknown = unlisted.some((each) => own.some((subscription) => sameResourceId(each, subscription)));
  return (scope, principalId) => (isUnknown ? ['nobody can tell'] : usersOfRole(scope, principalId, others));
}

/** @throws ApplicationFailure `RoleAssignmentExists` where the one that is there has a condition, whose effect nobody can know. */
async function refuseConditional(clients: ClientsOf, { scope, role, principalId }: RoleAssignment): Promise<void> {
  const { roleAssignments } = clients(subscriptionOf(scope)).authorization;
  const filter = `atScope() and assignedTo('${principalId}')`;
  const there = await azureList(scope, () => roleAssignments.listForScope(scope, { filter }));
  const conditional = there.find(
    ({ roleDefinitionId, condition, scope: at }) =>
      condition && sameResourceId(at, scope) && roleDefinitionId?.toLowerCase().endsWith(builtInRoles[role].id),
  );
  if (conditional === undefined) return;
  const { name } = builtInRoles[role];
  throw azureFailure(
    'RoleAssignmentExists',
    `${name} is assigned under a condition, which may keep it from taking effect (${conditional.id})`,
    scope,
    { whatToDo: 'Take the condition away, or remove the assignment; then start again.' },
  );
}

const assignmentId = (assignment: MarkedRole): string =>
  `${assignment.scope}/providers/Microsoft.Authorization/roleAssignments/${assignmentName(assignment)}`;

/** Assignments have no tags. Their marks stand in the description. */
const describe = (marks: Marks): string =>
  Object.entries(marks)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

/** Scope, role and principal: what an assignment is about, whatever its name. */
const whatOf = ({ scope, role, principalId }: RoleAssignment): string =>
  [scope, builtInRoles[role].id, principalId].join('|');

/** The marks in a description, if they are bound to this scope, role and principal. */
function described({ scope, roleDefinitionId, principalId, description }: Partial<RoleAssignmentFound>): Marks {
  const pairs = (description ?? '').split(' ').map((pair) => pair.split('=', 2) as [string, string]);
  const role = roleDefinitionId?.split('/').at(-1);
  return marksOn([scope, role, principalId].join('|'), Object.fromEntries(pairs));
}
