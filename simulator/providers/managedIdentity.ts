import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { parseBody, type Reply } from '../arm/exchange.ts';
import { isBody } from '../arm/json.ts';
import type { Provider } from '../arm/provider.ts';
import { normalLocation } from '../arm/regions.ts';
import type { Resource } from '../arm/store.ts';
import { tenantId } from '../arm/token.ts';
import type { World } from '../arm/world.ts';

const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const tags = z.record(z.string(), z.string());
const putBody = z.looseObject({ location: z.string(), tags: tags.optional() });
const patchBody = z.looseObject({ tags: tags.optional() });

/** Everything here is synchronous. */
export const managedIdentity: Provider = {
  types: [
    {
      kind: 'stored',
      type,
      tracked: true,
      names: {
        pattern: /^[a-z0-9][\w-]{2,127}$/i,
        rule: 'It must have 3 to 128 letters, digits, dashes and underscores, and begin with a letter or digit.',
      },
      put(request, existing) {
        const sent = parseBody(request, putBody);
        const id = existing?.id ?? lowerGroup(request.resourceId);
        const { body } = createIdentity(request.world, id, normalLocation(sent.location), sent.tags);
        // Not an operation: a relative Location was recorded on the 201.
        return { status: existing ? 200 : 201, body, seconds: 2, ...(!existing && { headers: { location: id } }) };
      },
      patch(request, resource): Reply {
        const sent = parseBody(request, patchBody);
        const { body } = request.world.store.put(resource.id, type, {
          ...resource.body,
          tags: sent.tags ?? resource.body.tags,
        });
        return { status: 200, body };
      },
      delete(request, resource): Reply {
        request.world.remove(resource.id);
        return { status: 200 };
      },
    },
  ],
  behaviours: [
    {
      id: 'identity-synchronous',
      resourceType: 'Microsoft.ManagedIdentity/userAssignedIdentities',
      says: 'An identity is created in one answer (201, about 2 s) with principalId and clientId; its id has a lower-case `resourcegroups`.',
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml',
      test: 'authorization.test.ts: are made in one answer, whose location is a path',
    },
  ],
};

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
    name: id.split('/').at(-1),
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

function lowerGroup(id: string): string {
  return id.replace('/resourceGroups/', '/resourcegroups/');
}
