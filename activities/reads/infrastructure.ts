import type { AccessFacts, AllowanceFacts, AllowanceRequest, LockFacts } from '../../resources/allowances.ts';
import { isWithin, keyOf, lockedScope, resourceReference } from '../../resources/ids.ts';
import type { InfrastructureFacts, InfrastructureRequest } from '../../resources/infrastructure.ts';
import { type RegistryFacts, registryRecordNames } from '../../resources/registries.ts';
import { roleHolders, roleKey } from '../../resources/roles.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { azureRead } from '../arm/errors.ts';
import { readIdentity } from '../identities.ts';
import { readOtherLinkedZones, readPrivateDnsZone } from '../privateDns.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readNameProblem, readRegistry } from '../registries.ts';
import { readRoles } from '../roleAssignments.ts';
import { readVirtualNetwork } from '../virtualNetworks.ts';
import { readLocks, readPermissions, readUsages, readVmSizes, whereAllowed } from './allowances.ts';

export async function readInfrastructure(
  clients: ClientsOf,
  request: InfrastructureRequest,
): Promise<InfrastructureFacts> {
  const { subscriptionId, virtualNetworkId, privateDnsZoneId } = request;
  const [virtualNetwork, registry, privateEndpoint, identities] = await Promise.all([
    optional(virtualNetworkId, (id) => readVirtualNetwork(clients, id)),
    optional(request.registryId, (id) => readRegistry(clients, id)),
    optional(request.privateEndpointId, (id) => readPrivateEndpoint(clients, id)),
    readIdentities(clients, request.identityIds),
  ]);
  const [nameProblem, privateDnsZone, otherLinkedZones, roles] = await Promise.all([
    registry ? undefined : optional(request.registryId, (id) => readNameProblem(clients, id)),
    optional(privateDnsZoneId, (id) => readPrivateDnsZone(clients, id, recordNames(request, registry))),
    virtualNetwork
      ? readOtherLinkedZones(
          clients,
          // The one that a network is linked to is likely in its own subscription.
          [subscriptionId, resourceReference(virtualNetwork.id).subscriptionId],
          privateDnsZoneId ?? '',
          virtualNetwork.id,
        )
      : [],
    readAllRoles(clients, request.roleScopes, identities),
  ]);
  return {
    ...(virtualNetwork && { virtualNetwork }),
    ...(registry && { registry }),
    ...(nameProblem !== undefined && { registryNameProblem: nameProblem }),
    ...(privateEndpoint && { privateEndpoint }),
    ...(privateDnsZone && { privateDnsZone }),
    otherLinkedZones,
    identities,
    roles,
  };
}

export async function readAllowances(clients: ClientsOf, request: AllowanceRequest): Promise<AllowanceFacts> {
  const { subscriptionId, location } = request;
  const [access, vmSizes, usages] = await Promise.all([
    readAccess(clients, request.scopes),
    readVmSizes(clients, subscriptionId, location, request.vmSizes),
    readUsages(clients, subscriptionId, location),
  ]);
  return { ...access, vmSizes, usages };
}

/** @param scopes Resource IDs, existing or not. */
export async function readAccess(clients: ClientsOf, scopes: readonly string[]): Promise<AccessFacts> {
  const subscriptions = [...new Set(scopes.map((scope) => scope.split('/')[2] ?? ''))];
  const [permissions, locks] = await Promise.all([
    Promise.all(
      scopes.map(async (scope) => {
        const found = await whereAllowed(() => azureRead(scope, () => readPermissions(clients, scope)));
        return found ? [[keyOf(scope), found] as const] : [];
      }),
    ),
    Promise.all(subscriptions.map(async (id) => (await readLocks(clients, id)) ?? [])),
  ]);
  // A subscription may have thousands; those that matter are above the scopes, or within a group or resource of them.
  const matters = ({ id }: LockFacts) =>
    scopes.some(
      (scope) =>
        isWithin(scope, lockedScope(id)) || (!subscriptionScope.test(scope) && isWithin(lockedScope(id), scope)),
    );
  return { permissions: Object.fromEntries(permissions.flat()), locks: locks.flat().filter(matters) };
}

const subscriptionScope = /^\/subscriptions\/[^/]+$/;

function recordNames({ registryId, location }: InfrastructureRequest, registry: RegistryFacts | undefined): string[] {
  if (registryId === undefined) return [];
  return registryRecordNames({ name: resourceReference(registryId).name, location }, registry);
}

async function readIdentities(
  clients: ClientsOf,
  ids: InfrastructureRequest['identityIds'],
): Promise<InfrastructureFacts['identities']> {
  const found: InfrastructureFacts['identities'] = {};
  await Promise.all(
    roleHolders.map(async (holder) => {
      const identity = await optional(ids[holder], (id) => readIdentity(clients, id));
      if (identity) found[holder] = identity;
    }),
  );
  return found;
}

async function readAllRoles(
  clients: ClientsOf,
  scopes: InfrastructureRequest['roleScopes'],
  identities: InfrastructureFacts['identities'],
): Promise<Record<string, string[]>> {
  const roles = await Promise.all(
    scopes.map(async ({ scope, holder }) => {
      const principalId = identities[holder]?.principalId;
      const held = principalId === undefined ? [] : await readRoles(clients, scope, principalId);
      return [roleKey({ scope, holder }), held] as const;
    }),
  );
  return Object.fromEntries(roles);
}

async function optional<T>(id: string | undefined, read: (id: string) => Promise<T>): Promise<T | undefined> {
  return id === undefined ? undefined : read(id);
}
