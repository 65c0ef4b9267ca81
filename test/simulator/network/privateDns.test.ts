import { PrivateDnsManagementClient } from '@azure/arm-privatedns';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aRecord } from '../../support/ownRegistry.ts';
import { all, group, hold, location, polling, type Started, secondsOf, start, subscription } from '../support.ts';

const network = (rg: string) => `${group(rg)}/providers/Microsoft.Network`;
const vnet = `${network('dns')}/virtualNetworks/v`;
const zoneId = (name: string, rg = 'dns') => `${network(rg)}/privateDnsZones/${name}`;
const global = { location: 'global' };
const linkTo = (id: string) => ({ ...global, properties: { virtualNetwork: { id }, registrationEnabled: false } });

let azure: Started;
let dns: PrivateDnsManagementClient;
beforeAll(async () => {
  azure = await start();
  dns = new PrivateDnsManagementClient(azure.credential, subscription, azure.client);
  for (const name of ['dns', 'other']) await azure.put(group(name), { location });
  await azure.put(vnet, { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } });
});
afterAll(() => azure.simulator.close());

const send = (method: string, id: string, body?: unknown, headers?: Record<string, string>) =>
  azure.send(method, `${id}?api-version=2024-06-01`, body, headers);
const refused = (status: number, code: string) => ({ status, body: { error: { code, message: expect.any(String) } } });
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

test('a zone with its link and record is made, listed and deleted through the SDK', async () => {
  const name = 'sdk.azurecr.io';
  expect(await dns.privateZones.createOrUpdate('dns', name, global, polling)).toMatchObject({
    ...global,
    name,
    etag: expect.stringMatching(guid),
    maxNumberOfRecordSets: 25000,
    maxNumberOfVirtualNetworkLinks: 1000,
    maxNumberOfVirtualNetworkLinksWithRegistration: 100,
    numberOfRecordSets: 1,
    numberOfVirtualNetworkLinks: 0,
    provisioningState: 'Succeeded',
  });
  const { properties, ...rest } = linkTo(vnet);
  const link = await dns.virtualNetworkLinks.createOrUpdate(
    'dns',
    name,
    'MyDNSLink',
    { ...rest, ...properties },
    polling,
  );
  expect(link).toMatchObject({
    name: 'mydnslink',
    id: `${zoneId(name)}/virtualNetworkLinks/mydnslink`,
    etag: expect.stringMatching(/^"[0-9a-f-]{36}"$/),
    registrationEnabled: false,
    resolutionPolicy: 'Default',
    virtualNetwork: { id: vnet },
    virtualNetworkLinkState: 'Completed',
    provisioningState: 'Succeeded',
  });
  const aRecords = [{ ipv4Address: '10.0.0.4' }];
  const record = await dns.recordSets.createOrUpdate('dns', name, 'A', 'reg.westeurope.data', { ttl: 3600, aRecords });
  expect(record).toMatchObject({
    fqdn: `reg.westeurope.data.${name}.`,
    ttl: 3600,
    isAutoRegistered: false,
    aRecords,
    etag: expect.stringMatching(guid),
  });
  expect(await dns.recordSets.get('dns', name, 'A', 'reg.westeurope.data')).toEqual(record);
  expect((await all(dns.recordSets.listByType('dns', name, 'A'))).map((one) => one.name)).toEqual([record.name]);
  expect((await all(dns.recordSets.list('dns', name))).map((one) => one.name)).toEqual(['@', record.name]);
  expect(await dns.privateZones.get('dns', name)).toMatchObject({
    numberOfRecordSets: 2,
    numberOfVirtualNetworkLinks: 1,
  });
  expect(await all(dns.virtualNetworkLinks.list('dns', name))).toEqual([link]);

  await dns.virtualNetworkLinks.delete('dns', name, 'MyDNSLink', polling);
  await dns.privateZones.delete('dns', name, polling);
  // A zone can be deleted with its records.
  expect((await send('GET', zoneId(name))).status).toBe(404);
  expect(Object.keys(await azure.state()).filter((id) => id.includes(name))).toEqual([]);
});

