import { z } from 'zod';
import { parseResourceId } from '../../resources/ids.ts';
import { nameRules } from '../../resources/names.ts';
import { registryZoneName } from '../../resources/privateDns.ts';
import { addressPrefix } from './addressRanges.ts';
import { crossCheck, matching, named, notBoth } from './checks.ts';
import { resourceIdOf } from './resourceIds.ts';

const subnetName = named('a subnet name', nameRules.subnet);

/** The guide's names and ranges, for what does not exist and is not given. Guide: bring your own ACR, steps 1 and 6. */
export const defaultNetwork = {
  addressPrefixes: ['192.168.0.0/16'],
  nodeSubnet: { name: 'aks-subnet', addressPrefix: '192.168.1.0/24' },
  registrySubnet: { name: 'acr-subnet', addressPrefix: '192.168.2.0/24' },
  apiServerSubnet: { name: 'apiserver-subnet', addressPrefix: '192.168.3.0/24' },
};

const subnet = (defaults: { name: string; addressPrefix: string }) =>
  z.strictObject({
    name: subnetName.default(defaults.name).describe('The name of the subnet, found or created.'),
    addressPrefix: addressPrefix
      .exactOptional()
      .describe(`Default: ${defaults.addressPrefix}, or the range of the subnet where there is one of this name.`),
  });

/** Our own bound, as Azure documents none. Nobody plans a network of more than a hundred ranges by hand. */
const mostRanges = 100;

/** A virtual network: one that is there, by resource ID, or by name one that is found in the cluster's resource group or created there. */
export const network = z
  .strictObject({
    virtualNetworkId: resourceIdOf('virtualNetwork').exactOptional().describe('A virtual network that is there.'),
    name: named('a virtual network name', nameRules.virtualNetwork)
      .exactOptional()
      .describe('Default: <cluster>-vnet.'),
    addressPrefixes: z
      .array(addressPrefix)
      .min(1, 'no address range. Give at least one, or leave the key out.')
      .max(mostRanges, `too many address ranges. Use at most ${mostRanges}.`)
      .exactOptional()
      .describe(`Default: ${defaultNetwork.addressPrefixes}, or what the network has where there is one.`),
    nodeSubnet: subnet(defaultNetwork.nodeSubnet).prefault({}).describe('The subnet of the nodes.'),
    registrySubnet: subnet(defaultNetwork.registrySubnet).exactOptional().describe('With your own registry only.'),
    apiServerSubnet: subnet(defaultNetwork.apiServerSubnet).exactOptional().describe('With VNet integration only.'),
  })
  .check(notBoth('virtualNetworkId', 'name'));

/** The network of a cluster that exists: only the registry's subnet is asked for, the rest is known from Azure. */
export const existingNetwork = z.strictObject({
  registrySubnet: z
    .strictObject({
      name: subnetName.describe('The name of the subnet, found or created.'),
      addressPrefix: addressPrefix
        .exactOptional()
        .describe('Default: the range of the subnet. Needed where there is none of this name.'),
    })
    .exactOptional()
    .describe('Where the private endpoint of your own registry goes. Default: the subnet of the nodes.'),
});

const privateEndpoint = z
  .strictObject({
    resourceId: resourceIdOf('privateEndpoint').exactOptional().describe('A private endpoint that is there.'),
    name: named('a private endpoint name', nameRules.privateEndpoint)
      .exactOptional()
      .describe('Default: myPrivateEndpoint.'),
    connectionName: named('a private endpoint connection name', nameRules.privateEndpointConnection)
      .default('myConnection')
      .describe('The name of its connection to the registry, where it is created.'),
  })
  .check(notBoth('resourceId', 'name'))
  .prefault({})
  .describe('The private endpoint by which nodes reach the registry.');

export const privateDnsZoneId = resourceIdOf('privateDnsZone').refine(
  (id) => parseResourceId(id)?.name.toLowerCase() === registryZoneName,
  `not a zone for registries. Use one named ${registryZoneName}.`,
);

const privateDnsZone = z
  .strictObject({
    resourceId: privateDnsZoneId
      .exactOptional()
      .describe("Default: the zone in the cluster's resource group, found or created."),
    linkName: named('a virtual network link name', nameRules.zoneLink)
      .default('MyDNSLink')
      .describe('The name of its link to the network, where it is created.'),
  })
  .prefault({})
  .describe("The private DNS zone with the registry's names.");

/** How the registry's names come to lead to its endpoint, and by whom. */
export const privateDns = z
  .literal('managedElsewhere', 'not an allowed value. Use managedElsewhere, or leave the key out.')
  .describe(
    "managedElsewhere: a policy or a hub's DNS servers make the registry's names lead to its endpoint. No zone, link or record is made or demanded; nodes show that they resolve them. Default: a zone that is linked to the network.",
  );
export type PrivateDns = z.output<typeof privateDns>;

/**
 * Where nodes pull their images from. `managed`: a registry that AKS creates, owns and deletes with the cluster.
 * `bringYourOwn`: your registry, by resource ID, or by name one that is found in the cluster's resource group or created
 * there.
 */
export const registry = z
  .discriminatedUnion(
    'mode',
    [
      z.strictObject({
        mode: z.literal('managed').describe('AKS makes the registry, and deletes it with the cluster.'),
      }),
      z
        .strictObject({
          mode: z.literal('bringYourOwn').describe('The registry is your own, found or created.'),
          containerRegistryId: resourceIdOf('registry').exactOptional().describe('A registry that is there.'),
          // In lower case, as in the registry's host name.
          name: matching(/^[a-z0-9]{5,50}$/, 50, 'not a registry name. Use 5 to 50 lower-case letters and digits.')
            .exactOptional()
            .describe(
              'Default: made of the names of cluster and resource group, with a hash of both and of the subscription ID. A registry of this cluster that is there under the name that version 0.1 gave is kept.',
            ),
          privateEndpoint,
          privateDnsZone,
          privateDns: privateDns.exactOptional(),
        })
        .check(
          notBoth('containerRegistryId', 'name'),
          crossCheck(z.object({ privateDns, privateDnsZone: z.object({ resourceId: z.string() }) }), (_both, report) =>
            report(
              ['privateDnsZone', 'resourceId'],
              'given with privateDns managedElsewhere, which makes no zone, link or record. Remove one of them.',
            ),
          ),
        ),
    ],
    { error: 'not an allowed registry. Use {"mode": "managed"} or {"mode": "bringYourOwn"}.' },
  )
  .describe('Where nodes pull their images from.');

export type RegistryInput = z.output<typeof registry>;
