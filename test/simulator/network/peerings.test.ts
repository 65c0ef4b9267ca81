import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, type Started, start, versioned } from '../support.ts';

const rg = 'peers';
const vnet = (name: string) => `${group(rg)}/providers/Microsoft.Network/virtualNetworks/${name}`;
const peering = (from: string, to: string) => `${vnet(from)}/virtualNetworkPeerings/to-${to}`;
const to = (name: string) => ({ properties: { remoteVirtualNetwork: { id: vnet(name) } } });

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.put(group(rg), { location });
  for (const [name, range] of [
    ['hub', '10.0.0.0/16'],
    ['spoke', '10.1.0.0/16'],
    ['other', '10.2.0.0/16'],
    ['same', '10.1.128.0/17'],
  ] as const)
    await azure.put(vnet(name), { location, properties: { addressSpace: { addressPrefixes: [range] } } });
});
afterAll(() => azure.simulator.close());

const stateOf = async (from: string, name: string) =>
  (await azure.get(peering(from, name))).at('properties.peeringState');
const refusal = async (from: string, name: string) =>
  (await azure.send('PUT', versioned(peering(from, name)), to(name))).at('error.code');

test('two networks are connected once both have a peering, and disconnected when one goes', async () => {
  const first = await azure.put(peering('hub', 'spoke'), to('spoke'));
  expect(first.at('properties')).toMatchObject({
    peeringState: 'Initiated',
    peeringSyncLevel: 'RemoteNotInSync',
    allowVirtualNetworkAccess: true,
    useRemoteGateways: false,
    remoteAddressSpace: { addressPrefixes: ['10.1.0.0/16'] },
  });
  await azure.put(peering('spoke', 'hub'), to('hub'));
  expect([await stateOf('hub', 'spoke'), await stateOf('spoke', 'hub')]).toEqual(['Connected', 'Connected']);
  expect((await azure.get(vnet('hub'))).at('properties.virtualNetworkPeerings')).toMatchObject([{ name: 'to-spoke' }]);
  await azure.remove(peering('spoke', 'hub'));
  expect(await stateOf('hub', 'spoke')).toBe('Disconnected');
  expect(await refusal('spoke', 'hub')).toBe('RemotePeeringIsDisconnected');
  await azure.put(peering('hub', 'spoke'), to('spoke'));
  await azure.put(peering('spoke', 'hub'), to('hub'));
  expect(await stateOf('hub', 'spoke')).toBe('Connected');
});

test('a network has one peering to another one, and none to one with its addresses', async () => {
  expect((await azure.send('PUT', versioned(`${peering('hub', 'spoke')}-again`), to('spoke'))).at('error.code')).toBe(
    'AnotherPeeringAlreadyReferencesRemoteVnet',
  );
  expect(await refusal('spoke', 'same')).toBe('VnetAddressSpacesOverlap');
  expect((await azure.send('PUT', versioned(peering('hub', 'x')), to('x'))).at('error.code')).toBe(
    'InvalidResourceReference',
  );
});

test('a network PUT without lists keeps subnets and peerings; with lists it drops what they leave out', async () => {
  const properties = { addressSpace: { addressPrefixes: ['10.2.0.0/16'] }, dhcpOptions: { dnsServers: ['10.0.0.4'] } };
  const subnets = [{ name: 's', properties: { addressPrefix: '10.2.1.0/24' } }];
  await azure.put(vnet('other'), { location, properties: { ...properties, subnets } });
  await azure.put(peering('other', 'hub'), to('hub'));
  await azure.put(peering('hub', 'other'), to('other'));
  const { dhcpOptions: _servers, ...without } = properties;
  const kept = await azure.put(vnet('other'), { location, properties: without });
  expect(kept.at('properties')).toMatchObject({
    subnets: [{ name: 's' }],
    virtualNetworkPeerings: [{ name: 'to-hub' }],
  });
  expect(kept.at('properties.dhcpOptions')).toBeUndefined();
  const dropped = await azure.put(vnet('other'), {
    location,
    properties: { ...properties, subnets: [], virtualNetworkPeerings: [] },
  });
  expect(dropped.at('properties')).toMatchObject({ subnets: [], virtualNetworkPeerings: [] });
  expect(await stateOf('hub', 'other')).toBe('Disconnected');
});

test('deleting a network disconnects its peers', async () => {
  await azure.put(vnet('gone'), { location, properties: { addressSpace: { addressPrefixes: ['10.5.0.0/16'] } } });
  await azure.put(peering('gone', 'hub'), to('hub'));
  await azure.put(peering('hub', 'gone'), to('gone'));
  await azure.remove(vnet('gone'));
  expect(await stateOf('hub', 'gone')).toBe('Disconnected');
});
