import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreateClusterInput } from '../../contract/index.ts';
import { clusterPath } from '../support/azure.ts';
import { failureDetailsOf, type Harness, startHarness } from '../support/harness.ts';
import { type OwnRegistryIds, ownRegistryIds, type ResourcePart, stateAround } from '../support/ownRegistry.ts';
import { sampled } from '../support/sampled.ts';
import { existingCluster, waitUntil } from './existingCluster.ts';
import { manyClusters, ownRegistryInput } from './ownRegistry.ts';

const quota = { status: 'Failed', code: 'QuotaExceeded', message: 'Not enough cores', afterSeconds: 60 } as const;
const nothingLeft = 'Everything that this run had changed was taken back.';

let harness: Harness;
let registering: Awaited<ReturnType<typeof failed>>;
beforeAll(async () => {
  harness = await startHarness();
  const providers = { 'Microsoft.ContainerRegistry': 'NotRegistered' } as const;
  await harness.azure.reset({ ...manyClusters, providers });
  registering = await failed('l-registering');
});
afterAll(() => harness.close());

const failCreation = (given: CreateClusterInput) =>
  harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation: quota });

const allParts = Object.keys(ownRegistryIds('any')) as (keyof OwnRegistryIds)[];

/** Runs createCluster, whose cluster fails. */
async function failed(name: string, more: Partial<CreateClusterInput> = {}) {
  const given = ownRegistryInput(name, more);
  await failCreation(given);
  return failureDetailsOf((await harness.client.createCluster(given)).result());
}

/** Somebody deletes a resource right before this request of the run's. */
async function deletedBefore(method: string, path: string, deleted: string): Promise<void> {
  const { status } = await harness.azure.send('POST', '/simulator/others', {
    method,
    path: `${path}$`,
    when: 'before',
    does: [{ method: 'DELETE', path: deleted }],
  });
  if (status !== 201) throw new Error(`others: ${status}`);
}

describe('what somebody else has deleted is gone, and not left behind', () => {
  it.concurrent('where the whole group goes while an operator is asked', async () => {
    const name = 'l-held';
    const given = ownRegistryInput(name, { onFailure: 'hold' });
    await failCreation(given);
    const run = await harness.client.createCluster(given);
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    await harness.azure.remove(ownRegistryIds(name).group);
    await run.decide('rollBack');
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.type).toBe('StepFailed');
    expect(failure.message).toContain(nothingLeft);
    expect(details.leftovers).toEqual([]);
  });

  it.concurrent('where the input says leave: only what is there is named', async () => {
    const name = 'l-leave';
    const ids = ownRegistryIds(name);
    await deletedBefore('PUT', ids.cluster, ids.kubelet);
    const { details } = await failed(name, { onFailure: 'leave' });
    const named = details.leftovers.map(({ resourceId }) => resourceId);
    expect(named).toContain(ids.registry);
    expect(named).not.toContain(ids.kubelet);
  });

  const deleted = [
    'cluster',
    'privateEndpoint',
    'registryRecord',
    'link',
    'zone',
    'cacheRule',
    'registry',
    'vnet',
    'kubelet',
    'group',
  ] as const;
  it.concurrent.each(sampled(deleted, 10, 1))(
    'where the whole group goes right before the run deletes its %s',
    async (part) => {
      const name = `l-${part.toLowerCase()}`;
      const ids = ownRegistryIds(name);
      await deletedBefore('DELETE', ids[part], ids.group);
      const { failure, details } = await failed(name);
      expect(failure.type).toBe('StepFailed');
      expect(failure.message).toContain(nothingLeft);
      expect(details.leftovers).toEqual([]);
      expect(await stateAround(harness.azure, name)).toEqual({});
    },
  );

  it.concurrent('where the group of an existing cluster goes while its update fails', async () => {
    const cluster = await existingCluster(harness, 'l-existing', { ownNetwork: true });
    const group = `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.resourceGroup}`;
    const id = `${group}/providers/Microsoft.ContainerService/managedClusters/${cluster.name}`;
    await harness.azure.fault({ method: 'PUT', path: `${id}$`, operation: quota });
    const registry = { mode: 'bringYourOwn' as const };
    const run = await harness.client.isolateCluster({ cluster, registry, onFailure: 'hold' });
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    await harness.azure.remove(group);
    await run.decide('rollBack');
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toContain(nothingLeft);
    expect(details.leftovers).toEqual([]);
  });
});

