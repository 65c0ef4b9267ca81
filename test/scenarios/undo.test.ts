import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isCancellation } from '@temporalio/workflow';
import type { CreateClusterInput } from '../../contract/index.ts';
import type { StoredResource } from '../support/arm.ts';
import { clusterPath } from '../support/azure.ts';
import { failureDetailsOf, failureOf, type Harness, startHarness } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import {
  aRecord,
  changesAround,
  handMade,
  makeByHand,
  type OwnRegistryIds,
  ownRegistryBodies,
  ownRegistryIds,
  parts,
  type ResourcePart,
  stateAround,
} from '../support/ownRegistry.ts';
import { sampled } from '../support/sampled.ts';
import { waitUntil } from './existingCluster.ts';
import {
  type Fixables,
  fixableCases,
  makeOtherwise,
  manyClusters,
  ownRegistryInput,
  raceForPullRole,
  writesByResource,
} from './ownRegistry.ts';

/** A wrong VM quota, as Azure reports it: late, in the operation. */
const quota = { status: 'Failed', code: 'QuotaExceeded', message: 'Not enough cores', afterSeconds: 60 } as const;
const modes = ['privateLink', 'vnetIntegration'] as const;

let harness: Harness;
let outside: Record<string, StoredResource>;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
  outside = await outsideGroups();
});
afterAll(() => harness.close());

const partsOf = (fixables: Fixables) => Object.keys(fixables) as ResourcePart[];
const failCreation = (given: CreateClusterInput) =>
  harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation: quota });

/** Runs createCluster to the failure that is expected. Fails unless everything is then as before, body by body. */
async function undone(name: string, more: Partial<CreateClusterInput>, fixables: Fixables = {}) {
  const { azure } = harness;
  const ids = ownRegistryIds(name);
  const given = ownRegistryInput(name, more);
  const before = await stateAround(azure, name);
  const changes = await changesAround(azure, name);
  const mended = partsOf(fixables).map((part) => ids[part].toLowerCase());
  const kept = Object.keys(before).filter((id) => !mended.includes(id));
  const writes = await writesByResource(azure, kept);

  const { failure, details } = await failureDetailsOf((await harness.client.createCluster(given)).result());

  expect(failure.type).toBe('StepFailed');
  expect(details.leftovers).toEqual([]);
  // Nothing is left out of the comparison.
  expect(await changes()).toEqual([]);
  expect(await writesByResource(azure, kept)).toEqual(writes);
  return { failure, details, ids };
}

/** As {@link undone}, where everything but the cluster has succeeded. */
async function undoneAfterCluster(name: string, more: Partial<CreateClusterInput>, fixables: Fixables = {}) {
  await failCreation(ownRegistryInput(name, more));
  const { failure, details, ids } = await undone(name, more, fixables);
  expect(failure.message).toContain('QuotaExceeded: Not enough cores');
  expect(new Set(details.steps.map(({ state }) => state))).toEqual(new Set(['unchanged', 'undone']));
  expect(await writesByResource(harness.azure, [ids.cluster])).toEqual({
    [ids.cluster.toLowerCase()]: ['PUT 201', 'DELETE 202'],
  });
}

describe('createCluster, whose cluster fails, leaves everything as it was', () => {
  it.concurrent.each(sampled(modes, 2))('from nothing, with %s', async (apiServerAccess) => {
    await undoneAfterCluster(`n-${apiServerAccess.toLowerCase()}`, { apiServerAccess });
  });

  it.concurrent.each(sampled(parts, 16, 3))('where there is %s', async (part) => {
    const name = `u-${part.toLowerCase()}`;
    await makeByHand(harness.azure, ownRegistryIds(name), part);
    const apiServerAccess = part.startsWith('apiServer') ? 'vnetIntegration' : 'privateLink';
    await undoneAfterCluster(name, { apiServerAccess });
  });

  it.concurrent.each(sampled(modes, 2, 1))('where there is everything, with %s', async (apiServerAccess) => {
    const name = `a-${apiServerAccess.toLowerCase()}`;
    const ids = ownRegistryIds(name);
    for (const part of parts) await makeByHand(harness.azure, ids, part);
    await undoneAfterCluster(name, { apiServerAccess });
  });

  it.concurrent.each(sampled(fixableCases, 2))('where there is %s: it is put back', async (_, short, fixables) => {
    const name = `f-${short}`;
    const ids = ownRegistryIds(name);
    await makeOtherwise(harness.azure, ids, fixables);
    await undoneAfterCluster(name, { apiServerAccess: 'vnetIntegration' }, fixables);
    const changed = partsOf(fixables).map((part) => ids[part]);
    for (const written of Object.values(await writesByResource(harness.azure, changed))) {
      // Made by hand, mended, put back.
      expect(written).toHaveLength(3);
    }
  });
});

