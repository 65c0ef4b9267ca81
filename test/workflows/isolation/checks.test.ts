import { describe, expect, it } from '@jest/globals';
import type { Check, WayOut } from '../../../contract/index.ts';
import type { AuditFacts } from '../../../resources/discovery.ts';
import { check, unseen } from '../../../workflows/engine/check.ts';
import { isolationChecks, provenByPulls } from '../../../workflows/isolation/checks.ts';
import { dependenciesRequest, judgedIfForbidden } from '../../../workflows/isolation/proof.ts';
import { egressCheck, provenByEgress } from '../../../workflows/isolation/wayChecks.ts';
import { ownSubnet, registryId } from '../existingCluster/support.ts';
import { clusterThere, group } from '../support.ts';

const networkId = ownSubnet.replace(/\/subnets.*/, '');
const subnet = {
  id: ownSubnet,
  name: 'nodes',
  provisioningState: 'Succeeded',
  addressPrefixes: ['10.0.0.0/24'],
  defaultOutboundAccess: false,
  privateEndpointNetworkPolicies: 'Disabled',
  delegations: [],
  addressesInUse: 5,
};
const facts = (changes: Partial<AuditFacts> = {}): AuditFacts => ({
  network: { id: networkId, provisioningState: 'Succeeded' },
  endpoints: [],
  kubeletRoles: [],
  subnets: [subnet],
  publicAddresses: [],
  ...changes,
});
const checksOf = (changes: Partial<AuditFacts>) => {
  const checks = isolationChecks(clusterThere(), facts(changes), [ownSubnet], { profile: 'current', accept: [] });
  return Object.fromEntries(checks.map((each) => [each.id, each]));
};

const ownRegistry = {
  id: registryId('own'),
  provisioningState: 'Succeeded',
  location: 'westeurope',
  loginServer: 'own.azurecr.io',
  cacheRules: [],
  privateEndpoints: [],
  roleAssignmentMode: 'LegacyRegistryPermissions',
} as unknown as NonNullable<AuditFacts['registry']>;

describe('open egress', () => {
  const open = { seen: { open: true, message: 'answered' } };

  it('is accepted only by a way that is accepted and open', () => {
    expect(egressCheck(clusterThere(), open, [])).toMatchObject({ verdict: 'missed', ok: false });
    expect(egressCheck(clusterThere(), open, ['natGateway'])).toMatchObject({ ok: true, accepted: true });
  });

  it('is not taken for closed where a look failed', () => {
    const failed = { unseen: { because: 'failed', message: 'curl ended with 127' } } as const;
    expect(egressCheck(clusterThere(), failed, ['natGateway'])).toMatchObject({ verdict: 'unproven', ok: false });
  });
});

describe('resources around the cluster', () => {
  const id = `${group}/providers/Microsoft.Network/privateEndpoints/endpoint`;
  const endpoint = {
    id,
    provisioningState: 'Failed',
    status: 'Approved',
    addresses: {},
  } as unknown as AuditFacts['endpoints'][number];
  const zone = {
    id: `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`,
    provisioningState: 'Failed',
    links: [
      {
        id: `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io/virtualNetworkLinks/link`,
        virtualNetworkId: networkId,
        provisioningState: 'Failed',
        linkState: 'Completed',
      },
    ],
    records: {},
  } as unknown as NonNullable<AuditFacts['zone']>;
  const registry = {
    id: registryId('r'),
    provisioningState: 'Failed',
    location: 'westeurope',
    loginServer: 'r.azurecr.io',
    cacheRules: [
      { name: 'rule', targetRepository: 'aks-managed-repository/*', provisioningState: 'Failed' },
      { name: 'of-others', targetRepository: 'theirs/*', provisioningState: 'Failed' },
    ],
    privateEndpoints: [],
    roleAssignmentMode: '',
  } as unknown as NonNullable<AuditFacts['registry']>;

  it.each<[string, Partial<AuditFacts>]>([
    ['virtualNetwork', { network: { id: 'network', provisioningState: 'Failed' } }],
    ['subnetState:nodes', { subnets: [{ ...subnet, provisioningState: 'Failed' }] }],
    ['endpointState:endpoint', { registry: { ...registry, provisioningState: 'Succeeded' }, endpoints: [endpoint] }],
    ['registryState', { registry }],
    ['cacheRuleState:rule', { registry }],
    ['zone', { zone }],
    ['linkState:link', { zone }],
  ])('fail check %s where their operation succeeded and they did not', (check, changes) => {
    expect(checksOf(changes)[check]).toMatchObject({ verdict: 'missed', seen: 'Failed' });
  });

  it('do not count where they are of others, in the same registry or network', () => {
    const serving = { ...endpoint, provisioningState: 'Succeeded', addresses: { 'r.azurecr.io': ['10.0.0.4'] } };
    const others = { ...endpoint, id: `${id}-others`, addresses: { 'r.azurecr.io': ['10.0.0.5'] } };
    const records = { r: { id: '', marks: {}, addresses: ['10.0.0.4'] } };
    const checks = checksOf({ registry, endpoints: [others, serving], zone: { ...zone, records } });
    expect(checks['endpointState:endpoint']).toMatchObject({ verdict: 'met' });
    expect(checks).not.toHaveProperty('endpointState:endpoint-others');
    expect(checks).not.toHaveProperty('cacheRuleState:of-others');
  });

  it('have not drifted while an operation runs on them', () => {
    expect(checksOf({ subnets: [{ ...subnet, provisioningState: 'Updating' }] })['subnetState:nodes']).toMatchObject({
      verdict: 'met',
      seen: 'Updating',
    });
  });

  it.each([
    ['registry', ['registryAccess', 'registryEndpoint']],
    ['zone', ['zoneLink']],
    ['network', ['natGateway', 'zoneLink']],
    ['routes', ['defaultRoute']],
    ['nodeResourceGroup', ['publicAddresses']],
    ['kubelet', ['registryCacheRule']],
  ] as const)('are neither there nor absent where %s may not be read', (part, ids) => {
    const checks = checksOf({ unread: { [part]: 'AuthorizationFailed: no' } });
    for (const id of ids)
      expect(checks[id]).toMatchObject({ verdict: 'unproven', because: 'readForbidden', ok: false });
  });
});