describe('what is left behind', () => {
  it('is told apart from what was taken back', () => {
    const { failure, details } = registering;
    expect(details.leftovers.map(({ resourceId }) => resourceId)).toEqual([
      expect.stringMatching(/Microsoft.ContainerRegistry$/),
    ]);
    expect(failure.message).toContain('Everything that can be taken back was taken back; what has no inverse stays.');
    expect(failure.message).not.toContain(nothingLeft);
  });

  it.concurrent('is named by the ID that Azure has for it, where the answer to its creation was lost', async () => {
    const name = 'l-lost';
    const ids = ownRegistryIds(name);
    const assignments = `${ids.registry}/providers/Microsoft.Authorization/roleAssignments`;
    await harness.azure.fault({ method: 'PUT', path: `${assignments}/`, drop: 'after' });
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
    await harness.azure.fault({ method: 'GET', path: `${assignments}/`, answer });
    const given = ownRegistryInput(name, { onFailure: 'leave' });
    const { failure, details } = await failureDetailsOf((await harness.client.createCluster(given)).result());
    expect(failure.message).toContain('AuthorizationFailed');
    const left = details.leftovers.map(({ resourceId }) => resourceId.toLowerCase());
    const there = Object.keys(await stateAround(harness.azure, name));
    expect(left).toContain(there.find((id) => id.startsWith(assignments.toLowerCase())));
    // Each of them is there.
    expect(left.filter((id) => !there.includes(id))).toEqual([]);
  });

  /** The resource whose deletion is refused, and what Azure cannot delete because of it. */
  const refusals: [refused: ResourcePart | 'cluster', above: (ResourcePart | 'cluster')[]][] = [
    // Azure would delete under a cluster what its nodes need, so that stays with it.
    ['cluster', allParts],
    ['privateEndpoint', ['group', 'vnet']],
    ['link', ['group', 'zone', 'vnet']],
    ['zone', ['group']],
    ['registry', ['group']],
    ['vnet', ['group']],
    ['kubelet', ['group']],
    ['controlPlane', ['group']],
    ['group', []],
  ];
  it.concurrent.each(sampled(refusals, 9, 1))(
    'is no more than Azure refuses to delete, where that is the %s',
    async (part, above) => {
      const name = `l-no-${part.toLowerCase()}`;
      const ids = ownRegistryIds(name);
      const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'Nothing is deleted here' };
      // Undo tries twice.
      await harness.azure.fault({ method: 'DELETE', path: `${ids[part]}$`, times: 2, answer });
      const { failure, details } = await failed(name);
      expect(failure.type).toBe('RollbackIncomplete');
      const left = details.leftovers.map(({ resourceId }) => resourceId.toLowerCase());
      const there = Object.keys(await stateAround(harness.azure, name));
      const isNamed = (id: string) =>
        left.some((one) => id === one || (!one.endsWith(groupOf(ids)) && id.startsWith(`${one}/`)));
      expect(left.filter((id) => !there.includes(id))).toEqual([]);
      expect(there.filter((id) => !isNamed(id) && !madeByAzure.test(id))).toEqual([]);
      const expected = [part, ...above].map((each) => ids[each].toLowerCase());
      const withRoles = (id: string) => expected.includes(id.replace(/\/providers\/microsoft\.authorization\/.*$/, ''));
      expect(left.filter((id) => !withRoles(id))).toEqual([]);
    },
  );

  it.concurrent('is nothing, where what is above goes with it', async () => {
    const name = 'l-no-record';
    const ids = ownRegistryIds(name);
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No record is deleted here' };
    await harness.azure.fault({ method: 'DELETE', path: `${ids.registryRecord}$`, times: 2, answer });
    const { failure, details } = await failed(name);
    expect(failure.type).toBe('StepFailed');
    expect(details.leftovers).toEqual([]);
    expect(await stateAround(harness.azure, name)).toEqual({});
  });

  it.concurrent('is not what goes with what is above once undo has given it up', async () => {
    const name = 'l-late-zone';
    const ids = ownRegistryIds(name);
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'Not yet' };
    // The zone goes at the second try, after that of its record.
    await harness.azure.fault({ method: 'DELETE', path: `${ids.registryRecord}$`, times: 2, answer });
    await harness.azure.fault({ method: 'DELETE', path: `${ids.zone}$`, times: 1, answer });
    const { details } = await failed(name);
    expect(details.leftovers).toEqual([]);
    expect(await stateAround(harness.azure, name)).toEqual({});
  });
});

/** The node resource group, and the interface of an endpoint. */
const madeByAzure = /mc_rg|\/networkinterfaces\/myprivateendpoint\.nic/;

const groupOf = ({ group }: OwnRegistryIds): string => group.toLowerCase();
