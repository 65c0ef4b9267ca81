import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { OthersRule } from '../../../simulator/index.ts';
import { group, location, openCluster, polling, type Started, start, versioned } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
});
beforeEach(async () => {
  await azure.send('POST', '/simulator/reset');
  await azure.put(group('rg'), { location });
});
afterAll(() => azure.simulator.close());

const vnet = `${group('rg')}/providers/Microsoft.Network/virtualNetworks/v`;
const lock = `${vnet}/providers/Microsoft.Authorization/locks/l`;
const cluster = `${group('rg')}/providers/Microsoft.ContainerService/managedClusters/c`;
const network = { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } };
const addLock = { method: 'PUT', path: lock, body: { properties: { level: 'ReadOnly' } } } as const;

const others = (rule: OthersRule) => azure.send('POST', '/simulator/others', rule);
const told = async () => (await azure.send('GET', '/simulator/others')).body as { hits: number; answers: unknown[] }[];
const statuses = async (count: number, request: () => Promise<{ status: number }>) => {
  const seen: number[] = [];
  for (let sent = 0; sent < count; sent += 1) seen.push((await request()).status);
  return seen;
};

describe('somebody else', () => {
  test.each([
    ['before', [200, 409, 409]],
    ['after', [200, 200, 409]],
  ] as const)('does something right %s the second such request', async (when, expected) => {
    await azure.put(vnet, network);
    await others({ method: 'PATCH', path: '/virtualNetworks/v$', after: 1, when, does: [addLock] });
    const patch = () => azure.send('PATCH', versioned(vnet), { tags: { a: 'b' } });
    expect(await statuses(3, patch)).toEqual(expected);
    expect(await told()).toMatchObject([{ hits: 1, answers: [{ status: 201 }] }]);
  });

  test('makes what is there at once, or takes the time that Azure takes', async () => {
    await azure.aks.managedClusters.createOrUpdate('rg', 'c', openCluster(), polling);
    const pool = (name: string) => ({
      method: 'PUT' as const,
      path: `${cluster}/agentPools/${name}`,
      body: { properties: { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5' } },
    });
    await others({
      method: 'GET',
      path: '/managedClusters/c$',
      does: [pool('ready'), { ...pool('slow'), atOnce: false }],
    });
    const { body } = await azure.get(cluster);
    expect(body).toMatchObject({
      properties: {
        agentPoolProfiles: [
          { name: 'system' },
          { name: 'work' },
          { name: 'ready', provisioningState: 'Succeeded' },
          { name: 'slow', provisioningState: 'Creating' },
        ],
      },
    });
  });

  test('works inside of a cluster, and reimages a pool, between two requests', async () => {
    await azure.aks.managedClusters.createOrUpdate('rg', 'c', openCluster(), polling);
    await azure.send('POST', '/simulator/node-image');
    const command = 'kubectl create deployment web --image=mcr.microsoft.com/web:1 --replicas=2';
    await others({
      method: 'GET',
      path: '/managedClusters/c$',
      does: [
        { method: 'POST', path: `${cluster}/runCommand`, body: { command } },
        { method: 'POST', path: `${cluster}/agentPools/work/upgradeNodeImageVersion` },
      ],
    });
    await azure.get(cluster);
    const state = await azure.state();
    const nodes = Object.values(state).filter(
      ({ id, type }) => type.endsWith('/virtualMachines') && id.includes('-work-'),
    );
    expect(
      nodes.map((node) => (node as { kubernetes?: { nodeImageVersion: string } }).kubernetes?.nodeImageVersion),
    ).toEqual(Array(3).fill(expect.stringMatching(/202610\.26\.0$/)));
    expect(Object.values(state).some(({ type }) => type === 'kubernetes/deployments')).toBe(true);
  });

  test('is bound by locks, not by the permissions of the caller', async () => {
    await azure.send('POST', '/simulator/reset', { callerPermissions: [{ scope: '/', actions: ['*/read'] }] });
    const make = (path: string, body: Record<string, unknown>) => ({ method: 'PUT' as const, path, body });
    await others({
      method: 'GET',
      does: [
        make(group('rg'), { location }),
        make(vnet, network),
        addLock,
        make(vnet, network),
        make(`${vnet}/x/y`, {}),
      ],
    });
    expect((await azure.get(vnet)).status).toBe(200);
    expect(await told()).toMatchObject([
      {
        answers: [
          { status: 201 },
          { status: 201 },
          { status: 201 },
          { status: 409, code: 'ScopeLocked' },
          { status: 404, code: 'InvalidResourceType' },
        ],
      },
    ]);
  });

  test('changes the state of a resource, and stops when the rules are removed', async () => {
    await azure.put(vnet, network);
    await others({ method: 'GET', times: 9, does: [{ id: vnet, provisioningState: 'Failed' }] });
    expect((await azure.get(vnet)).at('properties.provisioningState')).toBe('Failed');
    await azure.put(vnet, network).catch(() => undefined);
    await azure.send('DELETE', '/simulator/others');
    await azure.put(vnet, network);
    expect((await azure.get(vnet)).at('properties.provisioningState')).toBe('Succeeded');
  });

  test('changes what is there at that moment, as a whole and one after the other, and it is on record', async () => {
    await azure.put(vnet, { ...network, tags: { owner: 'us', team: 'a' } });
    const type = 'microsoft.network/virtualnetworks';
    await others({
      method: 'GET',
      does: [
        { method: 'PUT', each: { type, id: '/rg/' }, change: { 'tags.owner': 'them', 'tags.team': null } },
        {
          method: 'PUT',
          each: { type },
          path: '{group}/providers/Microsoft.Network/virtualNetworks/{name}-2',
          body: { location, tags: { of: '{name}' }, properties: network.properties },
        },
        { method: 'DELETE', each: { type, id: '/v$' } },
        { method: 'DELETE', each: { type, id: '/nothing$' } },
      ],
    });
    expect((await azure.get(vnet)).status).toBe(404);
    expect((await azure.get(`${vnet}-2`)).at('tags')).toEqual({ of: 'v' });
    expect(await told()).toMatchObject([
      {
        answers: [{ status: 200 }, { status: 201 }, { status: 202 }],
        at: [expect.stringMatching(/Z$/)],
        changes: [
          { id: vnet, type: 'Microsoft.Network/virtualNetworks', before: { tags: { owner: 'us' } } },
          { id: `${vnet}-2`, after: { tags: { of: 'v' } } },
        ],
      },
    ]);
  });

  test('changes a property and leaves the others', async () => {
    await azure.put(vnet, { ...network, tags: { owner: 'us', team: 'a' } });
    const change = { 'tags.owner': 'them', 'tags.team': null };
    await others({
      method: 'GET',
      does: [{ method: 'PUT', each: { type: 'Microsoft.Network/virtualNetworks' }, change }],
    });
    const { body } = await azure.get(vnet);
    expect(body).toMatchObject({ tags: { owner: 'them' }, ...network });
    expect(body).not.toMatchObject({ tags: { team: 'a' } });
  });

  test('assigns policies in the middle', async () => {
    const operations = [{ operation: 'remove', path: 'tags' }] as const;
    const policies = [{ name: 'bare', does: { effect: 'modify' as const, operations: [...operations] } }];
    await others({ method: 'PUT', path: '/virtualNetworks/', does: [{ policies }] });
    await azure.put(vnet, { ...network, tags: { owner: 'us' } });
    expect((await azure.get(vnet)).at('tags')).toBeUndefined();
  });

  test('needs something to do', async () => {
    expect((await azure.send('POST', '/simulator/others', { does: [] })).status).toBe(400);
    expect((await azure.send('POST', '/simulator/others', { does: [{ method: 'GET', path: '/' }] })).status).toBe(400);
  });
});

test('a fault leaves a resource Failed although its operation says Succeeded', async () => {
  await azure.send('POST', '/simulator/faults', { method: 'PUT', times: 2, leaves: 'Failed' });
  const answer = await azure.send('PUT', versioned(vnet), network);
  expect((await azure.answerAtEnd(answer)).body).toEqual({ status: 'Succeeded' });
  expect((await azure.get(vnet)).at('properties.provisioningState')).toBe('Failed');
  await azure.put(group('other'), { location });
  expect((await azure.get(group('other'))).at('properties.provisioningState')).toBe('Failed');
});