describe('createCluster leaves everything as it was', () => {
  inFull.concurrent('where the endpoint fails', async () => {
    const name = 'x-endpoint';
    const operation = { status: 'Failed', code: 'InternalServerError', message: 'Not today' } as const;
    await harness.azure.fault({ method: 'PUT', path: `${ownRegistryIds(name).privateEndpoint}$`, operation });
    const { failure } = await undone(name, {});
    expect(failure.message).toContain('InternalServerError: Not today');
  });

  it.concurrent('where a role assignment is refused', async () => {
    const name = 'x-role';
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No permission to assign' };
    await harness.azure.fault({ method: 'PUT', path: `${ownRegistryIds(name).nodeSubnet}/.*roleAssignments`, answer });
    const { failure, details } = await undone(name, {});
    expect(failure.message).toContain('AuthorizationFailed: No permission to assign');
    expect(details.steps.find(({ id }) => id === 'cluster')).toMatchObject({ state: 'skipped' });
  });

  it.concurrent('where a change of a registry that was there fails', async () => {
    const name = 'x-registry';
    const ids = ownRegistryIds(name);
    const fixables: Fixables = {
      registry: { path: 'properties.publicNetworkAccess', wrong: 'Enabled', right: 'Disabled' },
    };
    await makeOtherwise(harness.azure, ids, fixables);
    const operation = { status: 'Failed', code: 'InternalServerError', message: 'Not today' } as const;
    await harness.azure.fault({ method: 'PATCH', path: `${ids.registry}$`, operation });
    await undone(name, {}, fixables);
  });

  it.concurrent.each(
    sampled(
      [
        ['endpoint', 'privateEndpoint', 'ends'],
        ['cluster', 'cluster', 'is preempted by its deletion'],
      ] as const,
      2,
    ),
  )('where it is cancelled while the %s is created', async (short, part, how) => {
    const { azure, client } = harness;
    const name = `c-${short}`;
    const ids = ownRegistryIds(name);
    const end = await azure.fault({ method: 'PUT', path: `${ids[part]}$`, operation: { ...quota, held: true } });
    const run = await client.createCluster(ownRegistryInput(name));
    await azure.untilRequested(`PUT ${ids[part]}`);
    await run.cancel();
    await run.progress();
    if (how === 'ends') await end();
    expect(isCancellation(await failureOf(run.result()))).toBe(true);
    expect(await run.progress()).toMatchObject({ phase: 'rolledBack' });
    expect(await stateAround(azure, name)).toEqual({});
    expect((await writesByResource(azure, [ids[part]]))[ids[part].toLowerCase()]).toContain('DELETE 202');
  });
});

