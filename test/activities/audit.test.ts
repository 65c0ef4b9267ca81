import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditFacts, AuditPart, ReadBack } from '../../resources/discovery.ts';
import { resourceGroupId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import { kubectl } from '../scenarios/existingCluster.ts';
import { isolated } from '../workflows/existingCluster/support.ts';
import { type AzureUnderTest, attempt, nothingElse, startAzure, subscriptionId } from './support.ts';

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.close());

const location = 'westeurope';
const group = resourceGroupId(subscriptionId, 'rg-ways');
const network = `${group}/providers/Microsoft.Network/virtualNetworks/net`;
const table = `${group}/providers/Microsoft.Network/routeTables/routes`;
const gateway = `${group}/providers/Microsoft.Network/natGateways/gateway`;
const address = `${group}/providers/Microsoft.Network/publicIPAddresses/address`;

const route = (name: string, addressPrefix: string, nextHopType: string) => ({
  name,
  properties: {
    addressPrefix,
    nextHopType,
    ...(nextHopType === 'VirtualAppliance' && { nextHopIpAddress: '10.1.9.4' }),
  },
});

describe('lookAtDependencies', () => {
  beforeAll(async () => {
    for (const name of ['rg-ways', 'rg-nodes']) await azure.put(resourceGroupId(subscriptionId, name), { location });
    const routes = [
      route('low', '0.0.0.0/1', 'VirtualAppliance'),
      route('high', '128.0.0.0/1', 'Internet'),
      route('tag', 'AzureCloud', 'Internet'),
      route('company', '10.0.0.0/8', 'VirtualAppliance'),
      route('own', '20.30.4.0/24', 'VirtualAppliance'),
    ];
    await azure.put(table, { location, properties: { routes } });
    const sku = { name: 'Standard' };
    await azure.put(address, { location, sku, properties: { publicIPAllocationMethod: 'Static' } });
    await azure.put(gateway, { location, sku, properties: { publicIpAddresses: [{ id: address }] } });
    const subnets = [
      { name: 'nodes', properties: { addressPrefix: '10.1.0.0/24', routeTable: { id: table } } },
      { name: 'pods', properties: { addressPrefix: '10.1.1.0/24', natGateway: { id: gateway } } },
    ];
    const addressSpace = { addressPrefixes: ['10.1.0.0/16', '20.30.0.0/16'] };
    await azure.put(network, { location, properties: { addressSpace, subnets } });
  });

  it('finds every way out of the subnets of nodes and pods', async () => {
    const cluster = isolated({ nodeResourceGroup: 'rg-nodes' });
    const subnetIds = [`${network}/subnets/nodes`, `${network}/subnets/pods`];
    const { kubeletIdentityId: _none, containerRegistryId: _no, ...bare } = cluster;
    const seen: AuditFacts = await attempt().run(azure.activities.lookAtDependencies, {
      cluster: bare,
      subscriptionId,
      subnetIds,
    });
    expect(seen.routesOut?.map(({ addressPrefix }) => addressPrefix)).toEqual([
      '0.0.0.0/1',
      '128.0.0.0/1',
      'AzureCloud',
    ]);
    expect(seen.subnets.find(({ name }) => name === 'pods')).toMatchObject({ natGatewayId: gateway });
    expect(seen.natGateways).toEqual([{ id: gateway, provisioningState: 'Succeeded', addressIds: [address] }]);
    expect(seen.unread).toEqual({});
  });

  const look = async (): Promise<AuditFacts> => {
    const { kubeletIdentityId: _none, containerRegistryId: _no, ...bare } = isolated({ nodeResourceGroup: 'rg-nodes' });
    const subnetIds = [`${network}/subnets/nodes`, `${network}/subnets/pods`];
    return attempt().run(azure.activities.lookAtDependencies, { cluster: bare, subscriptionId, subnetIds });
  };

  it('names a gateway that may bring routes by BGP, unless all tables are closed to them', async () => {
    const gatewaySubnet = `${network}/subnets/GatewaySubnet`;
    await azure.put(gatewaySubnet, { properties: { addressPrefix: '10.1.9.0/27' } });
    expect((await look()).routeSources).toEqual([gatewaySubnet]);
    const closed = `${group}/providers/Microsoft.Network/routeTables/closed`;
    await azure.put(closed, { location, properties: { disableBgpRoutePropagation: true } });
    const put = (name: string, addressPrefix: string, more: object) =>
      azure.put(`${network}/subnets/${name}`, { properties: { addressPrefix, ...more } });
    await put('nodes', '10.1.0.0/24', { routeTable: { id: closed } });
    expect((await look()).routeSources).toEqual([gatewaySubnet]);
    await put('pods', '10.1.1.0/24', { routeTable: { id: closed } });
    expect((await look()).routeSources).toEqual([]);
    await put('nodes', '10.1.0.0/24', { routeTable: { id: table } });
    await put('pods', '10.1.1.0/24', { natGateway: { id: gateway } });
  });

  it.each<[part: AuditPart, path: string, status: number]>([
    ['extensions', '/extensions$', 403],
    ['versions', '/kubernetesVersions$', 403],
    ['machines', '/virtualMachineScaleSets$', 403],
    ['natGateways', '/natGateways/gateway$', 403],
    ['natGateways', '/natGateways/gateway$', 404],
    ['routes', '/routeTables/routes$', 403],
    ['routes', '/routeTables/routes$', 404],
  ])('does not take %s for absent where Azure answers %s with %i', async (part, path, status) => {
    const code = status === 403 ? 'AuthorizationFailed' : 'ResourceNotFound';
    const end = await azure.fault({
      method: 'GET',
      path,
      times: 100,
      answer: { status, code, message: 'not for you' },
    });
    const { unread } = await look();
    await end();
    expect(unread).toEqual({ [part]: expect.stringMatching(status === 403 ? /not for you/ : /is not found$/) });
  });

  it.each(['InvalidResourceType', 'InvalidResourceNamespace'])(
    'does not take extensions for none where Azure does not know what they are: %s',
    async (code) => {
      const answer = { status: 404, code, message: 'not in this version' };
      const end = await azure.fault({ method: 'GET', path: '/extensions$', times: 100, answer });
      const { unread } = await look();
      await end();
      expect(unread).toEqual({ extensions: expect.stringContaining('not in this version') });
    },
  );

  it('does not take versions for none where AKS tells none', async () => {
    const end = await azure.fault({
      method: 'GET',
      path: '/kubernetesVersions$',
      proxy: { status: 200, contentType: 'application/json', body: '{"values":[]}' },
    });
    const { unread } = await look();
    await end();
    expect(unread).toEqual({ versions: 'AKS tells no versions of westeurope' });
  });
});

