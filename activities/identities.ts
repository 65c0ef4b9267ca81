import type { IdentityFacts, IdentitySpecification } from '../resources/identities.ts';
import { type ClientsOf, locate } from './arm/connection.ts';
import { azureRead } from './arm/errors.ts';
import { boundTo, marksOn } from './arm/marks.ts';
import {
  createResource,
  deleteResource,
  type MarkedResource,
  type MaybeAdopted,
  type MaybeUnseen,
  type ResourceType,
} from './arm/ownedResource.ts';
import { usersOf } from './users/usersOf.ts';

/** Reads a user-assigned managed identity by its resource ID. */
export async function readIdentity(clients: ClientsOf, id: string): Promise<IdentityFacts | undefined> {
  const { client, resourceGroup, name } = locate(clients, 'identities', id);
  const found = await azureRead(id, () => client.userAssignedIdentities.get(resourceGroup, name));
  if (!found) return undefined;
  return {
    id: found.id ?? id,
    principalId: found.principalId ?? '',
    clientId: found.clientId ?? '',
    marks: marksOn(id, found.tags),
  };
}

const identityType: ResourceType<'identities', IdentityFacts> = {
  kind: 'identity',
  service: 'identities',
  read: readIdentity,
  remove: ({ client, resourceGroup, name }) => client.userAssignedIdentities.delete(resourceGroup, name),
};

export const identityActivities = (clients: ClientsOf) => ({
  createIdentity: ({ id, location, tags }: IdentitySpecification): Promise<IdentityFacts & MaybeAdopted> =>
    createResource(clients, identityType, id, {
      marks: tags,
      send: ({ client, resourceGroup, name }, _conditions, found) =>
        client.userAssignedIdentities.createOrUpdate(resourceGroup, name, {
          location,
          tags: { ...found, ...boundTo(id, tags) },
        }),
      mismatches: ({ principalId }) => (principalId === '' ? ['principalId: got none'] : []),
    }),

  deleteIdentity: (identity: MarkedResource): Promise<MaybeUnseen | undefined> =>
    deleteResource(clients, identityType, identity, {
      usersOf: () => usersOf(clients, identity.id, identity.marks),
    }),
});
