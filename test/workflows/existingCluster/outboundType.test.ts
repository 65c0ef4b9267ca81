import { describe, expect, it } from '@jest/globals';
import type { DisableIsolationInput, IsolateClusterInput } from '../../../contract/index.ts';
import type { AuditFacts } from '../../../resources/discovery.ts';
import { egressTags, type KeptEgress, keptEgress } from '../../../resources/keptEgress.ts';
import { planCutting, planOpening } from '../../../workflows/existingCluster/outboundType.ts';
import { problemTexts, stepOf } from '../support.ts';
import { closedSubnet, inNetwork, isolated, ordinary, planDisable, planIsolate, seen } from './support.ts';

type Opening = NonNullable<DisableIsolationInput['outboundType']>;
type Closing = NonNullable<IsolateClusterInput['outboundType']>;

/** Source: AKS docs egress-outboundtype.md, "Update outboundType after cluster creation". */
describe('the outbound type', () => {
  it.each<[from: string, to: Opening, network: 'managed' | 'own', allowed: boolean]>([
    ['none', 'loadBalancer', 'managed', true],
    ['none', 'managedNATGateway', 'managed', true],
    ['none', 'userAssignedNATGateway', 'managed', false],
    ['none', 'userDefinedRouting', 'managed', false],
    ['block', 'loadBalancer', 'managed', true],
    ['block', 'managedNATGateway', 'managed', true],
    ['None', 'loadBalancer', 'managed', true],
    ['none', 'loadBalancer', 'own', true],
    ['none', 'managedNATGateway', 'own', false],
    ['none', 'userAssignedNATGateway', 'own', true],
    ['none', 'userDefinedRouting', 'own', true],
  ])('goes from %s to %s in a network of kind %s: %p', (from, to, network, allowed) => {
    const found = isolated({ outboundType: from });
    const plan = planDisable(seen(network === 'own' ? inNetwork(found) : found), { outboundType: to });
    const where = network === 'own' ? "one's own network" : 'a network that AKS manages';
    expect(problemTexts(plan)).toEqual(allowed ? [] : [`Azure does not change ${from} to ${to} in ${where}`]);
  });

  describe('of the owner’s making leads somewhere', () => {
    const table = '/rt';
    const gateway = '/nat';
    const subnet = { ...closedSubnet, routeTableId: table, natGatewayId: gateway };
    const problems = (outboundType: Opening, more: Partial<AuditFacts>) =>
      problemTexts(
        planDisable(
          seen(inNetwork(isolated()), {
            dependencies: { endpoints: [], kubeletRoles: [], publicAddresses: [], subnets: [subnet], ...more },
          }),
          { outboundType },
        ),
      );
    const route = (addressPrefix: string, nextHopType = 'VirtualAppliance') => ({
      routeTableId: table.toUpperCase(),
      addressPrefix,
      nextHopType,
    });
    const none = [
      `route table ${table} of this subnet has no default route, as outbound type userDefinedRouting wants`,
    ];

    it.each<[string, Partial<AuditFacts>, string[]]>([
      ['a default route to an appliance', { routesOut: [route('0.0.0.0/0')] }, []],
      ['one to a gateway', { routesOut: [route('0.0.0.0/0', 'VirtualNetworkGateway')] }, []],
      ['its two halves', { routesOut: [route('0.0.0.0/1'), route('128.0.0.0/1')] }, []],
      ['routes that a hub may bring by BGP', { routesOut: [], routeSources: ['/hub'] }, []],
      ['routes that nobody may read', { routesOut: [], unread: { routes: 'AuthorizationFailed' } }, []],
      ['no route', { routesOut: [] }, none],
      ['a route to some addresses', { routesOut: [route('AzureCloud'), route('20.0.0.0/8')] }, none],
      ['the default route of another table', { routesOut: [{ ...route('0.0.0.0/0'), routeTableId: '/other' }] }, none],
      [
        'a default route to the internet',
        { routesOut: [route('0.0.0.0/0', 'Internet')] },
        [
          `the default route of ${table} leads to the internet, not to an appliance or a gateway, as outbound type userDefinedRouting wants`,
        ],
      ],
    ])('by %s', (_what, more, expected) => {
      expect(problems('userDefinedRouting', more)).toEqual(expected);
    });

    it('by a gateway that has an address, of the subnet or of the whole network', () => {
      const empty = { id: gateway.toUpperCase(), provisioningState: 'Succeeded', addressIds: [] };
      const problem = `NAT gateway ${gateway} of this subnet has no public IP address, as outbound type userAssignedNATGateway wants`;
      const { natGatewayId: _none, ...bare } = subnet;
      const network = { id: '/net', provisioningState: 'Succeeded', natGatewayId: gateway };
      const of = (more: Partial<AuditFacts>) => problems('userAssignedNATGateway', more);
      expect(of({ natGateways: [{ ...empty, id: '/other' }] })).toEqual([]);
      expect(of({ natGateways: [empty] })).toEqual([problem]);
      expect(of({ subnets: [bare], network, natGateways: [empty] })).toEqual([problem]);
      expect(of({ subnets: [bare], network })).toEqual([]);
    });
  });

  it('that stays is no problem, though Azure would not change it', () => {
    const found = ordinary({ outboundType: 'userDefinedRouting' });
    expect(planDisable(seen(found), { outboundType: 'userDefinedRouting' }).problems).toEqual([]);
  });

  it.each<[from: string, to: Closing, back: string | undefined]>([
    ['loadBalancer', 'none', undefined],
    ['managedNATGateway', 'none', undefined],
    ['managedNATGatewayV2', 'none', undefined],
    ['managedNATGatewayV2', 'block', undefined],
    ['managedNATGateway', 'block', undefined],
    ['userDefinedRouting', 'none', 'Azure does not change none back to userDefinedRouting'],
  ])('of %s, after %s, can be put back or not: %s', (from, to, why) => {
    const plan = planIsolate(seen(ordinary({ outboundType: from })), { profile: 'preview', outboundType: to });
    expect(stepOf(plan, 'bootstrap').forwardOnly).toBe(why);
    if (to === 'block') return;
    expect(stepOf(planIsolate(seen(ordinary({ outboundType: from }))), 'outboundType').forwardOnly).toBe(why);
  });

  it('in a network of one’s own goes back to routes of one’s own', () => {
    const plan = planIsolate(seen(inNetwork(ordinary({ outboundType: 'userDefinedRouting' }))));
    expect(stepOf(plan, 'outboundType').forwardOnly).toBeUndefined();
  });

  it('is a step on the cluster, even where there is none', () => {
    expect(stepOf(planIsolate(seen(undefined)), 'outboundType').resourceId).toMatch(/managedClusters\/cluster$/);
  });
});

