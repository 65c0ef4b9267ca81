import type { ManagedCluster } from '@azure/arm-containerservice';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assign } from '../../support/ownRegistry.ts';
import { group, location, polling, type Started, versioned, wireCluster } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('rg');
});
afterAll(() => azure.simulator.close());

const { id, create, inside } = clustersIn('rg', () => azure);
const nodeGroup = (name: string) => group(`MC_rg_${name}_${location}`);
const update = async (name: string, change: Partial<ManagedCluster>) =>
  azure.aks.managedClusters.createOrUpdate(
    'rg',
    name,
    { ...(await azure.aks.managedClusters.get('rg', name)), ...change },
    polling,
  );

interface Node {
  readonly pool: string;
  readonly boot: string;
  readonly created: string;
  readonly ready: string;
}

/** Nodes by name, as kubectl lists them. */
async function nodes(name: string): Promise<Record<string, Node>> {
  const paths = [
    'N:.metadata.name',
    'P:.metadata.labels.kubernetes\\.azure\\.com/agentpool',
    'B:.status.nodeInfo.bootID',
    'C:.metadata.creationTimestamp',
    'R:.status.conditions[?(@.type=="Ready")].status',
  ];
  const { logs } = await inside(name, `kubectl get nodes --no-headers -o 'custom-columns=${paths.join()}'`);
  const rows = logs
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/));
  return Object.fromEntries(
    rows.map(([node = '', pool = '', boot = '', created = '', ready = '']) => [node, { pool, boot, created, ready }]),
  );
}
const machines = async (name: string, type: string) => {
  const { body } = await azure.send('GET', versioned(`${nodeGroup(name)}/providers/Microsoft.Compute/${type}`));
  return (body as { value: { id: string; name: string; tags?: Record<string, string> }[] }).value;
};
const setOf = async (name: string, pool: string) =>
  (await machines(name, 'virtualMachineScaleSets')).find(({ tags }) => tags?.['aks-managed-poolName'] === pool)?.id ??
  '';

describe('a pool of virtual machines', () => {
  test('has no count and no size, but profiles, and machines of its own in the node resource group', async () => {
    await azure.put(id('vms'), wireCluster());
    const scale = {
      manual: [
        { size: 'Standard_D4ds_v5', count: 2 },
        { size: 'Standard_D8ds_v5', count: 1 },
      ],
    };
    const properties = { type: 'VirtualMachines', mode: 'User', virtualMachinesProfile: { scale } };
    const pool = (await azure.put(id('vms', '/agentPools/mixed'), { properties })).at('properties');
    expect(pool).toMatchObject({
      type: 'VirtualMachines',
      vmSize: '',
      virtualMachinesProfile: { scale },
      virtualMachineNodesStatus: [
        { size: 'Standard_D4ds_v5', count: 2 },
        { size: 'Standard_D8ds_v5', count: 1 },
      ],
    });
    expect(pool).not.toHaveProperty('count');
    expect((await machines('vms', 'virtualMachines')).map(({ name }) => name)).toEqual(
      [0, 1, 2].map((number) => expect.stringMatching(new RegExp(`^aks-mixed-\\d{8}-vms${number}$`))),
    );
    const found = Object.values(await nodes('vms')).filter((node) => node.pool === 'mixed');
    expect(found).toHaveLength(3);
  });

  test('may be told as a count of one size, is reimaged like others, and goes with its machines', async () => {
    await azure.put(id('single'), wireCluster());
    const path = id('single', '/agentPools/one');
    const properties = { type: 'VirtualMachines', mode: 'User', count: 2, vmSize: 'Standard_D4ds_v5' };
    const pool = await azure.put(path, { properties });
    expect(pool.at('properties.virtualMachinesProfile.scale.manual')).toEqual([{ size: 'Standard_D4ds_v5', count: 2 }]);
    const before = await nodes('single');
    await azure.send('POST', '/simulator/node-image');
    await azure.answerAtEnd(await azure.send('POST', versioned(`${path}/upgradeNodeImageVersion`)));
    const after = await nodes('single');
    const changed = Object.keys(before).filter((node) => before[node]?.boot !== after[node]?.boot);
    expect(changed.map((node) => before[node]?.pool)).toEqual(['one', 'one']);
    await azure.remove(path);
    expect(await machines('single', 'virtualMachines')).toEqual([]);
  });
});