describe('the operation', () => {
  const zone = zoneId('operation.io');
  test.each<[string, string, string, unknown]>([
    ['PUT', 'zone', zone, global],
    ['PUT', 'link', `${zone}/virtualNetworkLinks/l`, linkTo(vnet)],
    ['DELETE', 'link', `${zone}/virtualNetworkLinks/l`, undefined],
    ['DELETE', 'zone', zone, undefined],
  ])('of a %s %s answers 202 until it has ended, and 200 without headers then', async (method, _what, id, body) => {
    const first = await send(method, id, body);
    expect(first).toMatchObject({ status: 202, body: {} });
    const [url, location] = [String(first.headers['azure-asyncoperation']), String(first.headers.location)];
    expect(url).toContain(`${group('dns')}/providers/Microsoft.Network/privateDnsOperationStatuses/`);
    expect(location).toContain(`${group('dns')}/providers/Microsoft.Network/privateDnsOperationResults/`);
    const end = await azure.answerAtEnd(first);
    expect(end).toMatchObject({ status: 200, body: { status: 'Succeeded' } });
    expect(end.headers['azure-asyncoperation']).toBeUndefined();
    expect(end.headers.location).toBeUndefined();
    expect((await azure.send('GET', location)).status).toBe(200);
    expect(await secondsOf(azure, method, id)).toEqual([1, 30]);
  });

  test.each([
    ['a zone', zoneId('running.io'), global],
    ['a link', `${zoneId('linked.io')}/virtualNetworkLinks/l`, linkTo(vnet)],
  ])(
    'of %s shows nothing before its end, is signed again on every poll, and admits no other',
    async (_what, id, body) => {
      await azure.put(zoneId('linked.io'), global);
      await hold(azure, 'PUT', `${id}$`);
      const { headers } = await send('PUT', id, body);
      const url = String(headers['azure-asyncoperation']);
      for (const poll of [await azure.send('GET', url), await azure.send('GET', url)]) {
        expect(poll).toMatchObject({ status: 202, body: { status: 'InProgress' } });
        expect(poll.headers['azure-asyncoperation']).not.toBe(url);
        expect(poll.headers['azure-asyncoperation']?.split('?')[0]).toBe(url.split('?')[0]);
        expect(poll.headers.location).toContain('/privateDnsOperationResults/');
      }
      expect((await azure.send('GET', String(headers.location))).status).toBe(202);
      expect((await send('GET', id)).status).toBe(404);
      expect(await send('PUT', id, body)).toMatchObject(refused(409, 'Conflict'));
    },
  );
});

describe('links', () => {
  const zone = zoneId('privatelink.azurecr.io');
  const link = `${zone}/virtualNetworkLinks/mine`;
  const twin = `${zoneId('privatelink.azurecr.io', 'other')}/virtualNetworkLinks/second`;
  beforeAll(async () => {
    await azure.put(zone, global);
    await azure.put(link, linkTo(vnet));
    await azure.put(zoneId('privatelink.azurecr.io', 'other'), global);
    await azure.put(zoneId('privatelink.vaultcore.azure.net', 'other'), global);
    await azure.put(`${network('dns')}/virtualNetworks/second`, {
      location,
      properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] } },
    });
  });

  test('tie a network to one zone of a name only', async () => {
    expect(await send('PUT', twin, linkTo(vnet))).toMatchObject(refused(409, 'Conflict'));
    expect(await send('PUT', `${zone}/virtualNetworkLinks/again`, linkTo(vnet))).toMatchObject(
      refused(409, 'Conflict'),
    );
    const elsewhere = `${zoneId('privatelink.vaultcore.azure.net', 'other')}/virtualNetworkLinks/l`;
    await azure.put(elsewhere, linkTo(vnet));
    expect((await azure.get(elsewhere)).status).toBe(200);
    await azure.put(`${zone}/virtualNetworkLinks/two`, linkTo(`${network('dns')}/virtualNetworks/second`));
  });

  test('are found in any case, and updated under the name they have', async () => {
    await azure.put(`${zone}/virtualNetworkLinks/MINE`, { ...linkTo(vnet), tags: { a: 'b' } });
    expect((await send('GET', `${zone}/virtualNetworkLinks/Mine`)).body).toMatchObject({ id: link, tags: { a: 'b' } });
  });

  const fresh = `${zone}/virtualNetworkLinks/fresh`;
  test.each([
    ['to a network that is not there', fresh, linkTo(`${vnet}9`), 400, 'BadRequest'],
    ['to another network than before', link, linkTo(`${network('dns')}/virtualNetworks/second`), 400, 'BadRequest'],
    ['in a region', fresh, { ...linkTo(vnet), location }, 400, 'InvalidRequestContent'],
    ['of no zone', `${zoneId('none.io')}/virtualNetworkLinks/l`, linkTo(vnet), 404, 'ParentResourceNotFound'],
  ])('%s are refused', async (_what, id, body, status, code) => {
    expect(await send('PUT', id, body)).toMatchObject(refused(status, code));
  });

  test('keep their zone', async () => {
    expect(await send('DELETE', zone)).toMatchObject(refused(409, 'CannotDeleteResource'));
    expect((await send('GET', zone)).status).toBe(200);
  });

  test('that are being made keep it, too', async () => {
    const id = zoneId('unfinished.io');
    await azure.put(id, global);
    await hold(azure, 'PUT', `${id}/virtualNetworkLinks/l$`);
    expect((await send('PUT', `${id}/virtualNetworkLinks/l`, linkTo(vnet))).status).toBe(202);
    expect(await send('DELETE', id)).toMatchObject(refused(409, 'Conflict'));
  });
});

