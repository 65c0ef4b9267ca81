import { NetworkManagementClient } from '@azure/arm-network';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { group, location, polling, type Started, start, subscription, versioned } from '../support.ts';

const rg = 'out';
const provider = `${group(rg)}/providers/Microsoft.Network`;
const at = (path: string) => `${provider}/${path}`;
const sku = { name: 'Standard' };
const address = { location, sku, properties: { publicIPAllocationMethod: 'Static' } };

let azure: Started;
let network: NetworkManagementClient;
beforeAll(async () => {
  azure = await start();
  network = new NetworkManagementClient(azure.credential, subscription, azure.client);
  await azure.put(group(rg), { location });
  await azure.put(at('virtualNetworks/v'), {
    location,
    properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] } },
  });
});
afterAll(() => azure.simulator.close());

let subnets = 0;
/** Makes a subnet of the network with these properties. */
async function subnetWith(properties: Record<string, unknown>): Promise<string> {
  subnets += 1;
  const id = at(`virtualNetworks/v/subnets/s${subnets}`);
  await azure.put(id, { properties: { addressPrefix: `10.1.${subnets}.0/24`, ...properties } });
  return id;
}

describe('public addresses', () => {
  test('are made through the SDK, and get their address at the end', async () => {
    const made = await network.publicIPAddresses.createOrUpdate(
      rg,
      'sdk',
      { location, sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' },
      polling,
    );
    expect(made).toMatchObject({
      provisioningState: 'Succeeded',
      ipAddress: expect.stringMatching(/^20\./),
      sku: { name: 'Standard', tier: 'Regional' },
      idleTimeoutInMinutes: 4,
      publicIPAddressVersion: 'IPv4',
    });
    const first = await azure.send('PUT', versioned(at('publicIPAddresses/late')), address);
    expect(first.status).toBe(201);
    expect(first.at('properties.ipAddress')).toBeUndefined();
    expect(first.at('properties.provisioningState')).toBe('Updating');
    await azure.answerAtEnd(first);
    const again = await azure.put(at('publicIPAddresses/late'), { ...address, tags: { a: 'b' } });
    expect(again.at('properties.ipAddress')).not.toBe(made.ipAddress);
    expect(again.at('properties.resourceGuid')).toBe(first.at('properties.resourceGuid'));
  });

  test('of SKU Standard are static', async () => {
    expect(await azure.send('PUT', versioned(at('publicIPAddresses/dynamic')), { location, sku })).toMatchObject({
      status: 400,
      body: { error: { code: 'PublicIPAllocationMethodNotSupportedForSku' } },
    });
  });

  test('take tags alone by PATCH, at once', async () => {
    await azure.put(at('publicIPAddresses/tagged'), address);
    const patched = await azure.send('PATCH', versioned(at('publicIPAddresses/tagged')), { tags: { team: 'net' } });
    expect(patched).toMatchObject({ status: 200, body: { tags: { team: 'net' } } });
    expect((await azure.get(at('publicIPAddresses/tagged'))).at('properties.ipAddress')).toEqual(expect.any(String));
  });
});

describe('a NAT gateway', () => {
  const gateway = (...names: string[]) => ({
    location,
    sku,
    properties: { publicIpAddresses: names.map((name) => ({ id: at(`publicIPAddresses/${name}`) })) },
  });

  test('shows its subnets, keeps them and its addresses from being deleted, and goes without them', async () => {
    await azure.put(at('publicIPAddresses/nat'), address);
    const made = await azure.put(at('natGateways/n'), gateway('nat'));
    expect(made.at('properties')).toMatchObject({ idleTimeoutInMinutes: 4, provisioningState: 'Succeeded' });
    expect(made.at('properties.subnets')).toBeUndefined();
    const subnet = await subnetWith({ natGateway: { id: at('natGateways/n') } });
    expect((await azure.get(at('natGateways/n'))).at('properties.subnets')).toEqual([{ id: subnet }]);
    expect((await azure.get(at('publicIPAddresses/nat'))).at('properties.natGateway')).toEqual({
      id: at('natGateways/n'),
    });
    for (const [id, code] of [
      [at('natGateways/n'), 'CannotDeleteNatGatewayAssociatedToSubnet'],
      [at('publicIPAddresses/nat'), 'PublicIPAddressCannotBeDeleted'],
    ] as const) {
      expect(await azure.send('DELETE', versioned(id))).toMatchObject({ status: 400, body: { error: { code } } });
    }
    await azure.put(subnet, { properties: { addressPrefix: `10.1.${subnets}.0/24` } });
    await azure.remove(at('natGateways/n'));
    await azure.remove(at('publicIPAddresses/nat'));
  });

  test('loses what a PUT leaves out', async () => {
    await azure.put(at('publicIPAddresses/first'), address);
    await azure.put(at('natGateways/reset'), {
      ...gateway('first'),
      properties: { ...gateway('first').properties, idleTimeoutInMinutes: 30 },
    });
    const reset = await azure.put(at('natGateways/reset'), { location, sku, properties: {} });
    expect(reset.at('properties')).toMatchObject({ idleTimeoutInMinutes: 4 });
    expect(reset.at('properties.publicIpAddresses')).toBeUndefined();
  });

  test.each([
    ['an address that is not there', 'nowhere', 'InvalidResourceReference'],
    ['an address that another one has', 'taken', 'PublicIPAddressInUse'],
    ['an address of another SKU', 'basic', 'NatGatewayPublicIpSkuMismatch'],
  ])('with %s is refused', async (_what, name, code) => {
    if (name === 'taken') {
      await azure.put(at('publicIPAddresses/taken'), address);
      await azure.put(at('natGateways/holder'), gateway('taken'));
    }
    if (name === 'basic')
      await azure.put(at('publicIPAddresses/basic'), { location, sku: { name: 'Basic' }, properties: {} });
    expect(await azure.send('PUT', versioned(at('natGateways/refused')), gateway(name))).toMatchObject({
      status: 400,
      body: { error: { code } },
    });
  });

  test('serves one network only', async () => {
    await azure.put(at('natGateways/one'), { location, sku });
    await subnetWith({ natGateway: { id: at('natGateways/one') } });
    const other = {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.2.0.0/16'] },
        subnets: [
          { name: 's', properties: { addressPrefix: '10.2.1.0/24', natGateway: { id: at('natGateways/one') } } },
        ],
      },
    };
    expect(await azure.send('PUT', versioned(at('virtualNetworks/other')), other)).toMatchObject({
      status: 400,
      body: { error: { code: 'NatGatewayCannotBeUsedBySubnetsBelongingToDifferentVirtualNetworks' } },
    });
  });
});