describe('an endpoint of the registry in a network that this one is peered with', () => {
  const ofHub = resourceGroupId(subscriptionId, 'rg-peered');
  const net = (name: string) => `${ofHub}/providers/Microsoft.Network/virtualNetworks/${name}`;
  const registryId = `${ofHub}/providers/Microsoft.ContainerRegistry/registries/peeredregistry`;
  const endpoint = `${ofHub}/providers/Microsoft.Network/privateEndpoints/in-hub`;
  const endpointsSeen = async (): Promise<string[]> => {
    const { kubeletIdentityId: _none, ...bare } = isolated({ nodeResourceGroup: 'rg-peered' });
    const cluster = { ...bare, containerRegistryId: registryId };
    const request = { cluster, subscriptionId, subnetIds: [`${net('spoke')}/subnets/nodes`] };
    const { endpoints }: AuditFacts = await attempt().run(azure.activities.lookAtDependencies, request);
    return endpoints.map(({ id }) => id);
  };
  const peer = (from: string, to: string, more: object = {}) =>
    azure.put(`${net(from)}/virtualNetworkPeerings/${to}`, {
      properties: { remoteVirtualNetwork: { id: net(to) }, ...more },
    });

  it('is one that nodes reach, once both let the other in', async () => {
    await azure.put(ofHub, { location });
    for (const [name, range] of [
      ['hub', '10.40'],
      ['spoke', '10.41'],
    ]) {
      const subnets = [{ name: 'nodes', properties: { addressPrefix: `${range}.0.0/24` } }];
      await azure.put(net(`${name}`), {
        location,
        properties: { addressSpace: { addressPrefixes: [`${range}.0.0/16`] }, subnets },
      });
    }
    await azure.put(registryId, {
      location,
      sku: { name: 'Premium' },
      properties: { publicNetworkAccess: 'Disabled' },
    });
    await azure.put(endpoint, {
      location,
      properties: {
        subnet: { id: `${net('hub')}/subnets/nodes` },
        privateLinkServiceConnections: [
          { name: 'c', properties: { privateLinkServiceId: registryId, groupIds: ['registry'] } },
        ],
      },
    });
    expect(await endpointsSeen()).toEqual([]);
    await peer('spoke', 'hub');
    expect(await endpointsSeen()).toEqual([]);
    await peer('hub', 'spoke');
    expect(await endpointsSeen()).toEqual([endpoint]);
    await peer('spoke', 'hub', { allowVirtualNetworkAccess: false });
    expect(await endpointsSeen()).toEqual([]);
  });
});