/** Egress that was cut, and opened since by somebody who did not look at the tags. */
describe('tags that keep older settings', () => {
  const older: KeptEgress = { outboundType: 'loadBalancer', natGatewayProfile: { sku: 'S'.repeat(40) } };
  const olderTags = {
    ...egressTags(older, { tags: {} }),
    'aks-isolation-egress-2': 'x',
    'aks-isolation-egress-3': 'y',
  };
  const tags = { team: 'a', ...olderTags };
  /** The tags after a change. */
  const leftBy = (changed: Record<string, string | null> = {}) =>
    Object.fromEntries(
      Object.entries({ ...tags, ...changed }).filter((entry): entry is [string, string] => entry[1] !== null),
    );
  const cut = (changes: Parameters<typeof ordinary>[0]) =>
    planCutting(seen(ordinary({ tags, ...changes })), 'none').change;

  it('go with the cut that keeps newer ones', () => {
    const loadBalancerProfile = { idleTimeoutInMinutes: 60 };
    const left = leftBy(cut({ outboundProfile: { loadBalancerProfile } }).tags);
    expect(keptEgress({ tags: left })).toEqual({ outboundType: 'loadBalancer', loadBalancerProfile });
    expect(left).toMatchObject({ team: 'a' });
  });

  it.each([0, 49])('go with a cut that keeps nothing, beside %s other tags', (count) => {
    const others = Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, '']));
    const outboundProfile = count === 0 ? {} : { loadBalancerProfile: { idleTimeoutInMinutes: 60 } };
    expect(leftBy(cut({ outboundProfile, tags: { ...tags, ...others } }).tags)).toEqual({ team: 'a' });
  });

  it('stay where egress is cut in another way: they are of the time before', () => {
    expect(planCutting(seen(isolated({ tags })), 'block').change).toEqual({ outboundType: 'block' });
  });

  it('are named where they cannot be read', () => {
    const { change, said } = planOpening(seen(isolated({ tags })), 'loadBalancer');
    expect(change).toEqual({ outboundType: 'loadBalancer' });
    expect(said.join()).toContain('tag aks-isolation-egress-2, which cannot be read');
  });
});