describe('a route table', () => {
  const route = (name: string, addressPrefix: string, nextHopType: string, nextHopIpAddress?: string) => ({
    name,
    properties: { addressPrefix, nextHopType, ...(nextHopIpAddress && { nextHopIpAddress }) },
  });

  test('has its routes in its body and as resources of their own, and loses those that a PUT leaves out', async () => {
    const table = at('routeTables/t');
    const routes = [route('out', '0.0.0.0/0', 'VirtualAppliance', '10.1.0.4'), route('drop', '10.9.0.0/16', 'None')];
    const made = await azure.put(table, { location, properties: { routes } });
    expect(made.at('properties')).toMatchObject({
      disableBgpRoutePropagation: false,
      routes: [
        { name: 'out', properties: { provisioningState: 'Succeeded', hasBgpOverride: false } },
        { name: 'drop' },
      ],
    });
    const added = await azure.put(`${table}/routes/more`, {
      properties: route('', '10.8.0.0/16', 'Internet').properties,
    });
    expect(added.at('properties')).toMatchObject({ addressPrefix: '10.8.0.0/16', provisioningState: 'Succeeded' });
    expect((await azure.get(table)).at('etag')).not.toBe(made.at('etag'));
    await azure.put(table, { location, properties: { routes: routes.slice(0, 1) } });
    expect((await azure.get(`${table}/routes/more`)).status).toBe(404);
    expect((await azure.get(table)).at('properties.routes')).toHaveLength(1);
    await azure.remove(`${table}/routes/out`);
    expect((await azure.get(table)).at('properties.routes')).toEqual([]);
  });

  test('in use cannot be deleted', async () => {
    await azure.put(at('routeTables/used'), { location });
    const subnet = await subnetWith({ routeTable: { id: at('routeTables/used') } });
    expect((await azure.get(at('routeTables/used'))).at('properties.subnets')).toEqual([{ id: subnet }]);
    expect(await azure.send('DELETE', versioned(at('routeTables/used')))).toMatchObject({
      status: 400,
      body: { error: { code: 'InUseRouteTableCannotBeDeleted' } },
    });
  });

  test.each([
    ['to an appliance without its address', [route('a', '0.0.0.0/0', 'VirtualAppliance')], 'NextHopIpAddressMissing'],
    ['to the internet by an address', [route('a', '0.0.0.0/0', 'Internet', '10.0.0.4')], 'NextHopIpAddressNotAllowed'],
    ['of no range', [route('a', '10.0.0.0/40', 'None')], 'InvalidAddressPrefixFormat'],
    ['twice for a range', [route('a', '0.0.0.0/0', 'None'), route('b', '0.0.0.0/0', 'Internet')], 'RouteConflict'],
  ])('with a route %s is refused', async (_what, routes, code) => {
    expect(
      await azure.send('PUT', versioned(at('routeTables/refused')), { location, properties: { routes } }),
    ).toMatchObject({ status: 400, body: { error: { code } } });
  });
});

