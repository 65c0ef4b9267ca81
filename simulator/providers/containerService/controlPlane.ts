import { keyOf, parentPath } from '../../arm/ids.ts';
import { isBody } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { principalMay } from '../authorization/roleAssignments.ts';
import { identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import { linksOf } from '../network/virtualNetworkLinks.ts';
import type { ClusterBody } from './shapes.ts';

/** The principal of a cluster's control plane. */
export function controlPlanePrincipal(world: World, { identity }: ClusterBody): string {
  const users = isBody(identity?.userAssignedIdentities) ? Object.keys(identity.userAssignedIdentities) : [];
  const [user] = users;
  if (user !== undefined) return identityIds(world, user)?.principalId ?? '';
  return typeof identity?.principalId === 'string' ? identity.principalId : '';
}

export const joinNetwork = 'Microsoft.Network/virtualNetworks/join/action';

/** Whether a zone of the owner's is linked to a network, or may be by the control plane. */
export const canLink = (world: World, cluster: ClusterBody, zone: string, vnet: string): boolean =>
  isLinked(world, zone, vnet) ||
  principalMay(world, controlPlanePrincipal(world, cluster), vnet, { action: joinNetwork });

export const isLinked = (world: World, zone: string, vnet: string): boolean =>
  linksOf(world, vnet).some(({ id }) => keyOf(parentPath(id)) === keyOf(zone));
