import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, group, location, type Started, start, version, versioned, wireCluster } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.put(group('rg'), { location });
  await azure.put(vnet('there'), network());
  await azure.put(identity('there'), { location });
  await azure.put(cluster('there'), wireCluster());
});
afterAll(() => azure.simulator.close());

const at = (type: string, name: string) => `${group('rg')}/providers/${type}/${name}`;
const vnet = (name: string) => at('Microsoft.Network/virtualNetworks', name);
const identity = (name: string) => at('Microsoft.ManagedIdentity/userAssignedIdentities', name);
const registry = (name: string) => at('Microsoft.ContainerRegistry/registries', name);
const zone = (name: string) => at('Microsoft.Network/privateDnsZones', name);
const cluster = (name: string) => at('Microsoft.ContainerService/managedClusters', name);
const network = (properties: Record<string, unknown> = {}, top: Record<string, unknown> = {}) => ({
  location,
  properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, ...properties },
  ...top,
});
const put = (id: string, body: unknown): Promise<Answer> => azure.send('PUT', versioned(id), body);

describe('Microsoft.Network', () => {
  test.each<[string, unknown, string]>([
    [
      'an unknown property',
      network({ speed: 9 }),
      "Could not find member 'speed' on object of type 'VirtualNetworkPropertiesFormat'. Path 'properties.speed'.",
    ],
    [
      'an unknown property of a subnet',
      network({ subnets: [{ name: 's', properties: { addressPrefix: '10.0.0.0/24', prefix: 'x' } }] }),
      "Path 'properties.subnets[0].properties.prefix'.",
    ],
    [
      'a mistyped property',
      network({ enableDdosProtection: 'yes' }),
      `Error converting value "yes" to type 'boolean'. Path 'properties.enableDdosProtection'.`,
    ],
    ['a value that is not allowed', network({ privateEndpointVNetPolicies: 'Maybe' }), 'allowed is Disabled, Basic'],
  ])('%s is InvalidJson, with its place', async (_what, body, message) => {
    expect(await put(vnet('v'), body)).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'InvalidRequestFormat',
          message: 'Cannot parse the request.',
          details: [{ code: 'InvalidJson', message: expect.stringContaining(message) }],
        },
      },
    });
    expect((await azure.get(vnet('v'))).status).toBe(404);
  });

  test.each([
    [vnet('-v'), network()],
    [vnet('v'.repeat(65)), network()],
    [`${vnet('there')}/subnets/s-`, { properties: { addressPrefix: '10.0.0.0/24' } }],
    [zone('one'), { location: 'global' }],
  ])('the name of %s is refused', async (id, body) => {
    const answer = await put(id, body);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'InvalidResourceName' } } });
    expect(answer.at('error.message')).toContain(`Resource name ${id.split('/').at(-1)} is invalid.`);
  });

  test('values that Azure has given cannot be changed', async () => {
    const read = (await azure.get(vnet('there'))).body as { properties: Record<string, unknown> };
    const changed = { ...read, properties: { ...read.properties, resourceGuid: crypto.randomUUID() } };
    expect(await put(vnet('there'), changed)).toMatchObject({
      status: 400,
      body: { error: { details: [{ message: expect.stringContaining("'properties.resourceGuid' is read-only") }] } },
    });
    expect((await put(vnet('there'), read)).status).toBe(200);
  });
});