describe('node auto-provisioning', () => {
  const auto = { nodeProvisioningProfile: { mode: 'Auto' } } as const;
  const many = 'kubectl create deployment web --image=mcr.microsoft.com/web:1 --replicas=100';

  test('makes nodes outside of all pools for pods that find no room, of the model of now, and takes them away', async () => {
    await create('nap', { ...auto, kubernetesVersion: '1.35' });
    await inside('nap', many);
    const own = () =>
      nodes('nap').then((all) =>
        Object.entries(all)
          .filter(([, { pool }]) => pool === '<none>')
          .map(([name]) => name),
      );
    const found = await own();
    expect(found).toEqual([expect.stringMatching(/^aks-default-[0-9a-f]{5}$/)]);
    expect((await azure.aks.managedClusters.get('rg', 'nap')).agentPoolProfiles?.map(({ name }) => name)).toEqual([
      'system',
      'work',
    ]);
    // Reimages of all pools do not reach them.
    const before = await nodes('nap');
    await azure.send('POST', '/simulator/node-image');
    for (const pool of ['system', 'work'])
      await azure.answerAtEnd(
        await azure.send('POST', versioned(id('nap', `/agentPools/${pool}/upgradeNodeImageVersion`))),
      );
    const after = await nodes('nap');
    expect(Object.keys(before).filter((node) => before[node]?.boot === after[node]?.boot)).toEqual(found);
    await inside('nap', 'kubectl scale deployment web --replicas=2');
    expect(await own()).toEqual([]);
  });

  test('is nothing that other clusters do: their pods wait', async () => {
    await create('waits');
    await inside('waits', many);
    const { logs } = await inside('waits', 'kubectl get pods -o custom-columns=S:.status.phase --no-headers');
    expect(logs.match(/Pending/g)).toHaveLength(10);
  });
});

describe('a scale set', () => {
  test('may have more nodes than AKS counts: the next update takes them away', async () => {
    await create('larger');
    const set = await setOf('larger', 'work');
    await azure.put(set, { sku: { capacity: 6 } }, 'PATCH');
    const count = async () => Object.values(await nodes('larger')).filter(({ pool }) => pool === 'work').length;
    expect([await count(), (await azure.get(id('larger', '/agentPools/work'))).at('properties.count')]).toEqual([6, 3]);
    await update('larger', {});
    expect(await count()).toBe(3);
    expect((await azure.get(set)).at('sku.capacity')).toBe(3);
  });

  test('grows with the pods that wait, where its pool scales by itself', async () => {
    await create('scales');
    const pool = await azure.aks.agentPools.get('rg', 'scales', 'work');
    const scaling = { ...pool, enableAutoScaling: true, minCount: 1, maxCount: 4 };
    await azure.aks.agentPools.createOrUpdate('rg', 'scales', 'work', scaling, polling);
    await inside('scales', 'kubectl create deployment web --image=mcr.microsoft.com/web:1 --replicas=100');
    expect(Object.values(await nodes('scales')).filter((node) => node.pool === 'work')).toHaveLength(4);
    expect((await azure.aks.agentPools.get('rg', 'scales', 'work')).count).toBe(3);
  });

  test('is restarted behind AKS’s back: nodes boot anew, and nothing else of them is new', async () => {
    await create('restarted');
    const before = await nodes('restarted');
    await azure.answerAtEnd(await azure.send('POST', versioned(`${await setOf('restarted', 'work')}/restart`)));
    const after = await nodes('restarted');
    for (const [name, { pool, boot, created }] of Object.entries(before)) {
      expect(after[name]?.created).toBe(created);
      expect(after[name]?.boot === boot).toBe(pool === 'system');
    }
  });
});

