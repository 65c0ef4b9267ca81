import { z } from 'zod';
import type { ClientsOf } from './arm/connection.ts';
import { azureReadIfRegistered } from './arm/errors.ts';
import { restList } from './arm/restList.ts';

/** An extension of a cluster. Source: Azure REST API, "Extensions" of Microsoft.KubernetesConfiguration, 2023-05-01. */
export interface ExtensionFacts {
  id: string;
  /** For example `microsoft.flux`. */
  type: string;
}

const extension = z.object({
  id: z.string(),
  properties: z.object({ extensionType: z.string().default('') }).prefault({}),
});

/** Lists the extensions of a cluster. Without the provider there is none. */
export async function readExtensions(clients: ClientsOf, clusterId: string): Promise<ExtensionFacts[]> {
  const path = `${clusterId}/providers/Microsoft.KubernetesConfiguration/extensions?api-version=2023-05-01`;
  const found = await azureReadIfRegistered(clusterId, () => restList(clients, clusterId, path, extension));
  return (found ?? []).map(({ id, properties }) => ({ id, type: properties.extensionType.toLowerCase() }));
}
