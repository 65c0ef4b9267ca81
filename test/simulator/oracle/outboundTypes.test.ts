import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Truth } from '../../../simulator/index.ts';
import { assign } from '../../support/ownRegistry.ts';
import { group, location, type Started, start } from '../support.ts';

let azure: Started;
let subnets: Record<'open' | 'closed' | 'routed' | 'gateway' | 'pods', string>;
let identity: object;
const network = (path: string) => `${group('ways')}/providers/Microsoft.Network/${path}`;

beforeAll(async () => {
  azure = await start();
  const block = 'Microsoft.ContainerService/NetworkIsolatedClusterPreview';
  await azure.send('POST', '/simulator/reset', {
    quotas: { standardDDSv5Family: 5000, cores: 5000 },
    features: { [block]: 'Registered' },
    roleDelaySeconds: 0,
  });
  await azure.put(group('ways'), { location });
  const sku = { name: 'Standard' };
  const address = network('publicIPAddresses/nat');
  await azure.put(address, { location, sku, properties: { publicIPAllocationMethod: 'Static' } });
  const gateway = network('natGateways/nat');
  await azure.put(gateway, { location, sku, properties: { publicIpAddresses: [{ id: address }] } });
  const table = network('routeTables/firewall');
  const out = { addressPrefix: '0.0.0.0/0', nextHopType: 'VirtualAppliance', nextHopIpAddress: '10.0.9.4' };
  await azure.put(table, { location, properties: { routes: [{ name: 'out', properties: out }] } });
  const vnet = network('virtualNetworks/v');
  const kinds = {
    open: { defaultOutboundAccess: true },
    closed: { defaultOutboundAccess: false },
    routed: { defaultOutboundAccess: false, routeTable: { id: table } },
    gateway: { defaultOutboundAccess: false, natGateway: { id: gateway } },
    pods: { defaultOutboundAccess: true },
  };
  await azure.put(vnet, {
    location,
    properties: {
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      subnets: Object.entries(kinds).map(([name, properties], index) => ({
        name,
        properties: { addressPrefix: `10.0.${index + 1}.0/24`, ...properties },
      })),
    },
  });
  const of = (name: string) => `${vnet}/subnets/${name}`;
  subnets = { open: of('open'), closed: of('closed'), routed: of('routed'), gateway: of('gateway'), pods: of('pods') };
  const plane = `${group('ways')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/plane`;
  const principal = (await azure.put(plane, { location })).at('properties.principalId');
  await assign(azure, vnet, 'networkContributor', principal);
  await azure.send('POST', '/simulator/clock', { advanceSeconds: 60 });
  identity = { type: 'UserAssigned', userAssignedIdentities: { [plane]: {} } };
  await azure.send('PUT', '/simulator/snapshots/begin');
});
// A network takes one cluster with a registry of AKS's.
beforeEach(() => azure.send('POST', '/simulator/snapshots/begin/restore'));
afterAll(() => azure.simulator.close());

let made = 0;
type Pool = Record<string, unknown>;

/** The oracle's answer about a new private cluster; one that has no way out bootstraps from AKS's registry. */
async function truthOf(outboundType: string, pools: readonly Pool[] = [{}], more: object = {}): Promise<Truth> {
  made += 1;
  const cluster = `${group('ways')}/providers/Microsoft.ContainerService/managedClusters/c${made}`;
  const closed = ['none', 'block'].includes(outboundType);
  await azure.put(cluster, {
    location,
    identity: pools.some(({ vnetSubnetID }) => vnetSubnetID) ? identity : { type: 'SystemAssigned' },
    properties: {
      dnsPrefix: `c${made}`,
      apiServerAccessProfile: { enablePrivateCluster: true },
      networkProfile: { networkPlugin: 'azure', outboundType },
      ...(closed && { bootstrapProfile: { artifactSource: 'Cache' } }),
      agentPoolProfiles: pools.map((pool, index) => ({
        name: `p${index}`,
        mode: index === 0 ? 'System' : 'User',
        count: 1,
        vmSize: 'Standard_D4ds_v5',
        ...pool,
      })),
      ...more,
    },
  });
  return (await azure.send('GET', `/simulator/truth?cluster=${cluster}`)).body as Truth;
}
/** Ways by which nodes can leave, pool by pool. */
const open = ({ nodes }: Truth): Record<string, string[]> =>
  Object.fromEntries(
    nodes.map(({ pool, waysOut }) => [
      pool,
      waysOut.filter((way) => way.closedBy === undefined).map(({ kind }) => kind),
    ]),
  );