describe('AKS', () => {
  test.each<[string, unknown, string, string]>([
    [
      'an unknown property',
      wireCluster({ bootstrapProfil: {} }),
      'UnmarshalError',
      'json: unknown field "bootstrapProfil"',
    ],
    [
      'one that is misplaced in a pool',
      wireCluster({ agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', properties: {} }] }),
      'UnmarshalError',
      'json: unknown field "properties"',
    ],
    [
      'a mistyped property',
      wireCluster({ enableRBAC: 'true' }),
      'UnmarshalError',
      'cannot unmarshal string into field properties.enableRBAC of type boolean',
    ],
    [
      'a missing property',
      wireCluster({ agentPoolProfiles: [{ mode: 'System', count: 1 }] }),
      'InvalidParameter',
      'properties.agentPoolProfiles[0].name',
    ],
    [
      'a value that is not allowed',
      wireCluster({ networkProfile: { outboundType: 'nothing' } }),
      'InvalidParameter',
      "'nothing' is none of loadBalancer",
    ],
  ])('refuses %s, unwrapped', async (_what, body, code, message) => {
    expect(await put(cluster('c'), body)).toMatchObject({
      status: 400,
      body: { code, message: expect.stringContaining(message), details: null, subcode: '' },
    });
  });

  test('enumerations are compared without case', async () => {
    const body = wireCluster({ networkProfile: { outboundType: 'LoadBalancer' } });
    expect((await put(cluster('upper'), body)).at('properties.networkProfile.outboundType')).toBe('loadBalancer');
  });

  test('an API version before 2024-01-01 ignores what it does not know', async () => {
    const body = wireCluster({ bootstrapProfil: {} });
    expect((await azure.send('PUT', `${cluster('old')}?api-version=2023-11-01`, body)).status).toBe(201);
  });

  test('values that AKS has given cannot be changed', async () => {
    const read = (await azure.get(cluster('there'))).body as { properties: Record<string, unknown> };
    const changed = { ...read, properties: { ...read.properties, fqdn: 'else.hcp.westeurope.azmk8s.io' } };
    expect(await put(cluster('there'), changed)).toMatchObject({
      status: 400,
      body: { code: 'PropertyChangeNotAllowed' },
    });
  });

  test('a name has letters and digits at its ends', async () => {
    expect(await put(cluster('c-'), wireCluster())).toMatchObject({ status: 400, body: { code: 'InvalidParameter' } });
  });
});

describe('ARM itself', () => {
  test.each<[string, string, unknown, string]>([
    [
      'an outer property of a tracked resource',
      vnet('v'),
      network({}, { sku: {} }),
      "member 'sku' on object of type 'ResourceDefinition'",
    ],
    [
      'an unknown property of a registry',
      registry('strict01'),
      { location, sku: { name: 'Premium' }, properties: { public: false } },
      "'public'",
    ],
    ['a registry without a SKU', registry('strict01'), { location, properties: {} }, "Required property 'sku'"],
    ['a mistyped tag', identity('strict'), { location, tags: { a: 1 } }, "Path 'tags.a'"],
    ['another name in the body', identity('strict'), { location, name: 'other' }, "'name' is read-only"],
    ['another ID in the body', identity('strict'), { location, id: identity('other') }, "'id' is read-only"],
    ['an unknown property of a group', group('strict'), { location, colour: 'red' }, "'colour'"],
  ])('refuses %s', async (_what, id, body, message) => {
    expect(await put(id, body)).toMatchObject({
      status: 400,
      headers: { 'x-ms-failure-cause': 'gateway' },
      body: { error: { code: 'InvalidRequestContent', message: expect.stringContaining(message) } },
    });
    expect((await azure.get(id)).status).toBe(404);
  });

  test.each([
    [identity('ab'), 'InvalidResourceName'],
    [group('ends.'), 'InvalidResourceGroup'],
    [`${group('rg')}/providers/Microsoft.Authorization/locks/${encodeURIComponent('a<b')}`, 'InvalidResourceName'],
  ])('the name of %s is refused', async (id, code) => {
    const body = id.includes('/locks/') ? { properties: { level: 'CanNotDelete' } } : { location };
    expect(await put(id, body)).toMatchObject({ status: 400, body: { error: { code } } });
  });

  test('an API version that a type does not have is refused, with those that it has', async () => {
    const unsupported = 'api-version=2031-01-01';
    const existing = await azure.send('GET', `${cluster('there')}?${unsupported}`);
    expect(existing).toMatchObject({ status: 400, body: { error: { code: 'NoRegisteredProviderFound' } } });
    expect(existing.at('error.message')).toMatch(
      /location 'westeurope' and API version '2031-01-01' for type 'managedClusters'\. The supported api-versions are '2017-08-31, .*2026-06-01'/,
    );
    const unknown = await azure.send('GET', `${cluster('not-there')}?${unsupported}`);
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'InvalidResourceType' } } });
    // Private DNS has versions of its own in its namespace.
    expect((await azure.send('GET', `${zone('a.b')}?api-version=2025-07-01`)).at('error.code')).toBe(
      'InvalidResourceType',
    );
    expect((await azure.send('GET', `${cluster('there')}?${version}`)).status).toBe(200);
  });

  test.each<[string, string, unknown, number, string]>([
    [
      'a place where nothing can be',
      vnet('v'),
      { ...network(), location: 'atlantis' },
      400,
      'LocationNotAvailableForResourceType',
    ],
    ['another place than before', vnet('there'), { ...network(), location: 'eastus' }, 409, 'InvalidResourceLocation'],
    [
      'a parent that is not there',
      `${vnet('none')}/subnets/a`,
      { properties: { addressPrefix: '10.0.0.0/24' } },
      404,
      'ParentResourceNotFound',
    ],
    [
      'a cluster outside of groups',
      '/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.ContainerService/managedClusters/c',
      wireCluster(),
      404,
      'InvalidResourceType',
    ],
    [
      'an assignment at a scope that is not there',
      `${vnet('none')}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`,
      { properties: { roleDefinitionId: '/x/7f951dda-4ed3-4680-a7ca-43fe172d538d', principalId: crypto.randomUUID() } },
      404,
      'ResourceNotFound',
    ],
  ])('refuses %s', async (_what, id, body, status, code) => {
    const answer = await put(id, body);
    expect(answer.status).toBe(status);
    expect(answer.at('error.code')).toBe(code);
  });
});