describe('a public API server', () => {
  const open = { apiServerAccessProfile: {} };

  test('is lost with the egress of the nodes: they are not ready, and nothing runs in the cluster', async () => {
    await create('public', open);
    expect(new Set(Object.values(await nodes('public')).map(({ ready }) => ready))).toEqual(new Set(['True']));
    await update('public', { bootstrapProfile: { artifactSource: 'Cache' } });
    const { networkProfile } = await azure.aks.managedClusters.get('rg', 'public');
    const closed = await update('public', { networkProfile: { ...networkProfile, outboundType: 'none' } });
    expect(closed.provisioningState).toBe('Succeeded');
    const truth = await azure.send('GET', `/simulator/truth?cluster=${id('public')}`);
    expect(truth.at('nodes')).toMatchObject(Array(4).fill({ apiServer: { ok: false, through: 'public' } }));
    expect((await inside('public', 'true').catch((error) => error)).exitCode).toBeUndefined();
  });

  test('is not asked for through a proxy', async () => {
    await create('proxied', { ...open, httpProxyConfig: { httpsProxy: 'http://10.224.0.200:3128/' } });
    await update('proxied', { bootstrapProfile: { artifactSource: 'Cache' } });
    const { networkProfile } = await azure.aks.managedClusters.get('rg', 'proxied');
    await update('proxied', { networkProfile: { ...networkProfile, outboundType: 'none' } });
    const truth = await azure.send('GET', `/simulator/truth?cluster=${id('proxied')}`);
    expect(truth.at('nodes.0.apiServer.ok')).toBe(false);
    const ways = (truth.at('nodes.0.waysOut') as { kind: string; closedBy?: string }[]).filter((way) => !way.closedBy);
    expect(ways.map(({ kind }) => kind)).toEqual(['proxy']);
  });

  test('keeps new nodes out: they fail with exit status 51', async () => {
    const closed = {
      bootstrapProfile: { artifactSource: 'Cache' },
      networkProfile: { networkPlugin: 'azure', outboundType: 'none' },
    } as const;
    await expect(create('late', { ...open, ...closed })).rejects.toThrow(/exit status=51/);
    await create('private', { ...closed });
  });

  test('with authorized ranges lets in only nodes that leave with an address of these', async () => {
    const network = (path: string) => `${group('rg')}/providers/Microsoft.Network/${path}`;
    const address = network('publicIPAddresses/nat');
    const sku = { name: 'Standard' };
    const { at } = await azure.put(address, { location, sku, properties: { publicIPAllocationMethod: 'Static' } });
    const gateway = network('natGateways/nat');
    await azure.put(gateway, { location, sku, properties: { publicIpAddresses: [{ id: address }] } });
    const vnet = network('virtualNetworks/v');
    await azure.put(vnet, {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 's', properties: { addressPrefix: '10.0.1.0/24', natGateway: { id: gateway } } }],
      },
    });
    const identity = `${group('rg')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/plane`;
    const principal = (await azure.put(identity, { location })).at('properties.principalId');
    await assign(azure, vnet, 'networkContributor', principal);
    await azure.send('POST', '/simulator/clock', { advanceSeconds: 60 });
    const behind = (authorizedIPRanges: string[]) =>
      wireCluster(
        {
          networkProfile: { networkPlugin: 'azure', outboundType: 'userAssignedNATGateway' },
          apiServerAccessProfile: { authorizedIPRanges },
          agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vnetSubnetID: `${vnet}/subnets/s` }],
        },
        { identity: { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } } },
      );
    await expect(azure.put(id('behind'), behind(['203.0.113.0/24']))).rejects.toThrow(/authorized IP ranges/);
    await azure.put(id('behind'), behind(['203.0.113.0/24', `${at('properties.ipAddress')}/32`]));
    expect(Object.values(await nodes('behind')).map(({ ready }) => ready)).toEqual(['True']);
  });
});
