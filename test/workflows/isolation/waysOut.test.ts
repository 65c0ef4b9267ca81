import { describe, expect, it } from '@jest/globals';
import type { WayOut } from '../../../contract/index.ts';
import type { AuditFacts } from '../../../resources/discovery.ts';
import type { ClusterFacts } from '../../../resources/managedClusters.ts';
import { isolationChecks } from '../../../workflows/isolation/checks.ts';
import {
  closedSubnet,
  inNetwork,
  isolated,
  ordinary,
  ownSubnet,
  planChange,
  planIsolate,
  pool,
  seen,
  systemPool,
} from '../existingCluster/support.ts';
import { problemTexts, subscription } from '../support.ts';

const facts = (changes: Partial<AuditFacts> = {}): AuditFacts => ({
  endpoints: [],
  kubeletRoles: [],
  subnets: [closedSubnet],
  publicAddresses: [],
  routesOut: [],
  ...changes,
});

type OpenCase = [way: WayOut, facts: AuditFacts, cluster: Partial<ClusterFacts>];
const open: OpenCase[] = [
  ['natGateway', facts({ subnets: [{ ...closedSubnet, natGatewayId: '/nat' }] }), {}],
  ['defaultRoute', facts({ routesOut: [{ routeTableId: '/rt', nextHopType: 'VirtualAppliance' }] }), {}],
  ['defaultRoute', facts({ routesOut: [{ routeTableId: '/rt', nextHopType: 'Internet' }] }), {}],
  ['defaultRoute', facts({ routesOut: [{ routeTableId: '/rt', nextHopType: 'VirtualNetworkGateway' }] }), {}],
  ...['128.0.0.0/1', '::/0', '8.8.8.0/24', 'AzureCloud'].map(
    (addressPrefix): OpenCase => [
      'defaultRoute',
      facts({ routesOut: [{ routeTableId: '/rt', addressPrefix, nextHopType: 'Internet' }] }),
      {},
    ],
  ),
  ['publicAddresses', facts({ publicAddresses: ['/of-a-service'] }), {}],
  ['nodePublicAddresses', facts(), { agentPoolProfiles: [systemPool, pool('work', { enableNodePublicIP: true })] }],
  ['nodePublicAddresses', facts(), { agentPoolProfiles: [systemPool, pool('egress', { mode: 'Gateway' })] }],
];

