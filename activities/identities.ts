import { parseResourceId } from '../contract/resourceIds.ts';
import type { ClientsOf } from './connection.ts';
import { azureRead } from './errors.ts';

export interface IdentityFacts {
  principalId: string;
  clientId: string;
}

/** Reads a user-assigned managed identity by its resource ID. */
export async function readIdentity(clients: ClientsOf, resourceId: string): Promise<IdentityFacts | undefined> {
  const id = parseResourceId(resourceId);
  if (!id) return undefined;
  const { userAssignedIdentities } = clients(id.subscriptionId).identities;
  const found = await azureRead(resourceId, () => userAssignedIdentities.get(id.resourceGroup, id.name));
  return found && { principalId: found.principalId ?? '', clientId: found.clientId ?? '' };
}
