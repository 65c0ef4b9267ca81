import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf, parentPath } from '../../arm/ids.ts';
import { type Body, valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { type Transitions, transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { writeMembers } from './endpointMembers.ts';
import {
  connectionType,
  disconnected,
  endpointsOf,
  endpointType,
  linkBody,
  pending,
  registryOf,
} from './endpointShapes.ts';

/** 10 s, like other writes to registries. */
const transitions = {
  update: {
    verb: 'PUT',
    answers: 201,
    during: 'Updating',
    ends: 'Succeeded',
    seconds: 10,
    style: {
      headers: 'async',
      statusPath: ({ resourceId, id }) => `${parentPath(resourceId)}/operationStatuses/registries-${id}`,
      retryAfter: () => 10,
    },
  },
} as const satisfies Transitions;

const connectionBody = z.looseObject({
  properties: z.looseObject({
    privateLinkServiceConnectionState: z.looseObject({ status: z.enum(['Approved', 'Rejected', 'Disconnected']) }),
  }),
});

/** A registry's side of its private endpoints. */
export const endpointConnectionTypes: readonly ResourceType[] = [
  { kind: 'stored', type: connectionType, transitions, put, delete: remove },
];

/** For a group that goes with its endpoints and registries: the other sides of their connections may be elsewhere. */
export function disconnectGroup(world: World, groupId: string): void {
  for (const endpoint of world.store.list(endpointType, groupId)) removeConnections(world, endpoint.id);
  for (const registry of world.store.list('Microsoft.ContainerRegistry/registries', groupId)) {
    disconnectEndpoints(world, registry.id);
  }
}

/** Removes the registry's side with the endpoint. */
export function removeConnections(world: World, endpointId: string): void {
  for (const connection of connectionsOf(world, endpointId)) world.remove(connection.id);
}

/** Shows the endpoints of a registry that goes as Disconnected. */
export function disconnectEndpoints(world: World, registryId: string): void {
  for (const endpoint of endpointsOf(world, registryId)) setLinkState(world, endpoint, disconnected);
}

/** Adds the registry's side of an endpoint, unless it is there. */
export function addConnection(world: World, endpoint: Resource): void {
  const registry = world.store.get(registryOf(endpoint));
  if (!registry || connectionsOf(world, endpoint.id).length > 0) return;
  const name = `${endpoint.name}.${randomUUID().replaceAll('-', '')}`;
  const id = `${registry.id}/privateEndpointConnections/${name}`;
  world.store.put(id, connectionType, {
    id,
    name,
    type: connectionType,
    properties: {
      provisioningState: 'Succeeded',
      privateEndpoint: { id: endpoint.id },
      privateLinkServiceConnectionState: pending,
    },
  });
}

/** Puts a state on both sides of a connection. Only an approved endpoint has addresses. */
export function setLinkState(world: World, endpoint: Resource, state: Body): void {
  const properties = propertiesOf(endpoint);
  const withState = (links: unknown) =>
    z
      .array(linkBody)
      .parse(links ?? [])
      .map((link) => ({ ...link, properties: { ...link.properties, privateLinkServiceConnectionState: state } }));
  world.store.put(endpoint.id, endpointType, {
    ...endpoint.body,
    properties: {
      ...properties,
      privateLinkServiceConnections: withState(properties.privateLinkServiceConnections),
      manualPrivateLinkServiceConnections: withState(properties.manualPrivateLinkServiceConnections),
      customDnsConfigs: [],
    },
  });
  for (const connection of connectionsOf(world, endpoint.id)) setConnectionState(world, connection, state);
  if (state.status === 'Approved') writeMembers(world, endpoint);
}

/** The registry's owner approves or rejects; the endpoint shows it at the end. */
function put(request: ArmRequest, connection: Resource | undefined): Reply {
  const { world } = request;
  if (!connection)
    throw new ArmError(404, 'PrivateEndpointConnectionNotFound', 'The private endpoint connection was not found.');
  const sent = parseBody(request, connectionBody).properties.privateLinkServiceConnectionState;
  setConnectionState(world, connection, { actionsRequired: 'None', ...sent });
  const endpoint = endpointOf(world, connection);
  return transit(world, transitions.update, {
    id: connection.id,
    body: () => connection.body,
    atEnd(status) {
      if (status === 'Succeeded' && endpoint)
        setLinkState(world, endpoint, { actionsRequired: 'None', description: '', ...sent });
    },
  });
}

function remove(request: ArmRequest, connection: Resource): Reply {
  const { world } = request;
  const endpoint = endpointOf(world, connection);
  if (endpoint) setLinkState(world, endpoint, disconnected);
  world.remove(connection.id);
  return { status: 200 };
}

function setConnectionState(world: World, connection: Resource, privateLinkServiceConnectionState: Body): void {
  const properties = { ...propertiesOf(connection), privateLinkServiceConnectionState };
  world.store.put(connection.id, connectionType, { ...connection.body, properties });
}

const endpointIdOf = ({ body }: Resource): string => String(valueAt(body, 'properties.privateEndpoint.id'));

const endpointOf = (world: World, connection: Resource): Resource | undefined =>
  world.store.get(endpointIdOf(connection));

const connectionsOf = (world: World, endpointId: string): Resource[] =>
  world.store.list(connectionType).filter((connection) => keyOf(endpointIdOf(connection)) === keyOf(endpointId));