it('tells the address of the outbound type from that of a service', async () => {
  const cluster = { subscriptionId, resourceGroup: 'rg-egress', name: 'egress' };
  await createExistingCluster(azure.simulator, { cluster, pools: { system: { mode: 'System', count: 1 } } });
  await kubectl(azure, cluster, 'kubectl create service loadbalancer web --tcp=80');
  const { cluster: found }: { cluster?: ClusterFacts } = await attempt().run(azure.activities.lookAtCluster, {
    cluster,
    subscriptionIds: [],
  });
  if (!found) throw new Error('There is no cluster');
  const { publicAddresses, outboundAddresses }: AuditFacts = await attempt().run(azure.activities.lookAtDependencies, {
    cluster: found,
    subscriptionId,
    subnetIds: [],
  });
  const others = publicAddresses.filter((id) => !outboundAddresses?.includes(id));
  expect([outboundAddresses, others]).toEqual([
    found.outboundAddresses,
    [expect.stringMatching(/\/publicIPAddresses\/kubernetes-a/)],
  ]);
});

describe('a zone in a subscription that nobody has named', () => {
  it('is found by its link to the network', async () => {
    const other = '22222222-2222-2222-2222-222222222222';
    const hub = resourceGroupId(other, 'rg-hub');
    const zone = `${hub}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
    const spokeGroup = resourceGroupId(subscriptionId, 'rg-spoke');
    const spoke = `${spokeGroup}/providers/Microsoft.Network/virtualNetworks/spoke`;
    await azure.put(spokeGroup, { location });
    await azure.put(spoke, { location, properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] } } });
    await azure.put(hub, { location });
    await azure.put(zone, { location: 'global' });
    await azure.put(`${zone}/virtualNetworkLinks/spoke`, {
      location: 'global',
      properties: { virtualNetwork: { id: spoke }, registrationEnabled: false },
    });
    const cluster = { subscriptionId, resourceGroup: 'rg-spoke', name: 'none' };
    const { infrastructure }: ReadBack = await attempt().run(azure.activities.readBack, {
      cluster,
      infrastructure: { ...nothingElse, virtualNetworkId: spoke, searchesZones: true },
    });
    expect(infrastructure.otherLinkedZones).toEqual([zone]);
    // Where no zone stands against the plan, other subscriptions are not even listed.
    const from = await azure.recordedBytes();
    const read: ReadBack = await attempt().run(azure.activities.readBack, {
      cluster,
      infrastructure: { ...nothingElse, virtualNetworkId: spoke },
    });
    expect(read.infrastructure.otherLinkedZones).toEqual([]);
    const asked = (await azure.recorded(from)).map(({ url }) => new URL(url).pathname);
    expect(asked.filter((path) => path === '/subscriptions' || path.includes(other))).toEqual([]);
  });
});
