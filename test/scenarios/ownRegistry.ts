import { expect } from '@jest/globals';
import type { ScenarioHandle } from '../../client/index.ts';
import type { CreateClusterInput, VerificationReport } from '../../contract/index.ts';
import { input, type SimulatedAzure, subscriptionId } from '../support/azure.ts';
import type { Harness } from '../support/harness.ts';
import {
  assign,
  expectedAddresses,
  groupOf,
  handMade,
  makeByHand,
  type OwnRegistryIds,
  type OwnRegistryPart,
  ownRegistryIds,
  type ResourcePart,
} from '../support/ownRegistry.ts';

/** The smallest valid input for a cluster of this name with a registry of its own. */
export const ownRegistryInput = (name: string, more: Partial<CreateClusterInput> = {}): CreateClusterInput =>
  input(name, { registry: { mode: 'bringYourOwn' }, agentPoolProfiles: [{ name: 'nodepool1', count: 1 }], ...more });

/** Many clusters at once, and roles that take effect at once. */
export const manyClusters = { roleDelaySeconds: 0, quotas: { standardDDSv5Family: 10_000, cores: 10_000 } };

/** Input that names these parts by their resource IDs. */
export function byResourceId(ids: OwnRegistryIds, parts: readonly OwnRegistryPart[]): Partial<CreateClusterInput> {
  const given = <K extends string>(part: OwnRegistryPart, key: K, id: string) =>
    parts.includes(part) ? { [key]: id } : {};
  return {
    registry: {
      mode: 'bringYourOwn',
      ...given('registry', 'containerRegistryId', ids.registry),
      privateEndpoint: given('privateEndpoint', 'resourceId', ids.privateEndpoint),
      privateDnsZone: given('zone', 'resourceId', ids.zone),
    },
    network: given('vnet', 'virtualNetworkId', ids.vnet),
    identity: { type: 'UserAssigned', ...given('controlPlane', 'resourceId', ids.controlPlane) },
    kubeletIdentity: given('kubelet', 'resourceId', ids.kubelet),
  };
}

/** Runs createCluster to its end. Fails unless every check of it is ok. */
export async function verifiedCreation(harness: Harness, given: CreateClusterInput): Promise<VerificationReport> {
  const result = await (await harness.client.createCluster(given)).result();
  if (result.outcome !== 'verified') throw new Error(`Expected a verified cluster, got ${result.outcome}`);
  const missed = result.checks.filter(({ ok }) => !ok);
  if (missed.length > 0 || result.checks.length < 20) throw new Error(JSON.stringify(result.checks));
  return result;
}

/** How often each of these resources itself was written to, as `PUT 201`. */
export async function writesByResource(
  azure: SimulatedAzure,
  ids: readonly string[],
): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = Object.fromEntries(ids.map((id) => [id.toLowerCase(), []]));
  for (const write of await azure.writes()) {
    const [method, path = '', status] = write.split(' ');
    found[path.toLowerCase()]?.push(`${method} ${status}`);
  }
  return found;
}

/**
 * Starts createCluster and lets somebody else assign AcrPull between the look at Azure and the write: the run waits for
 * its registry meanwhile.
 *
 * @param meanwhile What to do before the run goes on.
 */
export async function raceForPullRole(
  { azure, client }: Harness,
  given: CreateClusterInput,
  meanwhile: () => Promise<unknown> = async () => undefined,
): Promise<ScenarioHandle> {
  const ids = ownRegistryIds(given.cluster.name);
  await makeOtherwise(azure, ids, {
    registry: { path: 'properties.publicNetworkAccess', wrong: 'Enabled', right: 'Disabled' },
  });
  await makeByHand(azure, ids, 'kubelet');
  const principalId = (await azure.get(ids.kubelet)).at('properties.principalId');
  const answer = await azure.fault({ method: 'PATCH', path: `${ids.registry}$`, held: true });
  const run = await client.createCluster(given);
  await azure.untilRequested(`PATCH ${ids.registry}`);
  await assign(azure, ids.registry, 'acrPull', principalId);
  await meanwhile();
  await answer();
  return run;
}

