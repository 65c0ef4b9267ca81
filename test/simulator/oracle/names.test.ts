import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { expectedAddresses } from '../../support/ownRegistry.ts';
import { location } from '../support.ts';
import { hub, type IsolatedWorld, isolatedWorld, networkOf } from './isolatedWorld.ts';

let world: IsolatedWorld;
beforeAll(async () => {
  world = await isolatedWorld();
});
beforeEach(() => world.again());
afterAll(() => world.simulator.close());

const other = '22222222-2222-2222-2222-222222222222';
const zoneName = 'privatelink.azurecr.io';
const reference = (path: string) => ({ id: networkOf(path) });

/** The owner's network as it was, but for this. */
async function network(properties: Record<string, unknown>): Promise<void> {
  const { addressSpace } = (await world.get(world.ids.vnet)).at('properties') as { addressSpace: object };
  await world.put(world.ids.vnet, { location, properties: { addressSpace, ...properties } });
}
const asks = (...dnsServers: string[]) => network({ dhcpOptions: { dnsServers } });

/** A zone in another subscription. */
async function foreignZone(name = zoneName): Promise<string> {
  await world.put(`/subscriptions/${other}/resourceGroups/dns`, { location });
  const zone = `/subscriptions/${other}/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/${name}`;
  await world.put(zone, { location: 'global' });
  return zone;
}
const record = (zone: string, name: string, ipv4Address: string) =>
  world.put(`${zone}/A/${name}`, { properties: { ttl: 300, aRecords: [{ ipv4Address }] } });

async function fill(zone: string): Promise<void> {
  const name = world.ids.registry.split('/').at(-1) ?? '';
  await record(zone, name, expectedAddresses.registryRecord);
  await record(zone, `${name}.${location}.data`, expectedAddresses.dataRecord);
}

interface Case {
  readonly name: string;
  arrange(): Promise<unknown>;
  /** Why the nodes cannot pull; left out where they can. */
  readonly because?: RegExp;
}

const cases: readonly Case[] = [
  { name: "Azure's server and a zone that is linked to the network", arrange: async () => undefined },
  {
    name: 'a zone that is linked to nothing',
    arrange: () => world.remove(world.ids.link),
    because: /is at 20\.\S+ on the internet: .* has no way out/,
  },
  {
    name: 'a zone without the record of the registry',
    arrange: () => world.remove(world.ids.registryRecord),
    because: /azurecr.io does not resolve: .* does not exist in .*privatelink.azurecr.io/,
  },
  {
    name: 'a zone without the record of the data endpoint',
    arrange: () => world.remove(world.ids.dataRecord),
    because: /\.data\.azurecr.io does not resolve/,
  },
  {
    name: 'a record of another address',
    arrange: () =>
      world.put(world.ids.registryRecord, { properties: { ttl: 1, aRecords: [{ ipv4Address: '192.168.2.77' }] } }),
    because: /resolves to 192.168.2.77, which is none of its addresses/,
  },
  {
    name: 'a zone in another subscription',
    async arrange() {
      await world.remove(world.ids.link);
      const zone = await foreignZone();
      await fill(zone);
      await world.link(zone, 'spoke', world.ids.vnet);
    },
  },
  {
    name: 'a server in the hub, and the zone linked to the spoke alone',
    async arrange() {
      await world.peeredHub();
      await asks('10.0.0.4');
    },
    because: /is at 20\.\S+ on the internet/,
  },
  {
    name: 'a server in the hub, and the zone linked to the hub alone',
    async arrange() {
      await world.peeredHub();
      await asks('10.0.0.4');
      await world.remove(world.ids.link);
      await world.link(world.ids.zone, 'hub', hub);
    },
  },
  {
    name: "Azure's server, and the zone linked to the hub alone",
    async arrange() {
      await world.peeredHub();
      await world.remove(world.ids.link);
      await world.link(world.ids.zone, 'hub', hub);
    },
    because: /is at 20\.\S+ on the internet/,
  },
  {
    name: 'a server in the hub that asks the internet',
    async arrange() {
      await world.peeredHub();
      await asks('10.0.0.4');
      await world.link(world.ids.zone, 'hub', hub);
      await world.send('PUT', '/simulator/machines', { '10.0.0.4': { dns: 'internet' } });
    },
    because: /is at 20\.\S+ on the internet/,
  },
  {
    name: 'a silent server, and another one',
    async arrange() {
      await world.peeredHub();
      await asks('10.0.0.4', '168.63.129.16');
      await world.send('PUT', '/simulator/machines', { '10.0.0.4': { dns: 'silent' } });
    },
  },
  {
    name: 'a server that nothing leads to',
    arrange: () => asks('10.0.0.4'),
    because: /no DNS server answers: 10.0.0.4/,
  },
  {
    name: 'a server with records of its own',
    async arrange() {
      await world.peeredHub();
      await asks('10.0.0.4');
      const name = world.ids.registry.split('/').at(-1);
      await world.send('PUT', '/simulator/machines', {
        '10.0.0.4': {
          records: {
            [`${name}.azurecr.io`]: expectedAddresses.registryRecord,
            [`${name}.${location}.data.azurecr.io`]: expectedAddresses.dataRecord,
          },
        },
      });
    },
  },
  {
    name: 'a public server, which is not reached',
    arrange: () => asks('8.8.8.8'),
    because: /no DNS server answers: 8.8.8.8/,
  },
  {
    name: "another zone of the registry's own domain",
    async arrange() {
      const zone = await foreignZone('azurecr.io');
      await record(zone, 'something', '192.168.2.99');
      await world.link(zone, 'spoke', world.ids.vnet);
    },
    because: /azurecr.io does not resolve: .* does not exist in .*\/azurecr.io/,
  },
  {
    name: 'a zone without records whose link falls back to the internet',
    async arrange() {
      await world.remove(world.ids.registryRecord);
      await world.remove(world.ids.link);
      await world.link(world.ids.zone, 'fallback', world.ids.vnet, { resolutionPolicy: 'NxDomainRedirect' });
    },
    because: /is at 20\.\S+ on the internet/,
  },
];

