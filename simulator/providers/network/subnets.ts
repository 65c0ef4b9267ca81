import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf, parentPath } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import { checkRanges } from './addressRanges.ts';
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
  subnetRanges,
  subnetResource,
  subnetType,
  subnetView,
  withDefaultAccess,
} from './subnetShapes.ts';

const subnetBody = z.looseObject({ properties: subnetProperties });

/** A subnet is a resource of its own; its network shows all of them. */
export const subnetTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: subnetType,
    names: networkNames(80),
    etagHeader: true,
    mismatch: etagMismatch,
    view: subnetView,
    notFound: (request) => new ArmError(404, 'NotFound', `Resource ${request.resourceId} not found.`, { details: [] }),
    transitions,
    put,
    delete: remove,
  },
];

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const id = existing?.id ?? request.resourceId;
  const vnetId = parentPath(id);
  const vnet = world.store.get(vnetId);
  if (!vnet) throw new ArmError(404, 'NotFound', `Resource ${vnetId} not found.`);
  const sent = parseBody(request, subnetBody).properties;
  const properties = withDefaultAccess(sent, vnet.body.privateByDefault === true && makesPrivate(request));
  refuseWhileNetworkBusy(world, vnetId);
  const space = z.array(z.string()).parse(valueAt(vnet.body, 'properties.addressSpace.addressPrefixes'));
  const siblings = world.store.list(subnetType, vnetId).filter((subnet) => subnet !== existing);
  const name = nameOf(id);
  const ranges = siblings.map((one) => ({ name: one.name, prefixes: subnetRanges(world, one.id) }));
  checkRanges(vnetId, name, prefixesOf(properties), space, ranges);
  refuseUndelegating(world, existing, properties);
  checkReferences(request, id, properties);
  const subnet = world.store.put(id, subnetType, subnetResource(id, properties, 'Updating'));
  renewEtags(world, vnetId);
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location: String(vnet.body.location),
    body: () => withEtag(subnet),
  });
}

function remove(request: ArmRequest, subnet: Resource): Reply {
  const { world } = request;
  const vnet = world.store.get(parentPath(subnet.id));
  refuseWhileNetworkBusy(world, parentPath(subnet.id));
  refuseInUse(world, subnet);
  return beginDeletion(world, subnet, vnet ?? subnet);
}
