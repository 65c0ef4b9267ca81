import { group, location, type Started } from '../support.ts';

export const rg = 'endpoints';
export const networkProvider = `${group(rg)}/providers/Microsoft.Network`;
export const vnet = `${networkProvider}/virtualNetworks/v`;
export const subnet = (name: string) => `${vnet}/subnets/${name}`;
export const endpoint = (name: string) => `${networkProvider}/privateEndpoints/${name}`;
export const registryId = (name: string, inGroup = rg) =>
  `${group(inGroup)}/providers/Microsoft.ContainerRegistry/registries/${name}`;
export const premium = { location, sku: { name: 'Premium' } };

export const networkBody = {
  location,
  properties: {
    addressSpace: { addressPrefixes: ['192.168.0.0/16'] },
    subnets: [
      ...['first', 'sdk', 'manual', 'moved', 'nodes', 'shared', 'gone', 'grouped'].map((name, index) => ({
        name,
        properties: { addressPrefix: `192.168.${index + 1}.0/24` },
      })),
      // Azure keeps five of its eight addresses.
      { name: 'narrow', properties: { addressPrefix: '192.168.20.0/29' } },
      {
        name: 'delegated',
        properties: {
          addressPrefix: '192.168.21.0/24',
          delegations: [{ name: 'd', properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } }],
        },
      },
    ],
  },
};
export const connection = (id: string, groupIds = ['registry']) => [
  { name: 'c', properties: { privateLinkServiceId: id, groupIds } },
];
export const body = (inSubnet: string, to = registryId('endpoints01')) => ({
  location,
  properties: { subnet: { id: subnet(inSubnet) }, privateLinkServiceConnections: connection(to) },
});
export const manualBody = (inSubnet: string) => ({
  location,
  properties: {
    subnet: { id: subnet(inSubnet) },
    manualPrivateLinkServiceConnections: connection(registryId('endpoints02')),
  },
});
/** Makes the network, and two registries for endpoints in it. */
export async function prepareNetwork({ put }: Started): Promise<void> {
  await put(group(rg), { location });
  await put(vnet, networkBody);
  for (const name of ['endpoints01', 'endpoints02']) await put(registryId(name), premium);
}

/** The addresses that an endpoint shows. */
export async function shownAddresses({ get }: Started, id: string): Promise<string[]> {
  const configs = (await get(id)).at('properties.customDnsConfigs') as { ipAddresses: string[] }[];
  return configs.flatMap(({ ipAddresses }) => ipAddresses);
}

/** The endpoint connections that a registry shows. */
export async function connectionsOf({ get }: Started, id: string): Promise<{ name: string; properties: object }[]> {
  return (await get(id)).at('properties.privateEndpointConnections') as { name: string; properties: object }[];
}
