import { z } from 'zod';
import { parentPath } from '../../arm/ids.ts';
import { propertiesOf } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { balancerType } from '../network/loadBalancers.ts';
import { securityGroupType } from '../network/networkSecurityGroups.ts';
import { freePublicAddress, natGatewayType, publicAddressType } from '../network/publicAddresses.ts';
import { guidFrom } from './clusterResource.ts';
import { generation, isManagedGateway, ownOutboundAddresses } from './networkProfile.ts';
import type { ClusterBody } from './shapes.ts';
import { nodeGroupOf } from './stored.ts';

/**
 * The ways out that AKS makes for an outbound type, and takes away again: a load balancer with an outbound rule, or a NAT gateway on
 * the managed subnet. Under `block` its security group keeps machines from the internet. All others are the owner's.
 * Source: Microsoft Learn, "Customize cluster egress with outbound types".
 */
export function reconcileOutbound(world: World, cluster: ClusterBody, digits: string, nodeSubnet: string): void {
  const group = nodeGroupOf(cluster);
  const { outboundType } = cluster.properties.networkProfile;
  const own = ownOutboundAddresses(cluster.properties);
  const isBalanced = outboundType === 'loadBalancer';
  const isGateway = isManagedGateway(outboundType);
  const hasOwn = own.addresses.length + own.prefixes.length > 0;
  const address = `${group}/providers/${publicAddressType}/${guidFrom(cluster.properties.resourceUID)}`;
  const gateway = `${group}/providers/${natGatewayType}/aks-natgateway-${digits}`;
  const outbound = hasOwn ? own : { addresses: [address], prefixes: [] };
  if ((isBalanced || isGateway) && !hasOwn) placeAddress(world, address, cluster.location);
  setGateway(world, isGateway ? gateway : undefined, nodeSubnet, cluster, outbound);
  if (!isGateway) world.remove(gateway);
  setBalancer(world, cluster, isBalanced ? outbound : undefined);
  if (!isBalanced && !isGateway) world.remove(address);
  block(world, cluster, digits, nodeSubnet, outboundType === 'block');
}

/** IDs of the public addresses and prefixes of a way out. */
interface Outbound {
  readonly addresses: readonly string[];
  readonly prefixes: readonly string[];
}

function placeAddress(world: World, id: string, location: string): void {
  if (world.store.get(id)) return;
  put(world, id, publicAddressType, {
    location,
    sku: { name: 'Standard', tier: 'Regional' },
    properties: {
      provisioningState: 'Succeeded',
      publicIPAddressVersion: 'IPv4',
      publicIPAllocationMethod: 'Static',
      ipAddress: freePublicAddress(world),
    },
  });
}

/** Puts AKS's NAT gateway on its own subnet, or takes it off. A subnet of the owner's is never touched. */
function setGateway(
  world: World,
  id: string | undefined,
  subnetId: string,
  cluster: ClusterBody,
  { addresses, prefixes }: Outbound,
): void {
  const { outboundType, natGatewayProfile } = cluster.properties.networkProfile;
  const way = generation(outboundType, natGatewayProfile?.sku);
  if (id !== undefined && !world.store.get(id)) {
    put(world, id, natGatewayType, {
      location: cluster.location,
      sku: { name: way === 'managedNATGatewayV2' ? 'StandardV2' : 'Standard', tier: 'Regional' },
      properties: {
        provisioningState: 'Succeeded',
        idleTimeoutInMinutes: 4,
        publicIpAddresses: addresses.map((each) => ({ id: each })),
        publicIpPrefixes: prefixes.map((each) => ({ id: each })),
      },
    });
  }
  setOnSubnet(world, cluster, subnetId, 'natGateway', id);
}

/** The load balancer `kubernetes`. One with frontends of services stays without its outbound rule. */
function setBalancer(world: World, cluster: ClusterBody, outbound: Outbound | undefined): void {
  const id = `${nodeGroupOf(cluster)}/providers/${balancerType}/kubernetes`;
  const present = world.store.get(id);
  const services = frontends
    .parse(present ? propertiesOf(present) : {})
    .frontendIPConfigurations.filter(({ name }) => !outboundName.test(name));
  if (!outbound && services.length === 0) {
    world.remove(id);
    return;
  }
  const isBasic = cluster.properties.networkProfile.loadBalancerSku.toLowerCase() === 'basic';
  const uid = cluster.properties.resourceUID;
  const own = [
    ...(outbound?.addresses ?? []).map((each) => ({ publicIPAddress: { id: each } })),
    ...(outbound?.prefixes ?? []).map((each) => ({ publicIPPrefix: { id: each } })),
  ].map((properties, index) => {
    const name = `aksOutbound-${index === 0 ? guidFrom(uid) : `${guidFrom(uid)}-${index}`}`;
    return {
      name,
      id: `${id}/frontendIPConfigurations/${name}`,
      properties: { provisioningState: 'Succeeded', ...properties },
    };
  });
  put(world, id, balancerType, {
    location: cluster.location,
    sku: { name: isBasic ? 'Basic' : 'Standard', tier: 'Regional' },
    properties: {
      provisioningState: 'Succeeded',
      frontendIPConfigurations: [...own, ...services],
      outboundRules: outbound ? [outboundRule(id, own)] : [],
    },
  });
}

const frontends = z.looseObject({
  frontendIPConfigurations: z.array(z.looseObject({ name: z.string() })).default([]),
});
const outboundName = /^aksOutbound-/;

const outboundRule = (balancer: string, own: readonly { readonly id: string }[]) => ({
  name: 'aksOutboundRule',
  id: `${balancer}/outboundRules/aksOutboundRule`,
  properties: {
    provisioningState: 'Succeeded',
    protocol: 'All',
    allocatedOutboundPorts: 0,
    frontendIPConfigurations: own.map(({ id }) => ({ id })),
    backendAddressPool: { id: `${balancer}/backendAddressPools/aksOutboundBackendPool` },
  },
});

/** Under `block`, a rule of AKS's security group keeps its subnet from the internet. */
function block(world: World, cluster: ClusterBody, digits: string, subnetId: string, isBlocked: boolean): void {
  const group = `${nodeGroupOf(cluster)}/providers/${securityGroupType}/aks-agentpool-${digits}-nsg`;
  const rule = `${group}/securityRules/aks-block-outbound`;
  if (!isBlocked) {
    world.remove(rule);
    return;
  }
  put(world, rule, `${securityGroupType}/securityRules`, {
    properties: {
      provisioningState: 'Succeeded',
      protocol: '*',
      sourceAddressPrefix: '*',
      sourcePortRange: '*',
      destinationAddressPrefix: 'Internet',
      destinationPortRange: '*',
      access: 'Deny',
      priority: 4096,
      direction: 'Outbound',
    },
  });
  setOnSubnet(world, cluster, subnetId, 'networkSecurityGroup', group);
}

/** Sets a reference of AKS's own subnet. */
function setOnSubnet(world: World, cluster: ClusterBody, subnetId: string, name: string, id: string | undefined): void {
  const subnet = world.store.get(subnetId);
  if (
    !subnet ||
    !parentPath(subnetId)
      .toLowerCase()
      .startsWith(`${nodeGroupOf(cluster).toLowerCase()}/`)
  )
    return;
  const { [name]: _before, ...kept } = propertiesOf(subnet);
  const properties = id === undefined ? kept : { ...kept, [name]: { id } };
  world.store.put(subnetId, subnet.type, { ...subnet.body, properties });
}

const put = (world: World, id: string, type: string, body: Record<string, unknown>): void => {
  world.store.put(id, type, { id, name: id.split('/').at(-1), type, ...body });
};
