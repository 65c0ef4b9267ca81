import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import { type Body, withoutUndefined } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { normalLocation } from '../../arm/regions.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { checkRanges } from './addressRanges.ts';
import { gatewayOfNetwork } from './natGateways.ts';
import {
  beginDeletion,
  checkReferences,
  refuseInUse,
  refuseUndelegating,
  refuseWhileNetworkBusy,
  renewEtags,
  transitions,
} from './networkWrites.ts';
import { etagMismatch, networkNames, withEtag } from './style.ts';
import {
  makesPrivate,
  prefixesOf,
  subnetProperties,
  subnetResource,
  subnetType,
  subnetView,
  vnetType,
  withDefaultAccess,
} from './subnetShapes.ts';
import { disconnectPeers, peeringsOf, writePeerings } from './virtualNetworkPeerings.ts';

const vnetBody = z.looseObject({
  location: z.string(),
  tags: z.record(z.string(), z.string()).optional(),
  properties: z.looseObject({
    addressSpace: z.looseObject({ addressPrefixes: z.array(z.string()).min(1) }),
    subnets: z.array(z.looseObject({ name: z.string(), properties: subnetProperties })).nullish(),
    virtualNetworkPeerings: z.array(z.looseObject({ name: z.string() })).nullish(),
  }),
});
const tagsBody = z.looseObject({ tags: z.record(z.string(), z.string()).optional() });

export const virtualNetworkTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: vnetType,
    tracked: true,
    names: networkNames(64),
    etagHeader: true,
    mismatch: etagMismatch,
    view: view,
    transitions,
    put,
    patch,
    delete: remove,
  },
];

/** Creates a finished network from inside the cloud, as AKS does. `subnets`: properties by name. */
export function createVnet(
  world: World,
  id: string,
  location: string,
  addressPrefix: string,
  subnets: Readonly<Record<string, Body>>,
): void {
  const addressSpace = { addressPrefixes: [addressPrefix] };
  world.store.put(id, vnetType, vnetResource(id, location, undefined, { addressSpace }, 'Succeeded'));
  for (const [name, properties] of Object.entries(subnets)) {
    const subnet = `${id}/subnets/${name}`;
    world.store.put(subnet, subnetType, subnetResource(subnet, subnetProperties.parse(properties), 'Succeeded'));
  }
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, vnetBody);
  const id = existing?.id ?? request.resourceId;
  refuseWhileNetworkBusy(world, id);
  const { subnets, addressSpace, virtualNetworkPeerings, ...rest } = sent.properties;
  const isPrivate = existing ? existing.body.privateByDefault === true : makesPrivate(request);
  const wanted = (subnets ?? []).map(({ name, properties }) => {
    const subnetId = `${id}/subnets/${name}`;
    return { id: subnetId, name, properties: withDefaultAccess(properties, isPrivate) };
  });
  const present = world.store.list(subnetType, id);
  const after = subnets ? wanted : present.map((subnet) => ({ name: subnet.name, properties: propertiesOf(subnet) }));
  after.forEach((subnet, index) => {
    const siblings = after
      .slice(0, index)
      .map((other) => ({ name: other.name, prefixes: prefixesOf(other.properties) }));
    checkRanges(id, subnet.name, prefixesOf(subnet.properties), addressSpace.addressPrefixes, siblings);
  });
  // A list of subnets names all that are to be: Azure deletes those that it leaves out. Without a list, all stay.
  const kept = new Set(wanted.map((subnet) => subnet.id.toLowerCase()));
  const dropped = subnets ? present.filter((subnet) => !kept.has(subnet.id.toLowerCase())) : [];
  for (const subnet of dropped) refuseInUse(world, subnet);
  for (const subnet of wanted) {
    refuseUndelegating(world, world.store.get(subnet.id), subnet.properties);
    checkReferences(request, subnet.id, subnet.properties);
  }
  if (virtualNetworkPeerings) writePeerings(world, id, virtualNetworkPeerings);
  for (const subnet of dropped) world.remove(subnet.id);
  const properties = {
    addressSpace,
    ...rest,
    resourceGuid: existing ? propertiesOf(existing).resourceGuid : undefined,
  };
  const vnet = world.store.put(
    id,
    vnetType,
    vnetResource(id, normalLocation(sent.location), sent.tags, properties, 'Updating', isPrivate),
  );
  for (const subnet of wanted)
    world.store.put(subnet.id, subnetType, subnetResource(subnet.id, subnet.properties, 'Updating'));
  renewEtags(world, id);
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location: normalLocation(sent.location),
    body: () => view(vnet, world),
    atEnd(status) {
      for (const subnet of wanted) world.setState(subnet.id, status);
    },
  });
}

function patch(request: ArmRequest, vnet: Resource): Reply {
  const { tags = vnet.body.tags } = parseBody(request, tagsBody);
  request.world.store.put(vnet.id, vnetType, { ...vnet.body, tags });
  return { status: 200, body: view(vnet, request.world) };
}

function remove(request: ArmRequest, vnet: Resource): Reply {
  const { world } = request;
  refuseWhileNetworkBusy(world, vnet.id);
  for (const subnet of world.store.list(subnetType, vnet.id)) refuseInUse(world, subnet);
  return beginDeletion(world, vnet, vnet, () => disconnectPeers(world, vnet.id));
}

function view(vnet: Resource, world: World): Body {
  const subnets = world.store.list(subnetType, vnet.id).map((subnet) => subnetView(subnet, world));
  const virtualNetworkPeerings = peeringsOf(world, vnet.id).map(withEtag);
  const { privateByDefault: _note, ...shown } = withEtag(vnet);
  const gateway = gatewayOfNetwork(world, vnet.id);
  return {
    ...shown,
    properties: {
      ...propertiesOf(vnet),
      subnets,
      virtualNetworkPeerings,
      ...(gateway && { defaultPublicNatGateway: { id: gateway.id } }),
    },
  };
}

/** `privateByDefault` is the simulator's own note: subnets of this network that do not say otherwise are private. */
function vnetResource(
  id: string,
  location: string,
  tags: unknown,
  properties: Body,
  provisioningState: string,
  privateByDefault = false,
): Body {
  // Old clients send the retired enableVmProtection; Azure never echoes it.
  const { enableVmProtection: _retired, ...kept } = properties;
  const body = {
    name: nameOf(id),
    id,
    type: vnetType,
    location,
    tags,
    privateByDefault: privateByDefault || undefined,
    properties: {
      privateEndpointVNetPolicies: 'Disabled',
      enableDdosProtection: false,
      ...withoutUndefined(kept),
      resourceGuid: kept.resourceGuid ?? randomUUID(),
      provisioningState,
    },
  };
  return withoutUndefined(body);
}
