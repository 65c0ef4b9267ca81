import { createHash } from 'node:crypto';
import { z } from 'zod';
import { propertiesOf } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { balancerType } from '../network/loadBalancers.ts';
import { freePublicAddress, publicAddressType } from '../network/publicAddresses.ts';
import type { ClusterBody } from './shapes.ts';
import { nodeGroupOf } from './stored.ts';

interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

const frontends = z.looseObject({ frontendIPConfigurations: z.array(z.looseObject({ name: z.string() })).default([]) });

/**
 * A Kubernetes service of type LoadBalancer: the cloud provider gives it a public address and a frontend of the load balancer
 * `kubernetes`, which it makes for the first one. It lets traffic in, and no machine out: its rules have no outbound SNAT.
 * Source: Microsoft Learn, "Customize cluster egress with a user-defined routing table"; kubernetes-sigs/cloud-provider-azure.
 */
export function openService(world: World, cluster: ClusterBody, service: ServiceName): void {
  const group = nodeGroupOf(cluster);
  const name = frontendOf(service);
  const address = `${group}/providers/${publicAddressType}/kubernetes-${name}`;
  if (world.store.get(address)) return;
  put(world, address, publicAddressType, {
    location: cluster.location,
    sku: { name: 'Standard', tier: 'Regional' },
    tags: { 'k8s-azure-cluster-name': 'kubernetes', 'k8s-azure-service': `${service.namespace}/${service.name}` },
    properties: {
      provisioningState: 'Succeeded',
      publicIPAddressVersion: 'IPv4',
      publicIPAllocationMethod: 'Static',
      ipAddress: freePublicAddress(world),
    },
  });
  const id = `${group}/providers/${balancerType}/kubernetes`;
  const present = world.store.get(id);
  const properties = present ? propertiesOf(present) : { provisioningState: 'Succeeded', outboundRules: [] };
  const frontend = {
    name,
    id: `${id}/frontendIPConfigurations/${name}`,
    properties: { publicIPAddress: { id: address } },
  };
  put(world, id, balancerType, {
    location: cluster.location,
    sku: { name: 'Standard', tier: 'Regional' },
    properties: {
      ...properties,
      frontendIPConfigurations: [...frontends.parse(properties).frontendIPConfigurations, frontend],
    },
  });
}

/** Takes a service's public address away, and with the last one the load balancer. @returns whether there was one */
export function closeService(world: World, cluster: ClusterBody, service: ServiceName): boolean {
  const group = nodeGroupOf(cluster);
  const name = frontendOf(service);
  const address = `${group}/providers/${publicAddressType}/kubernetes-${name}`;
  const balancer = world.store.get(`${group}/providers/${balancerType}/kubernetes`);
  if (!world.store.get(address) || !balancer) return false;
  world.remove(address);
  const properties = propertiesOf(balancer);
  const others = frontends.parse(properties).frontendIPConfigurations.filter((each) => each.name !== name);
  if (others.length === 0) world.remove(balancer.id);
  else
    world.store.put(balancer.id, balancerType, {
      ...balancer.body,
      properties: { ...properties, frontendIPConfigurations: others },
    });
  return true;
}

/** The cloud provider names frontends after the service's UID. */
const frontendOf = ({ namespace, name }: ServiceName): string =>
  `a${createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 31)}`;

const put = (world: World, id: string, type: string, body: Record<string, unknown>): void => {
  world.store.put(id, type, { id, name: id.split('/').at(-1), type, ...body });
};
