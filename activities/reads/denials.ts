import type { DenyAssignment, Principal } from '@azure/arm-authorization';
import type { Denial } from '../../resources/allowances.ts';
import { identityOf } from '../aboutWorker.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { azureList } from '../arm/errors.ts';
import { neededPermissions } from './permissions.ts';

/**
 * Reads the deny assignments of a subscription that may keep the worker's identity from what scenarios do, whatever its roles are.
 * Deployment stacks, managed applications and node resource group lockdown make them. Permissions do not show them.
 * Source: Learn, "List Azure deny assignments" (2025-04-24).
 */
export async function readDenials(clients: ClientsOf, subscriptionId: string): Promise<Denial[]> {
  const { authorization, credential } = clients(subscriptionId);
  const at = `/subscriptions/${subscriptionId}`;
  const all = await azureList(at, () => authorization.denyAssignments.list());
  if (all.length === 0) return [];
  const objectId = (await identityOf(credential, authorization.$host).catch(() => undefined))?.objectId;
  return all.flatMap((each) => denialFor(each, objectId, at) ?? []);
}

/** @param subscription Stands for what is above it: a deny assignment of a management group covers the whole of it. */
function denialFor(seen: DenyAssignment, objectId: string | undefined, subscription: string): Denial | undefined {
  const {
    id = '',
    denyAssignmentName: name = id,
    scope = subscription,
    principals = [],
    excludePrincipals = [],
  } = seen;
  const permissions = neededPermissions(
    (seen.permissions ?? []).map(({ actions = [], notActions = [] }) => ({ actions, notActions })),
  );
  const denied = isAmong(principals, objectId);
  const excluded = isAmong(excludePrincipals, objectId);
  if (permissions.length === 0 || denied === 'no' || excluded === 'yes') return undefined;
  const isAbove = !/^\/subscriptions\//i.test(scope);
  if (isAbove && seen.doNotApplyToChildScopes) return undefined;
  const isConditional = [seen, ...(seen.permissions ?? [])].some(({ condition }) => condition);
  const isUncertain = denied === 'unknown' || excluded === 'unknown';
  const unknown =
    objectId === undefined ? "the worker's own identity is not known" : 'it names groups, whose members are not read';
  const doubt = isUncertain ? unknown : isConditional && 'it has a condition';
  return {
    id,
    name,
    scope: isAbove ? subscription : scope,
    permissions,
    ...(seen.doNotApplyToChildScopes && { onlyAtScope: true as const }),
    ...(doubt && { doubt }),
  };
}

const everybody = '00000000-0000-0000-0000-000000000000';

/** Whether principals are, or have among them, the worker's identity. Who is in a group only Microsoft Graph tells. */
function isAmong(principals: readonly Principal[], objectId: string | undefined): 'yes' | 'no' | 'unknown' {
  const isSame = ({ id }: Principal) =>
    id === everybody || (objectId !== undefined && id?.toLowerCase() === objectId.toLowerCase());
  if (principals.some(isSame)) return 'yes';
  const mayBe = ({ type }: Principal) => objectId === undefined || !/^(User|ServicePrincipal)$/i.test(type ?? '');
  return principals.some(mayBe) ? 'unknown' : 'no';
}
