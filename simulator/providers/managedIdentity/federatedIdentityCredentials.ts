import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';

const type = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials';
const putBody = z.looseObject({
  properties: z.looseObject({ issuer: z.string(), subject: z.string(), audiences: z.array(z.string()).min(1) }),
});

/** Credentials by which workloads sign in as an identity. They go with it. */
export const federatedIdentityCredentialTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type,
    names: {
      pattern: /^[a-z0-9][\w-]{2,119}$/i,
      rule: 'It must have 3 to 120 letters, digits, dashes and underscores, and begin with a letter or digit.',
    },
    put,
    delete: remove,
  },
];

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { properties } = parseBody(request, putBody);
  const id = existing?.id ?? request.resourceId;
  const { body } = request.world.store.put(id, type, { id, name: nameOf(id), type, properties });
  return { status: existing ? 200 : 201, body };
}

function remove(request: ArmRequest, credential: Resource): Reply {
  request.world.remove(credential.id);
  return { status: 200 };
}
