import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf, nameOf, parentPath } from '../../arm/ids.ts';
import { type Body, valueAt, withoutNulls } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/permissions.ts';
import { overlaps, parseRange } from './addressRanges.ts';
import { etagMismatch, networkNames, networkTransitions, refuseMissing, refuseParallel, withEtag } from './style.ts';
import { vnetType } from './subnetShapes.ts';

const peeringType = `${vnetType}/virtualNetworkPeerings`;

const peeringProperties = z.looseObject({ remoteVirtualNetwork: z.looseObject({ id: z.string() }) });
const peeringBody = z.looseObject({ properties: peeringProperties });
const transitions = networkTransitions(5);

/** Peerings. Two networks reach each other once both have one: Azure's `Connected`. */
export const peeringTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: peeringType,
    names: networkNames(80),
    etagHeader: true,
    mismatch: etagMismatch,
    view: withEtag,
    notFound: (request) => new ArmError(404, 'NotFound', `Resource ${request.resourceId} not found.`, { details: [] }),
    transitions,
    put,
    delete: remove,
  },
];

export const peeringsOf = (world: World, vnetId: string): Resource[] => world.store.list(peeringType, vnetId);

/** IDs of the networks that a network reaches directly. Peerings are not transitive. */
export function connectedNetworks(world: World, vnetId: string): string[] {
  return peeringsOf(world, vnetId)
    .filter((peering) => propertiesOf(peering).peeringState === 'Connected')
    .filter((peering) => propertiesOf(peering).allowVirtualNetworkAccess !== false)
    .map(remoteOf)
    .filter((remote) => {
      const back = peeringBetween(world, remote, vnetId);
      return back !== undefined && propertiesOf(back).allowVirtualNetworkAccess !== false;
    });
}

/** IDs of the networks whose gateways a network uses in place of one of its own. */
export const networksWithGateways = (world: World, vnetId: string): string[] =>
  peeringsOf(world, vnetId)
    .filter((peering) => propertiesOf(peering).peeringState === 'Connected')
    .filter((peering) => propertiesOf(peering).useRemoteGateways === true)
    .map(remoteOf);

/**
 * A list of peerings in a network's body names all that are to be: Azure removes those that it leaves out. Without a list, all
 * stay. @throws ArmError for a new one, which the simulator takes as a resource of its own only
 */
export function writePeerings(world: World, vnetId: string, list: readonly { readonly name: string }[]): void {
  const names = list.map(({ name }) => name.toLowerCase());
  const added = list.find(({ name }) => world.store.get(`${vnetId}/virtualNetworkPeerings/${name}`) === undefined);
  if (added) throw refusal('NotSupported', `Write peering ${added.name} as a resource of its own.`);
  for (const peering of peeringsOf(world, vnetId)) {
    if (names.includes(peering.name.toLowerCase())) continue;
    disconnect(world, peering);
    world.remove(peering.id);
  }
}

/** Shows the other sides of a network's peerings as Disconnected, because the network goes. */
export function disconnectPeers(world: World, vnetId: string): void {
  for (const peering of peeringsOf(world, vnetId)) disconnect(world, peering);
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const { properties } = parseBody(request, peeringBody);
  const id = existing?.id ?? request.resourceId;
  const vnetId = parentPath(id);
  const remoteId = properties.remoteVirtualNetwork.id;
  refuseParallel(world, vnetId);
  refuseMissing(world, remoteId, vnetType, id);
  refuseUnlinked(request, 'Microsoft.Network/virtualNetworks/peer/action', remoteId);
  const twin = peeringBetween(world, vnetId, remoteId);
  if (twin && twin.id !== id) {
    throw refusal(
      'AnotherPeeringAlreadyReferencesRemoteVnet',
      `Peering ${twin.id} already references remote virtual network ${remoteId}. Cannot add another peering referencing the same remote virtual network.`,
    );
  }
  refuseOverlap(world, id, vnetId, remoteId);
  const back = peeringBetween(world, remoteId, vnetId);
  if (!existing && back && propertiesOf(back).peeringState === 'Disconnected') {
    throw refusal(
      'RemotePeeringIsDisconnected',
      `Cannot create or update peering ${id} because remote peering ${back.id} referencing parent virtual network ${vnetId} is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted and re-created.`,
    );
  }
  const stored = world.store.put(id, peeringType, bodyOf(world, id, properties, existing, back));
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location: String(world.store.get(vnetId)?.body.location),
    body: () => withEtag(stored),
    atEnd(status) {
      if (status === 'Succeeded' && back) setPeeringState(world, back.id, 'Connected');
    },
  });
}

