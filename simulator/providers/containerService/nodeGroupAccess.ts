import { keyOf, nameOf } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { OperationFailure } from '../../arm/operations.ts';
import type { World } from '../../arm/world.ts';
import { denialId, deny } from '../authorization/denyAssignments.ts';
import { locksOn } from '../authorization/locks.ts';
import { guidFrom } from './clusterResource.ts';
import { aksError } from './errors.ts';
import type { ClusterBody } from './shapes.ts';
import { nodeGroupOf } from './stored.ts';

/**
 * AKS looks for locks on the node resource group, and on anything in it, before it touches the group
 * (https://github.com/Azure/AKS/issues/3291).
 *
 * @throws ArmError 409 ResourceGroupLocked
 */
export function refuseLockedGroup(world: World, cluster: ClusterBody): void {
  const group = nodeGroupOf(cluster);
  if (locksOn(world, group).length === 0) return;
  throw aksError(
    409,
    'ResourceGroupLocked',
    `Preflight validation check for resource(s) for container service ${cluster.name} in resource group ${nameOf(group)} failed. Message: Resource group '${nameOf(group)}' is locked, please remove lock and retry. Please see http://aka.ms/azure-lock-resources.`,
  );
}

/** A deletion is accepted, and fails when it comes to the node resource group. */
export function lockedGroupFailure(world: World, cluster: ClusterBody): OperationFailure | undefined {
  const group = nodeGroupOf(cluster);
  const [lock] = locksOn(world, group);
  if (!lock) return undefined;
  return {
    status: 'Failed',
    code: 'ScopeLocked',
    message: `The scope '${group}' cannot perform delete operation because following scope(s) are locked: '${lock.scope}'. Please remove the lock and try again.`,
  };
}

/** Node resource group lockdown: everybody but AKS may only read. */
export function reconcileLockdown(world: World, { properties, identity, ...cluster }: ClusterBody): void {
  const scope = nodeGroupOf({ properties, ...cluster });
  const name = guidFrom(properties.resourceUID);
  if (valueAt(properties, 'nodeResourceGroupProfile.restrictionLevel') !== 'ReadOnly') {
    world.remove(denialId(scope, name));
    return;
  }
  const principal = identity?.principalId;
  deny(world, {
    name,
    title: `AKS node resource group ${nameOf(keyOf(scope))} lockdown`,
    scope,
    actions: ['*/write', '*/delete', '*/action'],
    exclude: typeof principal === 'string' ? [principal] : [],
  });
}
