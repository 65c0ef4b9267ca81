import { randomUUID } from 'node:crypto';
import { ArmError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { parentPath } from '../../arm/ids.ts';
import type { Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/permissions.ts';
import { refuseForeignGateway } from './natGateways.ts';
import { securityGroupType } from './networkSecurityGroups.ts';
import { natGatewayType } from './publicAddresses.ts';
import { routeTableType } from './routeTables.ts';
import { networkTransitions, refuseMissing, refuseParallel } from './style.ts';
import { delegationsOf, type SubnetProperties, subnetType } from './subnetShapes.ts';

/** How networks and subnets are written; up to 10 s are recorded. */
export const transitions = networkTransitions(10);

/** Azure writes a network and its subnets one after the other, and not while an endpoint in them is made. @throws ArmError */
export function refuseWhileNetworkBusy(world: World, vnetId: string): void {
  const endpoint = world.store
    .list(subnetType, vnetId)
    .flatMap(({ id }) => world.store.referencesTo(id))
    .find(({ id, type }) => type === 'Microsoft.Network/privateEndpoints' && world.operations.running(id));
  if (endpoint) {
    const message = `Cannot proceed with operation because resource ${endpoint.id} is not in Succeeded state. Resource is in Updating state.`;
    throw new ArmError(429, 'RetryableError', 'A retryable error occurred.', {
      details: [{ code: 'ReferencedResourceNotProvisioned', message }],
    });
  }
  refuseParallel(world, vnetId);
}

/** How long links of a service hold what nothing uses any more. Modelled: half an hour is reported too. */
const releaseSeconds = 600;

/** Whether a subnet or a zone is still held, though nothing is there that uses it. */
export const isReleasedLate = (world: World, id: string): boolean =>
  world.settings.azure.networkRelease === 'late' && world.isReleasedSince(id, releaseSeconds);

/** @throws ArmError 400 InUseSubnetCannotBeDeleted */
export function refuseInUse(world: World, subnet: Resource): void {
  const [user] = world.store.referencesTo(subnet.id, parentPath(subnet.id));
  const link = `${subnet.id}/serviceAssociationLinks/acisal`;
  const holder = user?.id ?? (isReleasedLate(world, subnet.id) ? link : undefined);
  if (holder === undefined) return;
  throw new ArmError(
    400,
    'InUseSubnetCannotBeDeleted',
    `Subnet ${subnet.name} is in use by ${holder} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet.`,
    { details: [] },
  );
}

/** While a delegated subnet is in use, its service association link holds the delegation. @throws ArmError */
export function refuseUndelegating(world: World, existing: Resource | undefined, properties: SubnetProperties): void {
  if (!existing) return;
  const kept = new Set((properties.delegations ?? []).map((one) => one.properties.serviceName.toLowerCase()));
  const lost = delegationsOf(world, existing.id).find((service) => !kept.has(service.toLowerCase()));
  if (lost === undefined || world.store.referencesTo(existing.id, parentPath(existing.id)).length === 0) return;
  throw new ArmError(
    400,
    'SubnetMissingRequiredDelegation',
    `Subnet ${existing.id} requires any of the following delegation(s) [${lost}] to reference service association link.`,
  );
}

/** A subnet's NAT gateway, route table and security group must be there and free for it. @throws ArmError */
export function checkReferences(request: ArmRequest, subnetId: string, properties: SubnetProperties): void {
  const { world } = request;
  const { natGateway, routeTable, networkSecurityGroup } = properties;
  for (const [type, id] of [
    [natGatewayType, natGateway?.id],
    [routeTableType, routeTable?.id],
    [securityGroupType, networkSecurityGroup?.id],
  ] as const) {
    if (id === undefined) continue;
    refuseMissing(world, id, type, subnetId);
    refuseUnlinked(request, `${type}/join/action`, id);
  }
  if (natGateway) refuseForeignGateway(world, natGateway.id, subnetId);
}

/** Begins the deletion of a network or a subnet. */
export function beginDeletion(world: World, resource: Resource, vnet: Resource, effect?: () => void): Reply {
  return transit(world, transitions.delete, {
    id: resource.id,
    location: String(vnet.body.location),
    atEnd(status) {
      if (status !== 'Succeeded') return;
      effect?.();
      renewEtags(world, vnet.id);
    },
  });
}

/** Every change of a child changes the ETag of its network and of all its subnets. */
export function renewEtags(world: World, vnetId: string): void {
  const vnet = world.store.get(vnetId);
  if (!vnet) return;
  vnet.etag = randomUUID();
  for (const subnet of world.store.list(subnetType, vnetId)) subnet.etag = vnet.etag;
}
