import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { group, location, polling } from '../support.ts';
import { type IsolatedWorld, isolatedWorld, networkOf } from './isolatedWorld.ts';

let world: IsolatedWorld;
beforeAll(async () => {
  world = await isolatedWorld();
});
beforeEach(() => world.again());
afterAll(() => world.simulator.close());

/** Makes the cluster ask a proxy. */
async function asksProxy(httpsProxy: string): Promise<void> {
  const { properties, ...body } = (await world.get(world.cluster)).body as { properties: object };
  await world.put(world.cluster, { ...body, properties: { ...properties, httpProxyConfig: { httpsProxy } } });
}

const sku = { name: 'Standard' };
const address = { sku, properties: { publicIPAllocationMethod: 'Static' } };
const reference = (path: string) => ({ id: networkOf(path) });
const gateway = {
  'publicIPAddresses/out': address,
  'natGateways/nat': { sku, properties: { publicIpAddresses: [reference('publicIPAddresses/out')] } },
};
const route = (name: string, addressPrefix: string, nextHopType: string, nextHopIpAddress?: string) => ({
  name,
  properties: { addressPrefix, nextHopType, nextHopIpAddress },
});
const table = (...routes: ReturnType<typeof route>[]) => ({ 'routeTables/t': { properties: { routes } } });
const rule = (priority: number, access: string, destinationAddressPrefix: string, more: object = {}) => ({
  name: `r${priority}`,
  properties: {
    priority,
    access,
    direction: 'Outbound',
    protocol: '*',
    sourceAddressPrefix: '*',
    sourcePortRange: '*',
    destinationAddressPrefix,
    destinationPortRange: '*',
    ...more,
  },
});
const filter = (...securityRules: ReturnType<typeof rule>[]) => ({
  'networkSecurityGroups/f': { properties: { securityRules } },
});
/** Makes a hub that the network is peered with, in 10.0.0.0/16. */
async function hub(more: Record<string, unknown> = {}): Promise<void> {
  await world.network({
    'virtualNetworks/hub': {
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 'firewall', properties: { addressPrefix: '10.0.1.0/24' } }],
      },
    },
  });
  const name = world.ids.vnet.split('/').at(-1);
  await world.put(networkOf('virtualNetworks/hub/virtualNetworkPeerings/spoke'), {
    properties: { remoteVirtualNetwork: { id: world.ids.vnet } },
  });
  await world.put(networkOf(`virtualNetworks/${name}/virtualNetworkPeerings/hub`), {
    properties: { remoteVirtualNetwork: reference('virtualNetworks/hub'), ...more },
  });
}

interface Case {
  readonly name: string;
  arrange(): Promise<unknown>;
  /** The ways that are open, with what they lead to. */
  readonly open: readonly (readonly [kind: string, ...reaches: string[]])[];
  /** Whether a curl to the internet agrees; left out where only some of it is reached. */
  readonly curl?: boolean;
}