describe('records', () => {
  const zone = zoneId('records.io');
  const record = (name: string) => `${zone}/A/${name}`;
  beforeAll(() => azure.put(zone, global));

  test('are written in one answer and get a new etag each time', async () => {
    const created = await send('PUT', record('one'), { properties: { ttl: 3600 } });
    expect(created).toMatchObject({
      status: 201,
      body: {
        id: record('one'),
        name: 'one',
        type: 'Microsoft.Network/privateDnsZones/A',
        etag: expect.stringMatching(guid),
        properties: { fqdn: 'one.records.io.', ttl: 3600, aRecords: [], isAutoRegistered: false },
      },
    });
    expect(created.headers['azure-asyncoperation']).toBeUndefined();
    const updated = await send('PUT', record('one'), { etag: created.at('etag'), ...aRecord('10.0.0.4', '10.0.0.5') });
    expect(updated).toMatchObject({
      status: 200,
      body: { properties: { aRecords: [{ ipv4Address: '10.0.0.4' }, { ipv4Address: '10.0.0.5' }] } },
    });
    expect(updated.at('etag')).not.toBe(created.at('etag'));
    expect((await send('GET', record('one'))).body).toEqual(updated.body);
    expect((await send('DELETE', record('one'))).status).toBe(200);
    expect((await send('DELETE', record('one'))).status).toBe(204);
  });

  test('carry metadata, and at the top of the zone its own name', async () => {
    const { properties } = aRecord('10.0.0.4');
    expect(await send('PUT', record('@'), { properties: { ...properties, metadata: { a: 'b' } } })).toMatchObject({
      status: 201,
      body: { properties: { fqdn: 'records.io.', metadata: { a: 'b' } } },
    });
  });

  test.each([
    ['no IPv4 address', record('bad'), aRecord('10.0.0.400'), 400, 'InvalidRequestContent'],
    ['no lifetime', record('bad'), { properties: { aRecords: [] } }, 400, 'InvalidRequestContent'],
    ['no zone', `${zoneId('none.io')}/A/bad`, aRecord('10.0.0.4'), 404, 'ParentResourceNotFound'],
  ])('with %s are refused', async (_what, id, body, status, code) => {
    expect(await send('PUT', id, body)).toMatchObject(refused(status, code));
  });
});

describe('conditions', () => {
  const zone = zoneId('conditions.io');
  const link = `${zone}/virtualNetworkLinks/l`;
  const record = `${zone}/A/r`;
  const bodies: [string, string, unknown][] = [
    ['zone', zone, global],
    ['link', link, linkTo(vnet)],
    ['record', record, aRecord('10.0.0.4')],
  ];
  beforeAll(async () => {
    for (const [, id, body] of bodies) {
      const made = await send('PUT', id, body, { 'if-none-match': '*' });
      if (made.headers['azure-asyncoperation']) await azure.answerAtEnd(made);
    }
  });

  test.each(bodies)('on a %s that do not hold get 412', async (_what, id, body) => {
    const failed = refused(412, 'PreconditionFailed');
    expect(await send('PUT', id, body, { 'if-none-match': '*' })).toMatchObject(failed);
    expect(await send('PUT', id, body, { 'if-match': '00000000-0000-0000-0000-000000000000' })).toMatchObject(failed);
    expect(await send('DELETE', id, undefined, { 'if-match': '"stale"' })).toMatchObject(failed);
    const etag = String((await send('GET', id)).at('etag'));
    expect((await send('PUT', id, body, { 'if-match': etag })).status).toBeLessThan(300);
  });

  test('in the body of a record count as well', async () => {
    const stale = { etag: '00000000-0000-0000-0000-000000000000', ...aRecord('10.0.0.9') };
    expect(await send('PUT', record, stale)).toMatchObject(refused(412, 'PreconditionFailed'));
    expect((await send('GET', record)).at('properties.aRecords.0.ipv4Address')).toBe('10.0.0.4');
  });
});