describe('a way out beside the outbound type', () => {
  const plan = (found: Partial<ClusterFacts>, dependencies: AuditFacts, accept: WayOut[] = []) =>
    problemTexts(planIsolate(seen(inNetwork(ordinary(found)), { dependencies }), { accept }));
  const inTheWay = /a way out that stays open/;

  it.each(open)('is a problem of isolateCluster: %s', (_way, dependencies, found) => {
    expect(plan(found, dependencies)).toContainEqual(expect.stringMatching(inTheWay));
  });

  it.each(open)('is none where the input accepts it by name: %s', (way, dependencies, found) => {
    expect(plan(found, dependencies, [way])).not.toContainEqual(expect.stringMatching(inTheWay));
  });

  it.each(open)('is not accepted by the name of another: %s', (way, dependencies, found) => {
    const other = way === 'natGateway' ? 'publicAddresses' : 'natGateway';
    expect(plan(found, dependencies, [other])).toContainEqual(expect.stringMatching(inTheWay));
  });

  it('is not accepted where there is none', () => {
    expect(plan({}, facts(), ['natGateway'])).toContainEqual(expect.stringMatching(/nothing like natGateway/));
  });

  it('is not the address of the outbound type, which goes with it', () => {
    const own = facts({ publicAddresses: ['/egress'] });
    expect(plan({ outboundAddresses: ['/Egress'] }, own)).not.toContainEqual(expect.stringMatching(inTheWay));
  });

  it('is a subnet with default outbound access only where the plan does not close it', () => {
    const open = facts({ subnets: [{ ...closedSubnet, defaultOutboundAccess: true }] });
    expect(plan({}, open)).not.toContainEqual(expect.stringMatching(inTheWay));
    const change = problemTexts(planChange(seen(inNetwork(isolated()), { dependencies: open })));
    expect(change).toContainEqual(expect.stringMatching(inTheWay));
  });

  it('is no NAT gateway that AKS manages, and takes away with the outbound type', () => {
    const natGatewayId = `${subscription}/resourceGroups/MC_rg_cluster_westeurope/providers/Microsoft.Network/natGateways/aks`;
    const managed = facts({ subnets: [{ ...closedSubnet, natGatewayId }] });
    expect(plan({ outboundType: 'managedNATGateway' }, managed)).not.toContainEqual(expect.stringMatching(inTheWay));
    expect(plan({ outboundType: 'loadBalancer' }, managed)).toContainEqual(expect.stringMatching(inTheWay));
  });

  it('is no NAT gateway without an address, unless nobody could look', () => {
    const of = (natGateways: NonNullable<AuditFacts['natGateways']>) =>
      facts({ subnets: [{ ...closedSubnet, natGatewayId: '/nat' }], natGateways });
    const gateway = { id: '/NAT', provisioningState: 'Succeeded' };
    expect(plan({}, of([{ ...gateway, addressIds: [] }]))).not.toContainEqual(expect.stringMatching(inTheWay));
    expect(plan({}, of([gateway]))).toContainEqual(expect.stringMatching(inTheWay));
    expect(plan({}, of([]))).toContainEqual(expect.stringMatching(inTheWay));
  });

  describe('after an update that failed', () => {
    const group = `${subscription}/resourceGroups/MC_rg_cluster_westeurope/providers/Microsoft.Network`;
    const natGatewayId = `${group}/natGateways/aks`;
    const addressIds = [`${group}/publicIPAddresses/of-the-gateway`];
    const natGateways = [{ id: natGatewayId, provisioningState: 'Succeeded', addressIds }];
    const left: [what: string, facts: AuditFacts][] = [
      ['an address', facts({ publicAddresses: ['/egress'], outboundAddresses: ['/Egress'] })],
      ['a gateway', facts({ subnets: [{ ...closedSubnet, natGatewayId }], publicAddresses: addressIds, natGateways })],
    ];
    const planAfter = (provisioningState: string, dependencies: AuditFacts) =>
      plan({ provisioningState, outboundType: 'none', outboundAddresses: [] }, dependencies);

    it.each(left)('is nothing that AKS itself still has for the type before: %s', (_what, dependencies) => {
      for (const state of ['Failed', 'Canceled'])
        expect(planAfter(state, dependencies)).not.toContainEqual(expect.stringMatching(inTheWay));
      expect(planAfter('Succeeded', dependencies)).toContainEqual(expect.stringMatching(inTheWay));
    });

    it('is an address of a service, and a gateway of somebody’s', () => {
      expect(
        planAfter('Failed', facts({ publicAddresses: ['/of-a-service'], outboundAddresses: ['/egress'] })),
      ).toContainEqual(expect.stringMatching(inTheWay));
      const own = [{ id: '/nat', provisioningState: 'Succeeded', addressIds: ['/address'] }];
      expect(
        planAfter('Failed', facts({ subnets: [{ ...closedSubnet, natGatewayId: '/nat' }], natGateways: own })),
      ).toContainEqual(expect.stringMatching(inTheWay));
    });
  });

  it('is a NAT gateway of a network that AKS manages, too', () => {
    const found = seen(ordinary(), { dependencies: facts({ subnets: [{ ...closedSubnet, natGatewayId: '/nat' }] }) });
    expect(problemTexts(planIsolate(found))).toContainEqual(expect.stringMatching(inTheWay));
  });

  it('is no route that stays inside', () => {
    const inside = facts({
      routesOut: [
        { routeTableId: '/rt', nextHopType: 'None' },
        { routeTableId: '/rt', addressPrefix: '10.0.0.0/8', nextHopType: 'VirtualAppliance' },
        { routeTableId: '/rt', addressPrefix: 'fd00::/8', nextHopType: 'VirtualNetworkGateway' },
      ],
    });
    expect(plan({}, inside)).not.toContainEqual(expect.stringMatching(inTheWay));
  });

  it.each(open)(
    'fails the check of every scenario that isolates, unless it is accepted: %s',
    (way, seenFacts, found) => {
      const cluster = inNetwork(isolated(found));
      const checksOf = (accept: readonly WayOut[]) =>
        isolationChecks(cluster, seenFacts, [ownSubnet], { profile: 'current', accept }).find(({ id }) => id === way);
      expect(checksOf([])).toMatchObject({ ok: false });
      expect(checksOf([way])).toMatchObject({ ok: true, accepted: true });
    },
  );
});