const cases: readonly Case[] = [
  { name: 'nothing', arrange: async () => undefined, open: [], curl: false },
  {
    name: 'default outbound access',
    arrange: () => world.nodeSubnet({ defaultOutboundAccess: true }),
    open: [['defaultOutboundAccess', 'internet']],
    curl: true,
  },
  {
    name: 'a subnet of an old network that says nothing',
    arrange: () => world.nodeSubnet({ defaultOutboundAccess: undefined }),
    open: [['defaultOutboundAccess', 'internet']],
    curl: true,
  },
  {
    name: 'a NAT gateway, which goes before default outbound access',
    async arrange() {
      await world.network(gateway);
      await world.nodeSubnet({ natGateway: reference('natGateways/nat'), defaultOutboundAccess: true });
    },
    open: [['natGateway', 'internet']],
    curl: true,
  },
  {
    name: 'a NAT gateway without an address',
    async arrange() {
      await world.network({ 'natGateways/nat': { sku } });
      await world.nodeSubnet({ natGateway: reference('natGateways/nat') });
    },
    open: [],
    curl: false,
  },
  {
    name: 'a NAT gateway with a prefix',
    async arrange() {
      await world.network({
        'publicIPPrefixes/range': { sku, properties: { prefixLength: 30 } },
        'natGateways/nat': { sku, properties: { publicIpPrefixes: [reference('publicIPPrefixes/range')] } },
      });
      await world.nodeSubnet({ natGateway: reference('natGateways/nat') });
    },
    open: [['natGateway', 'internet']],
    curl: true,
  },
  {
    name: 'a NAT gateway for the whole network, which no subnet names',
    async arrange() {
      const v2 = { name: 'StandardV2' };
      await world.network({
        'publicIPAddresses/out': { ...address, sku: v2 },
        'natGateways/nat': {
          sku: v2,
          properties: {
            publicIpAddresses: [reference('publicIPAddresses/out')],
            sourceVirtualNetwork: { id: world.ids.vnet },
          },
        },
      });
      const network = await world.get(world.ids.vnet);
      expect(network.at('properties.defaultPublicNatGateway')).toEqual(reference('natGateways/nat'));
    },
    open: [['natGateway', 'internet']],
    curl: true,
  },
  {
    name: 'a proxy in the network, that the cluster is to ask',
    arrange: () => asksProxy('http://192.168.2.210:3128/'),
    open: [['proxy', 'internet']],
    curl: true,
  },
  {
    name: 'a proxy by a name that the network knows',
    async arrange() {
      const zone = networkOf('privateDnsZones/corp.example');
      await world.put(zone, { location: 'global' });
      const properties = { virtualNetwork: { id: world.ids.vnet }, registrationEnabled: false };
      await world.put(`${zone}/virtualNetworkLinks/spoke`, { location: 'global', properties });
      await world.put(`${zone}/A/proxy`, { properties: { ttl: 60, aRecords: [{ ipv4Address: '192.168.2.210' }] } });
      await asksProxy('http://proxy.corp.example:3128/');
    },
    open: [['proxy', 'internet']],
    curl: true,
  },
  {
    name: 'a proxy by a name that nobody knows',
    arrange: () => asksProxy('http://proxy.corp.example:3128/'),
    open: [],
    curl: false,
  },
  {
    name: 'a default route to an appliance in the network',
    async arrange() {
      await world.network(table(route('out', '0.0.0.0/0', 'VirtualAppliance', '192.168.2.200')));
      await world.nodeSubnet({ routeTable: reference('routeTables/t') });
    },
    open: [['route', 'internet']],
    curl: true,
  },
  {
    name: 'a default route to a firewall in a hub',
    async arrange() {
      await hub();
      await world.network(table(route('out', '0.0.0.0/0', 'VirtualAppliance', '10.0.1.4')));
      await world.nodeSubnet({ routeTable: reference('routeTables/t') });
    },
    open: [['route', 'internet']],
    curl: true,
  },
  {
    name: 'a default route to a firewall that lets nothing through',
    async arrange() {
      await hub();
      await world.send('PUT', '/simulator/machines', { '10.0.1.4': { forwards: false } });
      await world.network(table(route('out', '0.0.0.0/0', 'VirtualAppliance', '10.0.1.4')));
      await world.nodeSubnet({ routeTable: reference('routeTables/t') });
    },
    open: [],
    curl: false,
  },
  {
    name: 'a default route to an appliance in a network that is not peered',
    async arrange() {
      await world.network(table(route('out', '0.0.0.0/0', 'VirtualAppliance', '10.0.1.4')));
      await world.nodeSubnet({ routeTable: reference('routeTables/t'), defaultOutboundAccess: true });
    },
    open: [],
    curl: false,
  },
  {
    name: 'two routes of half the internet instead of a default route',
    async arrange() {
      await world.network(
        table(
          route('low', '0.0.0.0/1', 'VirtualAppliance', '192.168.2.200'),
          route('high', '128.0.0.0/1', 'VirtualAppliance', '192.168.2.200'),
        ),
      );
      await world.nodeSubnet({ routeTable: reference('routeTables/t') });
    },
    open: [
      ['route', 'internet', '0.0.0.0/1'],
      ['route', 'internet', '128.0.0.0/1'],
    ],
    curl: true,
  },
  {
    name: 'a default route that drops everything, before a NAT gateway',
    async arrange() {
      await world.network({ ...gateway, ...table(route('drop', '0.0.0.0/0', 'None')) });
      await world.nodeSubnet({ natGateway: reference('natGateways/nat'), routeTable: reference('routeTables/t') });
    },
    open: [],
    curl: false,
  },
  {
    name: 'a default route that drops everything, and one for a service',
    async arrange() {
      await world.network({
        ...gateway,
        ...table(route('drop', '0.0.0.0/0', 'None'), route('storage', 'Storage', 'Internet')),
      });
      await world.nodeSubnet({ natGateway: reference('natGateways/nat'), routeTable: reference('routeTables/t') });
    },
    open: [['natGateway', 'Storage']],
    curl: false,
  },
  {
    name: 'a default route to a gateway that a hub has',
    async arrange() {
      await hub({ useRemoteGateways: true });
      await world.put(networkOf('virtualNetworks/hub/subnets/GatewaySubnet'), {
        properties: { addressPrefix: '10.0.2.0/24' },
      });
      await world.network(table(route('home', '0.0.0.0/0', 'VirtualNetworkGateway')));
      await world.nodeSubnet({ routeTable: reference('routeTables/t') });
    },
    open: [['route', 'internet']],
    curl: true,
  },
  {
    name: 'a default route to a gateway that nobody has',
    async arrange() {
      await hub();
      await world.network(table(route('home', '0.0.0.0/0', 'VirtualNetworkGateway')));
      await world.nodeSubnet({ routeTable: reference('routeTables/t') });
    },
    open: [],
    curl: false,
  },
  {
    name: 'a NAT gateway, and a security group that denies the internet',
    async arrange() {
      await world.network({ ...gateway, ...filter(rule(200, 'Deny', 'Internet')) });
      await world.nodeSubnet({
        natGateway: reference('natGateways/nat'),
        networkSecurityGroup: reference('networkSecurityGroups/f'),
      });
    },
    open: [],
    curl: false,
  },
  {
    name: 'a security group that allows a service before it denies the internet',
    async arrange() {
      await world.network({ ...gateway, ...filter(rule(100, 'Allow', 'AzureCloud'), rule(200, 'Deny', 'Internet')) });
      await world.nodeSubnet({
        natGateway: reference('natGateways/nat'),
        networkSecurityGroup: reference('networkSecurityGroups/f'),
      });
    },
    open: [['natGateway', 'AzureCloud']],
    curl: false,
  },
  {
    name: 'a security group that allows a range before it denies everything',
    async arrange() {
      await world.network({
        ...gateway,
        ...filter(rule(100, 'Allow', '203.0.113.0/24'), rule(150, 'Allow', 'VirtualNetwork'), rule(200, 'Deny', '*')),
      });
      await world.nodeSubnet({
        natGateway: reference('natGateways/nat'),
        networkSecurityGroup: reference('networkSecurityGroups/f'),
      });
    },
    open: [['natGateway', '203.0.113.0/24']],
    curl: false,
  },
  {
    name: 'a security group that denies https alone',
    async arrange() {
      await world.network({
        ...gateway,
        ...filter(rule(200, 'Deny', 'Internet', { destinationPortRange: '443', protocol: 'Tcp' })),
      });
      await world.nodeSubnet({
        natGateway: reference('natGateways/nat'),
        networkSecurityGroup: reference('networkSecurityGroups/f'),
      });
    },
    open: [['natGateway', 'internet']],
    curl: false,
  },
  {
    name: 'a security group whose rule for the internet is for other machines',
    async arrange() {
      await world.network({
        ...gateway,
        ...filter(rule(200, 'Deny', 'Internet', { sourceAddressPrefix: '192.168.9.0/24' })),
      });
      await world.nodeSubnet({
        natGateway: reference('natGateways/nat'),
        networkSecurityGroup: reference('networkSecurityGroups/f'),
      });
    },
    open: [['natGateway', 'internet']],
    curl: true,
  },
];

