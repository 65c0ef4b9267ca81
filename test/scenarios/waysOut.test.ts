import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreateClusterInput, WayOut } from '../../contract/index.ts';
import { type SimulatedAzure, subscriptionId } from '../support/azure.ts';
import { type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { type OwnRegistryIds, ownRegistryBodies, ownRegistryIds } from '../support/ownRegistry.ts';
import { sampled } from '../support/sampled.ts';
import { manyClusters, ownRegistryInput } from './ownRegistry.ts';

const location = 'westeurope';
const nodes = { addressPrefix: '192.168.1.0/24', defaultOutboundAccess: false };
const of = ({ group }: OwnRegistryIds, name: string): string => `${group}/providers/Microsoft.Network/${name}`;

type Arrange = (azure: SimulatedAzure, ids: OwnRegistryIds) => Promise<unknown>;

const natGateway =
  (sku: 'Standard' | 'StandardV2'): Arrange =>
  async (azure, ids) => {
    const address = of(ids, 'publicIPAddresses/out');
    await azure.put(address, { location, sku: { name: sku }, properties: { publicIPAllocationMethod: 'Static' } });
    const ofNetwork = sku === 'StandardV2' && { sourceVirtualNetwork: { id: ids.vnet } };
    const id = of(ids, 'natGateways/out');
    const properties = { publicIpAddresses: [{ id: address }], ...ofNetwork };
    await azure.put(id, { location, sku: { name: sku }, properties });
    if (!ofNetwork) await azure.put(ids.nodeSubnet, { properties: { ...nodes, natGateway: { id } } });
  };

const routes =
  (...all: { addressPrefix: string; nextHopType: string; nextHopIpAddress?: string }[]): Arrange =>
  async (azure, ids) => {
    const id = of(ids, 'routeTables/out');
    const properties = { routes: all.map((route, index) => ({ name: `r${index}`, properties: route })) };
    await azure.put(id, { location, properties });
    await azure.put(ids.nodeSubnet, { properties: { ...nodes, routeTable: { id } } });
  };

const openSubnet: Arrange = (azure, ids) =>
  azure.put(ids.nodeSubnet, { properties: { ...nodes, defaultOutboundAccess: true } });

interface Case {
  name: string;
  arrange: Arrange;
  way: WayOut;
  problem: RegExp;
}

const ways: Case[] = [
  {
    name: 'a NAT gateway of the nodes',
    arrange: natGateway('Standard'),
    way: 'natGateway',
    problem: /^NAT gateway of subnet aks-subnet/,
  },
  {
    name: 'a NAT gateway of the whole network',
    arrange: natGateway('StandardV2'),
    way: 'natGateway',
    problem: /^NAT gateway of the network/,
  },
  {
    name: 'a default route to the internet',
    arrange: routes({ addressPrefix: '0.0.0.0/0', nextHopType: 'Internet' }),
    way: 'defaultRoute',
    problem: /^route of 0\.0\.0\.0\/0 to Internet/,
  },
  {
    name: 'a default route to an appliance',
    arrange: routes({ addressPrefix: '0.0.0.0/0', nextHopType: 'VirtualAppliance', nextHopIpAddress: '192.168.9.4' }),
    way: 'defaultRoute',
    problem: /^route of 0\.0\.0\.0\/0 to VirtualAppliance/,
  },
  {
    name: 'a route of a service tag',
    arrange: routes({ addressPrefix: 'AzureCloud', nextHopType: 'Internet' }),
    way: 'defaultRoute',
    problem: /^route of AzureCloud to Internet/,
  },
];

/** The network of the guide under its own resource ID, changed. */
async function given(azure: SimulatedAzure, name: string, arrange: Arrange): Promise<CreateClusterInput> {
  const ids = ownRegistryIds(name);
  await azure.put(ids.group, { location });
  await azure.put(ids.vnet, ownRegistryBodies(ids).vnet);
  await arrange(azure, ids);
  return ownRegistryInput(name, { network: { virtualNetworkId: ids.vnet } });
}

describe('createCluster in a network that is there', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  const refused = async (input: CreateClusterInput) => {
    const before = await harness.azure.writesTo(input);
    const { type, problems } = await problemsOf((await harness.client.createCluster(input)).result());
    expect(type).toBe('PreflightFailed');
    expect(await harness.azure.writesTo(input)).toEqual(before);
    return problems;
  };

  it.concurrent.each(
    sampled(
      ways.map((each, index) => ({ ...each, cluster: `way${index}` })),
      3,
    ),
  )('writes nothing where there is $name, unless that is accepted', async ({ cluster, arrange, way, problem }) => {
    const input = await given(harness.azure, cluster, arrange);
    expect(await refused(input)).toEqual([
      {
        where: expect.stringContaining(`/subscriptions/${subscriptionId}`),
        problem: expect.stringMatching(problem),
        whatToDo: expect.stringContaining(`add ${way} to accept`),
      },
    ]);
    const result = await (await harness.client.createCluster({ ...input, accept: [way], dryRun: true })).result();
    expect(result).toMatchObject({ outcome: 'planned', plan: { problems: [] } });
  });

  inFull.it('tells two halves of the internet apart, and both', async () => {
    const input = await given(
      harness.azure,
      'halves',
      routes(
        { addressPrefix: '0.0.0.0/1', nextHopType: 'Internet' },
        { addressPrefix: '128.0.0.0/1', nextHopType: 'Internet' },
      ),
    );
    expect((await refused(input)).map(({ problem }) => problem)).toEqual([
      expect.stringContaining('0.0.0.0/1'),
      expect.stringContaining('128.0.0.0/1'),
    ]);
  });

  it('makes a cluster beside a NAT gateway that is accepted, and says so', async () => {
    const input = await given(harness.azure, 'accepted', natGateway('Standard'));
    const result = await (await harness.client.createCluster({ ...input, accept: ['natGateway'] })).result();
    expect(result).toMatchObject({ outcome: 'verified' });
    const checks = result.outcome === 'verified' ? result.checks : [];
    expect(checks.find(({ id }) => id === 'natGateway')).toMatchObject({ verdict: 'missed', accepted: true });
    expect(checks.find(({ id }) => id === 'natGatewayState:out')).toMatchObject({ verdict: 'met' });
  });

  it('closes default outbound access by itself, and is not stopped by it', async () => {
    const input = await given(harness.azure, 'open', openSubnet);
    const result = await (await harness.client.createCluster(input)).result();
    expect(result).toMatchObject({ outcome: 'verified' });
  });

  it.each<[WayOut[], Partial<CreateClusterInput>]>([
    [['natGateway', 'publicAddresses'], {}],
    [['defaultRoute'], { registry: { mode: 'managed' } }],
    [['nodePublicAddresses'], { registry: { mode: 'managed' } }],
  ])('takes no exception that does not exist: %j', async (accept, more) => {
    const problems = await refused({ ...ownRegistryInput('nothing'), ...more, accept });
    expect(problems).toEqual(
      accept.map((way, index) => ({
        where: `accept[${index}]`,
        problem: `the cluster has nothing like ${way}`,
        whatToDo: expect.stringContaining('Remove it'),
      })),
    );
  });

  it('asks the preconditions of the network before it writes', async () => {
    const input = await given(harness.azure, 'encrypted', async (azure, { vnet }) => {
      const { addressSpace } = (await azure.get(vnet)).at('properties') as { addressSpace: object };
      const encryption = { enabled: true, enforcement: 'AllowUnencrypted' };
      await azure.put(vnet, { location, properties: { addressSpace, encryption } });
    });
    const [problem] = await refused({ ...input, apiServerAccess: 'vnetIntegration' });
    expect(problem?.problem).toMatch(/encrypts traffic, which API server VNet integration does not support.*read 2026/);
  });
});