describe('absence is not taken for proof', () => {
  const own = clusterThere({ containerRegistryId: registryId('own'), enableVnetIntegration: true });
  const of = (changes: Partial<AuditFacts>) =>
    Object.fromEntries(
      isolationChecks(own, facts(changes), [ownSubnet], { profile: 'current', accept: [] }).map((each) => [
        each.id,
        each,
      ]),
    );

  it.each([
    ['extensions', 'precondition:extensions'],
    ['versions', 'precondition:longTermSupport'],
    ['network', 'precondition:networkEncryption'],
    ['registry', 'precondition:registryTokens'],
  ] as const)('where %s may not be read', (part, id) => {
    expect(of({ unread: { [part]: 'AuthorizationFailed: no' } })[id]).toMatchObject({
      verdict: 'unproven',
      because: 'readForbidden',
      // AKS itself refuses an update with a version that the support plan has not.
      ok: part === 'versions',
    });
    expect(of({})[id]).toMatchObject({ verdict: 'met' });
  });

  it('where a subnet of the nodes or pods is not among those of the network', () => {
    const checks = of({ subnets: [] });
    for (const id of ['natGateway', 'defaultRoute', 'precondition:networkEncryption'])
      expect(checks[id]).toMatchObject({ verdict: 'unproven', unproven: `${ownSubnet} is not found` });
  });

  it('where Azure shows no provisioning state', () => {
    expect(of({ subnets: [{ ...subnet, provisioningState: 'Unknown' }] })['subnetState:nodes']).toMatchObject({
      verdict: 'unproven',
      because: 'incomplete',
    });
  });

  it('where a NAT gateway has none, or is not found', () => {
    const natGatewayId = `${group}/providers/Microsoft.Network/natGateways/out`;
    const network = { id: networkId, provisioningState: 'Succeeded', natGatewayId };
    const failed = [{ id: natGatewayId, provisioningState: 'Failed' }];
    expect(of({ network, natGateways: failed })['natGatewayState:out']).toMatchObject({ verdict: 'missed' });
    const lost = of({ network, natGateways: [], unread: { natGateways: 'it is not found' } });
    expect(lost['natGatewayState:out']).toMatchObject({ verdict: 'unproven', unproven: 'it is not found' });
    expect(lost.natGateway).toMatchObject({ verdict: 'missed', resourceId: natGatewayId });
  });
});

it('everything that isolation depends on has the subnets of pods among it, each once', () => {
  const [usual] = clusterThere().agentPoolProfiles;
  if (!usual) throw new Error('no pool');
  const pods = ownSubnet.replace(/nodes$/, 'pods');
  const profiles = ['a', 'b'].map((name) => ({ ...usual, name, vnetSubnetId: ownSubnet, podSubnetId: pods }));
  const found = clusterThere({ agentPoolProfiles: profiles });
  expect(dependenciesRequest({ cluster: found }, found).subnetIds).toEqual([ownSubnet, pods]);
});

