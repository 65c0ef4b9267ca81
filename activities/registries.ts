import { parseResourceId } from '../contract/resourceIds.ts';
import type { ClientsOf } from './connection.ts';
import { azureCall, azureRead } from './errors.ts';

export interface RegistryFacts {
  sku: string;
  publicNetworkAccess: string;
  anonymousPullEnabled: boolean;
  cacheRules: { name: string; sourceRepository: string; targetRepository: string }[];
  /** Connection state of each private endpoint, as Azure spells it. */
  privateEndpoints: string[];
}

/** Reads a container registry with its cache rules by its resource ID. */
export async function readRegistry(clients: ClientsOf, resourceId: string): Promise<RegistryFacts | undefined> {
  const id = parseResourceId(resourceId);
  if (!id) return undefined;
  const { registries, cacheRules } = clients(id.subscriptionId).containerRegistry;
  const found = await azureRead(resourceId, () => registries.get(id.resourceGroup, id.name));
  if (!found) return undefined;
  const rules: RegistryFacts['cacheRules'] = [];
  await azureCall(resourceId, async () => {
    for await (const { name, sourceRepository, targetRepository } of cacheRules.list(id.resourceGroup, id.name)) {
      rules.push({
        name: name ?? '',
        sourceRepository: sourceRepository ?? '',
        targetRepository: targetRepository ?? '',
      });
    }
  });
  return {
    sku: found.sku.name,
    publicNetworkAccess: found.publicNetworkAccess ?? 'Enabled',
    anonymousPullEnabled: found.anonymousPullEnabled ?? false,
    cacheRules: rules,
    privateEndpoints: (found.privateEndpointConnections ?? []).map(
      ({ privateLinkServiceConnectionState: state }) => state?.status ?? 'Unknown',
    ),
  };
}
