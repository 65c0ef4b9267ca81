import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  group,
  hold,
  isolatedCluster,
  location,
  polling,
  release,
  type Started,
  start,
  version,
  wireCluster,
} from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.resources.resourceGroups.createOrUpdate('rules', { location });
});
afterAll(() => azure.simulator.close());

const path = (name: string, tail = '') =>
  `${group('rules')}/providers/Microsoft.ContainerService/managedClusters/${name}${tail}?${version}`;

const subnet = `${group('rules')}/providers/Microsoft.Network/virtualNetworks/v/subnets/s`;
const pool = (more: Record<string, unknown>) => ({
  agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5', ...more }],
});
const cache = { bootstrapProfile: { artifactSource: 'Cache' } };
const none = { networkProfile: { networkPlugin: 'azure', outboundType: 'none' } };
const invalid = 'InvalidNetworkIsolatedClusterConfiguration';

test.each<[string, Record<string, unknown>, string]>([
  ['none without Cache', none, invalid],
  [
    'block without the preview flag',
    { ...cache, networkProfile: { outboundType: 'block' } },
    'PreviewFeatureNotRegistered',
  ],
  ['an unknown outbound type', { networkProfile: { outboundType: 'closed' } }, 'InvalidParameter'],
  ['kubenet with Cache', { ...cache, networkProfile: { networkPlugin: 'kubenet' } }, invalid],
  [
    'a Windows pool with Cache',
    {
      ...cache,
      agentPoolProfiles: [
        { name: 'nodepool1', mode: 'System', count: 1 },
        { name: 'win', mode: 'User', count: 1, osType: 'Windows' },
      ],
    },
    invalid,
  ],
  ['an Unmanaged node OS with Cache', { ...cache, autoUpgradeProfile: { nodeOSUpgradeChannel: 'Unmanaged' } }, invalid],
  ['a version that is not offered', { kubernetesVersion: '1.30.3' }, 'K8sVersionNotSupported'],
  ['no system pool', pool({ mode: 'User' }), 'InvalidParameter'],
  ['a bad pool name', pool({ name: 'Node-Pool' }), 'InvalidParameter'],
  ['a bad dnsPrefix', { dnsPrefix: '-x' }, 'InvalidParameter'],
  ['an unknown subnet', pool({ vnetSubnetID: subnet }), 'SubnetNotFound'],
  [
    'a registry that is none',
    { bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: 'mine' } },
    'InvalidParameter',
  ],
  [
    'a kubelet identity without a user-assigned one',
    { identityProfile: { kubeletidentity: { resourceId: `${group('rules')}/x` } } },
    'CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster',
  ],
])('a create with %s is refused, unwrapped', async (_what, properties, code) => {
  const answer = await azure.send('PUT', path('refused'), wireCluster(properties));
  expect(answer).toMatchObject({
    status: 400,
    body: { code, details: null, message: expect.any(String), subcode: '' },
  });
  expect((await azure.send('GET', path('refused'))).status).toBe(404);
});

test('Cache needs a managed identity', async () => {
  const body = wireCluster({ ...cache, servicePrincipalProfile: { clientId: 'app' } }, { identity: undefined });
  expect(await azure.send('PUT', path('sp'), body)).toMatchObject({
    status: 400,
    body: { code: 'BootstrapArtifactSourceNotAllowed' },
  });
});

test('a registry that does not exist is found out only when the nodes start', async () => {
  const containerRegistryId = `${group('rules')}/providers/Microsoft.ContainerRegistry/registries/nowhere`;
  const answer = await azure.send(
    'PUT',
    path('late'),
    wireCluster({ bootstrapProfile: { artifactSource: 'Cache', containerRegistryId } }),
  );
  expect(answer.status).toBe(201);
  expect((await azure.answerAtEnd(answer)).body).toMatchObject({
    status: 'Failed',
    error: { code: 'VMExtensionProvisioningError' },
  });
  expect((await azure.send('GET', path('late'))).at('properties.provisioningState')).toBe('Failed');
});

