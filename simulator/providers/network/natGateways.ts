import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import type { ArmRequest } from '../../arm/exchange.ts';
import { keyOf } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/permissions.ts';
import { natGatewayType, publicAddressType, publicPrefixType } from './publicAddresses.ts';
import { refuseMissing } from './style.ts';
import { subnetType, vnetType } from './subnetShapes.ts';
import { trackedType, usedBy } from './trackedResource.ts';

const references = z.array(z.looseObject({ id: z.string() })).nullish();
const gatewayProperties = z.looseObject({
  publicIpAddresses: references,
  publicIpPrefixes: references,
  sourceVirtualNetwork: z.looseObject({ id: z.string() }).nullish(),
});

/** NAT gateways. One gives the subnets that name it a way out, as soon as it has a public address. */
export const natGatewayTypes: readonly ResourceType[] = [
  trackedType({
    type: natGatewayType,
    hasSku: true,
    check(request, sent) {
      const { publicIpAddresses, publicIpPrefixes, sourceVirtualNetwork } = gatewayProperties.parse(
        sent.properties ?? {},
      );
      if (sourceVirtualNetwork) checkNetwork(request, sourceVirtualNetwork.id, sent.sku?.name);
      for (const { id } of publicIpAddresses ?? []) checkAddress(request, id, publicAddressType, sent.sku?.name);
      for (const { id } of publicIpPrefixes ?? []) checkAddress(request, id, publicPrefixType, sent.sku?.name);
    },
    build: (_world, sent) => ({ idleTimeoutInMinutes: 4, ...sent }),
    view: ({ id }, world) => {
      const subnets = usedBy(world, id, subnetType);
      return subnets ? { subnets } : {};
    },
    inUse: ({ id }, world) => {
      const subnets = usedBy(world, id, subnetType);
      return (
        subnets &&
        new ArmError(
          400,
          'CannotDeleteNatGatewayAssociatedToSubnet',
          `NAT Gateway ${id} is still configured on ${subnets.length} subnets. Remove NAT Gateway from all referenced subnets and then delete NAT Gateway.`,
          { details: [] },
        )
      );
    },
  }),
];

/** IDs of the public addresses and prefixes of a NAT gateway. Without any it lets nothing out. */
export function addressesOfGateway(gateway: Resource): string[] {
  const { publicIpAddresses, publicIpPrefixes } = gatewayProperties.parse(propertiesOf(gateway));
  return [...(publicIpAddresses ?? []), ...(publicIpPrefixes ?? [])].map(({ id }) => id);
}

/** The gateway that serves a whole network, in place of one of a subnet's own. */
export const gatewayOfNetwork = (world: World, vnetId: string): Resource | undefined =>
  world.store
    .referencesTo(vnetId)
    .find(
      ({ type, body }) =>
        type === natGatewayType &&
        keyOf(gatewayProperties.parse(body.properties).sourceVirtualNetwork?.id ?? '') === keyOf(vnetId),
    );

function checkNetwork(request: ArmRequest, vnetId: string, sku: string | null | undefined): void {
  refuseMissing(request.world, vnetId, vnetType, request.resourceId);
  refuseUnlinked(request, 'Microsoft.Network/virtualNetworks/join/action', vnetId);
  if (sku === 'StandardV2') return;
  throw new ArmError(
    400,
    'NatGatewaySourceVirtualNetworkNotSupportedForSku',
    `NAT Gateway ${request.resourceId} must be of SKU StandardV2 to serve a whole virtual network.`,
    { details: [] },
  );
}

/** A gateway serves the subnets of one network. @throws ArmError */
export function refuseForeignGateway(world: World, gatewayId: string, subnetId: string): void {
  const vnetOf = (subnet: string) => keyOf(subnet.split('/').slice(0, -2).join('/'));
  const other = (usedBy(world, gatewayId, subnetType) ?? []).find(({ id }) => vnetOf(id) !== vnetOf(subnetId));
  if (!other) return;
  throw new ArmError(
    400,
    'NatGatewayCannotBeUsedBySubnetsBelongingToDifferentVirtualNetworks',
    `NAT Gateway ${gatewayId} cannot be used by subnet ${subnetId}: it is used by ${other.id} in another virtual network.`,
    { details: [] },
  );
}

function checkAddress(request: ArmRequest, id: string, type: string, sku: string | null | undefined): void {
  const { world, resourceId } = request;
  refuseMissing(world, id, type, resourceId);
  refuseUnlinked(request, `${type}/join/action`, id);
  const wanted = sku === 'StandardV2' ? 'StandardV2' : 'Standard';
  if (valueAt(world.store.get(id)?.body, 'sku.name') !== wanted) {
    throw new ArmError(
      400,
      'NatGatewayPublicIpSkuMismatch',
      `NAT Gateway ${resourceId} of SKU ${wanted} cannot use ${id}: its SKU is another one.`,
      { details: [] },
    );
  }
  const user = world.store.referencesTo(id, id).find((each) => keyOf(each.id) !== keyOf(resourceId));
  if (!user) return;
  throw new ArmError(
    400,
    'PublicIPAddressInUse',
    `Resource ${resourceId} is referencing public IP address ${id} that is already allocated to resource ${user.id}.`,
    { details: [] },
  );
}