describe('a network security group', () => {
  const rule = (name: string, priority: number, access = 'Deny') => ({
    name,
    properties: {
      priority,
      access,
      direction: 'Outbound',
      protocol: '*',
      sourceAddressPrefix: '*',
      sourcePortRange: '*',
      destinationAddressPrefix: 'Internet',
      destinationPortRange: '*',
    },
  });

  test('made through the SDK has its rules and those of Azure', async () => {
    const made = await network.networkSecurityGroups.createOrUpdate(
      rg,
      'sdk',
      { location, securityRules: [{ name: 'deny', ...rule('deny', 200).properties } as never] },
      polling,
    );
    expect(made.securityRules).toMatchObject([{ name: 'deny', priority: 200, provisioningState: 'Succeeded' }]);
    expect(made.defaultSecurityRules).toHaveLength(6);
  });

  test('in use cannot be deleted, and loses the rules that a PUT leaves out', async () => {
    const id = at('networkSecurityGroups/used');
    await azure.put(id, { location, properties: { securityRules: [rule('a', 100), rule('b', 101)] } });
    await subnetWith({ networkSecurityGroup: { id } });
    expect(await azure.send('DELETE', versioned(id))).toMatchObject({
      status: 400,
      body: { error: { code: 'InUseNetworkSecurityGroupCannotBeDeleted' } },
    });
    await azure.put(id, { location, properties: { securityRules: [rule('b', 101)] } });
    expect((await azure.get(id)).at('properties.securityRules')).toMatchObject([{ name: 'b' }]);
  });

  test.each([
    ['two rules of one priority', [rule('a', 100), rule('b', 100)], 'SecurityRuleConflict'],
    ['a priority of its own', [rule('a', 5000)], 'SecurityRuleInvalidPriority'],
  ])('with %s is refused', async (_what, securityRules, code) => {
    expect(
      await azure.send('PUT', versioned(at('networkSecurityGroups/refused')), {
        location,
        properties: { securityRules },
      }),
    ).toMatchObject({ status: 400, body: { error: { code } } });
  });
});

describe('a subnet', () => {
  test.each(['natGateway', 'routeTable', 'networkSecurityGroup'])('names no %s that is not there', async (name) => {
    const type = {
      natGateway: 'natGateways',
      routeTable: 'routeTables',
      networkSecurityGroup: 'networkSecurityGroups',
    }[name];
    const properties = { addressPrefix: '10.1.250.0/24', [name]: { id: at(`${type}/nowhere`) } };
    expect(await azure.send('PUT', versioned(at('virtualNetworks/v/subnets/refused')), { properties })).toMatchObject({
      status: 400,
      body: { error: { code: 'InvalidResourceReference' } },
    });
  });

  test('of a network made since July 2025 is private unless it says otherwise', async () => {
    const recent = (id: string) => `${id}?api-version=2025-07-01`;
    const subnet = (name: string, range: string, more = {}) => ({
      name,
      properties: { addressPrefix: range, ...more },
    });
    const first = [subnet('silent', '10.3.1.0/24'), subnet('open', '10.3.2.0/24', { defaultOutboundAccess: true })];
    const body = { location, properties: { addressSpace: { addressPrefixes: ['10.3.0.0/16'] }, subnets: first } };
    const of = async (network: string) =>
      ((await azure.get(at(`virtualNetworks/${network}`))).at('properties.subnets') as { properties: object }[]).map(
        ({ properties }) => (properties as { defaultOutboundAccess?: boolean }).defaultOutboundAccess,
      );
    for (const [network, put] of [
      ['new', recent],
      ['old', versioned],
    ] as const) {
      await azure.answerAtEnd(await azure.send('PUT', put(at(`virtualNetworks/${network}`)), body));
      const later = at(`virtualNetworks/${network}/subnets/later`);
      await azure.answerAtEnd(await azure.send('PUT', recent(later), subnet('later', '10.3.3.0/24')));
    }
    expect(await of('new')).toEqual([false, true, false]);
    expect(await of('old')).toEqual([undefined, true, undefined]);
  });
});
