import { describe, expect, it } from '@jest/globals';
import type { InfrastructureFacts } from '../../../resources/infrastructure.ts';
import { infrastructureChecks } from '../../../workflows/infrastructure/checks.ts';
import { noInfrastructure } from '../../../workflows/infrastructure/specification.ts';
import {
  cacheRuleThere,
  derivedRegistry,
  endpointThere,
  everythingThere,
  ids,
  linkThere,
  networkThere,
  planOwnRegistry,
  recordThere,
  registryThere,
  subnetsThere,
  subnetThere,
  there,
  zoneThere,
} from './support.ts';

const { infrastructure } = planOwnRegistry({}, {}, there());
const missed = (changes: Partial<InfrastructureFacts>) =>
  infrastructureChecks(infrastructure, { ...everythingThere, ...changes })
    .filter(({ verdict }) => verdict !== 'met')
    .map(({ id, seen }) => [id, seen]);
const nodes = (changes: Parameters<typeof subnetThere>[1]) => ({
  virtualNetwork: networkThere(...subnetsThere.slice(1), subnetThere('aks-subnet', changes)),
});

describe('the checks of the infrastructure', () => {
  it('pass what is as promised, whoever has made it', () => {
    expect(missed({})).toEqual([]);
  });

  it('are none where nothing was promised', () => {
    expect(infrastructureChecks(noInfrastructure, everythingThere)).toEqual([]);
  });

  it.each<[check: string, seen: string, changes: Partial<InfrastructureFacts>]>([
    ['virtualNetwork', 'Failed', { virtualNetwork: { ...networkThere(...subnetsThere), provisioningState: 'Failed' } }],
    ['defaultOutboundAccess:aks-subnet', 'true', nodes({ defaultOutboundAccess: true })],
    ['identity:kubelet', 'absent', { identities: { ...everythingThere.identities, kubelet: undefined as never } }],
    ['registrySku', 'Standard', { registry: registryThere({ sku: 'Standard' }) }],
    ['registryAccess', 'Enabled', { registry: registryThere({ publicNetworkAccess: 'Enabled' }) }],
    ['anonymousPull', 'true', { registry: registryThere({ anonymousPullEnabled: true }) }],
    ['registryCacheRule', 'absent', { registry: registryThere({ cacheRules: [] }) }],
    [
      'registryCacheRule',
      'mcr.microsoft.com/* to elsewhere/*',
      { registry: registryThere({ cacheRules: [cacheRuleThere('aks-managed-mcr', 'elsewhere/*')] }) },
    ],
    ['registryEndpoint', 'Pending', { privateEndpoint: endpointThere({ status: 'Pending' }) }],
    ['registryEndpointTarget', '/other', { privateEndpoint: endpointThere({ targetId: '/other' }) }],
    ['zoneLink', 'InProgress', { privateDnsZone: zoneThere({ links: [{ ...linkThere(), linkState: 'InProgress' }] }) }],
    ['zoneLink', 'absent', { privateDnsZone: zoneThere({ links: [{ ...linkThere(), virtualNetworkId: '/other' }] }) }],
  ])('tell that %s is %s', (id, seen, changes) => {
    expect(missed(changes)).toEqual([[id, seen]]);
  });

  it('tell a record that leads elsewhere, in part or not at all', () => {
    const { records } = zoneThere();
    const withRecord = (...addresses: string[]) => ({
      privateDnsZone: zoneThere({
        records: { ...records, [derivedRegistry]: recordThere(derivedRegistry, ...addresses) },
      }),
    });
    expect(missed(withRecord('192.168.2.9'))).toEqual([[`record:${derivedRegistry}`, '192.168.2.9']]);
    expect(missed(withRecord('192.168.2.5', '8.8.8.8'))).toEqual([
      [`record:${derivedRegistry}`, '192.168.2.5, 8.8.8.8'],
    ]);
    expect(missed(withRecord())).toEqual([[`record:${derivedRegistry}`, 'absent']]);
  });

  it('tell a role that is not held', () => {
    const scope = `kubelet ${ids.registry.toLowerCase()}`;
    expect(missed({ roles: { ...everythingThere.roles, [scope]: [] } })).toHaveLength(1);
  });

  it('tell everything where nothing is left', () => {
    const gone: InfrastructureFacts = { otherLinkedZones: [], identities: {}, roles: {} };
    const checks = infrastructureChecks(infrastructure, gone);
    // Not even a record without address counts as that of an endpoint that is gone.
    expect(checks.filter(({ ok }) => ok)).toEqual([]);
  });
});
