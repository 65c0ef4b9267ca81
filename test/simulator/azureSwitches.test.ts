import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type AzureSwitchMoves, azureSwitches } from '../../simulator/index.ts';
import { clustersIn } from './containerService/support.ts';
import { group, isolatedCluster, location, openCluster, polling, type Started, start, version } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start({ azure: { commandFailure: 'KubernetesOperationError' } });
});
beforeEach(async () => {
  await azure.send('POST', '/simulator/reset');
  await azure.put(group('switches'), { location });
});
afterAll(() => azure.simulator.close());

const { id, create, inside, reimage } = clustersIn('switches', () => azure);
const move = (moves: AzureSwitchMoves) => azure.send('PUT', '/simulator/azure', moves);
const run = (name: string, command: string) => azure.send('POST', `${id(name, '/runCommand')}?${version}`, { command });
const bootIds = async (name: string) =>
  (await inside(name, 'kubectl get nodes --no-headers -o custom-columns=BOOT:.status.nodeInfo.bootID')).logs;

describe('switches', () => {
  test('are at their defaults, but for those that the start and a reset move', async () => {
    const defaults = Object.fromEntries(Object.entries(azureSwitches).map(([name, { values }]) => [name, values[0]]));
    const started = { ...defaults, commandFailure: 'KubernetesOperationError' };
    expect((await azure.send('GET', '/simulator/state')).at('azure')).toEqual(started);
    await azure.send('POST', '/simulator/reset', { azure: { retryAfter: 'none' } });
    expect((await azure.send('GET', '/simulator/state')).at('azure')).toEqual({ ...started, retryAfter: 'none' });
  });

  test.each([
    [{ retryAfter: '7' }, 'retryAfter'],
    [{ nonsense: 'yes' }, 'nonsense'],
  ])('%j is refused', async (moves, named) => {
    const refused = await azure.send('PUT', '/simulator/azure', moves);
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([400, expect.stringContaining(named)]);
  });
});

test.each([
  ['changedNodes', 202, 'stays'],
  ['ignored', 202, 'stays'],
  ['304', 304, 'stays'],
  ['refused', 400, 'stays'],
  ['reimages', 202, 'new'],
] as const)('reimageOnNewestImage=%s: a pool as it would be made now', async (reimageOnNewestImage, status, nodes) => {
  await move({ reimageOnNewestImage });
  await create('c');
  const before = await bootIds('c');
  const answer = await azure.send('POST', `${id('c', '/agentPools/work/upgradeNodeImageVersion')}?${version}`);
  if (answer.status === 202) await azure.answerAtEnd(answer);
  expect([answer.status, (await bootIds('c')) === before]).toEqual([status, nodes === 'stays']);
});

test.each([
  ['changedNodes', 'registry'],
  ['ignored', 'mcr.microsoft.com'],
] as const)('reimageOnNewestImage=%s: where a pool boots from after a change', async (reimageOnNewestImage, source) => {
  await move({ reimageOnNewestImage });
  const { networkProfile, ...open } = await create('c');
  await azure.aks.managedClusters.createOrUpdate(
    'switches',
    'c',
    {
      ...open,
      networkProfile: { ...networkProfile },
      bootstrapProfile: { artifactSource: 'Cache' },
    },
    polling,
  );
  await reimage('c', 'work');
  const truth = await azure.send('GET', `/simulator/truth?cluster=${id('c')}`);
  const nodes = truth.at('nodes') as { pool: string; imagesFrom: string }[];
  const from = new Set(nodes.filter(({ pool }) => pool === 'work').map(({ imagesFrom }) => imagesFrom));
  expect([...from]).toEqual([source === 'registry' ? expect.stringContaining('azurecr.io') : source]);
});

test.each([
  ['30', true],
  ['none', false],
] as const)('retryAfter=%s', async (retryAfter, isTold) => {
  await move({ retryAfter });
  const started = await azure.send('PUT', `${id('c')}?${version}`, openClusterOnWire());
  const headers = Object.keys(started.headers).filter((name) => name.startsWith('retry-after'));
  expect([started.status, headers.length > 0]).toEqual([201, isTold]);
});