describe('isolating a cluster that has egress', () => {
  const put = (properties: Record<string, unknown>) =>
    azure.send('PUT', path('open'), { location, identity: { type: 'SystemAssigned' }, properties });

  beforeAll(async () => {
    await azure.answerAtEnd(await azure.send('PUT', path('open'), wireCluster()));
  });

  test('is refused in one update, accepted as Cache first and none later', async () => {
    expect(await put({ ...cache, ...none })).toMatchObject({ status: 400, body: { code: invalid } });
    const cached = await put(cache);
    expect(cached.status).toBe(200);
    expect(cached.at('properties')).toMatchObject({
      provisioningState: 'Updating',
      bootstrapProfile: { artifactSource: 'Cache' },
    });
    await azure.answerAtEnd(cached);
    const closed = await put(none);
    expect(closed.at('properties.networkProfile.loadBalancerProfile')).toEqual({
      backendPoolType: 'nodeIPConfiguration',
    });
    expect((await azure.answerAtEnd(closed)).at('status')).toBe('Succeeded');
    expect((await azure.send('GET', path('open'))).at('properties')).toMatchObject({
      networkProfile: { outboundType: 'none' },
      bootstrapProfile: { artifactSource: 'Cache' },
    });
  });

  test('Direct with egress still closed is refused', async () => {
    expect(await put({ bootstrapProfile: { artifactSource: 'Direct' } })).toMatchObject({
      status: 400,
      body: { code: invalid },
    });
  });

  test('a registry ID without Cache is silently ignored', async () => {
    const before = (await azure.send('GET', path('open'))).at('properties.bootstrapProfile');
    const sent = { containerRegistryId: `${group('rules')}/providers/Microsoft.ContainerRegistry/registries/other` };
    const answer = await put({ bootstrapProfile: sent });
    expect(answer.status).toBe(200);
    await azure.answerAtEnd(answer);
    expect((await azure.send('GET', path('open'))).at('properties.bootstrapProfile')).toEqual(before);
  });

  test.each<[string, Record<string, unknown>]>([
    ['dnsPrefix', { dnsPrefix: 'other' }],
    ['nodeResourceGroup', { nodeResourceGroup: 'other' }],
    ['networkPlugin', { networkProfile: { networkPlugin: 'none' } }],
    ['enablePrivateCluster', { apiServerAccessProfile: { enablePrivateCluster: true } }],
    ['vmSize', pool({ vmSize: 'Standard_B2s' })],
  ])('%s cannot be changed', async (_what, properties) => {
    expect(await put(properties)).toMatchObject({ status: 400, body: { code: 'PropertyChangeNotAllowed' } });
  });

  test('neither can its location', async () => {
    const answer = await azure.send('PUT', path('open'), wireCluster({}, { location: 'eastus' }));
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'InvalidResourceLocation' } } });
  });

  test('a new pool cannot come through the cluster', async () => {
    const answer = await put({ agentPoolProfiles: [{ name: 'second', mode: 'User', count: 1 }] });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'BadRequest', message: expect.stringContaining('A new agent pool was introduced') },
    });
  });
});