describe("createCluster, whose cluster fails, leaves somebody else's things", () => {
  /** Things that somebody else has put beside the cluster, each in a part of the run's own, which stays for it. */
  type Kept = 'group' | 'vnet' | 'zone';
  type Theirs = Partial<Record<Kept, (ids: OwnRegistryIds) => Promise<string>>>;
  const identity: Theirs = {
    group: async (ids) => {
      const id = ids.kubelet.replace(/[^/]+$/, 'somebody-elses');
      await harness.azure.put(id, handMade(ids).kubelet);
      return id;
    },
  };
  const endpoint: Theirs = {
    vnet: async (ids) => {
      const theirs = ownRegistryIds('theirs');
      await makeByHand(harness.azure, theirs, 'registry');
      const id = theirs.privateEndpoint;
      await harness.azure.put(id, ownRegistryBodies({ ...ids, registry: theirs.registry }).privateEndpoint);
      return id;
    },
  };
  const subnet: Theirs = {
    vnet: async (ids) => {
      const id = `${ids.vnet}/subnets/somebody-elses`;
      await harness.azure.put(id, { properties: { addressPrefix: '192.168.9.0/24' } });
      return id;
    },
  };
  const record: Theirs = {
    zone: async (ids) => {
      const id = `${ids.zone}/A/somebody-elses`;
      await harness.azure.put(id, aRecord('10.1.2.3'));
      return id;
    },
  };
  it.concurrent.each(
    sampled<[string, string, Theirs]>(
      [
        ['in the group, the network and the zone that were created', 's-each', { ...identity, ...subnet, ...record }],
        ['an identity in the created group', 's-identity', identity],
        ['an endpoint in the created network', 's-endpoint', endpoint],
        ['a subnet in the created network', 's-subnet', subnet],
        ['a record in the created zone', 's-record', record],
      ],
      5,
    ),
  )('%s', async (_, name, theirs) => {
    const { azure, client } = harness;
    const ids = ownRegistryIds(name);
    const given = ownRegistryInput(name, { onFailure: 'hold' });
    await failCreation(given);
    const run = await client.createCluster(given);
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    const put: [Kept, string][] = [];
    for (const part of Object.keys(theirs) as Kept[]) put.push([part, (await theirs[part]?.(ids)) ?? '']);
    const there = put.map(([, id]) => id.toLowerCase());
    const thoseIn = (state: Record<string, StoredResource>) => there.map((id) => state[id]);
    const before = thoseIn(await azure.state());
    await run.decide('rollBack');
    const { failure, details } = await failureDetailsOf(run.result());

    expect(failure.type).toBe('RollbackIncomplete');
    const kept = [...new Set<Kept>(['group', ...put.map(([part]) => part)])];
    const leftovers = kept.map((part) => ids[part]).sort();
    expect(details.leftovers.map(({ resourceId }) => resourceId).sort()).toEqual(leftovers);
    // A group is said to stay for one of the resources in it.
    for (const [part, id] of put.filter(([part]) => part !== 'group' || put.length === 1))
      expect(details.leftovers.find(({ resourceId }) => resourceId === ids[part])?.why.toLowerCase()).toContain(
        id.toLowerCase(),
      );
    expect(before).not.toContain(undefined);
    expect(thoseIn(await azure.state())).toEqual(before);
    const subnets = kept.includes('vnet') ? [ids.nodeSubnet, ids.registrySubnet] : [];
    const remaining = [...leftovers, ...subnets].map((id) => id.toLowerCase()).concat(there);
    const around = Object.keys(await stateAround(azure, name));
    expect(around.sort()).toEqual(remaining.filter((id) => id.includes(`/rg-${name}`)).sort());
  });

  it.concurrent('a role that was assigned meanwhile', async () => {
    const { azure } = harness;
    const name = 's-role';
    const ids = ownRegistryIds(name);
    const given = ownRegistryInput(name);
    const run = await raceForPullRole(harness, given, () => failCreation(given));
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toContain('QuotaExceeded');
    expect(details.leftovers).toEqual([]);
    const left = Object.values(await stateAround(azure, name)).map(({ id }) => id.toLowerCase());
    const theirs = expect.stringContaining(`${ids.registry.toLowerCase()}/providers/microsoft.authorization/`);
    const mine = [ids.group, ids.registry, ids.kubelet].map((id) => id.toLowerCase());
    expect(left).toEqual([...mine, theirs]);
    const written = await azure.writes(new RegExp(`${ids.registry}/.*roleAssignments`));
    const assignments = written.filter((write) => write.startsWith('PUT'));
    expect(assignments.map((write) => write.split(' ').at(-1))).toEqual(['201', '409']);
  });

  it.concurrent.each(
    sampled(
      [
        ['as wanted', '192.168.1.0/24', undefined],
        ['otherwise', '192.168.1.0/26', 'NotOwned'],
      ] as const,
      2,
      1,
    ),
  )('a subnet that an operator has made while the run was held, %s', async (how, addressPrefix, refused) => {
    const { azure, client } = harness;
    const name = `s-held-${how.slice(-6).trim()}`;
    const ids = ownRegistryIds(name);
    await makeByHand(azure, ids, 'vnet');
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'Subnets are made by the network team' };
    await azure.fault({ method: 'PUT', path: `${ids.nodeSubnet}$`, answer });
    const given = ownRegistryInput(name, { onFailure: 'hold' });
    await failCreation(given);
    const run = await client.createCluster(given);
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    const nodeSubnet = { properties: { addressPrefix, defaultOutboundAccess: false } };
    await makeByHand(azure, ids, 'nodeSubnet', { nodeSubnet });
    const theirs = await azure.get(ids.nodeSubnet);
    await run.decide('retry');
    const held = await waitUntil(
      run,
      ({ phase, steps }) =>
        phase === 'waitingForOperator' &&
        steps.some(({ id, state }) => id === (refused ? 'subnet:nodeSubnet' : 'cluster') && state === 'failed'),
    );
    expect(held.steps.find(({ id }) => id === 'subnet:nodeSubnet')?.error ?? '').toContain(refused ?? '');
    await run.decide('rollBack');
    const { details } = await failureDetailsOf(run.result());
    expect(details.leftovers).toEqual([]);
    expect((await azure.get(ids.nodeSubnet)).at('properties')).toEqual(theirs.at('properties'));
  });

  it.concurrent('a role that cannot be taken away, by the ID of its assignment', async () => {
    const { azure, client } = harness;
    const name = 's-stuck';
    const ids = ownRegistryIds(name);
    await makeByHand(azure, ids, 'registry');
    const assignments = `${ids.registry}/providers/Microsoft.Authorization/roleAssignments/`;
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No permission' };
    // Undo tries twice.
    await azure.fault({ method: 'DELETE', path: assignments, times: 2, answer });
    const given = ownRegistryInput(name);
    await failCreation(given);
    const { failure, details } = await failureDetailsOf((await client.createCluster(given)).result());
    expect(failure.type).toBe('RollbackIncomplete');
    const [assignment] = Object.keys(await azure.state()).filter((id) => id.startsWith(assignments.toLowerCase()));
    const left = details.leftovers.map(({ resourceId, why }) => [resourceId.toLowerCase(), why]);
    expect(left).toEqual([[assignment, expect.stringContaining('No permission')]]);
    // Azure deletes an identity that holds roles.
    expect((await azure.get(ids.kubelet)).status).toBe(404);
  });
});

// After all of the above, which have begun before.
it('has changed nothing outside of resource groups', async () => {
  expect(await outsideGroups()).toEqual(outside);
});

async function outsideGroups(): Promise<Record<string, StoredResource>> {
  const state = Object.entries(await harness.azure.state());
  return Object.fromEntries(state.filter(([id]) => !id.includes('/resourcegroups/')));
}
