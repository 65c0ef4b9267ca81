import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { onOwnRegistry, prepareOwnRegistry } from '../../support/ownRegistry.ts';
import {
  group,
  isolatedCluster,
  location,
  polling,
  type Started,
  start,
  version,
  versioned,
  wireCluster,
} from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
});
afterAll(() => azure.simulator.close());

const cluster = (rg: string, name = 'c') =>
  `${group(rg)}/providers/Microsoft.ContainerService/managedClusters/${name}?${version}`;

async function contentOf(nodeGroup: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for await (const { type = '', name = '' } of azure.resources.resources.listByResourceGroup(nodeGroup)) {
    found[type.split('/').slice(1).join('/')] = [...(found[type.split('/').slice(1).join('/')] ?? []), name];
  }
  return found;
}

describe('a private cluster with the managed registry', () => {
  const rg = 'managed';
  let registryId = '';

  test('is created through the SDK and read back', async () => {
    await azure.resources.resourceGroups.createOrUpdate(rg, { location });
    const made = await azure.aks.managedClusters.createOrUpdate(rg, 'c', isolatedCluster(), polling);
    expect(made).toMatchObject({
      provisioningState: 'Succeeded',
      nodeResourceGroup: `MC_${rg}_c_${location}`,
      networkProfile: { outboundType: 'none', loadBalancerProfile: { backendPoolType: 'nodeIPConfiguration' } },
      apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: 'system' },
      bootstrapProfile: { artifactSource: 'Cache' },
      maxAgentPools: 100,
      sku: { name: 'Base', tier: 'Free' },
    });
    expect(made.networkProfile?.loadBalancerProfile?.managedOutboundIPs).toBeUndefined();
    expect(made.privateFqdn).toMatch(/^demo-[0-9a-z]{8}\.[0-9a-f-]{36}\.privatelink\.westeurope\.azmk8s\.io$/);
    expect(made.identityProfile?.kubeletidentity?.resourceId).toMatch(/\/c-agentpool$/);
    registryId = made.bootstrapProfile?.containerRegistryId ?? '';
    expect(registryId).toMatch(new RegExp(`/resourceGroups/MC_${rg}_c_${location}/.*/registries/[0-9a-f]{32}$`));
  });

  test('has its registry, endpoint, interface, zone, network and scale set in the node group', async () => {
    const nodes = group(`MC_${rg}_c_${location}`);
    const content = await contentOf(`MC_${rg}_c_${location}`);
    expect(content).toMatchObject({
      registries: [registryId.split('/').at(-1)],
      privateDnsZones: [
        expect.stringMatching(/^[0-9a-f-]{36}\.privatelink\.westeurope\.azmk8s\.io$/),
        'privatelink.azurecr.io',
      ],
      virtualMachineScaleSets: [expect.stringMatching(/^aks-nodepool1-\d{8}-vmss$/)],
      virtualNetworks: [expect.stringMatching(/^aks-vnet-\d{8}$/)],
      userAssignedIdentities: ['c-agentpool'],
    });
    expect(content.loadBalancers).toBeUndefined();
    const registry = await azure.send('GET', `${registryId}?api-version=2025-11-01`);
    expect(registry.body).toMatchObject({
      sku: { name: 'Premium' },
      properties: { publicNetworkAccess: 'Disabled', anonymousPullEnabled: false },
    });
    expect(registry.at('properties.privateEndpointConnections.0.properties')).toMatchObject({
      privateLinkServiceConnectionState: { status: 'Approved' },
    });
    const endpointId = registry.at('properties.privateEndpointConnections.0.properties.privateEndpoint.id');
    const endpoint = await azure.send('GET', `${endpointId}?api-version=2026-01-01`);
    const nic = await azure.send('GET', `${endpoint.at('properties.networkInterfaces.0.id')}?api-version=2023-11-01`);
    expect(nic.at('properties.ipConfigurations')).toMatchObject([
      {
        properties: {
          primary: true,
          privateIPAddress: '10.224.0.5',
          privateLinkConnectionProperties: { requiredMemberName: `registry_data_${location}` },
        },
      },
      {
        properties: {
          primary: false,
          privateIPAddress: '10.224.0.6',
          privateLinkConnectionProperties: { requiredMemberName: 'registry' },
        },
      },
    ]);
    const rules = await azure.send('GET', `${registryId}/cacheRules?api-version=2025-11-01`);
    expect(rules.at('value')).toMatchObject([
      {
        name: 'aks-managed-mcr',
        properties: { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' },
      },
    ]);
    const zone = `${nodes}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
    const records = await azure.send('GET', `${zone}/A?api-version=2018-09-01`);
    expect(records.at('value')).toMatchObject([
      { properties: { aRecords: [{ ipv4Address: '10.224.0.6' }] } },
      { properties: { aRecords: [{ ipv4Address: '10.224.0.5' }] } },
    ]);
    const links = await azure.send('GET', `${zone}/virtualNetworkLinks?api-version=2024-06-01`);
    expect(links.at('value.0.properties.virtualNetwork.id')).toMatch(/\/virtualNetworks\/aks-vnet-\d{8}$/);
  });

  test('an update to Direct takes the managed registry, its endpoint and its zone away', async () => {
    const present = await azure.aks.managedClusters.get(rg, 'c');
    const updated = await azure.aks.managedClusters.createOrUpdate(
      rg,
      'c',
      {
        ...present,
        networkProfile: { ...present.networkProfile, outboundType: 'loadBalancer' },
        bootstrapProfile: { artifactSource: 'Direct' },
      },
      polling,
    );
    expect(updated.bootstrapProfile).toEqual({ artifactSource: 'Direct' });
    expect(updated.networkProfile?.loadBalancerProfile?.effectiveOutboundIPs).toHaveLength(1);
    const content = await contentOf(`MC_${rg}_c_${location}`);
    expect(content.registries).toBeUndefined();
    expect(content.privateDnsZones).toEqual([expect.stringMatching(/\.azmk8s\.io$/)]);
    expect(content.privateEndpoints).toEqual(['kube-apiserver']);
    expect(content.loadBalancers).toEqual(['kubernetes']);
  });

  test('deleting it takes the node group along', async () => {
    await azure.aks.managedClusters.delete(rg, 'c', polling);
    expect((await azure.send('GET', cluster(rg))).at('error.code')).toBe('ResourceNotFound');
    expect((await azure.send('GET', versioned(group(`MC_${rg}_c_${location}`)))).status).toBe(404);
    expect((await azure.send('DELETE', cluster(rg))).status).toBe(204);
  });
});

test('with VNet integration there is no private link, and the managed network has a delegated API server subnet', async () => {
  await azure.resources.resourceGroups.createOrUpdate('integrated', { location });
  const made = await azure.aks.managedClusters.createOrUpdate(
    'integrated',
    'c',
    isolatedCluster({ apiServerAccessProfile: { enablePrivateCluster: true, enableVnetIntegration: true } }),
    polling,
  );
  expect(made.privateLinkResources).toBeUndefined();
  expect(made.privateFqdn).toContain(`.private.${location}.azmk8s.io`);
  const nodes = group(`MC_integrated_c_${location}`);
  const vnets = await azure.send('GET', `${nodes}/providers/Microsoft.Network/virtualNetworks?api-version=2025-07-01`);
  expect(vnets.at('value.0.properties.subnets')).toMatchObject([
    { name: 'aks-subnet', properties: { delegations: [] } },
    {
      name: 'aks-apiserver-subnet',
      properties: { delegations: [{ properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } }] },
    },
  ]);
  const off = await azure.send('PUT', cluster('integrated'), {
    ...wireCluster({
      dnsPrefix: undefined,
      networkProfile: undefined,
      apiServerAccessProfile: { enablePrivateCluster: true, enableVnetIntegration: false },
    }),
  });
  expect(off).toMatchObject({ status: 400, body: { code: 'PropertyChangeNotAllowed' } });
});

test('the PUT answer lacks what only a finished cluster shows', async () => {
  await azure.resources.resourceGroups.createOrUpdate('answers', { location });
  const identityPath = `${group('answers')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/plane`;
  const identity = await azure.send('PUT', `${identityPath}?api-version=2024-11-30`, { location });
  const plane = String(identity.at('id'));
  expect(plane).toContain('/resourcegroups/');
  const body = wireCluster(
    { apiServerAccessProfile: { enablePrivateCluster: true, authorizedIPRanges: [] } },
    { identity: { type: 'UserAssigned', userAssignedIdentities: { [identityPath]: {} } } },
  );

  const created = await azure.send('PUT', cluster('answers'), body);
  expect(created.status).toBe(201);
  expect(created.headers['content-type']).toBe('application/json');
  expect(created.headers['azure-asyncoperation']).toMatch(
    new RegExp(
      `/providers/Microsoft.ContainerService/locations/${location}/operations/[0-9a-f-]{36}\\?api-version=2016-03-30&t=`,
    ),
  );
  expect(created.headers.location).toBeUndefined();
  expect(Object.keys(Object(created.body)).sort()).toEqual([
    'id',
    'identity',
    'location',
    'name',
    'properties',
    'sku',
    'type',
  ]);
  expect(created.at('properties')).toMatchObject({
    provisioningState: 'Creating',
    bootstrapProfile: { artifactSource: 'Direct' },
  });
  expect(created.at('properties.identityProfile')).toBeUndefined();
  expect(created.at('properties.networkProfile.loadBalancerProfile')).toEqual({
    managedOutboundIPs: { count: 1 },
    backendPoolType: 'nodeIPConfiguration',
  });
  expect(created.at('properties.privateLinkResources.0.id')).toBeUndefined();
  expect(created.at('properties.agentPoolProfiles.0')).toMatchObject({ provisioningState: 'Creating', nodeLabels: {} });
  expect(created.at('identity.userAssignedIdentities')).toEqual({
    [plane]: { principalId: identity.at('properties.principalId') },
  });

  const operation = await azure.answerAtEnd(created);
  expect(operation.body).toMatchObject({
    status: 'Succeeded',
    startTime: expect.any(String),
    endTime: expect.any(String),
  });
  const read = await azure.send('GET', cluster('answers'));
  expect(read.at('id')).toContain('/resourcegroups/answers/');
  expect(read.at('identity.userAssignedIdentities')).toEqual({
    [plane]: { principalId: identity.at('properties.principalId'), clientId: identity.at('properties.clientId') },
  });
  expect(read.at('properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs')).toHaveLength(1);
  expect(read.at('properties.privateLinkResources.0.id')).toMatch(/privateLinkResources\/management$/);
  expect(read.at('properties.agentPoolProfiles.0.nodeLabels')).toBeUndefined();
  expect(read.at('properties.resourceUID')).toMatch(/^[0-9a-f]{24}$/);
  for (const absent of ['privateClusterVersion', 'addonProfiles', 'natGatewayProfile', 'eTag']) {
    expect(read.at(`properties.${absent}`)).toBeUndefined();
  }
});

test('a cluster that is read, kept and put again stays what it is', async () => {
  await azure.resources.resourceGroups.createOrUpdate('again', { location });
  await azure.aks.managedClusters.createOrUpdate('again', 'c', isolatedCluster(), polling);
  const before = await azure.aks.managedClusters.get('again', 'c');
  const after = await azure.aks.managedClusters.createOrUpdate(
    'again',
    'c',
    { ...before, storageProfile: {} },
    polling,
  );
  expect(after).toEqual(before);
});

test('a cluster on a network, identities and a registry of its own', async () => {
  const prepared = await prepareOwnRegistry(azure, 'own');
  const { properties, identity } = onOwnRegistry(prepared);
  const body = wireCluster(properties, { identity });
  const create = () => azure.send('PUT', `${prepared.cluster}?${version}`, body);
  let created = await create();
  // The roles take effect after a while.
  while (created.at('code') === 'CustomKubeletIdentityMissingPermissionError') created = await create();
  expect((await azure.answerAtEnd(created)).at('status')).toBe('Succeeded');
  const kubelet = await azure.send('GET', `${prepared.kubelet}?api-version=2024-11-30`);
  expect(await azure.aks.managedClusters.get('rg-own', 'own')).toMatchObject({
    bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: prepared.registry },
    agentPoolProfiles: [{ vnetSubnetID: prepared.nodeSubnet }],
    identityProfile: {
      kubeletidentity: {
        resourceId: prepared.kubelet,
        clientId: kubelet.at('properties.clientId'),
        objectId: kubelet.at('properties.principalId'),
      },
    },
  });
  const content = await contentOf(`MC_rg-own_own_${location}`);
  expect(content.registries).toBeUndefined();
  expect(content.virtualNetworks).toBeUndefined();
  const durations = await azure.send('GET', '/simulator/durations');
  const resourceId = prepared.cluster;
  expect(durations.body).toContainEqual(
    expect.objectContaining({ resourceId, requestSeconds: 8, operationSeconds: 411, status: 'Succeeded' }),
  );
});
