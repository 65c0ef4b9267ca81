import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Started, versioned, wireCluster } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('rg');
});
afterAll(() => azure.simulator.close());

const { id } = clustersIn('rg', () => azure);
const send = (name: string, body: unknown) => azure.send('PUT', versioned(id(name)), body);
const network = (outboundType: string, more: Record<string, unknown> = {}) => ({
  networkProfile: { networkPlugin: 'azure', outboundType, ...more },
});
const pool = (more: Record<string, unknown>) => ({
  agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5', ...more }],
});
const v2 = { natGatewayProfile: { sku: 'StandardV2', managedOutboundIPProfile: { count: 2 } } };

/** Sets the outbound type of a cluster, and nothing else. */
async function move(name: string, outboundType: string, more: Record<string, unknown> = {}) {
  const { body } = await azure.get(id(name));
  const whole = structuredClone(body) as { properties: { networkProfile: Record<string, unknown> } };
  const { loadBalancerProfile: _balancer, natGatewayProfile: _gateway, ...kept } = whole.properties.networkProfile;
  whole.properties.networkProfile = { ...kept, outboundType, ...more };
  return send(name, whole);
}

const closed = { apiServerAccessProfile: { enablePrivateCluster: true } };
const cached = { bootstrapProfile: { artifactSource: 'Cache' } };

test.each<[string, Record<string, unknown>, string]>([
  ['pools of availability sets', { ...cached, ...pool({ type: 'AvailabilitySet' }) }, 'AvailabilitySet'],
  ['pools of virtual machines', { ...cached, ...pool({ type: 'VirtualMachines' }) }, 'VirtualMachines'],
  ['a Basic load balancer', { ...cached, ...network('loadBalancer', { loadBalancerSku: 'basic' }) }, 'SKU basic'],
])('of a cluster with %s cannot be set', async (_what, properties, because) => {
  const name = because.toLowerCase().replaceAll(/\W/g, '');
  const refused = { status: 400, body: { code: 'InvalidParameter', message: expect.stringContaining(because) } };
  await azure.put(id(name), wireCluster(properties));
  expect(await move(name, 'none')).toMatchObject(refused);
  const fresh = { ...properties, networkProfile: { ...Object(properties.networkProfile), outboundType: 'none' } };
  expect(await send('fresh', wireCluster(fresh))).toMatchObject(refused);
  // Everything else of it can be changed.
  expect((await azure.put(id(name), (await azure.get(id(name))).body)).status).toBe(200);
});

describe('of a cluster with node auto-provisioning', () => {
  const auto = { nodeProvisioningProfile: { mode: 'Auto' } };

  test('cannot be changed, though it can be any from the start', async () => {
    await azure.put(id('auto'), wireCluster({ ...auto, ...cached }));
    expect(await move('auto', 'none')).toMatchObject({
      status: 400,
      body: { code: 'OperationNotAllowed', message: expect.stringContaining('nodeProvisioningProfile.mode is Auto') },
    });
    await azure.put(id('autonone'), wireCluster({ ...auto, ...cached, ...network('none'), ...closed }));
  });

  test('such a cluster cannot be stopped, nor have kubenet or Windows pools', async () => {
    await azure.put(id('never'), wireCluster(auto));
    expect(await azure.send('POST', versioned(`${id('never')}/stop`))).toMatchObject({
      status: 400,
      body: { code: 'OperationNotAllowed' },
    });
    const windows = {
      agentPoolProfiles: [...pool({}).agentPoolProfiles, { name: 'win', mode: 'User', count: 1, osType: 'Windows' }],
    };
    for (const other of [{ networkProfile: { networkPlugin: 'kubenet' } }, windows]) {
      expect(await send('other', wireCluster({ ...auto, ...other }))).toMatchObject({
        status: 400,
        body: { code: 'OperationNotAllowed', message: expect.stringContaining('cannot be Auto') },
      });
    }
  });
});

describe('with NAT gateways of the second generation', () => {
  test.each([
    ['a SKU', 'managedNATGateway', v2],
    ['an outbound type', 'managedNATGatewayV2', {}],
  ])('told by %s leads to none and block alone', async (what, outboundType, more) => {
    const name = `v2${what.length}`;
    const made = await azure.put(id(name), wireCluster({ ...cached, ...network(outboundType, more) }));
    expect(made.at('properties.networkProfile')).toMatchObject({
      outboundType,
      natGatewayProfile: { effectiveOutboundIPs: [{ id: expect.any(String) }], idleTimeoutInMinutes: 4 },
    });
    expect(made.at('properties.networkProfile')).toMatchObject(more);
    for (const other of ['loadBalancer', 'managedNATGateway']) {
      expect(await move(name, other, { natGatewayProfile: { sku: 'Standard' } })).toMatchObject({
        status: 400,
        body: { code: 'OutboundTypeChangeNotAllowed', message: expect.stringContaining("from 'managedNATGatewayV2'") },
      });
    }
    expect((await move(name, 'none')).status).toBe(200);
  });

  test('is where the first generation can go', async () => {
    await azure.put(id('first'), wireCluster(network('managedNATGateway')));
    expect((await move('first', 'managedNATGateway', v2)).status).toBe(200);
  });
});
