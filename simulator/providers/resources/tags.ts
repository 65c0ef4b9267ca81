import { z } from 'zod';
import { gatewayError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { isBody } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { checkScopeExists } from '../authorization/scopes.ts';

const type = 'Microsoft.Resources/tags';
const patchBody = z.looseObject({
  operation: z.enum(['Merge', 'Replace', 'Delete']),
  properties: z.looseObject({ tags: z.record(z.string(), z.string()).default({}) }),
});

/** The tags of a group or of a resource, as a resource of their own. */
export const tagTypes: readonly ResourceType[] = [{ kind: 'computed', type, get, patch }];

function get(request: ArmRequest): Reply {
  return { status: 200, body: view(request, tagsOf(taggedBy(request))) };
}

/** Changes the tags and nothing else. Who names a tag to delete names its value as well. */
function patch(request: ArmRequest): Reply {
  const { operation, properties } = parseBody(request, patchBody);
  const resource = taggedBy(request);
  const before = tagsOf(resource);
  const { tags: sent } = properties;
  const changed = {
    Merge: () => ({ ...before, ...sent }),
    Replace: () => sent,
    Delete: () => Object.fromEntries(Object.entries(before).filter(([key, value]) => sent[key] !== value)),
  }[operation]();
  const limit = resource.type.startsWith('Microsoft.Network/privateDnsZones') ? 15 : 50;
  if (Object.keys(changed).length > limit) {
    throw gatewayError(400, 'BadRequest', `The number of tags exceeds the limit of ${limit} for ${resource.id}.`);
  }
  request.world.store.put(resource.id, resource.type, { ...resource.body, tags: changed });
  return { status: 200, body: view(request, changed) };
}

function taggedBy(request: ArmRequest): Resource {
  checkScopeExists(request);
  const resource = request.world.store.get(request.id.scope);
  // Only what has a location has tags.
  if (resource?.body.location !== undefined) return resource;
  throw gatewayError(400, 'InvalidResourceType', `The resource '${request.id.scope}' does not support tags.`);
}

const tagsOf = ({ body }: Resource): Record<string, string> =>
  isBody(body.tags) ? z.record(z.string(), z.string()).parse(body.tags) : {};

const view = ({ resourceId }: ArmRequest, tags: Record<string, string>) => ({
  id: resourceId,
  name: 'default',
  type,
  properties: { tags },
});
