import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { CreateClusterInput, PlanReport } from '../../../contract/index.ts';
import type { ResetRequest } from '../../../simulator/index.ts';
import { type SimulatedAzure, subscriptionId } from '../../support/azure.ts';
import { type Harness, problemsOf, startHarness } from '../../support/harness.ts';
import {
  changesAround,
  makeByHand,
  type OwnRegistryIds,
  type OwnRegistryPart,
  ownRegistryIds,
} from '../../support/ownRegistry.ts';
import { sampled } from '../../support/sampled.ts';
import { ownRegistryInput } from '../ownRegistry.ts';

/** Tools of somebody else who changes Azure beforehand. */
export interface Setup {
  azure: SimulatedAzure;
  ids: OwnRegistryIds;
  /** Makes a part and what it needs; the body is the usual one, or this. */
  make(part: OwnRegistryPart, body?: unknown): Promise<void>;
  /** Starts a write whose operation runs on until the result is called. */
  begin(id: string, body: unknown, method?: 'PUT' | 'DELETE'): Promise<() => Promise<void>>;
  /** A write whose operation fails. */
  fail(id: string, body: unknown): Promise<void>;
}

export type Because = [where: string, problem: RegExp, whatToDo: RegExp];

/** A state and an input in which createCluster must not begin. */
export interface RefusedCase {
  name: string;
  arrange?: (setup: Setup) => Promise<unknown>;
  given?: (ids: OwnRegistryIds) => Partial<CreateClusterInput>;
  because: (ids: OwnRegistryIds) => Because[];
  /** The worker's permissions. A file whose cases name any gives it none but these, and to read everything. */
  may?: (ids: OwnRegistryIds) => ResetRequest['callerPermissions'];
}

/** A state that looks like such a one and is none. */
export type AcceptedCase = Omit<RefusedCase, 'because'>;

export const location = 'westeurope';
export const otherSubscription = '22222222-2222-2222-2222-222222222222';
export const aksDelegation = 'Microsoft.ContainerService/managedClusters';

export const lastOf = (id: string): string => id.split('/').at(-1) ?? '';
export const nameOf = ({ cluster }: OwnRegistryIds): string => lastOf(cluster);
export const inSubscription = (id: string, other: string): string => id.replace(subscriptionId, other);
/** The same name in another resource group, which counts as one of the cluster's. */
export const inHub = (ids: OwnRegistryIds, id: string): string => id.replace(ids.group, `${ids.group}.hub`);
export const subnetBody = (addressPrefix: string, serviceName?: string) => ({
  properties: {
    addressPrefix,
    ...(serviceName && { delegations: [{ name: 'theirs', properties: { serviceName } }] }),
  },
});
export const networkBody = (addressPrefixes: string[], subnets: object[] = []) => ({
  location,
  properties: { addressSpace: { addressPrefixes }, subnets },
});
export const namedSubnet = (name: string, addressPrefix: string) => ({ name, ...subnetBody(addressPrefix) });
export const endpointBody = (subnet: string, registry: string, manual = false) => ({
  location,
  properties: {
    subnet: { id: subnet },
    [manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections']: [
      { name: 'theirs', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } },
    ],
  },
});
export const linkBody = (vnet: string) => ({
  location: 'global',
  properties: { virtualNetwork: { id: vnet }, registrationEnabled: false },
});
export const ruleBody = (sourceRepository: string, targetRepository: string) => ({
  properties: { sourceRepository, targetRepository },
});
export const lockId = (scope: string): string => `${scope}/providers/Microsoft.Authorization/locks/keep`;
export const lockBody = (level: 'CanNotDelete' | 'ReadOnly') => ({ properties: { level } });
export const pools = (...more: object[]): Partial<CreateClusterInput> => ({
  agentPoolProfiles: more.map((pool, index) => ({ name: `pool${index}`, count: 1, ...pool })),
});
export const ownRegistry = (more: object): Partial<CreateClusterInput> => ({
  registry: { mode: 'bringYourOwn', ...more },
});
export const withVnetIntegration = { apiServerAccess: 'vnetIntegration' } as const;

/** The node resource group that AKS would make. */
export function nodeGroup(ids: OwnRegistryIds): string {
  const { group } = ids;
  const name = nameOf(ids);
  return group.replace(`/rg-${name}`, `/MC_rg-${name}_${name}_${location}`);
}

const apiVersions: Readonly<Record<string, string>> = {
  registries: '2025-11-01',
  cacheRules: '2025-11-01',
  replications: '2025-11-01',
  resourceGroups: '2024-11-01',
  virtualNetworks: '2025-07-01',
  subnets: '2025-07-01',
  privateEndpoints: '2025-07-01',
  privateDnsZones: '2024-06-01',
  virtualNetworkLinks: '2024-06-01',
};

