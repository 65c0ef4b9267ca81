import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ScenarioHandle } from '../../client/index.ts';
import type { CreateClusterInput, IsolateClusterInput, ScenarioResult } from '../../contract/index.ts';
import { clusterId } from '../../resources/ids.ts';
import type { FoundCluster } from '../../scripts/local/existingCluster.ts';
import { input, subscriptionId } from '../support/azure.ts';
import { failureDetailsOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { sampled } from '../support/sampled.ts';
import { existingCluster, isolationOf, newNodeImage, reference, waitUntil, writesSince } from './existingCluster.ts';
import { manyClusters, ownRegistryInput } from './ownRegistry.ts';

const subscription = `/subscriptions/${subscriptionId}`;
const groupOf = (name: string) => `${subscription}/resourceGroups/rg-${name}`;
const nodeGroupOf = (name: string) => `${subscription}/resourceGroups/MC_rg-${name}_${name}_westeurope`;
const ownRegistry: IsolateClusterInput['registry'] = { mode: 'bringYourOwn' };

interface Role {
  scope: string;
  actions: string[];
  notActions?: string[];
}
const actionsOf = (role: string): string[] =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../deploy/roles/${role}.json`), 'utf8')).Actions;

interface RightsCase {
  prepare?(harness: Harness, name: string): Promise<unknown>;
  start(harness: Harness, name: string): Promise<ScenarioHandle<ScenarioResult>>;
}

const create = (inputOf: (name: string) => CreateClusterInput): RightsCase => ({
  prepare: ({ azure }, name) => azure.createGroup(`rg-${name}`),
  start: ({ client }, name) => client.createCluster(inputOf(name)),
});
const isolate = (ownNetwork: boolean, registry: IsolateClusterInput['registry']): RightsCase => ({
  prepare: (harness, name) =>
    existingCluster(harness, name, { ownNetwork, pools: { system: { mode: 'System', count: 1 } } }),
  start: ({ client }, name) => client.isolateCluster({ cluster: reference(name), registry }),
});
const cases = {
  createCluster: create((name) => ownRegistryInput(name)),
  'createCluster, managed': create((name) => input(name)),
  isolateCluster: isolate(true, ownRegistry),
  'isolateCluster, managed': isolate(false, { mode: 'managed' }),
} as const satisfies Record<string, RightsCase>;
type CaseName = keyof typeof cases;
const names = Object.keys(cases) as CaseName[];

const isolatedCluster =
  (more: Partial<FoundCluster> = {}) =>
  (harness: Harness, name: string) =>
    existingCluster(harness, name, { isolated: true, pools: { system: { mode: 'System', count: 1 } }, ...more });
async function onOwnRegistry(harness: Harness, name: string): Promise<void> {
  await isolatedCluster({ ownNetwork: true })(harness, name);
  await (await harness.client.changeRegistry({ cluster: reference(name), registry: ownRegistry })).result();
}
const createdByRun = async ({ client }: Harness, name: string) =>
  (await client.createCluster(ownRegistryInput(name))).result();

/** Those whose reads are tried one by one. */
const allCases = {
  ...cases,
  changeRegistry: {
    prepare: isolatedCluster({ ownNetwork: true }),
    start: ({ client }, name) => client.changeRegistry({ cluster: reference(name), registry: ownRegistry }),
  },
  'changeRegistry, from one of its own': {
    prepare: onOwnRegistry,
    start: ({ client }, name) =>
      client.changeRegistry({ cluster: reference(name), registry: { mode: 'managed' }, oldRegistry: 'delete' }),
  },
  disableIsolation: {
    prepare: isolatedCluster(),
    start: ({ client }, name) => client.disableIsolation({ cluster: reference(name) }),
  },
  reimageNodePools: {
    async prepare(harness, name) {
      await isolatedCluster()(harness, name);
      await newNodeImage(harness);
    },
    start: ({ client }, name) => client.reimageNodePools({ cluster: reference(name) }),
  },
  auditCluster: {
    prepare: isolatedCluster(),
    start: ({ client }, name) => client.auditCluster({ cluster: reference(name) }),
  },
  'auditCluster, own registry': {
    prepare: onOwnRegistry,
    start: ({ client }, name) => client.auditCluster({ cluster: reference(name) }),
  },
  'deleteCluster, alone': {
    prepare: createdByRun,
    start: ({ client }, name) => client.deleteCluster({ cluster: reference(name) }),
  },
  deleteCluster: {
    prepare: createdByRun,
    start: ({ client }, name) =>
      client.deleteCluster({ cluster: reference(name), alsoDelete: ['privateEndpoint', 'registry'] }),
  },
} as const satisfies Record<string, RightsCase>;
const ofCluster = [
  'Microsoft.ContainerService/managedClusters/read',
  'Microsoft.ContainerService/managedClusters/agentPools/read',
  'Microsoft.Resources/subscriptions/resourceGroups/read',
];
type AnyCase = keyof typeof allCases;
const caseNames = Object.keys(allCases) as AnyCase[];

/** The reads without which those do not begin that need not prove isolation before they change something. */
const needs: Partial<Record<AnyCase, readonly string[]>> = {
  disableIsolation: ofCluster,
  reimageNodePools: ofCluster,
  auditCluster: ofCluster,
  'auditCluster, own registry': ofCluster,
  'deleteCluster, alone': ofCluster,
};

const creations = names.filter((name) => name.startsWith('createCluster'));
const isolations = names.filter((name) => !creations.includes(name));

/** Reads that only roles outside of the cluster's resource group allow, and those of its own permissions. */
const optionalReads = [
  ['the subscription', `^${subscription}$`],
  ['the list of subscriptions', '^/subscriptions$'],
  ['regions', `^${subscription}/locations$`],
  ['resource providers', `^${subscription}/providers/Microsoft\\.(Compute|Network|Managed|Container)[^/]*$`],
  ['VM sizes', '/Microsoft.Compute/skus$'],
  ['quota', '/usages$'],
  ['Kubernetes versions', '/kubernetesVersions$'],
  ['zones', `^/subscriptions/[^/]+/providers/Microsoft.Network/privateDnsZones$`],
  ['clusters', `^/subscriptions/[^/]+/providers/Microsoft.ContainerService/managedClusters$`],
  ['resources with marks', `^${subscription}/resources$`],
  ['names of registries', '/checkNameAvailability$'],
  ['locks', '/locks$'],
  ['deny assignments', '/denyAssignments$'],
  ['permissions', '/permissions$'],
  ['everything of the subscription', '^/subscriptions(/[^/]+(/(?!resourceGroups/).*)?)?$'],
] as const;

/** Every read that a scenario sends, at whatever scope. */
const readsOf = (scenario: AnyCase): string[] => {
  const least: Partial<Record<string, Record<string, string[]>>> = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../deploy/roles/least-rights.json'), 'utf8'),
  );
  const actions = Object.values(least[scenario.split(',')[0] ?? ''] ?? {}).flat();
  return [...new Set(actions)].filter((action) => action.endsWith('/read')).sort();
};

/** Reads of what AKS has made, which the proof of isolation needs. */
const nodeGroupReads = [['the node resource group', '^/subscriptions/[^/]+/resourceGroups/MC_']] as const;

describe('a worker', () => {
  let harness: Harness;
  let count = 0;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  /** A cluster's name, in a world in which the worker has these roles. */
  async function world({ prepare }: RightsCase, roles?: (name: string) => Role[]): Promise<string> {
    count += 1;
    const name = `r${count}`;
    const callerPermissions = roles?.(name);
    await harness.azure.reset({ ...manyClusters, ...(callerPermissions && { callerPermissions }) });
    await prepare?.(harness, name);
    return name;
  }
  const forbid = (path: string) =>
    harness.azure.fault({
      // A name is asked for by POST.
      method: path.includes('checkName') ? 'POST' : 'GET',
      path,
      times: 100_000,
      answer: { status: 403, code: 'AuthorizationFailed', message: 'no permission' },
    });

  const onGroup = (name: string): Role[] => [
    { scope: groupOf(name), actions: actionsOf('group-worker') },
    // The worker that has made the cluster and its group.
    { scope: groupOf(name), actions: ['Microsoft.Resources/subscriptions/resourceGroups/write'] },
  ];

  it.each(sampled(isolations, 2))(
    'with the custom roles on the resource group and the node resource group alone runs %s to a verified end, and tells what it has not checked',
    async (scenario) => {
      const onNodeGroup = { actions: actionsOf('node-group-worker') };
      const name = await world(cases[scenario], (each) => [
        ...onGroup(each),
        { scope: nodeGroupOf(each), ...onNodeGroup },
      ]);
      const result = await (await cases[scenario].start(harness, name)).result();
      expect(result.outcome).toBe('verified');
      expect(await isolationOf(harness.azure, reference(name))).toMatchObject({ artifactSource: 'Cache' });
      const unread = 'unread' in result ? (result.unread ?? []).join('\n') : '';
      for (const what of ['VM sizes', 'quota', 'Kubernetes versions', 'resource providers'])
        expect(unread).toMatch(new RegExp(`^${what} could not be read: .*does not have authorization`, 'm'));
      expect(unread).toMatch(/Not checked: Azure itself refuses nodes beyond it/);
    },
  );

  it.each(sampled(creations, 2))(
    'with Reader on the subscription besides runs %s to a verified end',
    async (scenario) => {
      const name = await world(cases[scenario], (each) => [
        ...onGroup(each),
        { scope: subscription, actions: ['*/read'] },
      ]);
      expect(await (await cases[scenario].start(harness, name)).result()).toMatchObject({ outcome: 'verified' });
    },
  );

  it('that gets a role on the node resource group once AKS has made it is asked for in a hold, and ends verified', async () => {
    const name = await world(cases.createCluster);
    const release = await forbid(nodeGroupReads[0][1]);
    const run = await harness.client.createCluster(ownRegistryInput(name, { onFailure: 'hold' }));
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    await release();
    await run.decide('retry');
    expect(await run.result()).toMatchObject({ outcome: 'verified', unproven: [] });
  });

  const rows = names.flatMap((scenario) => optionalReads.map(([what, path]) => [scenario, what, path] as const));

  it.each(sampled(rows, 60, 5))('runs %s to a verified end where %s may not be read', async (scenario, _what, path) => {
    const name = await world(cases[scenario]);
    const release = await forbid(path);
    const result = await (await cases[scenario].start(harness, name)).result();
    await release();
    expect(result.outcome).toBe('verified');
    expect((await harness.azure.get(clusterId(reference(name)))).at('properties.networkProfile.outboundType')).toBe(
      'none',
    );
  });

  const reads = caseNames.flatMap((scenario) => readsOf(scenario).map((action) => [scenario, action] as const));

  it.each(sampled(reads, 30, 7))(
    'runs %s without the action %s to its end, or does not begin: it fails and undoes nothing',
    async (scenario, action) => {
      const name = await world(allCases[scenario]);
      const roles = [{ scope: subscription, actions: ['*'], notActions: [action] }];
      expect((await harness.azure.send('PUT', '/simulator/callerPermissions', roles)).status).toBe(204);
      const written = async () => (await harness.azure.writes()).filter((write) => !write.startsWith('POST'));
      const before = await written();
      const run = (await allCases[scenario].start(harness, name)).result();
      const ended = await run.then(
        ({ outcome }) => outcome,
        async () => (await failureDetailsOf(run)).failure.type,
      );
      const mayRefuse = needs[scenario]?.includes(action) ?? true;
      expect(['verified', 'audited', 'Unproven', ...(mayRefuse ? ['PreflightFailed'] : [])]).toContain(ended);
      if (ended === 'PreflightFailed') expect(await written()).toEqual(before);
    },
  );

  it.each(
    sampled(names, 4, 1).flatMap((scenario) => nodeGroupReads.map(([what, path]) => [scenario, what, path] as const)),
  )('does not begin %s where %s may not be read, and says which command helps', async (scenario, _what, path) => {
    const name = await world(cases[scenario]);
    const release = await forbid(path);
    const before = await writesSince(harness, reference(name));
    const { type, problems } = await problemsOf((await cases[scenario].start(harness, name)).result());
    await release();
    expect([type, await before()]).toEqual(['PreflightFailed', []]);
    if (scenario.startsWith('createCluster'))
      expect(problems.map(({ whatToDo }) => whatToDo)).toEqual([
        expect.stringMatching(/az role assignment create --role "Reader" --scope \/subscriptions\/.*onFailure to hold/),
      ]);
  });

  it.each(sampled(names, 3))('reads nothing else outside of the resource group in %s', async (scenario) => {
    const name = await world(cases[scenario]);
    const from = await harness.azure.recordedBytes();
    await (await cases[scenario].start(harness, name)).result();
    const paths = (await harness.azure.recorded(from))
      .filter(({ method }) => method === 'GET')
      .map(({ url }) => new URL(url).pathname)
      // The address of an operation is signed.
      .filter((path) => !/\/(operations|operationStatuses|operationResults|privateDnsOperationStatuses)\//i.test(path))
      .filter((path) => !path.toLowerCase().startsWith(groupOf(name).toLowerCase()));
    const known = [...optionalReads.slice(0, -1), ...nodeGroupReads].map(([, path]) => new RegExp(path, 'i'));
    expect([...new Set(paths)].filter((path) => !known.some((one) => one.test(path)))).toEqual([]);
  });
});
