/**
 * Clouds in which registries and their zone have other names than in Azure, by how the host of their Azure Resource Manager ends. Source:
 * Microsoft Learn, "Compare Azure Government and global Azure" and "Azure China developer guide".
 */
const otherClouds: Readonly<Record<string, string>> = {
  '.usgovcloudapi.net': 'Azure US Government',
  '.chinacloudapi.cn': 'Azure operated by 21Vianet',
};

/** The cloud of an endpoint, where names are not those of Azure. @param endpoint Of Azure Resource Manager. */
export function otherCloudOf(endpoint: string): string | undefined {
  const { hostname } = new URL(endpoint);
  return Object.entries(otherClouds).find(([ending]) => hostname.endsWith(ending))?.[1];
}

/** Whether an endpoint is Azure's own, in any cloud. Elsewhere, as in a simulated Azure, time may pass otherwise. */
export const isAzures = (endpoint: string): boolean =>
  new URL(endpoint).hostname.endsWith('management.azure.com') || otherCloudOf(endpoint) !== undefined;
