import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import { isFailure } from '../../contract/failures.ts';
import type { LockFacts, Permission, UsageFacts, VmSizeFacts } from '../../resources/allowances.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { azureCall, azureRead, azureReadIfRegistered } from '../arm/errors.ts';

const permissionsSchema = z.object({
  value: z.array(z.object({ actions: z.array(z.string()).default([]), notActions: z.array(z.string()).default([]) })),
});

/** Asked over REST: the SDK knows the permissions of resource groups and resources only, not those of a subscription. */
export async function readPermissions(clients: ClientsOf, scope: string): Promise<Permission[]> {
  const subscriptionId = scope.split('/')[2] ?? '';
  const { authorization } = clients(subscriptionId);
  return azureCall(scope, async () => {
    const url = `${authorization.$host}${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
    const response = await authorization.sendRequest(createPipelineRequest({ url }));
    if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
    return permissionsSchema.parse(JSON.parse(response.bodyAsText ?? '')).value;
  });
}

/** All locks of a subscription, none of one that is not found; `undefined` where the worker's identity may not see them. */
export async function readLocks(clients: ClientsOf, subscriptionId: string): Promise<LockFacts[] | undefined> {
  const locks: LockFacts[] = [];
  return whereAllowed(async () => {
    await azureRead(`/subscriptions/${subscriptionId}`, async () => {
      for await (const { id = '', level } of clients(subscriptionId).locks.managementLocks.listAtSubscriptionLevel())
        locks.push({ id, level });
    });
    return locks;
  });
}

/** `undefined` where the worker's identity may not look. */
export async function whereAllowed<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isFailure(error, 'AuthorizationFailed')) return undefined;
    throw error;
  }
}

/** The VM sizes of these names that a region has. */
export async function readVmSizes(
  clients: ClientsOf,
  subscriptionId: string,
  location: string,
  names: readonly string[],
): Promise<Record<string, VmSizeFacts>> {
  const { resourceSkus } = clients(subscriptionId).compute;
  const sizes: Record<string, VmSizeFacts> = {};
  await azureReadIfRegistered(computeId(subscriptionId, location), async () => {
    for await (const sku of resourceSkus.list({ filter: `location eq '${location}'` })) {
      if (sku.resourceType !== 'virtualMachines' || !sku.name || !names.includes(sku.name)) continue;
      const restriction = sku.restrictions?.find(({ type }) => type === 'Location')?.reasonCode;
      // A zone that exists and that the subscription cannot have.
      const closed = (sku.restrictions ?? []).flatMap(({ type, restrictionInfo }) =>
        type === 'Zone' ? (restrictionInfo?.zones ?? []) : [],
      );
      sizes[sku.name] = {
        family: sku.family ?? '',
        vCPUs: Number(sku.capabilities?.find(({ name }) => name === 'vCPUs')?.value ?? 0),
        zones: (sku.locationInfo ?? []).flatMap(({ zones = [] }) => zones).filter((zone) => !closed.includes(zone)),
        ...(restriction === undefined ? {} : { restriction }),
      };
    }
  });
  return sizes;
}

/** vCPU usage and limit in a region by VM family, lower case; `cores` is the whole region's. */
export async function readUsages(
  clients: ClientsOf,
  subscriptionId: string,
  location: string,
): Promise<Record<string, UsageFacts>> {
  const usages: Record<string, UsageFacts> = {};
  await azureReadIfRegistered(computeId(subscriptionId, location), async () => {
    for await (const { name, currentValue, limit } of clients(subscriptionId).compute.usage.list(location))
      if (name.value) usages[name.value.toLowerCase()] = { used: currentValue, limit };
  });
  return usages;
}

const computeId = (subscriptionId: string, location: string): string =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${location}`;
