import { z } from 'zod';
import { gatewayError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf, subscriptionOf } from '../../arm/ids.ts';
import { type Body, withoutUndefined } from '../../arm/json.ts';
import type { OperationFailure, OperationStyle } from '../../arm/operations.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { normalLocation, regions } from '../../arm/regions.ts';
import type { Resource } from '../../arm/store.ts';
import { deletion, type Transitions, transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { locksOn } from '../authorization/locks.ts';
import { isAtOrBelow } from '../authorization/scopes.ts';
import { disconnectGroup } from '../network/endpointConnections.ts';

const type = 'Microsoft.Resources/subscriptions/resourceGroups';
const tags = z.record(z.string(), z.string());
const putBody = z.looseObject({ location: z.string().min(1), tags: tags.optional(), managedBy: z.string().optional() });
const patchBody = z.looseObject({ tags: tags.optional() });

/** Clients follow a deletion by Location alone: 202 while it runs, then 200 with an empty body. */
const style: OperationStyle = {
  headers: 'location',
  resultPath: (operation) => {
    const job = { jobId: `RESOURCEGROUPDELETIONJOB-${operation.id}`, jobLocation: operation.location };
    const subscription = subscriptionOf(operation.resourceId);
    return `${subscription}/operationresults/${Buffer.from(JSON.stringify(job)).toString('base64url')}`;
  },
  result: () => ({ status: 200 }),
  retryAfter: () => 15,
};

const groupDeletion = { ...deletion, otherwise: 'Succeeded', style } as const;
/** 60 s are measured for an empty group; with content they are modelled. */
const transitions = {
  deleteEmpty: { ...groupDeletion, seconds: 60 },
  deleteWithResources: { ...groupDeletion, seconds: 120 },
  deleteWithClusters: { ...groupDeletion, seconds: 300 },
} as const satisfies Transitions;

export const resourceGroupTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type,
    names: {
      pattern: /^[-\w.()]{0,89}[-\w()]$/,
      rule: 'It must have 1 to 90 letters, digits, periods, underscores, dashes and parentheses, and not end with a period.',
    },
    put,
    patch,
    delete: remove,
    transitions,
  },
];

/** Creates a group from inside the cloud, as AKS does for its nodes. */
export function createGroup(world: World, id: string, location: string, managedBy: string): void {
  world.store.put(id, type, groupBody(id, location, undefined, managedBy));
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const sent = parseBody(request, putBody);
  const location = normalLocation(sent.location);
  if (!regions.has(location)) {
    throw gatewayError(
      400,
      'LocationNotAvailableForResourceGroup',
      `The provided location '${sent.location}' is not available for resource group. List of available regions is '${[...regions.keys()].join(',')}'.`,
    );
  }
  if (existing && existing.body.location !== location) {
    throw gatewayError(
      409,
      'InvalidResourceGroupLocation',
      `Invalid resource group location '${sent.location}'. The Resource group already exists in location '${String(existing.body.location)}'.`,
    );
  }
  const id = existing?.id ?? request.resourceId;
  const managedBy = sent.managedBy ?? existing?.body.managedBy;
  const { body } = request.world.store.put(id, type, groupBody(id, location, sent.tags, managedBy));
  return { status: existing ? 200 : 201, body };
}

function patch(request: ArmRequest, resource: Resource): Reply {
  const sent = parseBody(request, patchBody);
  const { body } = request.world.store.put(
    resource.id,
    type,
    withoutUndefined({ ...resource.body, tags: sent.tags ?? resource.body.tags }),
  );
  return { status: 200, body };
}

function remove(request: ArmRequest, resource: Resource): Reply {
  const { world } = request;
  const hasClusters = world.store.list('Microsoft.ContainerService/managedClusters', resource.id).length > 0;
  const isEmpty = world.store.below(resource.id).length === 0;
  const transition = hasClusters
    ? transitions.deleteWithClusters
    : isEmpty
      ? transitions.deleteEmpty
      : transitions.deleteWithResources;
  return transit(world, transition, {
    id: resource.id,
    location: String(resource.body.location),
    findings: [{ seconds: 45, failure: () => blockedBecause(world, resource) }],
    atEnd(status) {
      if (status === 'Succeeded') disconnectGroup(world, resource.id);
    },
  });
}

/** Groups that a resource in this one manages, as AKS manages those of its nodes, go too. A lock on them keeps all. */
function blockedBecause(world: World, { id, name }: Resource): OperationFailure | undefined {
  const locked = world.store
    .list(type)
    .filter(({ body: { managedBy } }) => typeof managedBy === 'string' && isAtOrBelow(managedBy, id))
    .find((group) => locksOn(world, group.id).length > 0);
  if (!locked) return undefined;
  return {
    status: 'Failed',
    code: 'ResourceGroupDeletionBlocked',
    message: `Deletion of resource group '${name}' failed as resources with identifiers '${String(locked.body.managedBy)}' could not be deleted: the resource group '${locked.name}' is locked.`,
  };
}

function groupBody(id: string, location: string, tagsSent: unknown, managedBy: unknown): Body {
  const name = nameOf(id);
  return withoutUndefined({
    id,
    name,
    type: 'Microsoft.Resources/resourceGroups',
    location,
    tags: tagsSent,
    managedBy,
    properties: { provisioningState: 'Succeeded' },
  });
}
