import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Duration } from '../../../simulator/index.ts';
import { aRecord, assign, onOwnRegistry, ownRegistryIds, prepareOwnRegistry } from '../../support/ownRegistry.ts';
import {
  group,
  hold,
  location,
  release,
  type Started,
  secondsOf,
  start,
  subscription,
  versioned,
  wireCluster,
} from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.resources.resourceGroups.createOrUpdate('arm', { location });
});
afterAll(() => azure.simulator.close());

const sub = `/subscriptions/${subscription}`;

describe('resource groups', () => {
  test('are made at once, and only in one place', async () => {
    const put = (where: string) =>
      azure.send('PUT', versioned(`${sub}/resourcegroups/where`), { location: where, tags: { a: 'b' } });
    expect(await put('West Europe')).toMatchObject({
      status: 201,
      body: { location, tags: { a: 'b' }, properties: { provisioningState: 'Succeeded' } },
    });
    expect((await put(location)).status).toBe(200);
    expect(await put('eastus')).toMatchObject({
      status: 409,
      body: { error: { code: 'InvalidResourceGroupLocation' } },
    });
    expect((await azure.send('HEAD', versioned(`${group('where')}`))).status).toBe(204);
    const patched = await azure.resources.resourceGroups.update('where', { tags: { c: 'd' } });
    expect(patched.tags).toEqual({ c: 'd' });
  });

  test('are deleted through Location alone, refusing writes meanwhile', async () => {
    await azure.resources.resourceGroups.createOrUpdate('gone', { location });
    await hold(azure, 'DELETE', '/resourceGroups/gone$');
    const deleted = await azure.send('DELETE', versioned(`${group('gone')}`));
    expect(deleted).toMatchObject({ status: 202, body: undefined });
    expect(deleted.headers['azure-asyncoperation']).toBeUndefined();
    expect(deleted.headers.location).toMatch(new RegExp(`${sub}/operationresults/[\\w-]+\\?`));
    expect((await azure.send('GET', versioned(`${group('gone')}`))).at('properties.provisioningState')).toBe(
      'Deleting',
    );
    const identity = versioned(`${group('gone')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one`);
    expect(await azure.send('PUT', identity, { location })).toMatchObject({
      status: 409,
      body: { error: { code: 'ResourceGroupBeingDeleted' } },
    });
    expect((await azure.send('GET', String(deleted.headers.location))).status).toBe(202);
    const again = azure.resources.resourceGroups.delete('gone', { updateIntervalInMs: 15 });
    const deletions = async () =>
      ((await azure.send('GET', '/simulator/durations')).body as Duration[]).filter(
        ({ operation, resourceId }) => operation === 'DELETE' && resourceId === group('gone'),
      );
    while ((await deletions()).length < 2);
    await release(azure);
    await again;
  });
});

test('a group takes its clusters and their node groups along', async () => {
  await azure.resources.resourceGroups.createOrUpdate('whole', { location });
  const cluster = `${group('whole')}/providers/Microsoft.ContainerService/managedClusters/c?api-version=2026-06-01`;
  const created = await azure.send('PUT', cluster, {
    location,
    identity: { type: 'SystemAssigned' },
    properties: { agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1 }] },
  });
  await azure.answerAtEnd(created);
  await azure.resources.resourceGroups.delete('whole', { updateIntervalInMs: 15 });
  const names: (string | undefined)[] = [];
  for await (const one of azure.resources.resourceGroups.list()) names.push(one.name);
  expect(names).toContain('arm');
  expect(names.filter((name) => name?.includes('whole'))).toEqual([]);
});

describe('a group that is deleted', () => {
  test('takes along all that is in it, its node group, and the roles below it; nothing else', async () => {
    await azure.send('POST', '/simulator/reset', { roleDelaySeconds: 0 });
    const ids = await prepareOwnRegistry(azure, 'left');
    const { properties, identity } = onOwnRegistry(ids);
    await azure.put(ids.cluster, wireCluster(properties, { identity }));
    const other = ownRegistryIds('kept');
    await azure.put(other.group, { location });
    await azure.put(other.zone, { location: 'global' });
    await azure.put(other.dataRecord, aRecord('10.0.0.4'));
    const principal = (await azure.put(other.kubelet, { location })).at('properties.principalId');
    await assign(azure, other.zone, 'networkContributor', principal);
    const about = async (text: string) =>
      Object.entries(await azure.state())
        .filter(([id, resource]) => id.includes(text) || JSON.stringify(resource).toLowerCase().includes(text))
        .map(([id]) => id);
    const kept = await about('rg-kept');
    expect(kept).toHaveLength(5);
    const types = new Set(Object.values(await azure.state()).map(({ type }) => type.split('/').at(-1)));
    for (const type of [
      'roleAssignments',
      'networkInterfaces',
      'privateEndpointConnections',
      'virtualMachineScaleSets',
    ])
      expect(types).toContain(type);
    await azure.remove(ids.group);
    expect(await about('rg-left')).toEqual([]);
    expect(await about('rg-kept')).toEqual(kept);
    expect(await secondsOf(azure, 'DELETE', ids.group)).toEqual([0.5, 300]);
  });

  test.each<[string, number, string[]]>([
    ['empty', 60, []],
    ['with a resource', 120, ['Microsoft.ManagedIdentity/userAssignedIdentities/one']],
  ])('%s takes %i s', async (name, seconds, content) => {
    const id = group(name.replaceAll(' ', '-'));
    await azure.put(id, { location });
    for (const each of content) await azure.put(`${id}/providers/${each}`, { location });
    await azure.remove(id);
    expect(await secondsOf(azure, 'DELETE', id)).toEqual([0.5, seconds]);
  });
});