const healthy = ({ nodes, newNodes }: Truth): boolean =>
  nodes.every(({ ready, pulls, apiServer }) => ready && pulls.ok && apiServer.ok) &&
  newNodes.every(({ bootstraps }) => bootstraps.ok);

describe('a new cluster in the network of AKS', () => {
  test.each([
    ['loadBalancer', ['loadBalancer'], false],
    ['managedNATGateway', ['natGateway'], false],
    ['managedNATGatewayV2', ['natGateway'], false],
    ['none', [], true],
    ['block', [], true],
  ] as const)('with outbound type %s leaves by %j', async (outboundType, ways, isolated) => {
    const truth = await truthOf(outboundType);
    expect([open(truth), healthy(truth), truth.isolated.ok]).toEqual([{ p0: ways }, true, isolated]);
  });
});

test('a static egress gateway lets out what its nodes send, whatever the outbound type', async () => {
  const truth = await truthOf('none', [{}, { mode: 'Gateway', gatewayProfile: { publicIPPrefixSize: 31 } }]);
  expect([open(truth), healthy(truth), truth.isolated.ok]).toEqual([{ p0: [], p1: ['publicAddress'] }, true, false]);
});

test('a NAT gateway that AKS makes has the addresses of its owner, where the cluster names them', async () => {
  const address = network('publicIPAddresses/own');
  const sku = { name: 'StandardV2' };
  await azure.put(address, { location, sku, properties: { publicIPAllocationMethod: 'Static' } });
  const natGatewayProfile = { outboundIPs: { publicIPs: [address] } };
  const outboundType = 'managedNATGatewayV2';
  const { cluster, publicAddresses } = await truthOf(outboundType, [{}], {
    networkProfile: { networkPlugin: 'azure', outboundType, natGatewayProfile },
  });
  expect((await azure.get(cluster)).at('properties.networkProfile.natGatewayProfile')).toEqual({
    ...natGatewayProfile,
    idleTimeoutInMinutes: 4,
    effectiveOutboundIPs: [{ id: address }],
  });
  // AKS has made none.
  expect(publicAddresses).toEqual([]);
});

describe('a new cluster in a network of its owner', () => {
  test.each([
    ['loadBalancer', 'closed', ['loadBalancer'], false],
    ['loadBalancer', 'gateway', ['natGateway'], false],
    ['userDefinedRouting', 'routed', ['route'], false],
    ['userAssignedNATGateway', 'gateway', ['natGateway'], false],
    ['none', 'closed', [], true],
    ['none', 'open', ['defaultOutboundAccess'], false],
    ['none', 'gateway', ['natGateway'], false],
    ['none', 'routed', ['route'], false],
  ] as const)('with outbound type %s in the subnet %s leaves by %j', async (outboundType, subnet, ways, isolated) => {
    const truth = await truthOf(outboundType, [{ vnetSubnetID: subnets[subnet] }]);
    expect([open(truth), healthy(truth), truth.isolated.ok]).toEqual([{ p0: ways }, true, isolated]);
  });

  test('has a truth for each pool: another subnet may be open', async () => {
    const truth = await truthOf('none', [{ vnetSubnetID: subnets.closed }, { vnetSubnetID: subnets.gateway }]);
    expect([open(truth), healthy(truth), truth.isolated.ok]).toEqual([{ p0: [], p1: ['natGateway'] }, true, false]);
    expect(truth.isolated.because).toEqual([expect.stringMatching(/^node aks-p1-\S+ reaches internet by natGateway/)]);
  });

  test('has a truth for its pods, where they have a subnet of their own', async () => {
    const truth = await truthOf('none', [{ vnetSubnetID: subnets.closed, podSubnetID: subnets.pods }]);
    expect([open(truth), healthy(truth), truth.isolated.ok]).toEqual([{ p0: [] }, true, false]);
    expect(truth.nodes[0]?.waysOutOfPods).toMatchObject([{ kind: 'defaultOutboundAccess' }]);
  });
});

test('Windows nodes are nodes like others, and dual stack changes no way out', async () => {
  const pools = [{}, { name: 'win', osType: 'Windows' }];
  const windows = await truthOf('loadBalancer', pools);
  expect(windows.nodes.map(({ os }) => os)).toEqual(['linux', 'windows']);
  expect([open(windows), healthy(windows)]).toEqual([{ p0: ['loadBalancer'], win: ['loadBalancer'] }, true]);
  const dual = { networkProfile: { networkPlugin: 'azure', outboundType: 'none', ipFamilies: ['IPv4', 'IPv6'] } };
  const truth = await truthOf('none', [{}], dual);
  expect([open(truth), healthy(truth), truth.isolated.ok]).toEqual([{ p0: [] }, true, true]);
});
