import type { ResourceSku } from '@azure/arm-compute';
import { z } from 'zod';
import type {
  AccessFacts,
  AllowanceFacts,
  AllowanceRequest,
  LockFacts,
  Permission,
  UsageFacts,
  VmSizeFacts,
} from '../../resources/allowances.ts';
import { isWithin, keyOf, lockedScope, subscriptionOf, uniqueIds } from '../../resources/ids.ts';
import type { ClientsOf } from '../arm/connection.ts';
import {
  type Allowed,
  azureList,
  azureRead,
  azureReadIfRegistered,
  collect,
  seenOr,
  unreadOf,
  whereAllowed,
} from '../arm/errors.ts';
import { restList } from '../arm/restList.ts';
import { readDenials } from './denials.ts';
import { allowsAll, neededPermissions } from './permissions.ts';

export async function readAllowances(clients: ClientsOf, request: AllowanceRequest): Promise<AllowanceFacts> {
  const { subscriptionId, location } = request;
  const [access, vmSizes, usages] = await Promise.all([
    readAccess(clients, request.scopes),
    whereAllowed(() => readVmSizes(clients, subscriptionId, location, request.vmSizes)),
    whereAllowed(() => readUsages(clients, subscriptionId, location)),
  ]);
  const at = computeId(subscriptionId, location);
  const unread = [
    ...(access.unread ?? []),
    ...unreadOf(vmSizes, at, 'VM sizes', 'Azure itself refuses a size or a zone that cannot be had'),
    ...unreadOf(usages, at, 'quota', 'Azure itself refuses nodes beyond it'),
  ];
  return {
    ...access,
    ...(unread.length > 0 && { unread }),
    ...('seen' in vmSizes && { vmSizes: vmSizes.seen }),
    usages: seenOr(usages, {}),
  };
}

/** @param scopes Resource IDs, existing or not. */
export async function readAccess(clients: ClientsOf, scopes: readonly string[]): Promise<AccessFacts> {
  const { policy, readOnly } = clients('');
  const subscriptions = [...new Set(scopes.map(subscriptionOf))];
  const inEach = <T>(ids: readonly string[], read: (clients: ClientsOf, subscriptionId: string) => Promise<T>) =>
    Promise.all(
      ids.map(async (id) => ({ scope: `/subscriptions/${id}`, look: await whereAllowed(() => read(clients, id)) })),
    );
  const [permissions, locks, denials] = await Promise.all([
    // A worker that only looks has other permissions than the one that is to write.
    permissionsAt(clients, readOnly ? [] : scopes),
    inEach(subscriptions, readLocks),
    inEach(readOnly ? [] : subscriptions, readDenials),
  ]);
  // A subscription may have thousands of locks. Those above a scope matter, and those within a group or resource.
  const matters = (at: string) =>
    scopes.some((scope) => isWithin(scope, at) || (!subscriptionScope.test(scope) && isWithin(at, scope)));
  const found = permissions.flatMap(({ scope, look }) => {
    const there = seenOr(look, undefined);
    return there ? [[keyOf(scope), there] as const] : [];
  });
  const unread = [
    ...permissions.flatMap(({ scope, look }) => unreadOf(look, scope, "permissions of the worker's identity")),
    ...locks.flatMap(({ scope, look }) => unreadOf(look, scope, 'locks')),
    ...denials.flatMap(({ scope, look }) =>
      unreadOf(look, scope, 'deny assignments', 'Azure itself refuses what they deny'),
    ),
  ];
  const denied = denials.flatMap(({ look }) => seenOr(look, [])).filter(({ scope }) => matters(scope));
  return {
    permissions: Object.fromEntries(found),
    reads: true,
    locks: locks.flatMap(({ look }) => seenOr(look, [])).filter(({ id }) => matters(lockedScope(id))),
    ...(denied.length > 0 && { denials: denied }),
    ...(unread.length > 0 && { unread }),
    ...(policy && { policy }),
  };
}

interface PermissionsSeen {
  scope: string;
  /** `undefined`: the scope is not there. */
  look: Allowed<Permission[] | undefined>;
}

