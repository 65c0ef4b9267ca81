import { z } from 'zod';
import { parentPath } from '../../arm/ids.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { isIn, isRange } from './addressRanges.ts';
import { replicasOf, servedNames } from './endpointMembers.ts';
import { endpointsOf } from './endpointShapes.ts';
import { resolve } from './nameResolution.ts';
import { destinationOf, loginServer, publicAddress } from './publicNames.ts';
import { endpointUnreached } from './reach.ts';
import { closedBecause, type Place, sourceAddresses } from './waysOut.ts';

/** Why machines do not reach a registry, by the names that it has for them; `undefined` if they do. */
export function registryUnreached(world: World, place: Place, registry: Resource): string | undefined {
  const host = loginServer(registry.name, registry.body);
  const login = pathTo(world, place, registry, host);
  if (login.why !== undefined) return login.why;
  // Through an endpoint, layers come from the data endpoint of the region that serves the network; else from a storage account.
  if (login.through === 'internet') return undefined;
  const [label] = host.split('.');
  const data = pathTo(world, place, registry, `${label}.${servingRegion(world, place, registry)}.data.azurecr.io`);
  return data.why;
}

/** The region of the replica that is in the network's region, else that of the registry. Microsoft Learn, "Geo-replication". */
function servingRegion(world: World, { subnetId }: Place, registry: Resource): string {
  const near = String(world.store.get(parentPath(subnetId))?.body.location);
  return replicasOf(world, registry.id).includes(near) ? near : String(registry.body.location);
}

type Path =
  | { readonly through: 'endpoint' | 'internet'; readonly why?: undefined }
  | { readonly through?: undefined; readonly why: string };

/** The way to one of a registry's hosts: what the machines are told for its name must be the address of something that they reach. */
function pathTo(world: World, place: Place, registry: Resource, host: string): Path {
  const answer = resolve(world, place, host);
  if (answer.why !== undefined) return { why: `${host} does not resolve: ${answer.why}` };
  const paths = answer.addresses.map((address) => pathBy(world, place, registry, host, address));
  return paths.find(({ why }) => why === undefined) ?? paths[0] ?? { why: `${host} has no address` };
}

function pathBy(world: World, place: Place, registry: Resource, host: string, address: string): Path {
  if (address === publicAddress(world, host)) {
    const why = publicRefusal(world, place, registry, host, address);
    return why === undefined ? { through: 'internet' } : { why };
  }
  const endpoint = endpointsOf(world, registry.id).find((each) =>
    servedNames(each).some((served) => served.host === host && served.addresses.includes(address)),
  );
  if (!endpoint) return { why: `${host} resolves to ${address}, which is none of its addresses` };
  const why = endpointUnreached(world, place, endpoint, address);
  return why === undefined ? { through: 'endpoint' } : { why: `${host} is not reached at ${address}: ${why}` };
}

const registryProperties = z.looseObject({
  publicNetworkAccess: z.string().default('Enabled'),
  networkRuleSet: z
    .looseObject({
      defaultAction: z.string().default('Allow'),
      ipRules: z.array(z.looseObject({ value: z.string() })).default([]),
    })
    .nullish(),
});

/** Why a registry cannot be used over the internet. */
function publicRefusal(
  world: World,
  place: Place,
  registry: Resource,
  host: string,
  address: string,
): string | undefined {
  const to = destinationOf(host, address);
  const closed = closedBecause(world, place, to);
  if (closed !== undefined) return `${host} is at ${address} on the internet: ${closed}`;
  const { publicNetworkAccess, networkRuleSet } = registryProperties.parse(propertiesOf(registry));
  if (publicNetworkAccess !== 'Enabled') return `${registry.name} allows no public access`;
  if (networkRuleSet?.defaultAction !== 'Deny') return undefined;
  const allowed = networkRuleSet.ipRules.map(({ value }) => value).filter(isRange);
  return sourceAddresses(world, place, to).some((source) => isIn(source, allowed))
    ? undefined
    : `${registry.name} does not allow the address of the nodes`;
}
