import { type Body, valueAt } from '../../arm/json.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { interfaceAddresses, servedNames } from './endpointMembers.ts';
import { endpointsOf, endpointType, interfaceType } from './endpointShapes.ts';
import type { Destination } from './securityFilter.ts';

const registryType = 'Microsoft.ContainerRegistry/registries';
const suffix = '.azurecr.io';
const linked = '.privatelink.azurecr.io';

/** The registry that a host name belongs to, that of a data endpoint too. */
export function registryOfHost(world: World, host: string): Resource | undefined {
  const [label] = host.toLowerCase().split('.');
  return isRegistryHost(host)
    ? world.store.list(registryType).find(({ name, body }) => loginServer(name, body).split('.')[0] === label)
    : undefined;
}

const isRegistryHost = (host: string): boolean => host.toLowerCase().endsWith(suffix);

export const loginServer = (name: string, body: Body): string =>
  String(valueAt(body, 'properties.loginServer') ?? `${name}${suffix}`).toLowerCase();

/**
 * The other name as which public DNS knows a host: with an approved private endpoint, a registry is an alias of a name in the
 * privatelink zone. Source: Microsoft Learn, "Connect privately to an Azure container registry".
 */
export function aliasOf(world: World, host: string): string | undefined {
  const registry = host.toLowerCase().endsWith(linked) ? undefined : registryOfHost(world, host);
  const isServed = registry && endpointsOf(world, registry.id).some((endpoint) => servedNames(endpoint).length > 0);
  return isServed ? host.toLowerCase().replace(suffix, linked) : undefined;
}

/** The address that public DNS has for a host; `undefined` for a name that it does not know. */
export function publicAddress(world: World, host: string): string | undefined {
  const name = host.toLowerCase().replace(linked, suffix);
  if (isRegistryHost(name)) return registryOfHost(world, name) && addressFor(name);
  if (!name.endsWith('.azmk8s.io')) return addressFor(name);
  const cluster = world.store
    .list('Microsoft.ContainerService/managedClusters')
    .find(({ body }) => valueAt(body, 'properties.fqdn') === name);
  if (!cluster) return undefined;
  return valueAt(cluster.body, 'properties.privateLinkResources') === undefined
    ? addressFor(name)
    : apiServerAddress(world, cluster);
}

/** Public DNS tells the private address of an API server with private link. Microsoft Learn, "Create a private AKS cluster". */
function apiServerAddress(world: World, { id, body }: Resource): string | undefined {
  const group = `/subscriptions/${id.split('/')[2]}/resourceGroups/${valueAt(body, 'properties.nodeResourceGroup')}`;
  const endpoint = `${group}/providers/${endpointType}/kube-apiserver`;
  const nic = world.store.list(interfaceType, group).find(({ body: { managedBy } }) => managedBy === endpoint);
  return nic && interfaceAddresses(nic)[0]?.address;
}

/** An address of the internet with the service tags in which Azure publishes it; the names of regions are left out. */
export function destinationOf(host: string, address: string): Destination {
  const name = host.toLowerCase();
  if (isRegistryHost(name)) return { address, tags: ['AzureContainerRegistry', 'AzureCloud'] };
  // Microsoft Learn, "Client firewall rules to access Microsoft Artifact Registry".
  if (name.endsWith('mcr.microsoft.com'))
    return { address, tags: ['MicrosoftContainerRegistry', 'AzureFrontDoor.FirstParty'] };
  if (name.endsWith('.azmk8s.io')) return { address, tags: ['AzureCloud'] };
  return { address, tags: [] };
}

/** A made up address of the internet, always the same one for a name. */
function addressFor(name: string): string {
  const number = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 65_536, 7);
  return `20.70.${number >> 8}.${number & 255}`;
}
