import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf, parentPath } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { normalLocation } from '../../arm/regions.ts';
import type { Resource } from '../../arm/store.ts';
import { type Transitions, transit } from '../../arm/transitions.ts';
import { refreshMembers } from '../network/endpointMembers.ts';
import { notInTier, registryWrite, replicaType } from './shapes.ts';

const putBody = z.looseObject({ location: z.string(), tags: z.record(z.string(), z.string()).nullish() });

/** 60 s are modelled. */
const transitions = {
  create: { ...registryWrite, verb: 'PUT', answers: 201, during: 'Creating', seconds: 60 },
  update: { ...registryWrite, verb: 'PUT', answers: 200, during: 'Updating', seconds: 60 },
} as const satisfies Transitions;

export const replicationTypes: readonly ResourceType[] = [
  { kind: 'stored', type: replicaType, tracked: true, transitions, put, delete: remove, list },
];

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, putBody);
  const id = existing?.id ?? request.resourceId;
  const registry = world.store.get(parentPath(id));
  const location = normalLocation(sent.location);
  if (valueAt(registry?.body, 'sku.name') !== 'Premium') throw notInTier('Geo-replication', 'Premium');
  const isReplicated = world.store
    .list(replicaType, parentPath(id))
    .some((one) => one !== existing && one.body.location === location);
  if (isReplicated || location === registry?.body.location) {
    throw new ArmError(409, 'ReplicationConflict', `The registry is in ${location} already.`);
  }
  const replica = world.store.put(id, replicaType, {
    id,
    name: nameOf(id),
    type: replicaType,
    location,
    tags: sent.tags ?? {},
    properties: { regionEndpointEnabled: true, zoneRedundancy: 'Disabled' },
  });
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location,
    body: () => replica.body,
    atEnd(status) {
      if (status === 'Succeeded' && registry) refreshMembers(world, registry.id);
    },
  });
}

function remove(request: ArmRequest, replica: Resource): Reply {
  const { world } = request;
  world.remove(replica.id);
  refreshMembers(world, parentPath(replica.id));
  return { status: 200 };
}

/** Azure lists the registry's own region as a replica too. */
function list(request: ArmRequest): Reply {
  const { world } = request;
  const registryId = parentPath(request.resourceId, 1);
  const location = world.store.get(registryId)?.body.location;
  const own = {
    id: `${registryId}/replications/${location}`,
    name: location,
    type: replicaType,
    location,
    tags: {},
    properties: { provisioningState: 'Succeeded', regionEndpointEnabled: true, zoneRedundancy: 'Disabled' },
  };
  return { status: 200, body: { value: [own, ...world.store.list(replicaType, registryId).map(({ body }) => body)] } };
}
