import type { IdentityFacts, IdentitySpecification } from '../resources/identities.ts';
import { resourceReference } from '../resources/ids.ts';
import { type Marks, marksIn } from '../resources/marks.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureRead } from './arm/errors.ts';
import { createResource, deleteResource } from './arm/ownedResource.ts';

/** Reads a user-assigned managed identity by its resource ID. */
export async function readIdentity(clients: ClientsOf, id: string): Promise<IdentityFacts | undefined> {
  const { subscriptionId, resourceGroup, name } = resourceReference(id);
  const { userAssignedIdentities } = clients(subscriptionId).identities;
  const found = await azureRead(id, () => userAssignedIdentities.get(resourceGroup, name));
  if (!found) return undefined;
  return {
    id: found.id ?? id,
    principalId: found.principalId ?? '',
    clientId: found.clientId ?? '',
    marks: marksIn(found.tags),
  };
}

export function identityActivities(clients: ClientsOf) {
  return {
    async createIdentity({ id, location, tags }: IdentitySpecification): Promise<IdentityFacts> {
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const { userAssignedIdentities } = clients(subscriptionId).identities;
      return await createResource({
        ...reader(id),
        marks: tags,
        write: { send: () => userAssignedIdentities.createOrUpdate(resourceGroup, name, { location, tags }) },
        differences: ({ principalId }) => (principalId === '' ? ['principalId: got none'] : []),
      });
    },

    async deleteIdentity({ id, marks }: { id: string; marks: Marks }): Promise<void> {
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const { userAssignedIdentities } = clients(subscriptionId).identities;
      await deleteResource({
        ...reader(id),
        marks,
        write: { send: () => userAssignedIdentities.delete(resourceGroup, name) },
      });
    },
  };

  function reader(id: string) {
    return {
      id,
      kind: 'identity',
      read: () => readIdentity(clients, id),
      marksOf: ({ marks }: IdentityFacts) => marks,
    };
  }
}
