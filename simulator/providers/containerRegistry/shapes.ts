import { ArmError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { nameOf, parentPath, subscriptionOf } from '../../arm/ids.ts';
import type { Body } from '../../arm/json.ts';
import type { OperationStyle } from '../../arm/operations.ts';
import type { Resource } from '../../arm/store.ts';
import { callerObjectId } from '../../arm/token.ts';
import { type Transition, transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';

export const registryType = 'Microsoft.ContainerRegistry/registries';
export const ruleType = 'Microsoft.ContainerRegistry/registries/cacheRules';
export const replicaType = 'Microsoft.ContainerRegistry/registries/replications';

/** 10 s are recorded for registries and cache rules. */
export const registryWrite = { ends: 'Succeeded', seconds: 10, style: registryStyle('async') } as const;
/** Recorded on the answers to writes. */
export const versionHeader = { 'api-supported-versions': '2025-11-01' } as const;

/** Answers with the resource and begins the operation. */
export function begin({ world }: ArmRequest, resource: Resource, transition: Transition, location: string): Reply {
  return transit(world, transition, { id: resource.id, location, body: () => resource.body });
}

/** The status document lives below the resource, and its header is re-signed on every poll, the last one included. */
export function registryStyle(headers: 'async' | 'location'): OperationStyle {
  const kind = (id: string) => (id.toLowerCase().includes('/cacherules/') ? 'cacherules' : 'registries');
  return {
    headers,
    running: 'Creating',
    repeatHeaders: 'always',
    ...(headers === 'async' && {
      statusPath: ({ resourceId, id }) => `${resourceId}/operationStatuses/${kind(resourceId)}-${id}`,
    }),
    resultPath: ({ resourceId, location, id }) => {
      const subscription = subscriptionOf(resourceId);
      return `${subscription}/providers/Microsoft.ContainerRegistry/locations/${location?.toUpperCase()}/operationResults/${kind(resourceId)}-${id}`;
    },
    result: () => ({ status: 200 }),
    retryAfter: () => 10,
  };
}

/** @throws ArmError 409 while an operation runs on this resource. */
export function refuseWhileRegistryBusy(world: World, id: string): void {
  const busy = world.operations.running(id);
  if (busy) throw new ArmError(409, 'Conflict', `An operation (${busy.verb}) is in progress on '${nameOf(id)}'.`);
}

export const notInTier = (what: string, tier: string): ArmError =>
  new ArmError(400, 'FeatureNotSupportedForSku', `${what} is only supported for ${tier} registries.`);

export function systemData(world: World): Body {
  const now = world.clock.now().toISOString();
  return {
    createdBy: callerObjectId,
    createdByType: 'Application',
    createdAt: now,
    lastModifiedByType: 'Application',
    lastModifiedAt: now,
  };
}

/** Cache rules have no location of their own. */
export function locationOf(world: World, ruleId: string): string {
  return String(world.store.get(parentPath(ruleId))?.body.location);
}