export function setupOf(azure: SimulatedAzure, ids: OwnRegistryIds): Setup {
  const operation = { status: 'Failed', code: 'InternalServerError', message: 'It went wrong' } as const;
  return {
    azure,
    ids,
    make: (part, body) => makeByHand(azure, ids, part, body === undefined ? {} : { [part]: body }),
    async begin(id, body, method = 'PUT') {
      const end = await azure.fault({ method, path: `${id}$`, operation: { held: true } });
      const { status } = await azure.send(method, `${id}?api-version=${apiVersions[id.split('/').at(-2) ?? '']}`, body);
      if (status >= 300) throw new Error(`${method} ${id}: ${status}`);
      return end;
    },
    async fail(id, body) {
      await azure.fault({ method: 'PUT', path: `${id}$`, operation });
      const failed = await azure.put(id, body).then(
        () => false,
        (error) => String(error).includes(operation.code),
      );
      if (!failed) throw new Error(`PUT ${id} did not fail`);
    },
  };
}

/** Writes of the product around a cluster and to the subscriptions: the SDKs name themselves, a test does not. */
export async function productWrites(azure: SimulatedAzure, cluster: string): Promise<string[]> {
  const about = new RegExp(`/(mc_)?rg-${cluster}[/_.?]`, 'i');
  const requests = (await azure.recorded()).filter(
    ({ url, headers }) => /azsdk/.test(headers['user-agent'] ?? '') && (about.test(url) || !/\/(mc_)?rg-/i.test(url)),
  );
  if (!requests.some(({ url }) => about.test(url))) throw new Error('no request of the product was recognized');
  // Asking for a name is a POST that writes nothing.
  const writes = requests.filter(({ method, url }) => method !== 'GET' && !url.includes('/checkNameAvailability?'));
  return writes.map(({ method, url }) => `${method} ${url}`);
}

async function expectRefused({ azure, client }: Harness, row: RefusedCase & { cluster: string }): Promise<void> {
  const { cluster, arrange, given, because } = row;
  const ids = ownRegistryIds(cluster);
  await arrange?.(setupOf(azure, ids));
  const changes = await changesAround(azure, cluster);
  const run = await client.createCluster(ownRegistryInput(cluster, given?.(ids)));
  expect(await problemsOf(run.result())).toEqual({
    type: 'PreflightFailed',
    problems: because(ids).map(([where, problem, whatToDo]) => ({
      where,
      problem: expect.stringMatching(problem),
      whatToDo: expect.stringMatching(whatToDo),
    })),
  });
  expect(await changes()).toEqual([]);
  expect(await productWrites(azure, cluster)).toEqual([]);
}

async function expectAccepted({ azure, client }: Harness, row: AcceptedCase & { cluster: string }): Promise<void> {
  const { cluster, arrange, given } = row;
  const ids = ownRegistryIds(cluster);
  await arrange?.(setupOf(azure, ids));
  const run = await client.createCluster(ownRegistryInput(cluster, { ...given?.(ids), dryRun: true }));
  const { plan } = (await run.result()) as PlanReport;
  expect(plan.problems).toEqual([]);
}

/** Cases of one subject. */
interface Cases {
  /** Begins the names of their clusters, which lock each other out in Temporal, whichever file they are in. */
  prefix: string;
  refused: readonly RefusedCase[];
  accepted?: readonly AcceptedCase[];
  /** How Azure is to be. */
  reset?: ResetRequest;
}

/** Declares cases, each on a cluster of its own: no other sees what it arranges. */
export function declareCases({ prefix, refused, accepted = [], reset = {} }: Cases): void {
  let harness: Harness;
  const stopped = refused.map((each, index) => ({ ...each, cluster: `${prefix}${index}` }));
  const passing = accepted.map((each, index) => ({ ...each, cluster: `${prefix}ok${index}` }));
  beforeAll(async () => {
    harness = await startHarness();
    const perCase = [...stopped, ...passing].flatMap(({ cluster, may }) => may?.(ownRegistryIds(cluster)) ?? []);
    const callerPermissions = [{ scope: '/', actions: ['*/read'] }, ...perCase];
    await harness.azure.reset({ ...reset, ...(perCase.length > 0 && { callerPermissions }) });
  });
  afterAll(() => harness.close());

  it.concurrent.each(sampled(stopped, 3))('is stopped by $name', (row) => expectRefused(harness, row));
  if (passing.length > 0)
    it.concurrent.each(sampled(passing, 3))('is not stopped by $name', (row) => expectAccepted(harness, row));
}
