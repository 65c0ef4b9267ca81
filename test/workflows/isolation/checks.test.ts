import { describe, expect, it } from '@jest/globals';
import type { AuditFacts } from '../../../resources/discovery.ts';
import { unseen } from '../../../workflows/engine/check.ts';
import { egressCheck, isolationChecks } from '../../../workflows/isolation/checks.ts';
import { judgedIfForbidden } from '../../../workflows/isolation/proof.ts';
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
    cacheRules: [{ name: 'rule', provisioningState: 'Failed' }],
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