describe('one operation at a time', () => {
  test('a busy cluster refuses updates and pool writes, but not its deletion', async () => {
    await hold(azure, 'PUT', '/managedClusters/busy$');
    await hold(azure, 'DELETE', '/managedClusters/busy$');
    const created = await azure.send('PUT', path('busy'), wireCluster());
    const conflict = {
      status: 409,
      body: {
        code: 'OperationNotAllowed',
        message: expect.stringContaining('in progress create managed cluster operation'),
      },
    };
    expect(await azure.send('PUT', path('busy'), wireCluster())).toMatchObject(conflict);
    expect(await azure.send('PUT', path('busy', '/agentPools/second'), { properties: { count: 1 } })).toMatchObject(
      conflict,
    );
    const reimage = path('busy', '/agentPools/nodepool1/upgradeNodeImageVersion');
    expect(await azure.send('POST', reimage)).toMatchObject(conflict);

    const deleted = await azure.send('DELETE', path('busy'));
    expect(deleted).toMatchObject({ status: 202, body: undefined });
    expect(deleted.headers.location).toContain('/operationresults/');
    expect((await azure.answerAtEnd(created)).body).toMatchObject({
      status: 'Canceled',
      error: { code: 'AKSOperationPreemptedByDelete' },
    });
    expect((await azure.send('GET', path('busy'))).at('properties.provisioningState')).toBe('Deleting');
    expect(await azure.send('PUT', path('busy'), wireCluster())).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining('since deletion was issued') },
    });
    await release(azure);
    expect((await azure.answerAtEnd(deleted)).at('status')).toBe('Succeeded');
    expect((await azure.send('GET', path('busy'))).status).toBe(404);
  });

  test('pools are reimaged side by side; the cluster stays Succeeded and refuses updates meanwhile', async () => {
    const { aks } = azure;
    await aks.managedClusters.createOrUpdate('rules', 'pools', isolatedCluster(), polling);
    const added = await aks.agentPools.createOrUpdate(
      'rules',
      'pools',
      'second',
      { count: 2, vmSize: 'Standard_D2s_v5' },
      polling,
    );
    expect(added).toMatchObject({ provisioningState: 'Succeeded', mode: 'User', count: 2 });

    await azure.send('POST', '/simulator/node-image');
    await hold(azure, 'POST', '/pools/agentPools/nodepool1/upgradeNodeImageVersion$');
    await hold(azure, 'POST', '/pools/agentPools/second/upgradeNodeImageVersion$');
    const first = await azure.send('POST', path('pools', '/agentPools/nodepool1/upgradeNodeImageVersion'));
    const second = await azure.send('POST', path('pools', '/agentPools/second/upgradeNodeImageVersion'));
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(first.at('properties.provisioningState')).toBe('UpgradingNodeImageVersion');
    const cluster = await azure.send('GET', path('pools'));
    expect(cluster.at('properties.provisioningState')).toBe('Succeeded');
    expect(cluster.at('properties.agentPoolProfiles.1.provisioningState')).toBe('UpgradingNodeImageVersion');
    const again = await azure.send('POST', path('pools', '/agentPools/second/upgradeNodeImageVersion'));
    expect(again).toMatchObject({ status: 409, body: { code: 'OperationNotAllowed' } });
    expect(
      await azure.send('PUT', path('pools'), { ...wireCluster({ dnsPrefix: undefined, networkProfile: undefined }) }),
    ).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining('in progress on agent pool (nodepool1)') },
    });
    await release(azure);
    await azure.answerAtEnd(first);
    const done = await azure.send('GET', String(first.headers.location));
    expect(done).toMatchObject({
      status: 200,
      body: { name: 'nodepool1', properties: { provisioningState: 'Succeeded' } },
    });
  });

  test('an abort ends the running operation as Canceled', async () => {
    const created = await azure.send('PUT', path('aborted'), wireCluster());
    expect((await azure.send('POST', path('aborted', '/abort'))).status).toBe(202);
    expect((await azure.send('GET', path('aborted'))).at('properties.provisioningState')).toBe('Canceling');
    expect((await azure.answerAtEnd(created)).at('status')).toBe('Canceled');
    expect((await azure.send('GET', path('aborted'))).at('properties.provisioningState')).toBe('Canceled');
    expect((await azure.send('POST', path('aborted', '/abort'))).status).toBe(409);
  });
});

test('the last system pool cannot go', async () => {
  await azure.aks.managedClusters.createOrUpdate('rules', 'last', isolatedCluster(), polling);
  await azure.aks.agentPools.createOrUpdate('rules', 'last', 'user', { count: 1 }, polling);
  expect(await azure.send('DELETE', path('last', '/agentPools/nodepool1'))).toMatchObject({
    status: 400,
    body: { message: 'There has to be at least one system agent pool.' },
  });
  await azure.aks.agentPools.delete('rules', 'last', 'user', polling);
  expect((await azure.aks.managedClusters.get('rules', 'last')).agentPoolProfiles).toHaveLength(1);
});

test('versions and upgrade profiles of clusters and pools are there', async () => {
  const versions = await azure.aks.managedClusters.listKubernetesVersions(location);
  expect(versions.values?.map((one) => one.version)).toEqual(['1.32', '1.33', '1.34', '1.35', '1.36', '1.37']);
  expect(versions.values?.find((one) => one.isDefault)?.version).toBe('1.34');
  await azure.aks.managedClusters.createOrUpdate('rules', 'computed', isolatedCluster(), polling);
  const profile = await azure.aks.agentPools.getUpgradeProfile('rules', 'computed', 'nodepool1');
  const present = await azure.aks.agentPools.get('rules', 'computed', 'nodepool1');
  expect(profile.latestNodeImageVersion).toBe(present.nodeImageVersion);
  const upgrades = await azure.aks.managedClusters.getUpgradeProfile('rules', 'computed');
  expect(upgrades.controlPlaneProfile.upgrades?.map((one) => one.kubernetesVersion)).toEqual(['1.35.3', '1.35.2']);
  const available = await azure.aks.agentPools.getAvailableAgentPoolVersions('rules', 'computed');
  expect(available.agentPoolVersions?.some((one) => one.default)).toBe(true);
});