/** Reads from the top down, for below a scope where everything is allowed there is nothing to ask. */
async function permissionsAt(clients: ClientsOf, scopes: readonly string[]): Promise<PermissionsSeen[]> {
  const byDepth = Map.groupBy(uniqueIds(scopes), (scope) => scope.split('/').length);
  const seen: PermissionsSeen[] = [];
  for (const [, level] of [...byDepth].sort(([a], [b]) => a - b)) {
    const suffices = ({ scope, look }: PermissionsSeen, below: string) =>
      isWithin(below, scope) && allowsAll(seenOr(look, undefined) ?? []);
    const asked = level.filter((scope) => !seen.some((each) => suffices(each, scope)));
    const looks = asked.map(async (scope) => ({
      scope,
      look: await whereAllowed(() => azureRead(scope, () => readPermissions(clients, scope))),
    }));
    seen.push(...(await Promise.all(looks)));
  }
  return seen;
}

const subscriptionScope = /^\/subscriptions\/[^/]+$/;

const permission = z.object({
  actions: z.array(z.string()).default([]),
  notActions: z.array(z.string()).default([]),
});

/** Reads permissions over REST, for the SDK knows only those of resource groups and resources, not of a subscription. */
export async function readPermissions(clients: ClientsOf, scope: string): Promise<Permission[]> {
  const path = `${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
  return neededPermissions(await restList(clients, scope, path, permission));
}

/** Reads all locks of a subscription. */
async function readLocks(clients: ClientsOf, subscriptionId: string): Promise<LockFacts[]> {
  const { managementLocks } = clients(subscriptionId).locks;
  const locks = await azureList(`/subscriptions/${subscriptionId}`, () => managementLocks.listAtSubscriptionLevel());
  return locks.map(({ id = '', level }) => ({ id, level }));
}

/** Reads the VM sizes of these names that a region has. */
async function readVmSizes(
  clients: ClientsOf,
  subscriptionId: string,
  location: string,
  names: readonly string[],
): Promise<Record<string, VmSizeFacts>> {
  const { resourceSkus } = clients(subscriptionId).compute;
  const skus = await azureReadIfRegistered(computeId(subscriptionId, location), () =>
    collect(resourceSkus.list({ filter: `location eq '${location}'` })),
  );
  const sizes = (skus ?? []).filter(({ resourceType, name }) => resourceType === 'virtualMachines' && name);
  return Object.fromEntries(
    sizes.filter(({ name = '' }) => names.includes(name)).map((sku) => [sku.name, vmSizeFacts(sku)]),
  );
}

function vmSizeFacts({ family, capabilities, locationInfo, restrictions }: ResourceSku): VmSizeFacts {
  const restriction = restrictions?.find(({ type }) => type === 'Location')?.reasonCode;
  // Zones that the region has and the subscription cannot have.
  const closed = (restrictions ?? []).flatMap(({ type, restrictionInfo }) =>
    type === 'Zone' ? (restrictionInfo?.zones ?? []) : [],
  );
  return {
    family: family ?? '',
    vCPUs: Number(capabilities?.find(({ name }) => name === 'vCPUs')?.value ?? 0),
    zones: (locationInfo ?? []).flatMap(({ zones }) => zones ?? []).filter((zone) => !closed.includes(zone)),
    ...(restriction !== undefined && { restriction }),
  };
}

/** Reads used vCPUs and their limit by VM family, lower case. `cores` stands for the whole region. */
async function readUsages(
  clients: ClientsOf,
  subscriptionId: string,
  location: string,
): Promise<Record<string, UsageFacts>> {
  const { usage } = clients(subscriptionId).compute;
  const usages = await azureReadIfRegistered(computeId(subscriptionId, location), () => collect(usage.list(location)));
  return Object.fromEntries(
    (usages ?? []).flatMap(({ name: { value }, currentValue, limit }) =>
      value ? [[value.toLowerCase(), { used: currentValue, limit }]] : [],
    ),
  );
}

const computeId = (subscriptionId: string, location: string): string =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${location}`;