function bodyOf(
  world: World,
  id: string,
  sent: Body,
  existing: Resource | undefined,
  back: Resource | undefined,
): Body {
  const { remoteVirtualNetwork, ...kept } = withoutNulls(sent) as z.infer<typeof peeringProperties>;
  const remoteAddressSpace = { addressPrefixes: spaceOf(world, remoteVirtualNetwork.id) };
  return {
    name: nameOf(id),
    id,
    type: peeringType,
    properties: {
      allowVirtualNetworkAccess: true,
      allowForwardedTraffic: false,
      allowGatewayTransit: false,
      useRemoteGateways: false,
      doNotVerifyRemoteGateways: false,
      peerCompleteVnets: true,
      ...kept,
      resourceGuid: (existing && propertiesOf(existing).resourceGuid) ?? randomUUID(),
      remoteVirtualNetwork: { id: remoteVirtualNetwork.id },
      remoteAddressSpace,
      remoteVirtualNetworkAddressSpace: remoteAddressSpace,
      peeringState: back ? 'Connected' : 'Initiated',
      peeringSyncLevel: back ? 'FullyInSync' : 'RemoteNotInSync',
      provisioningState: 'Updating',
    },
  };
}

function remove({ world }: ArmRequest, peering: Resource): Reply {
  refuseParallel(world, parentPath(peering.id));
  return transit(world, transitions.delete, {
    id: peering.id,
    location: String(world.store.get(parentPath(peering.id))?.body.location),
    atEnd(status) {
      if (status === 'Succeeded') disconnect(world, peering);
    },
  });
}

function disconnect(world: World, peering: Resource): void {
  const back = peeringBetween(world, remoteOf(peering), parentPath(peering.id));
  if (back) setPeeringState(world, back.id, 'Disconnected');
}

function setPeeringState(world: World, id: string, state: 'Connected' | 'Disconnected'): void {
  world.setState(id, state, 'properties.peeringState');
  world.setState(id, state === 'Connected' ? 'FullyInSync' : 'RemoteNotInSync', 'properties.peeringSyncLevel');
}

function refuseOverlap(world: World, id: string, vnetId: string, remoteId: string): void {
  const mine = spaceOf(world, vnetId);
  const common = spaceOf(world, remoteId).filter((range) =>
    mine.some((own) => overlaps(parseRange(own), parseRange(range))),
  );
  if (common.length === 0) return;
  throw refusal(
    'VnetAddressSpacesOverlap',
    `Cannot create or update peering ${id}. Virtual networks ${vnetId} and ${remoteId} cannot be peered because their address spaces overlap. Overlapping address prefixes: ${common.join(', ')}`,
  );
}

const peeringBetween = (world: World, vnetId: string, remoteId: string): Resource | undefined =>
  peeringsOf(world, vnetId).find((peering) => keyOf(remoteOf(peering)) === keyOf(remoteId));

const remoteOf = (peering: Resource): string => String(valueAt(peering.body, 'properties.remoteVirtualNetwork.id'));

/** The address ranges of a network; none when it is gone. */
export function spaceOf(world: World, vnetId: string): string[] {
  const space = valueAt(world.store.get(vnetId)?.body, 'properties.addressSpace.addressPrefixes');
  return Array.isArray(space) ? space.map(String) : [];
}

const refusal = (code: string, message: string): ArmError => new ArmError(400, code, message, { details: [] });
