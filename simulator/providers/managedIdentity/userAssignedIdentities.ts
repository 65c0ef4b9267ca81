import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import { isBody } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { normalLocation } from '../../arm/regions.ts';
import type { Resource } from '../../arm/store.ts';
import { tenantId } from '../../arm/token.ts';
import type { World } from '../../arm/world.ts';

const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const tags = z.record(z.string(), z.string());
const putBody = z.looseObject({ location: z.string(), tags: tags.optional() });
const patchBody = z.looseObject({ tags: tags.optional() });

export const userAssignedIdentityTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type,
    tracked: true,
    names: {
      pattern: /^[a-z0-9][\w-]{2,127}$/i,
      rule: 'It must have 3 to 128 letters, digits, dashes and underscores, and begin with a letter or digit.',
    },
    put,
    patch,
    delete: remove,
  },
];

/** Creates an identity, or updates its tags; principal and client IDs never change. */
export function createIdentity(
  world: World,
  id: string,
  location: string,
  tagsSent?: Record<string, string>,
): Resource {
  const existing = world.store.get(id)?.body.properties;
  const principalId = randomUUID();
  if (!isBody(existing)) world.principals.set(principalId, world.clock.now());
  const properties = isBody(existing) ? existing : { tenantId, principalId, clientId: randomUUID() };
  return world.store.put(id, type, {
    location,
    tags: tagsSent ?? {},
    id,
    name: nameOf(id),
    type,
    properties,
  });
}

const identityBody = z.object({ properties: z.object({ principalId: z.string(), clientId: z.string() }) });

/** The principal and client ID of an identity resource; undefined when there is none. */
export function identityIds(world: World, id: string): { principalId: string; clientId: string } | undefined {
  const identity = world.store.get(id);
  return identity?.type === type ? identityBody.parse(identity.body).properties : undefined;
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const sent = parseBody(request, putBody);
  const id = existing?.id ?? lowerGroup(request.resourceId);
  const { body } = createIdentity(request.world, id, normalLocation(sent.location), sent.tags);
  // Not an operation: a relative Location was recorded on the 201.
  return { status: existing ? 200 : 201, body, seconds: 2, ...(!existing && { headers: { location: id } }) };
}

function patch(request: ArmRequest, identity: Resource): Reply {
  const { tags = identity.body.tags } = parseBody(request, patchBody);
  const { body } = request.world.store.put(identity.id, type, { ...identity.body, tags });
  return { status: 200, body };
}

function remove(request: ArmRequest, identity: Resource): Reply {
  request.world.remove(identity.id);
  return { status: 200 };
}

function lowerGroup(id: string): string {
  return id.replace('/resourceGroups/', '/resourcegroups/');
}