describe('a role with a condition', () => {
  const condition = "@Resource[…] StringStartsWith 'team-a/'";
  const kubeletConditions = { '7f951dda-4ed3-4680-a7ca-43fe172d538d': condition };
  const [role] = isolationChecks(
    clusterThere({ containerRegistryId: ownRegistry.id }),
    facts({ registry: ownRegistry, kubeletConditions }),
    [ownSubnet],
    { profile: 'current', accept: [] },
  ).filter(({ id }) => id === 'pullRole');
  const pulls = (name: string, seen: string) => check(`pulls:${name}`, 'A node pulls', '/pool', 'pulled', seen);

  it('is asked of nodes as well where another role is held, which may be of the owner’s making', () => {
    const held = (kubeletRoles: string[]) =>
      isolationChecks(
        clusterThere({ containerRegistryId: ownRegistry.id }),
        facts({ registry: ownRegistry, kubeletRoles }),
        [ownSubnet],
        {
          profile: 'current',
          accept: [],
        },
      ).find(({ id }) => id === 'pullRole');
    const custom = held(['aaaaaaaa-0000-0000-0000-000000000000']);
    expect(custom).toMatchObject({ verdict: 'unproven', because: 'notAsked', ok: false });
    expect(custom && provenByPulls(custom, [pulls('a', 'pulled')])).toMatchObject({ verdict: 'met' });
    expect(custom && provenByPulls(custom, [pulls('a', 'denied')])).toMatchObject({ verdict: 'missed', ok: false });
    expect(held([])).toMatchObject({ verdict: 'missed' });
    // Network Contributor is known to pull nothing.
    expect(held(['4d97b98b-1d4f-4787-a291-c67834d212e7'])).toMatchObject({ verdict: 'missed' });
  });

  it('is not proven where nobody looks', () => {
    expect(role).toMatchObject({
      verdict: 'unproven',
      because: 'notAsked',
      ok: false,
      unproven: expect.stringContaining(condition),
    });
  });

  it.each<[string, Check[], object]>([
    ['proven by pulls of all pools', [pulls('a', 'pulled'), pulls('b', 'pulled')], { verdict: 'met', ok: true }],
    ['refuted by a pull that fails', [pulls('a', 'pulled'), pulls('b', 'denied')], { verdict: 'missed', ok: false }],
    [
      'as unproven as a pull that nobody may try',
      [unseen(pulls('a', ''), 'runCommandForbidden', 'disabled')],
      { verdict: 'unproven', because: 'runCommandForbidden' },
    ],
    ['unproven without a node', [], { verdict: 'unproven', because: 'incomplete', ok: false }],
  ])('is %s', (_what, nodes, expected) => {
    expect(role && provenByPulls(role, nodes)).toMatchObject(expected);
  });
});

describe('routes that come by BGP, which Azure does not show', () => {
  const gateway = `${networkId}/subnets/GatewaySubnet`;
  const routesBy = (accept: readonly WayOut[]) => {
    const all = isolationChecks(clusterThere(), facts({ routeSources: [gateway] }), [ownSubnet], {
      profile: 'current',
      accept,
    });
    const found = all.find(({ id }) => id === 'routesByBgp:GatewaySubnet');
    if (!found) throw new Error('no check');
    return found;
  };
  const look = (open: boolean) => ({ seen: { open, message: 'curl' } });
  const egress = (open: boolean) => egressCheck(clusterThere(), look(open), []);

  it('are told as unseen, unless the input accepts them', () => {
    expect(routesBy([])).toMatchObject({ verdict: 'unproven', because: 'notAsked', ok: false, resourceId: gateway });
    expect(routesBy(['defaultRoute'])).toMatchObject({ verdict: 'unproven', ok: true, accepted: true });
  });

  it('lead nowhere where egress is seen to be closed from inside', () => {
    expect(provenByEgress(routesBy([]), egress(false), look(false))).toMatchObject({ verdict: 'met' });
    expect(provenByEgress(routesBy([]), egress(true), look(true))).toMatchObject({ verdict: 'unproven', ok: false });
    const notAllowed = { unseen: { because: 'notAllowed', message: 'no' } } as const;
    const unlooked = egressCheck(clusterThere(), notAllowed, []);
    expect(provenByEgress(routesBy([]), unlooked, notAllowed)).toMatchObject({ because: 'runCommandForbidden' });
  });

  it('are not tried where the name does not even resolve, as with DNS servers that know no public names', () => {
    const unresolved = {
      seen: { open: false, message: 'curl: (6) Could not resolve host', unresolved: true },
    } as const;
    const closed = egressCheck(clusterThere(), unresolved, []);
    expect(closed).toMatchObject({ verdict: 'met' });
    expect(provenByEgress(routesBy([]), closed, unresolved)).toMatchObject({
      verdict: 'unproven',
      because: 'incomplete',
      ok: false,
    });
    expect(provenByEgress(routesBy(['defaultRoute']), closed, unresolved)).toMatchObject({ ok: true, accepted: true });
  });
});

