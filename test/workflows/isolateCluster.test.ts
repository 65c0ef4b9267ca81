import { describe, expect, it } from '@jest/globals';
import {
  isolated,
  kubeletIdentityId,
  managedNetworkId,
  ordinary,
  planIsolate,
  registryId,
  seen,
} from './existingCluster/support.ts';
import { acting, actions, nothingThere, problemTexts, stepOf } from './support.ts';

describe('isolateCluster', () => {
  it('changes the artifact source, reimages, has nodes prove it, and only then cuts egress', () => {
    const plan = planIsolate(seen(ordinary()));
    expect(plan.problems).toEqual([]);
    expect(acting(plan)).toEqual(['bootstrap', 'reimage:work', 'reimage:system', 'pullProbe', 'outboundType']);
    expect(plan.bootstrap).toEqual({ artifactSource: 'Cache', containerRegistryId: null });
    expect(stepOf(plan, 'reimage:work').needs).toEqual(['bootstrap']);
    expect(stepOf(plan, 'outboundType').needs).toEqual(
      expect.arrayContaining(['bootstrap', 'reimage:work', 'reimage:system', 'pullProbe']),
    );
  });

  it('does as the guide says under profile preview: one update, then the nodes', () => {
    const plan = planIsolate(seen(ordinary()), { profile: 'preview' });
    expect(plan.bootstrap).toEqual({ artifactSource: 'Cache', containerRegistryId: null, outboundType: 'none' });
    expect(acting(plan).slice(-4)).toEqual(['bootstrap', 'reimage:work', 'reimage:system', 'pullProbe']);
    expect(plan.differences.map(({ id }) => id)).toContain('P4');
  });

  it('prepares a registry of one’s own in the network that the cluster is in, for the identity that it has', () => {
    const { infrastructure, ...discovered } = seen(undefined).discovered ?? nothingThere;
    const facts = seen(ordinary(), {
      discovered: {
        ...discovered,
        infrastructure: {
          ...infrastructure,
          identities: { kubelet: { id: kubeletIdentityId, principalId: 'p', clientId: 'c', marks: {} } },
          virtualNetwork: {
            id: managedNetworkId,
            location: 'westeurope',
            provisioningState: 'Succeeded',
            marks: {},
            addressPrefixes: ['10.224.0.0/12'],
            subnets: [
              {
                id: `${managedNetworkId}/subnets/aks-subnet`,
                name: 'aks-subnet',
                provisioningState: 'Succeeded',
                addressPrefixes: ['10.224.0.0/16'],
                defaultOutboundAccess: null,
                privateEndpointNetworkPolicies: 'Disabled',
                delegations: [],
                addressesInUse: 10,
              },
            ],
          },
        },
      },
    });
    const plan = planIsolate(facts, { registry: { mode: 'bringYourOwn', name: 'mine1' } });
    expect(problemTexts(plan)).toEqual([]);
    expect(actions(plan)).toMatchObject({
      virtualNetwork: 'none',
      'subnet:registrySubnet': 'none',
      'identity:kubelet': 'none',
      registry: 'create',
      cacheRule: 'create',
      privateEndpoint: 'create',
      zoneLink: 'create',
      'role:acrPull:mine1': 'create',
    });
    expect(plan.infrastructure.roles.map(({ role }) => role)).toEqual(['acrPull']);
    expect(plan.bootstrap).toMatchObject({ containerRegistryId: registryId('mine1') });
  });

  it('reimages what is behind where egress was cut in the wrong order, and changes nothing else', () => {
    const behind = { node: 's', image: 'i', pulled: false, bootstrapSource: 'Direct', message: '' };
    const plan = planIsolate(
      seen(isolated(), {
        imageSource: 'r.azurecr.io/aks-managed-repository',
        probes: {
          system: { seen: { ...behind, bootstrapSource: 'r.azurecr.io/aks-managed-repository' } },
          work: { seen: behind },
        },
      }),
    );
    expect(acting(plan)).toEqual(['reimage:work', 'pullProbe']);
  });

  it('does nothing where everything is as wanted', () => {
    const source = 'r.azurecr.io/aks-managed-repository';
    const current = { seen: { node: 'n', image: 'i', pulled: true, bootstrapSource: source, message: '' } };
    const plan = planIsolate(seen(isolated(), { imageSource: source, probes: { system: current, work: current } }));
    expect(acting(plan)).toEqual([]);
  });

  it('waits for the approvals that are asked for', () => {
    const plan = planIsolate(seen(ordinary()), { approvals: ['reimage', 'cutEgress'] });
    expect(acting(plan)).toEqual([
      'bootstrap',
      'approve:reimage',
      'reimage:work',
      'reimage:system',
      'pullProbe',
      'approve:cutEgress',
      'outboundType',
    ]);
    expect(stepOf(plan, 'reimage:work').needs).toEqual(['bootstrap', 'approve:reimage']);
    expect(stepOf(plan, 'outboundType').needs).toContain('approve:cutEgress');
  });
});