test('operationAddresses=403: the address of an operation works for five minutes', async () => {
  await move({ operationAddresses: '403' });
  const started = await azure.send('PUT', `${id('c')}?${version}`, openClusterOnWire());
  const address = started.headers['azure-asyncoperation'] ?? '';
  const first = await azure.send('GET', address);
  await azure.send('POST', '/simulator/clock', { advanceSeconds: 300 });
  expect([first.status, (await azure.send('GET', address)).status]).toEqual([200, 403]);
});

test('commandStart=cold: a new node runs its second command', async () => {
  await create('c');
  await move({ commandStart: 'cold' });
  const cold = await run('c', 'true');
  await azure.send('POST', '/simulator/clock', { advanceSeconds: 60 });
  expect([cold.status, cold.at('code'), (await run('c', 'true')).status]).toEqual([
    400,
    'KubernetesOperationError',
    202,
  ]);
});

test('commandsAtOnce=one: another command does not start meanwhile', async () => {
  await create('c');
  await move({ commandsAtOnce: 'one', commandFailure: 'KubernetesPerformanceError' });
  const [first, second] = await Promise.all([run('c', 'true'), run('c', 'true')]);
  expect([first.status, second.status].sort()).toEqual([202, 404]);
});

test.each([
  ['run', 360, 0],
  ['fail', 300, undefined],
] as const)('longCommands=%s: a command of six minutes', async (longCommands, seconds, exitCode) => {
  await create('c');
  // Its result is a resource, whose address lasts.
  await move({ longCommands, operationAddresses: '403' });
  const ran = await azure.aks.managedClusters.runCommand('switches', 'c', { command: 'sleep 360' }, polling);
  const { startedAt, finishedAt } = ran;
  const took = Math.floor((Number(finishedAt) - Number(startedAt)) / 1000);
  expect([ran.exitCode, took >= seconds && took < seconds + 30]).toEqual([exitCode, true]);
});

test('commandTools=withoutCurl', async () => {
  await create('c');
  await move({ commandTools: 'withoutCurl' });
  expect(await inside('c', 'curl https://mcr.microsoft.com/v2/')).toMatchObject({ exitCode: 127 });
});

test('attachedOutput=lost: the pod has ended, and its logs are there', async () => {
  await create('c');
  await move({ attachedOutput: 'lost' });
  const said =
    'kubectl run quick --image mcr.microsoft.com/azurelinux/busybox:1.36 --restart Never --attach -- echo hello';
  expect([(await inside('c', said)).logs, (await inside('c', 'kubectl logs quick')).logs]).toEqual(['', 'hello\n']);
});

test.each([
  ['goes', 404],
  ['stays', 200],
] as const)('managedRegistryOnDelete=%s', async (managedRegistryOnDelete, status) => {
  await move({ managedRegistryOnDelete });
  const { bootstrapProfile } = await create('c', isolatedCluster());
  await azure.answerAtEnd(await azure.send('DELETE', `${id('c')}?${version}`));
  expect((await azure.get(bootstrapProfile?.containerRegistryId ?? '')).status).toBe(status);
});

test('isolationReimages=always: AKS reimages the pools of an older version too', async () => {
  await move({ isolationReimages: 'always' });
  const open = await create('c');
  await azure.aks.managedClusters.createOrUpdate(
    'switches',
    'c',
    {
      ...open,
      bootstrapProfile: { artifactSource: 'Cache' },
    },
    polling,
  );
  expect((await azure.aks.agentPools.get('switches', 'c', 'work')).provisioningState).toBe('UpgradingNodeImageVersion');
});

test('managedRegistryOnChange=stays', async () => {
  await move({ managedRegistryOnChange: 'stays' });
  const { bootstrapProfile, ...isolated } = await create('c', { bootstrapProfile: { artifactSource: 'Cache' } });
  const direct = { ...isolated, bootstrapProfile: { artifactSource: 'Direct' } };
  await azure.aks.managedClusters.createOrUpdate('switches', 'c', direct, polling);
  expect((await azure.get(bootstrapProfile?.containerRegistryId ?? '')).status).toBe(200);
});

