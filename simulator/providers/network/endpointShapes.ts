import { z } from 'zod';
import { keyOf } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';

export const endpointType = 'Microsoft.Network/privateEndpoints';
export const interfaceType = 'Microsoft.Network/networkInterfaces';
/** A registry's side of a connection. */
export const connectionType = 'Microsoft.ContainerRegistry/registries/privateEndpointConnections';

/** States of a link; the texts are recorded. */
export const approved = { status: 'Approved', description: 'Auto-Approved', actionsRequired: 'None' };
export const pending = { status: 'Pending', description: 'Awaiting Approval', actionsRequired: 'None' };
export const disconnected = { status: 'Disconnected', description: 'Deleted', actionsRequired: 'None' };

/** An endpoint's side of a connection to a registry: Azure's privateLinkServiceConnection. */
export const linkBody = z.looseObject({
  name: z.string(),
  properties: z.looseObject({ privateLinkServiceId: z.string(), groupIds: z.array(z.string()).nullish() }),
});

export const endpointBody = z.looseObject({
  location: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.looseObject({
    subnet: z.looseObject({ id: z.string() }),
    privateLinkServiceConnections: z.array(linkBody).nullish(),
    manualPrivateLinkServiceConnections: z.array(linkBody).nullish(),
  }),
});

/** ID of the registry, or of another service, that an endpoint connects to; empty for the endpoint of an API server. */
export const registryOf = (endpoint: Pick<Resource, 'body'>): string =>
  linkOf(endpoint)?.properties.privateLinkServiceId ?? '';

export const groupsOf = (endpoint: Pick<Resource, 'body'>): readonly string[] =>
  linkOf(endpoint)?.properties.groupIds ?? [];

function linkOf({ body }: Pick<Resource, 'body'>): z.infer<typeof linkBody> | undefined {
  const properties = endpointBody.safeParse(body).data?.properties;
  const [link] = [
    ...(properties?.privateLinkServiceConnections ?? []),
    ...(properties?.manualPrivateLinkServiceConnections ?? []),
  ];
  return link;
}

/** Whether an ID is that of a registry. All other services of Azure are not in the simulator, but may have endpoints. */
export const isRegistryId = (id: string): boolean => /\/Microsoft\.ContainerRegistry\/registries\/[^/]+$/i.test(id);

/** The endpoints of a registry, wherever they are. */
export const endpointsOf = (world: World, registryId: string): Resource[] =>
  world.store
    .referencesTo(registryId)
    .filter((each) => each.type === endpointType && keyOf(registryOf(each)) === keyOf(registryId));

export const subnetOf = ({ body }: Pick<Resource, 'body'>): string =>
  String(valueAt(body, 'properties.subnet.id') ?? '');
