import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { keyOf } from '../../arm/ids.ts';
import type { Body } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { balancerType, frontendsOf } from './loadBalancers.ts';
import { trackedType, usedBy } from './trackedResource.ts';

export const publicAddressType = 'Microsoft.Network/publicIPAddresses';
export const publicPrefixType = 'Microsoft.Network/publicIPPrefixes';
export const natGatewayType = 'Microsoft.Network/natGateways';

/** Public addresses, and ranges of them. Only what uses one makes it a way out: a NAT gateway, a load balancer's outbound rule. */
export const publicAddressTypes: readonly ResourceType[] = [
  trackedType({
    type: publicAddressType,
    hasSku: true,
    check({ resourceId }, { sku, properties }) {
      const { publicIPAllocationMethod: method = 'Dynamic' } = properties ?? {};
      if (sku?.name === 'Basic' || method !== 'Dynamic') return;
      throw new ArmError(
        400,
        'PublicIPAllocationMethodNotSupportedForSku',
        `Standard sku publicIp ${resourceId} must have AllocationMethod set to Static.`,
        { details: [] },
      );
    },
    build: (_world, sent, before) => ({
      publicIPAddressVersion: 'IPv4',
      publicIPAllocationMethod: 'Dynamic',
      idleTimeoutInMinutes: 4,
      ipTags: [],
      ddosSettings: { protectionMode: 'VirtualNetworkInherited' },
      ...sent,
      ipAddress: before.ipAddress,
    }),
    finish(world, id) {
      const address = world.store.get(id);
      const properties = address ? propertiesOf(address) : {};
      if (!address || properties.ipAddress !== undefined || properties.publicIPAllocationMethod !== 'Static') return;
      const ipAddress = freePublicAddress(world);
      world.store.put(id, publicAddressType, { ...address.body, properties: { ...properties, ipAddress } });
    },
    view: ({ id }, world) => userOf(world, id),
    inUse: ({ id }, world) => {
      const user = userId(world, id);
      return user === undefined
        ? undefined
        : new ArmError(
            400,
            'PublicIPAddressCannotBeDeleted',
            `Public IP address ${id} can not be deleted since it is still allocated to resource ${user}. In order to delete the public IP, disassociate/detach the Public IP address from the resource.  To learn how to do this, see aka.ms/deletepublicip.`,
            { details: [] },
          );
    },
  }),
  trackedType({
    type: publicPrefixType,
    hasSku: true,
    build: (_world, sent, before) => ({
      publicIPAddressVersion: 'IPv4',
      prefixLength: 28,
      ipTags: [],
      ...sent,
      ipPrefix: before.ipPrefix,
    }),
    finish(world, id) {
      const prefix = world.store.get(id);
      const properties = prefix ? propertiesOf(prefix) : {};
      if (!prefix || properties.ipPrefix !== undefined) return;
      const taken = world.store.list(publicPrefixType).length;
      const ipPrefix = `20.62.${taken % 256}.0/${String(properties.prefixLength)}`;
      world.store.put(id, publicPrefixType, { ...prefix.body, properties: { ...properties, ipPrefix } });
    },
    view: ({ id }, world) => {
      const [gateway] = usedBy(world, id, natGatewayType) ?? [];
      return gateway ? { natGateway: gateway } : {};
    },
    inUse: ({ id }, world) => {
      const [user] = world.store.referencesTo(id, id);
      return (
        user &&
        new ArmError(
          400,
          'InUsePublicIpPrefixCannotBeDeleted',
          `Public IP prefix ${id} is in use by ${user.id} and cannot be deleted.`,
          { details: [] },
        )
      );
    },
  }),
];

const addressProperties = z.looseObject({ ipAddress: z.string().optional(), ipPrefix: z.string().optional() });

/** The address of a public address, or the range of a prefix. */
export function rangeOf(world: World, id: string): string | undefined {
  const { ipAddress, ipPrefix } = addressProperties.parse(world.store.get(id)?.body.properties ?? {});
  return ipAddress ?? ipPrefix;
}

/** A public address that nobody has; AKS draws its own the same way. */
export function freePublicAddress(world: World): string {
  const taken = new Set(
    world.store.list(publicAddressType).map((each) => addressProperties.parse(propertiesOf(each)).ipAddress),
  );
  for (let index = 1; ; index += 1) {
    const address = `20.61.${Math.floor(index / 250)}.${(index % 250) + 1}`;
    if (!taken.has(address)) return address;
  }
}

/** The user of a public address, as its readers see it. */
function userOf(world: World, id: string): Body {
  const [gateway] = usedBy(world, id, natGatewayType) ?? [];
  if (gateway) return { natGateway: gateway };
  const frontend = frontendWith(world, id);
  return frontend ? { ipConfiguration: { id: frontend } } : {};
}

const userId = (world: World, id: string): string | undefined =>
  usedBy(world, id, natGatewayType)?.[0]?.id ?? frontendWith(world, id);

function frontendWith(world: World, id: string): string | undefined {
  const balancers = world.store.referencesTo(id).filter(({ type }) => type === balancerType);
  return balancers
    .flatMap((balancer: Resource) => frontendsOf(balancer))
    .find(({ publicAddress }) => publicAddress !== undefined && keyOf(publicAddress) === keyOf(id))?.id;
}
