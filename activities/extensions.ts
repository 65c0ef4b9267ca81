import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureReadIfRegistered } from './arm/errors.ts';

const page = z.object({
  value: z.array(
    z.object({ id: z.string(), properties: z.object({ extensionType: z.string().default('') }).prefault({}) }),
  ),
  nextLink: z.string().nullish(),
});

/** An extension of a cluster. Source: Azure REST API, "Extensions" of Microsoft.KubernetesConfiguration, 2023-05-01. */
export interface ExtensionFacts {
  id: string;
  /** For example `microsoft.flux`. */
  type: string;
}

/**
 * Lists the extensions of a cluster, over REST for want of an SDK. Without the provider there is none.
 */
export async function readExtensions(clients: ClientsOf, clusterId: string): Promise<ExtensionFacts[]> {
  const { authorization } = clients(clusterId.split('/')[2] ?? '');
  const found: ExtensionFacts[] = [];
  const list = async (): Promise<ExtensionFacts[]> => {
    let url: string | undefined =
      `${authorization.$host}${clusterId}/providers/Microsoft.KubernetesConfiguration/extensions?api-version=2023-05-01`;
    while (url !== undefined) {
      const next: string = url;
      const { value, nextLink } = await azureCall(clusterId, async () => {
        const response = await authorization.sendRequest(createPipelineRequest({ url: next }));
        if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
        return page.parse(JSON.parse(response.bodyAsText ?? ''));
      });
      found.push(...value.map(({ id, properties }) => ({ id, type: properties.extensionType.toLowerCase() })));
      url = nextLink || undefined;
    }
    return found;
  };
  return (await azureReadIfRegistered(clusterId, list)) ?? [];
}