describe('a zone that was not found', () => {
  const hub = { at: '/subscriptions/hub', what: 'zones', why: 'AuthorizationFailed' };
  const found = (more: Partial<AuditFacts>, privateDns?: 'managedElsewhere') =>
    Object.fromEntries(
      isolationChecks(clusterThere(), facts(more), [ownSubnet], {
        profile: 'current',
        accept: [],
        ...(privateDns && { privateDns }),
      }).map((each) => [each.id, each]),
    );

  it('is missed where every subscription was searched, and unproven where one could not be', () => {
    expect(found({}).zoneLink).toMatchObject({ verdict: 'missed' });
    expect(found({ unsearched: [hub] }).zoneLink).toMatchObject({
      verdict: 'unproven',
      because: 'readForbidden',
      unproven: expect.stringContaining('/subscriptions/hub'),
    });
    // The endpoint was looked for and is not there.
    expect(found({ unsearched: [hub] }).registryEndpoint).toMatchObject({ verdict: 'missed' });
  });

  it('is not asked where names are managed elsewhere, whatever may be read', () => {
    const { zoneLink, registryEndpoint } = found({ unread: { zone: 'AuthorizationFailed' } }, 'managedElsewhere');
    expect([zoneLink, registryEndpoint?.verdict]).toEqual([undefined, 'missed']);
  });
});

describe('names in a network that asks DNS servers of its owner’s', () => {
  const namesOf = (more: Partial<AuditFacts>): Check[] =>
    isolationChecks(
      clusterThere({ containerRegistryId: ownRegistry.id }),
      facts({ registry: ownRegistry, ...more }),
      [ownSubnet],
      {
        profile: 'current',
        accept: [],
      },
    ).filter(({ id }) => /^(zoneLink|record:)/.test(id));
  const pulls = (seen: string) => check('pulls:a', 'A node pulls', '/pool', 'pulled', seen);

  it('are shown by nodes, for another network may be linked to the zone: by pulls, and else not at all', () => {
    const names = namesOf({ dnsServers: ['10.0.0.4'] });
    expect(names.length).toBeGreaterThan(1);
    for (const each of names) {
      expect(each).toMatchObject({ verdict: 'unproven', because: 'notAsked', ok: false });
      expect(provenByPulls(each, [pulls('pulled')])).toMatchObject({
        verdict: 'met',
        evidence: expect.stringContaining('10.0.0.4'),
      });
      expect(provenByPulls(each, [pulls('ImagePullBackOff')])).toMatchObject({ verdict: 'missed', ok: false });
      expect(provenByPulls(each, [])).toMatchObject({ verdict: 'unproven', because: 'incomplete' });
    }
  });

  it('are asked of Azure where its own servers answer, and missed without a zone', () => {
    for (const each of namesOf({ dnsServers: [] })) {
      expect(each).toMatchObject({ verdict: 'missed' });
      expect(provenByPulls(each, [pulls('pulled')])).toBe(each);
    }
  });
});

describe('what nobody may look at', () => {
  const promised = { id: 'egress', title: 'Egress', resourceId: '/id', expected: 'closed' };
  it.each([
    ['runCommandForbidden', 'fail', false, undefined],
    ['runCommandForbidden', 'tell', true, undefined],
    ['runCommandForbidden', 'accept', true, true],
    ['readForbidden', 'accept', false, undefined],
    ['readForbidden', 'tell', true, undefined],
    ['failed', 'accept', false, undefined],
    ['failed', 'tell', false, undefined],
    ['incomplete', 'accept', false, undefined],
  ] as const)('%s is judged by %s', (because, when, ok, accepted) => {
    const judged = judgedIfForbidden(unseen(promised, because, 'why'), when);
    expect(judged).toMatchObject({ verdict: 'unproven', ok });
    expect(judged.accepted).toBe(accepted);
  });
});
