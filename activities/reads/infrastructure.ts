import { otherCloudOf } from '../../resources/clouds.ts';
import type { InfrastructureFacts, InfrastructureRequest } from '../../resources/infrastructure.ts';
import { registryRecordNames } from '../../resources/registries.ts';
import { roleHolders, roleKey } from '../../resources/roles.ts';
import type { VirtualNetworkFacts } from '../../resources/virtualNetworks.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { seenOr, unreadOf, whereAllowed } from '../arm/errors.ts';
import { readIdentity } from '../identities.ts';
import { readPrivateDnsZone } from '../privateDns.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readNameProblem, readRegistry } from '../registries.ts';
import { readRoles } from '../roleAssignments.ts';
import { readVirtualNetwork } from '../virtualNetworks.ts';
import { readOtherLinkedZones } from './zoneLinks.ts';

export async function readInfrastructure(
  clients: ClientsOf,
  request: InfrastructureRequest,
): Promise<InfrastructureFacts> {
  const { subscriptionId, location, virtualNetworkId, registryId, privateEndpointId, privateDnsZoneId } = request;
  const [virtualNetwork, registry, privateEndpoint, identities] = await Promise.all([
    ifNamed(virtualNetworkId, (id) => readNetworkOfMany(clients, id)),
    ifNamed(registryId, (id) => readRegistry(clients, id)),
    ifNamed(privateEndpointId, (id) => readPrivateEndpoint(clients, id)),
    readHolders(clients, request.identityIds),
  ]);
  const absent = registryId === undefined ? undefined : { id: registryId, location };
  const expected = registry ?? absent;
  const recordNames = expected ? registryRecordNames(expected) : [];
  const [name, privateDnsZone, linked, roles] = await Promise.all([
    registry ? undefined : ifNamed(registryId, (id) => whereAllowed(() => readNameProblem(clients, id))),
    ifNamed(privateDnsZoneId, (id) => readPrivateDnsZone(clients, id, recordNames)),
    virtualNetwork
      ? readOtherLinkedZones(
          clients,
          // The zone of a network is likely in the network's own subscription.
          [`/subscriptions/${subscriptionId}`, virtualNetwork.id, privateDnsZoneId ?? virtualNetwork.id],
          privateDnsZoneId ?? '',
          virtualNetwork.id,
          request.searchesZones === true,
        )
      : { zones: [], unread: [] },
    readAllRoles(clients, request.roleScopes, identities),
  ]);
  const nameProblem = name && seenOr(name, undefined);
  const unread = [
    ...(name
      ? unreadOf(
          name,
          registryId ?? '',
          'whether the name of the registry is free',
          'Azure itself refuses one that is not',
        )
      : []),
    ...linked.unread,
  ];
  const otherCloud = otherCloudOf(clients(subscriptionId).authorization.$host);
  return {
    ...(otherCloud !== undefined && { otherCloud }),
    ...(virtualNetwork && { virtualNetwork }),
    ...(registry && { registry }),
    ...(nameProblem !== undefined && { registryNameProblem: nameProblem }),
    ...(privateEndpoint && { privateEndpoint }),
    ...(privateDnsZone && { privateDnsZone }),
    otherLinkedZones: linked.zones,
    ...(unread.length > 0 && { unread }),
    identities,
    ...roles,
  };
}

/** A network may have 3,000 subnets. Facts that other reads take of a single subnet are left out. */
async function readNetworkOfMany(clients: ClientsOf, id: string): Promise<VirtualNetworkFacts | undefined> {
  const network = await readVirtualNetwork(clients, id);
  return (
    network && {
      ...network,
      subnets: network.subnets.map(({ natGatewayId: _nat, routeTableId: _routes, ...subnet }) => subnet),
    }
  );
}

async function readHolders(
  clients: ClientsOf,
  ids: InfrastructureRequest['identityIds'],
): Promise<InfrastructureFacts['identities']> {
  const found: InfrastructureFacts['identities'] = {};
  await Promise.all(
    roleHolders.map(async (holder) => {
      const identity = await ifNamed(ids[holder], (id) => readIdentity(clients, id));
      if (identity) found[holder] = identity;
    }),
  );
  return found;
}

async function readAllRoles(
  clients: ClientsOf,
  scopes: InfrastructureRequest['roleScopes'],
  identities: InfrastructureFacts['identities'],
): Promise<Pick<InfrastructureFacts, 'roles'> & Required<Pick<InfrastructureFacts, 'conditions'>>> {
  const all = await Promise.all(
    scopes.map(async ({ scope, holder }) => {
      const principalId = identities[holder]?.principalId;
      const held = principalId === undefined ? undefined : await readRoles(clients, scope, principalId);
      return [roleKey({ scope, holder }), held ?? { roles: [], conditions: {} }] as const;
    }),
  );
  return {
    roles: Object.fromEntries(all.map(([key, { roles }]) => [key, roles])),
    conditions: Object.fromEntries(all.map(([key, { conditions }]) => [key, conditions])),
  };
}

/** Reads a resource that a request may name. */
export async function ifNamed<T>(id: string | undefined, read: (id: string) => Promise<T>): Promise<T | undefined> {
  return id === undefined ? undefined : read(id);
}
