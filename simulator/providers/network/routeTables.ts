import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { type ChildKind, checkChildren, childrenOf, childType, writeChildren } from './childResource.ts';
import { withEtag } from './style.ts';
import { subnetType } from './subnetShapes.ts';
import { trackedType, usedBy } from './trackedResource.ts';

export const routeTableType = 'Microsoft.Network/routeTables';

const routeBody = z.looseObject({
  addressPrefix: z.string().nullish(),
  nextHopType: z.string(),
  nextHopIpAddress: z.string().nullish(),
});

export const routes: ChildKind = {
  type: `${routeTableType}/routes`,
  check(id, properties, siblings) {
    const { addressPrefix, nextHopType, nextHopIpAddress } = routeBody.parse(properties);
    // A service tag stands in place of a range; its spelling is not checked.
    if (!addressPrefix || (/[./:]/.test(addressPrefix) && !isRange(addressPrefix) && !isTag(addressPrefix))) {
      throw refusal('InvalidAddressPrefixFormat', `Address prefix ${addressPrefix ?? ''} of route ${id} is not valid.`);
    }
    const needsAddress = nextHopType.toLowerCase() === 'virtualappliance';
    if (needsAddress && !nextHopIpAddress) {
      throw refusal('NextHopIpAddressMissing', `Route ${id} must have a next hop IP address for VirtualAppliance.`);
    }
    if (!needsAddress && nextHopIpAddress) {
      throw refusal('NextHopIpAddressNotAllowed', `Route ${id} cannot have a next hop IP address for ${nextHopType}.`);
    }
    const same = siblings.find(({ body }) => routeBody.parse(body.properties).addressPrefix === addressPrefix);
    if (same) {
      throw refusal('RouteConflict', `Routes ${same.id} and ${id} have the same address prefix ${addressPrefix}.`);
    }
  },
  build: (properties) => ({ ...properties, hasBgpOverride: false }),
};

/** Route tables with their routes. A route table decides over a subnet that names it. */
export const routeTableTypes: readonly ResourceType[] = [
  trackedType({
    type: routeTableType,
    check: ({ resourceId }, { properties }) => checkChildren(routes, resourceId, properties?.routes),
    build: (_world, { routes: _stored, ...sent }) => ({ disableBgpRoutePropagation: false, ...sent }),
    write: (world, id, sent) => writeChildren(world, routes, id, sent.routes),
    parts: (world, id) => childrenOf(world, routes, id),
    view: ({ id }, world) => ({
      routes: childrenOf(world, routes, id).map(withEtag),
      subnets: usedBy(world, id, subnetType),
    }),
    inUse: ({ id, name }, world) =>
      usedBy(world, id, subnetType) &&
      refusal('InUseRouteTableCannotBeDeleted', `Route table ${name} is in use and cannot be deleted.`),
  }),
  childType(routes),
];

const isRange = (text: string): boolean => ipaddr.isValidCIDR(text);
const isTag = (text: string): boolean => /^[A-Za-z][\w.]*$/.test(text);

const refusal = (code: string, message: string): ArmError => new ArmError(400, code, message, { details: [] });