test('networkRelease=late: a subnet is held for ten minutes after its last user', async () => {
  await move({ networkRelease: 'late' });
  const network = `${group('switches')}/providers/Microsoft.Network/virtualNetworks/net`;
  await azure.put(network, {
    location,
    properties: {
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      subnets: [{ name: 'nodes', properties: { addressPrefix: '10.0.0.0/24' } }],
    },
  });
  const subnet = `${network}/subnets/nodes`;
  const pool = { name: 'system', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5', vnetSubnetID: subnet };
  const { properties, ...rest } = openClusterOnWire();
  await azure.send('PUT', `${id('c')}?${version}`, {
    ...rest,
    properties: { ...properties, agentPoolProfiles: [pool] },
  });
  await azure.answerAtEnd(await azure.send('DELETE', `${id('c')}?${version}`));
  const remove = () => azure.send('DELETE', `${subnet}?api-version=2024-07-01`);
  const held = await remove();
  await azure.send('POST', '/simulator/clock', { advanceSeconds: 600 });
  expect([held.status, held.at('error.code'), (await remove()).status]).toEqual([
    400,
    'InUseSubnetCannotBeDeleted',
    202,
  ]);
});

test('registryLocation=displayName', async () => {
  await move({ registryLocation: 'displayName' });
  const registry = `${group('switches')}/providers/Microsoft.ContainerRegistry/registries/shownwithspaces`;
  await azure.put(registry, { location, sku: { name: 'Basic' } });
  expect((await azure.get(registry)).at('location')).toBe('West Europe');
});

test('gatewayErrors=text: a throttled request', async () => {
  await create('c');
  await move({ gatewayErrors: 'text' });
  const answers = await Promise.all(
    Array.from({ length: 80 }, () => azure.send('GET', `${id('c')}?${version}`).catch((error: unknown) => error)),
  );
  expect(answers).toContainEqual(expect.objectContaining({ status: 429 }));
});

test('permissionPages=many: the first page is empty', async () => {
  await move({ permissionPages: 'many' });
  const address = `${group('switches')}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
  const first = await azure.send('GET', address);
  const second = await azure.send('GET', String(first.at('nextLink')));
  expect([first.at('value'), second.at('value'), second.at('nextLink')]).toEqual([
    [],
    [expect.objectContaining({ actions: ['*'] })],
    undefined,
  ]);
});

function openClusterOnWire() {
  const { identity, location: place, ...properties } = openCluster();
  return { identity, location: place, properties };
}

test.each([
  ['ignored', 202],
  ['required', 400],
] as const)(
  'commandToken=%s: a command without one, where Microsoft Entra ID signs people in',
  async (commandToken, status) => {
    await move({ commandToken });
    await create('c', { aadProfile: { managed: true, enableAzureRbac: true } });
    expect((await run('c', 'true')).status).toBe(status);
  },
);

test.each([
  ['none', 0],
  ['kubelet', 1],
] as const)('managedRegistryRole=%s', async (managedRegistryRole, count) => {
  await move({ managedRegistryRole });
  const { bootstrapProfile, identityProfile } = await create('c', isolatedCluster());
  const path = `${bootstrapProfile?.containerRegistryId}/providers/Microsoft.Authorization/roleAssignments`;
  const { value } = (await azure.send('GET', `${path}?api-version=2022-04-01&$filter=atScope()`)).body as {
    value: { properties: { principalId: string } }[];
  };
  const kubelet = identityProfile?.kubeletidentity?.objectId;
  expect(value.filter(({ properties }) => properties.principalId === kubelet)).toHaveLength(count);
});

test.each([
  ['many', [202, 202]],
  ['one', [202, 409]],
] as const)('poolsAtOnce=%s: reimages of two pools', async (poolsAtOnce, statuses) => {
  await move({ poolsAtOnce, reimageOnNewestImage: 'reimages' });
  await create('c');
  const both = ['system', 'work'].map((pool) =>
    azure.send('POST', `${id('c', `/agentPools/${pool}/upgradeNodeImageVersion`)}?${version}`),
  );
  expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual(statuses);
});