/** Resources that an owner made otherwise, with things of the owner's own that are to stay. */
export interface Fixable {
  /** Where in the body, what is there, and what is to be there. */
  path: string;
  wrong: unknown;
  right: unknown;
  own?: Record<string, unknown>;
}
export type Fixables = { [P in ResourcePart]?: Fixable };

const nsg = {
  id: `/subscriptions/${subscriptionId}/resourceGroups/rg-filters/providers/Microsoft.Network/networkSecurityGroups/filter`,
};
const ownOfSubnet = { properties: { networkSecurityGroup: nsg, serviceEndpoints: [{ service: 'Microsoft.Storage' }] } };
const delegated = expect.objectContaining({
  properties: expect.objectContaining({ serviceName: 'Microsoft.ContainerService/managedClusters' }),
});
const anotherAddress = [{ ipv4Address: '192.168.2.99' }];
const addressOf = (record: keyof typeof expectedAddresses) => [{ ipv4Address: expectedAddresses[record] }];

const outboundAccess = { path: 'properties.defaultOutboundAccess', right: false, own: ownOfSubnet };

/** By title and short name. */
export const fixableCases: [string, string, Fixables][] = [
  [
    'outbound access, no delegation, public access, a wrong address',
    'one',
    {
      nodeSubnet: { ...outboundAccess, wrong: true },
      apiServerSubnet: { path: 'properties.delegations', wrong: [], right: [delegated], own: ownOfSubnet },
      registry: {
        path: 'properties.publicNetworkAccess',
        wrong: 'Enabled',
        right: 'Disabled',
        own: { tags: { team: 'images' }, properties: { adminUserEnabled: true, dataEndpointEnabled: true } },
      },
      registryRecord: {
        path: 'properties.aRecords',
        wrong: anotherAddress,
        right: addressOf('registryRecord'),
        own: { properties: { ttl: 300, metadata: { team: 'dns' } } },
      },
    },
  ],
  [
    'nothing said of outbound access, anonymous pull, an address too many',
    'two',
    {
      nodeSubnet: { ...outboundAccess, wrong: undefined },
      registry: { path: 'properties.anonymousPullEnabled', wrong: true, right: false },
      dataRecord: {
        path: 'properties.aRecords',
        wrong: [...addressOf('dataRecord'), ...anotherAddress],
        right: addressOf('dataRecord'),
      },
    },
  ],
];

/** Makes these parts by hand, otherwise than they should be, and what they need. */
export async function makeOtherwise(azure: SimulatedAzure, ids: OwnRegistryIds, fixables: Fixables): Promise<void> {
  await makeSecurityGroup(azure);
  const all = Object.entries(fixables) as [ResourcePart, Fixable][];
  const bodies = all.map(([part, { path, wrong, own = {} }]) => [
    part,
    put(merged(handMade(ids)[part], own), path, wrong),
  ]);
  for (const [part] of all) await makeByHand(azure, ids, part, Object.fromEntries(bodies));
}

const securityGroups = new WeakMap<SimulatedAzure, Promise<unknown>>();

/** Makes the security group of the owner's subnets, once. */
function makeSecurityGroup(azure: SimulatedAzure): Promise<unknown> {
  const made =
    securityGroups.get(azure) ??
    azure.put(groupOf(nsg.id), { location: 'westeurope' }).then(() => azure.put(nsg.id, { location: 'westeurope' }));
  securityGroups.set(azure, made);
  return made;
}

/** A body with what is at this path replaced, or taken away. */
export function put(body: unknown, path: string, value: unknown): unknown {
  const [key = '', ...rest] = path.split('.');
  const { [key]: present, ...others } = body as Record<string, unknown>;
  const replaced = rest.length > 0 ? put(present, rest.join('.'), value) : value;
  return replaced === undefined ? others : { ...others, [key]: replaced };
}

/** A body with more at its top and among its properties. */
function merged(body: unknown, { properties, ...top }: Record<string, unknown>): Record<string, unknown> {
  const { properties: present, ...rest } = body as Record<string, object>;
  return { ...rest, ...top, properties: { ...present, ...(properties as object) } };
}