describe('what nodes are told for the name of their registry', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, { arrange, because }) => {
    await arrange();
    const { nodes, newNodes, isolated } = await world.truth();
    const verdict = because === undefined ? { ok: true } : { ok: false, because: expect.stringMatching(because) };
    expect(nodes.map(({ pulls }) => pulls)).toEqual([verdict]);
    expect(newNodes.map(({ bootstraps }) => bootstraps)).toEqual([verdict]);
    expect(isolated.ok).toBe(because === undefined);
  });
});

describe('what nodes reach of a registry', () => {
  const nodes = { addressPrefix: '192.168.1.0/24', defaultOutboundAccess: false };
  const rule = (properties: object) => ({
    'networkSecurityGroups/f': {
      properties: {
        securityRules: [
          {
            name: 'r',
            properties: {
              priority: 100,
              access: 'Deny',
              direction: 'Outbound',
              protocol: '*',
              sourceAddressPrefix: '*',
              sourcePortRange: '*',
              destinationAddressPrefix: '*',
              destinationPortRange: '*',
              ...properties,
            },
          },
        ],
      },
    },
  });
  const setSubnet = (properties: object) =>
    world.put(world.ids.nodeSubnet, { properties: { ...nodes, ...properties } });
  const setEndpoints = (properties: object) =>
    world.put(world.ids.registrySubnet, { properties: { addressPrefix: '192.168.2.0/24', ...properties } });

  test.each<[string, () => Promise<unknown>, RegExp | undefined]>([
    [
      'a security group that denies the network to the nodes',
      async () => {
        await world.network(rule({ destinationAddressPrefix: 'VirtualNetwork' }));
        await setSubnet({ networkSecurityGroup: reference('networkSecurityGroups/f') });
      },
      /security rule .*\/securityRules\/r denies 192.168.2/,
    ],
    [
      'a security group on the subnet of the endpoint, which does not apply it',
      async () => {
        await world.network(rule({ direction: 'Inbound' }));
        await setEndpoints({
          networkSecurityGroup: reference('networkSecurityGroups/f'),
          privateEndpointNetworkPolicies: 'Disabled',
        });
      },
      undefined,
    ],
    [
      'a security group on the subnet of the endpoint, which applies it',
      async () => {
        await world.network(rule({ direction: 'Inbound' }));
        await setEndpoints({
          networkSecurityGroup: reference('networkSecurityGroups/f'),
          privateEndpointNetworkPolicies: 'Enabled',
        });
      },
      /security rule .*\/securityRules\/r denies 192.168.2/,
    ],
    [
      'a route for the network that drops, and endpoints with routes of their own',
      async () => {
        await world.network({
          'routeTables/t': {
            properties: {
              routes: [{ name: 'r', properties: { addressPrefix: '192.168.0.0/16', nextHopType: 'None' } }],
            },
          },
        });
        await setSubnet({ routeTable: reference('routeTables/t') });
      },
      undefined,
    ],
    [
      'a route for the network that drops, and endpoints to which routes apply',
      async () => {
        await world.network({
          'routeTables/t': {
            properties: {
              routes: [{ name: 'r', properties: { addressPrefix: '192.168.0.0/16', nextHopType: 'None' } }],
            },
          },
        });
        await setSubnet({ routeTable: reference('routeTables/t') });
        await setEndpoints({ privateEndpointNetworkPolicies: 'RouteTableEnabled' });
      },
      /route .*\/routes\/r does not lead to 192.168.2/,
    ],
    ['an endpoint that is gone', () => world.remove(world.ids.privateEndpoint), /is at 20\.\S+ on the internet/],
    [
      'an endpoint that the registry has rejected',
      async () => {
        const connections = (await world.get(world.ids.registry)).at('properties.privateEndpointConnections') as {
          id: string;
        }[];
        await world.put(connections[0]?.id ?? '', {
          properties: { privateLinkServiceConnectionState: { status: 'Rejected', description: 'no' } },
        });
      },
      /is at 20\.\S+ on the internet/,
    ],
  ])('%s', async (_name, arrange, because) => {
    await arrange();
    const [node] = (await world.truth()).nodes;
    expect(node?.pulls).toEqual(
      because === undefined ? { ok: true } : { ok: false, because: expect.stringMatching(because) },
    );
  });

  test('an endpoint in the hub, with the network peered or not', async () => {
    await world.remove(world.ids.privateEndpoint);
    await world.peeredHub();
    await world.put(`${hub}/subnets/endpoints`, { properties: { addressPrefix: '10.0.5.0/24' } });
    const endpoint = networkOf('privateEndpoints/inHub');
    await world.put(endpoint, {
      location,
      properties: {
        subnet: { id: `${hub}/subnets/endpoints` },
        privateLinkServiceConnections: [
          { name: 'c', properties: { privateLinkServiceId: world.ids.registry, groupIds: ['registry'] } },
        ],
      },
    });
    const configs = (await world.get(endpoint)).at('properties.customDnsConfigs') as {
      fqdn: string;
      ipAddresses: string[];
    }[];
    for (const { fqdn, ipAddresses } of configs)
      await record(world.ids.zone, fqdn.replace(/\.azurecr\.io$/, ''), ipAddresses[0] ?? '');
    expect((await world.truth()).nodes[0]?.pulls).toEqual({ ok: true });
    await world.remove(`${world.ids.vnet}/virtualNetworkPeerings/hub`);
    expect((await world.truth()).nodes[0]?.pulls).toEqual({
      ok: false,
      because: expect.stringMatching(/is not reached at 10.0.5/),
    });
  });

  test('over the internet a registry must allow the address of the nodes', async () => {
    const sku = { name: 'Standard' };
    await world.network({
      'publicIPAddresses/out': { sku, properties: { publicIPAllocationMethod: 'Static' } },
      'natGateways/nat': { sku, properties: { publicIpAddresses: [reference('publicIPAddresses/out')] } },
    });
    await setSubnet({ natGateway: reference('natGateways/nat') });
    await world.remove(world.ids.link);
    const registry = (properties: object) =>
      world.put(world.ids.registry, { location, sku: { name: 'Premium' }, properties });
    const pulls = async () => (await world.truth()).newNodes[0]?.bootstraps;
    expect(await pulls()).toMatchObject({ ok: false, because: expect.stringContaining('allows no public access') });
    const rules = (...values: string[]) => ({
      publicNetworkAccess: 'Enabled',
      networkRuleSet: { defaultAction: 'Deny', ipRules: values.map((value) => ({ value, action: 'Allow' })) },
    });
    await registry(rules());
    expect(await pulls()).toMatchObject({ ok: false, because: expect.stringContaining('does not allow the address') });
    const address = (await world.get(networkOf('publicIPAddresses/out'))).at('properties.ipAddress');
    await registry(rules(String(address)));
    expect(await pulls()).toEqual({ ok: true });
    await registry({ publicNetworkAccess: 'Enabled' });
    expect(await pulls()).toEqual({ ok: true });
  });
});
