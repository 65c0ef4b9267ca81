import { z } from 'zod';
import type { ArmRequest } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import { type Body, withoutNulls } from '../../arm/json.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { withEtag } from './style.ts';

export const vnetType = 'Microsoft.Network/virtualNetworks';
export const subnetType = `${vnetType}/subnets`;

const reference = z
  .looseObject({ id: z.string() })
  .nullish()
  .transform((sent) => sent ?? undefined);
export const subnetProperties = z.looseObject({
  addressPrefix: z.string().optional(),
  addressPrefixes: z.array(z.string()).optional(),
  delegations: z
    .array(z.looseObject({ name: z.string(), properties: z.looseObject({ serviceName: z.string() }) }))
    .nullish(),
  natGateway: reference,
  routeTable: reference,
  networkSecurityGroup: reference,
  defaultOutboundAccess: z.boolean().nullish(),
});
export type SubnetProperties = z.infer<typeof subnetProperties>;

/** From this API version on, the subnets of a new network are private unless they say otherwise. */
const privateSince = '2025-07-01';

export const makesPrivate = ({ apiVersion }: ArmRequest): boolean => apiVersion.slice(0, 10) >= privateSince;

/** Gives a subnet that says nothing about default outbound access what its network has by default: none in a private one. */
export function withDefaultAccess(properties: SubnetProperties, isPrivate: boolean): SubnetProperties {
  return isPrivate ? { ...properties, defaultOutboundAccess: properties.defaultOutboundAccess ?? false } : properties;
}

/** The address ranges of a subnet; empty when it does not exist. */
export function subnetRanges(world: World, id: string): string[] {
  const subnet = world.store.get(id);
  return subnet?.type === subnetType ? prefixesOf(subnetProperties.parse(subnet.body.properties)) : [];
}

/** The services a subnet is delegated to. */
export function delegationsOf(world: World, id: string): string[] {
  const subnet = world.store.get(id);
  if (subnet?.type !== subnetType) return [];
  return (subnetProperties.parse(subnet.body.properties).delegations ?? []).map((one) => one.properties.serviceName);
}

/** Delegates a subnet from inside the cloud, unless its owner has done so. */
export function delegateSubnet(world: World, id: string, serviceName: string): void {
  const subnet = world.store.get(id);
  const same = (service: string) => service.toLowerCase() === serviceName.toLowerCase();
  if (!subnet || delegationsOf(world, id).some(same)) return;
  const properties = subnetProperties.parse(subnet.body.properties);
  const delegations = [{ name: 'aks-delegation', properties: { serviceName } }];
  world.store.put(id, subnetType, subnetResource(subnet.id, { ...properties, delegations }, 'Succeeded'));
}

export function prefixesOf({
  addressPrefix,
  addressPrefixes,
}: Pick<SubnetProperties, 'addressPrefix' | 'addressPrefixes'>): string[] {
  return addressPrefix === undefined ? (addressPrefixes ?? []) : [addressPrefix];
}

export function subnetResource(id: string, sent: SubnetProperties, provisioningState: string): Body {
  // A client that sends back what it has read sends what only readers see.
  const { ipConfigurations: _shown, privateEndpoints: _too, ...kept } = subnetProperties.parse(withoutNulls(sent));
  const delegations = (kept.delegations ?? []).map((delegation) => ({
    name: delegation.name,
    id: `${id}/delegations/${delegation.name}`,
    type: `${subnetType}/delegations`,
    properties: {
      provisioningState: 'Succeeded',
      serviceName: delegation.properties.serviceName,
      actions: ['Microsoft.Network/virtualNetworks/subnets/join/action'],
    },
  }));
  return {
    name: nameOf(id),
    id,
    type: subnetType,
    properties: {
      privateEndpointNetworkPolicies: 'Disabled',
      privateLinkServiceNetworkPolicies: 'Enabled',
      ...kept,
      delegations,
      provisioningState,
    },
  };
}

/** The subnet as readers see it, with the interfaces and endpoints in it. */
export function subnetView(subnet: Resource, world: World): Body {
  const users = world.store.referencesTo(subnet.id);
  const usersOf = (wanted: string) => users.filter(({ type }) => type === wanted);
  const ipConfigurations = usersOf('Microsoft.Network/networkInterfaces').flatMap((nic) => {
    const { ipConfigurations: all } = propertiesOf(nic);
    return Array.isArray(all) ? all.map(({ id }: Body) => ({ id })) : [];
  });
  const privateEndpoints = usersOf('Microsoft.Network/privateEndpoints').map(({ id }) => ({ id }));
  return {
    ...withEtag(subnet),
    properties: {
      ...propertiesOf(subnet),
      ...(ipConfigurations.length > 0 && { ipConfigurations }),
      ...(privateEndpoints.length > 0 && { privateEndpoints }),
    },
  };
}
