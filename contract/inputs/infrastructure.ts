import { z } from 'zod';
import { isRange } from '../../resources/addressRanges.ts';
import { registryZoneName } from '../../resources/privateDns.ts';
import { isIdOf, notBoth, resourceIdOf } from './cluster.ts';

/** An IPv4 range. */
export const addressPrefix = z
  .string()
  .refine(isRange, 'not an IPv4 range. Use CIDR notation that begins with the first address, such as 192.168.1.0/24.');

const networkName = (what: string) =>
  z
    .string()
    .regex(
      /^[a-zA-Z0-9]([-\w.]{0,62}\w)?$/,
      `not a ${what} name. Use 1 to 64 letters, digits, hyphens, underscores or dots, beginning with a letter or digit and not ending in a dot or hyphen.`,
    );

/** The guide's names and ranges, for what does not exist and is not given. Guide: bring your own ACR, steps 1 and 6. */
export const defaultNetwork = {
  addressPrefixes: ['192.168.0.0/16'],
  nodeSubnet: { name: 'aks-subnet', addressPrefix: '192.168.1.0/24' },
  registrySubnet: { name: 'acr-subnet', addressPrefix: '192.168.2.0/24' },
  apiServerSubnet: { name: 'apiserver-subnet', addressPrefix: '192.168.3.0/24' },
};

const subnet = (defaults: { name: string; addressPrefix: string }) =>
  z.strictObject({
    name: networkName('subnet').default(defaults.name),
    addressPrefix: addressPrefix
      .exactOptional()
      .describe(`Default: ${defaults.addressPrefix}, or the range of the subnet where there is one of this name.`),
  });

/** A virtual network: one that is there, by resource ID, or by name one that is found in the cluster's resource group or created there. */
export const network = z
  .strictObject({
    virtualNetworkId: resourceIdOf('Microsoft.Network/virtualNetworks', 'az network vnet show').exactOptional(),
    name: networkName('virtual network').exactOptional().describe('Default: <cluster>-vnet.'),
    addressPrefixes: z
      .array(addressPrefix)
      .min(1, 'no address range. Give at least one, or leave the key out.')
      .exactOptional()
      .describe(`Default: ${defaultNetwork.addressPrefixes}, or what the network has where there is one.`),
    nodeSubnet: subnet(defaultNetwork.nodeSubnet).prefault({}),
    registrySubnet: subnet(defaultNetwork.registrySubnet).exactOptional().describe('With your own registry only.'),
    apiServerSubnet: subnet(defaultNetwork.apiServerSubnet).exactOptional().describe('With VNet integration only.'),
  })
  .check(notBoth('virtualNetworkId', 'name'));

/** What may be said of the network that a cluster is in already; everything else of it is known. */
export const existingNetwork = z.strictObject({
  registrySubnet: z
    .strictObject({
      name: networkName('subnet'),
      addressPrefix: addressPrefix
        .exactOptional()
        .describe('Default: the range of the subnet. Needed where there is none of this name.'),
    })
    .exactOptional()
    .describe('Where the private endpoint of your own registry goes. Default: the subnet of the nodes.'),
});

const privateEndpoint = z
  .strictObject({
    resourceId: resourceIdOf('Microsoft.Network/privateEndpoints', 'az network private-endpoint show').exactOptional(),
    name: networkName('private endpoint').exactOptional().describe('Default: myPrivateEndpoint.'),
    connectionName: networkName('private endpoint connection').default('myConnection'),
  })
  .check(notBoth('resourceId', 'name'))
  .prefault({});

const zoneType = 'Microsoft.Network/privateDnsZones';
export const privateDnsZoneId = resourceIdOf(zoneType, 'az network private-dns zone show').refine(
  (id) => !isIdOf(zoneType, id) || id.toLowerCase().endsWith(`/${registryZoneName}`),
  `not a zone for registries. Use one named ${registryZoneName}.`,
);

const privateDnsZone = z
  .strictObject({
    resourceId: privateDnsZoneId
      .exactOptional()
      .describe("Default: the zone in the cluster's resource group, found or created."),
    linkName: networkName('virtual network link').default('MyDNSLink'),
  })
  .prefault({});

/**
 * Where nodes pull their images from. `managed`: a registry that AKS creates, owns and deletes with the cluster.
 * `bringYourOwn`: your registry, by resource ID, or by name one that is found in the cluster's resource group or created
 * there.
 */
export const registry = z.discriminatedUnion(
  'mode',
  [
    z.strictObject({ mode: z.literal('managed') }),
    z
      .strictObject({
        mode: z.literal('bringYourOwn'),
        containerRegistryId: resourceIdOf('Microsoft.ContainerRegistry/registries', 'az acr show').exactOptional(),
        name: z
          .string()
          .regex(/^[a-z0-9]{5,50}$/, 'not a registry name. Use 5 to 50 lower-case letters and digits.')
          .exactOptional()
          .describe('Default: made of the names of cluster and resource group and of the subscription ID.'),
        privateEndpoint,
        privateDnsZone,
      })
      .check(notBoth('containerRegistryId', 'name')),
  ],
  { error: 'not an allowed registry. Use {"mode": "managed"} or {"mode": "bringYourOwn"}.' },
);

export type RegistryInput = z.output<typeof registry>;
