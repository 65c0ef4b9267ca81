import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeByHand, type OwnRegistryIds, ownRegistryIds } from '../../support/ownRegistry.ts';
import { type AzureUnderTest, activityFailure, attempt, killOnceSent, startAzure } from '../support.ts';
import { access, call, kindOf, location, lost, prepared, unreachable, writesTo } from './support.ts';

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.close());

describe('changing', () => {
  const update = (ids: OwnRegistryIds, properties: Parameters<typeof azure.activities.updateSubnet>[0]['properties']) =>
    call(azure.activities.updateSubnet, { id: ids.nodeSubnet, properties });
  const group = (ids: OwnRegistryIds, name: string) => ({ id: `${ids.group}/providers/Microsoft.Network/${name}` });
  const withEverything = (ids: OwnRegistryIds) => ({
    properties: {
      addressPrefix: '192.168.1.0/24',
      networkSecurityGroup: group(ids, 'networkSecurityGroups/nsg'),
      routeTable: group(ids, 'routeTables/routes'),
      natGateway: group(ids, 'natGateways/nat'),
      serviceEndpoints: [{ service: 'Microsoft.Storage', locations: ['westeurope'] }],
      serviceEndpointPolicies: [group(ids, 'serviceEndpointPolicies/policy')],
      delegations: [{ name: 'theirs', properties: { serviceName: 'Microsoft.Web/serverFarms' } }],
      privateEndpointNetworkPolicies: 'Enabled',
      privateLinkServiceNetworkPolicies: 'Disabled',
    },
  });
  /** Without what changes with every write. */
  const settings = async (id: string) => {
    const { provisioningState: _state, ...rest } = (await azure.get(id)).at('properties') as Record<string, unknown>;
    return rest;
  };

  it.concurrent('a subnet keeps everything else of it', async () => {
    const ids = ownRegistryIds('kept');
    await azure.put(ids.group, { location });
    const theirs = withEverything(ids).properties;
    for (const { id } of [theirs.networkSecurityGroup, theirs.routeTable, theirs.natGateway])
      await azure.put(id, { location });
    await makeByHand(azure, ids, 'nodeSubnet', { nodeSubnet: withEverything(ids) });
    const before = await settings(ids.nodeSubnet);
    expect(Object.keys(before)).toEqual(expect.arrayContaining(Object.keys(withEverything(ids).properties)));
    await update(ids, { defaultOutboundAccess: false })(attempt());
    expect(await settings(ids.nodeSubnet)).toEqual({ ...before, defaultOutboundAccess: false });
    await update(ids, { defaultOutboundAccess: true, privateEndpointNetworkPolicies: 'Disabled' })(attempt());
    expect(await settings(ids.nodeSubnet)).toEqual({
      ...before,
      defaultOutboundAccess: true,
      privateEndpointNetworkPolicies: 'Disabled',
    });
    expect(await writesTo(azure, ids.nodeSubnet)).toEqual(['PUT 201', 'PUT 200', 'PUT 200']);
  });

  it.concurrent('a subnet is read again where a region still answers as before', async () => {
    const ids = ownRegistryIds('stale');
    await makeByHand(azure, ids, 'nodeSubnet');
    const { body } = await azure.get(ids.nodeSubnet);
    const proxy = { status: 200, contentType: 'application/json', body: JSON.stringify(body) };
    // The first read is that of the change itself.
    const stale = { method: 'GET', path: `${ids.nodeSubnet}$`, after: 1, times: 3, proxy } as const;
    await azure.fault(stale);
    await expect(update(ids, { defaultOutboundAccess: true })(attempt())).resolves.toMatchObject({
      defaultOutboundAccess: true,
    });
    expect(await writesTo(azure, ids.nodeSubnet)).toEqual(['PUT 201', 'PUT 200']);
  });

  it.concurrent('a subnet gets a delegation, and loses it again', async () => {
    const ids = ownRegistryIds('delegated');
    await makeByHand(azure, ids, 'nodeSubnet');
    const before = await settings(ids.nodeSubnet);
    const delegation = 'Microsoft.ContainerService/managedClusters';
    await expect(update(ids, { delegation })(attempt())).resolves.toMatchObject({ delegations: [delegation] });
    await update(ids, { delegation: '' })(attempt());
    expect(await settings(ids.nodeSubnet)).toEqual(before);
  });

  it.concurrent.each(['killed', 'lost'])('a subnet is sent once where the worker or the answer is %s', async (how) => {
    const ids = ownRegistryIds(`update-${how}`);
    await makeByHand(azure, ids, 'nodeSubnet', { nodeSubnet: { properties: { addressPrefix: '192.168.1.0/24' } } });
    const work = update(ids, { defaultOutboundAccess: false });
    const first = attempt();
    if (how === 'lost') await lost(azure, 'PUT', ids.nodeSubnet, 'after');
    const heartbeat = how === 'killed' ? await killOnceSent(first, work(first)) : { sent: true };
    if (how === 'lost') expect(await activityFailure(work(first))).toMatchObject(unreachable);
    await work(attempt(2, heartbeat));
    expect(await writesTo(azure, ids.nodeSubnet)).toEqual(['PUT 201', 'PUT 200']);
  });

  it.concurrent('a subnet fails where Azure silently ignores it', async () => {
    const ids = ownRegistryIds('update-ignored');
    await makeByHand(azure, ids, 'nodeSubnet');
    await azure.fault({ method: 'PUT', path: `${ids.nodeSubnet}$`, ignore: { path: 'properties.delegations' } });
    expect(await activityFailure(update(ids, { delegation: 'Microsoft.Web/serverFarms' })(attempt()))).toMatchObject({
      type: 'ReadBackMismatch',
      message: expect.stringMatching(/^delegations: asked Microsoft.Web\/serverFarms, got none/),
    });
  });

  it.concurrent('a registry keeps everything else of it, and is sent once where the answer was lost', async () => {
    const ids = ownRegistryIds('closed');
    const registry = {
      location,
      sku: { name: 'Premium' },
      tags: { team: 'a' },
      properties: { adminUserEnabled: true },
    };
    await makeByHand(azure, ids, 'registry', { registry });
    const before = await azure.get(ids.registry);
    await lost(azure, 'PATCH', ids.registry, 'after');
    const close = call(azure.activities.updateRegistry, { id: ids.registry, ...access, anonymousPullEnabled: true });
    expect(await activityFailure(close(attempt()))).toMatchObject(unreachable);
    await close(attempt(2, { sent: true }));
    expect(await writesTo(azure, ids.registry)).toEqual(['PUT 201', 'PATCH 201']);
    const after = await azure.get(ids.registry);
    expect(after.at('tags')).toEqual({ team: 'a' });
    expect(after.at('properties')).toEqual({
      ...(before.at('properties') as object),
      publicNetworkAccess: 'Disabled',
      anonymousPullEnabled: true,
    });
  });

  it.concurrent('a record keeps whose it is, and how long it is believed', async () => {
    const ids = ownRegistryIds('record');
    await makeByHand(azure, ids, 'zone');
    const properties = { ttl: 60, metadata: { team: 'dns' }, aRecords: [{ ipv4Address: '10.0.0.4' }] };
    await azure.put(ids.registryRecord, { properties });
    await attempt().run(azure.activities.updateRecord, { id: ids.registryRecord, addresses: ['10.0.0.5', '10.0.0.6'] });
    expect((await azure.get(ids.registryRecord)).at('properties')).toMatchObject({
      ttl: 60,
      metadata: { team: 'dns' },
      aRecords: [{ ipv4Address: '10.0.0.5' }, { ipv4Address: '10.0.0.6' }],
    });
  });

  it.concurrent('puts an old value back only where Azure shows what this run wrote', async () => {
    const kind = kindOf('registryRecord');
    const ids = await prepared(azure, 'newer', kind);
    await makeByHand(azure, ids, 'registryRecord');
    await makeByHand(azure, ids, 'registry');
    await makeByHand(azure, ids, 'nodeSubnet');
    const record = { id: ids.registryRecord, addresses: ['192.168.2.9'] };
    const open = { id: ids.registry, publicNetworkAccess: 'Enabled', anonymousPullEnabled: true };
    const written = { publicNetworkAccess: 'Enabled', anonymousPullEnabled: false };
    const subnet = { id: ids.nodeSubnet, properties: { defaultOutboundAccess: null } };
    for (const undo of [
      () => azure.activities.updateRecord(record, ['192.168.2.77']),
      () => azure.activities.updateRegistry(open, written),
      () => azure.activities.updateSubnet(subnet, { defaultOutboundAccess: true }),
    ]) {
      expect(await activityFailure(attempt().run(undo))).toMatchObject({
        type: 'ChangedSince',
        details: { sent: false },
      });
    }
    await attempt().run(() => azure.activities.updateRecord(record, ['192.168.2.5']));
    expect((await azure.get(ids.registryRecord)).at('properties.aRecords')).toEqual([{ ipv4Address: '192.168.2.9' }]);
  });
});
