import { parentPath } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { isPrivateAddress } from './addressRanges.ts';
import { endpointAt } from './endpointMembers.ts';
import { subnetOf } from './endpointShapes.ts';
import { machineAt } from './machines.ts';
import { resolve } from './nameResolution.ts';
import { destinationOf } from './publicNames.ts';
import { networksWith, nextHop } from './routing.ts';
import { type Destination, https, inboundDenial, outboundDenial } from './securityFilter.ts';
import { closedBecause, type Place } from './waysOut.ts';

/** Why machines do not reach a host by its name; `undefined` if they do. */
export function hostUnreached(world: World, place: Place, host: string): string | undefined {
  const answer = resolve(world, place, host);
  if (answer.why !== undefined) return `lookup ${host}: ${answer.why}`;
  const failures = answer.addresses.map((address) => addressUnreached(world, place, destinationOf(host, address)));
  return failures.includes(undefined) ? undefined : failures[0];
}

function addressUnreached(world: World, place: Place, to: Destination): string | undefined {
  if (!isPrivateAddress(to.address)) return closedBecause(world, place, to);
  const networks = networksWith(world, parentPath(place.subnetId), to.address);
  const endpoint = endpointAt(world, networks, to.address);
  return endpoint ? endpointUnreached(world, place, endpoint, to.address) : `nothing is reached at ${to.address}`;
}

/** Why machines do not reach a private endpoint at one of its addresses. */
export function endpointUnreached(world: World, place: Place, endpoint: Resource, address: string): string | undefined {
  const subnet = subnetOf(endpoint);
  const policies = String(valueAt(world.store.get(subnet)?.body, 'properties.privateEndpointNetworkPolicies'));
  // An endpoint has a route of its own in its network and the networks that it is peered with, unless its subnet applies route tables.
  const isNear = networksWith(world, parentPath(place.subnetId), address).length > 0;
  const hasRoute = isNear && !['Enabled', 'RouteTableEnabled'].includes(policies);
  const unreached = denied(world, place, address) ?? (hasRoute ? undefined : misrouted(world, place, address));
  if (unreached !== undefined) return unreached;
  const refused = ['Enabled', 'NetworkSecurityGroupEnabled'].includes(policies)
    ? inboundDenial(world, subnet, place.subnetId, address, https)
    : undefined;
  return refused === undefined ? undefined : `security rule ${refused} denies ${address}`;
}

/** Why machines do not reach a machine of the same network. */
export const neighbourUnreached = (world: World, place: Place, address: string): string | undefined =>
  denied(world, place, address) ?? misrouted(world, place, address);

function denied(world: World, { subnetId }: Place, address: string): string | undefined {
  const rule = outboundDenial(world, subnetId, { address, tags: [] }, https);
  return rule === undefined ? undefined : `security rule ${rule} denies ${address}`;
}

/** Why routes do not lead to a private address. */
function misrouted(world: World, { subnetId }: Place, address: string): string | undefined {
  const hop = nextHop(world, subnetId, { address, tags: [] });
  if (hop.type === 'VnetLocal') return undefined;
  const passedOn = hop.addresses.some((each) => {
    const machine = machineAt(world, parentPath(subnetId), each);
    return (
      machine?.forwards && machine.network !== undefined && networksWith(world, machine.network, address).length > 0
    );
  });
  return passedOn ? undefined : `route ${hop.route ?? 'of Azure'} does not lead to ${address}`;
}