describe('the ways out of nodes, as the oracle sees them and as a curl in the cluster finds them', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, { arrange, open, curl }) => {
    await arrange();
    const { nodes, isolated } = await world.truth();
    expect(nodes).toHaveLength(1);
    const ways = (nodes[0]?.waysOut ?? []).filter(({ closedBy }) => closedBy === undefined);
    expect(ways.map(({ kind, reaches }) => [kind, ...reaches])).toEqual(open);
    expect(isolated.ok).toBe(open.length === 0);
    if (curl !== undefined) expect(await world.curl('https://example.com/')).toBe(curl);
  });
});

test('a way that is closed says why', async () => {
  await world.network({ ...gateway, ...table(route('drop', '0.0.0.0/0', 'None')) });
  await world.nodeSubnet({ natGateway: reference('natGateways/nat'), routeTable: reference('routeTables/t') });
  expect((await world.truth()).nodes[0]?.waysOut).toEqual([
    {
      kind: 'natGateway',
      id: networkOf('natGateways/nat'),
      reaches: [],
      closedBy: `route ${networkOf('routeTables/t/routes/drop')} drops it`,
    },
  ]);
});

test('a pool with public addresses of its own has a way out under outbound type none', async () => {
  const pool = { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5', vnetSubnetID: world.ids.nodeSubnet };
  await world.put(`${world.cluster}/agentPools/public`, { properties: { ...pool, enableNodePublicIP: true } });
  const { nodes } = await world.truth();
  const open = nodes.map(({ pool: name, waysOut }) => [name, ...waysOut.map(({ kind }) => kind)]);
  expect(open).toEqual([['nodepool1'], ['public', 'publicAddress']]);
});

test("AKS's load balancer is a way out, and gone with its outbound type", async () => {
  const outbound = async (outboundType: string) => {
    const { properties, ...body } = (await world.get(world.cluster)).body as { properties: Record<string, object> };
    const networkProfile = { ...properties.networkProfile, outboundType, loadBalancerProfile: undefined };
    await world.put(world.cluster, { ...body, properties: { ...properties, networkProfile } });
    return (await world.truth()).nodes[0]?.waysOut.map(({ kind, id }) => [kind, id.split('/').at(-1)]);
  };
  expect(await outbound('loadBalancer')).toEqual([['loadBalancer', 'kubernetes']]);
  expect(await outbound('none')).toEqual([]);
});

test('a service of type LoadBalancer has a public address and a load balancer, which let nobody out', async () => {
  const run = (command: string) =>
    world.aks.managedClusters.runCommand('rg-oracle', 'oracle', { command }, polling).then(({ exitCode }) => exitCode);
  await world.nodeSubnet({ defaultOutboundAccess: true });
  expect((await world.truth()).nodes[0]?.waysOut.map(({ kind }) => kind)).toEqual(['defaultOutboundAccess']);
  expect(await run('kubectl create service loadbalancer web --tcp=80')).toBe(0);
  const open = await world.truth();
  expect(open.publicAddresses).toEqual([expect.stringMatching(/\/publicIPAddresses\/kubernetes-a\w{31}$/)]);
  expect([open.isolated.ok, open.nodes[0]?.waysOut]).toEqual([true, []]);
  const address = await world.get(open.publicAddresses[0] ?? '');
  expect(address.at('tags')).toMatchObject({ 'k8s-azure-service': 'default/web' });
  expect(address.at('properties.ipConfiguration.id')).toMatch(
    /\/loadBalancers\/kubernetes\/frontendIPConfigurations\//,
  );
  expect(await run('kubectl delete service web')).toBe(0);
  expect((await world.truth()).publicAddresses).toEqual([]);
});

test('pods go out of the subnet that their pool has for them', async () => {
  await world.network(gateway);
  await world.put(networkOf(`${subnetsOf()}/pods`), {
    properties: {
      addressPrefix: '192.168.50.0/24',
      natGateway: reference('natGateways/nat'),
      delegations: [{ name: 'aks', properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } }],
    },
  });
  const pool = { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5', vnetSubnetID: world.ids.nodeSubnet };
  const podSubnetID = networkOf(`${subnetsOf()}/pods`);
  await world.put(`${world.cluster}/agentPools/pods`, { properties: { ...pool, podSubnetID } });
  const { nodes, isolated } = await world.truth();
  expect(nodes.map(({ waysOut, waysOutOfPods }) => [waysOut, waysOutOfPods?.map(({ kind }) => kind)])).toEqual([
    [[], undefined],
    [[], ['natGateway']],
  ]);
  expect(isolated.ok).toBe(false);
});

const subnetsOf = () => `virtualNetworks/${world.ids.vnet.split('/').at(-1)}/subnets`;

test('of a cluster in a managed network, NAT gateway and load balancer are those of AKS', async () => {
  const rg = 'managed';
  await world.put(group(rg), { location });
  const cluster = (name: string) => `${group(rg)}/providers/Microsoft.ContainerService/managedClusters/${name}`;
  for (const [name, outboundType, open] of [
    ['balanced', 'loadBalancer', ['loadBalancer']],
    ['gateway', 'managedNATGateway', ['natGateway']],
  ] as const) {
    await world.put(cluster(name), {
      location,
      identity: { type: 'SystemAssigned' },
      properties: {
        dnsPrefix: name,
        agentPoolProfiles: [{ name: 'system', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }],
        networkProfile: { networkPlugin: 'azure', outboundType },
      },
    });
    const { body } = await world.send('GET', `/simulator/truth?cluster=${cluster(name)}`);
    expect(body).toMatchObject({ nodes: [{ waysOut: open.map((kind) => ({ kind, reaches: ['internet'] })) }] });
  }
});
