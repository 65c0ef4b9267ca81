import { describe, expect, it } from '@jest/globals';
import type { ExistingClusterFacts } from '../../../resources/discovery.ts';
import { actions, group, madeEarlier, nothingThere, problemTexts, stepOf } from '../support.ts';
import { isolated, managedNetworkId, ordinary, planChange, planIsolate, registryId, seen } from './support.ts';

const zoneIn = (resourceGroup: string) =>
  `${resourceGroup}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
const managedGroup = group.replace(/rg$/, 'MC_rg_cluster_westeurope');

/** The network of the nodes is linked to a zone for registries in this group. */
const linkedIn = (
  resourceGroup: string,
  marks: Record<string, string> = madeEarlier,
): Partial<ExistingClusterFacts> => ({
  zoneLink: {
    id: `${zoneIn(resourceGroup)}/virtualNetworkLinks/link`,
    name: 'link',
    provisioningState: 'Succeeded',
    marks,
    virtualNetworkId: managedNetworkId,
    registrationEnabled: false,
    linkState: 'Completed',
  },
});

describe('the bootstrap source', () => {
  it.each<[name: string, provisioningState: string, action: string, reason: string]>([
    ['as wanted', 'Succeeded', 'none', 'as wanted already'],
    ['of a failed cluster', 'Failed', 'update', 'its state is Failed'],
  ])('%s: %s', (_name, provisioningState, action, reason) => {
    expect(stepOf(planIsolate(seen(isolated({ provisioningState }))), 'bootstrap')).toMatchObject({ action, reason });
  });

  it('waits for everything around the cluster, registrations too', () => {
    const { providers, ...rest } = seen(undefined).discovered ?? nothingThere;
    const discovered = { ...rest, providers: { ...providers, 'Microsoft.Network': 'NotRegistered' } };
    const plan = planIsolate(seen(ordinary(), { discovered }), { registry: { mode: 'bringYourOwn', name: 'mine1' } });
    expect(stepOf(plan, 'bootstrap').needs).toEqual(
      expect.arrayContaining(['provider:Microsoft.Network', 'registry', 'zoneLink', 'role:acrPull:mine1']),
    );
    // Undo takes what nodes reach their registry by away after the nodes have gone back; registrations stay.
    expect(stepOf(plan, 'reimage:work').needs).toContain('zoneLink');
    expect(stepOf(plan, 'reimage:work').needs).not.toContain('provider:Microsoft.Network');
  });
});

describe('a network takes one zone for registries, so that the link of one’s own', () => {
  const own = isolated({ containerRegistryId: registryId('mine') });

  it('goes before AKS links the zone of its registry', () => {
    const plan = planChange(seen(own, linkedIn(group)), { registry: { mode: 'managed' } });
    expect(problemTexts(plan)).toEqual([]);
    expect(stepOf(plan, 'unlink')).toMatchObject({ kind: 'zoneLink', action: 'delete', needs: [] });
    expect(stepOf(plan, 'bootstrap').needs).toContain('unlink');
    expect(plan.unlink?.id).toBe(linkedIn(group).zoneLink?.id);
  });

  it('stays where this product did not make it', () => {
    const plan = planChange(seen(own, linkedIn(group, {})), { registry: { mode: 'managed' } });
    expect(problemTexts(plan)).toEqual([expect.stringContaining('AKS cannot link it')]);
  });

  it('stays where the cluster keeps its registry', () => {
    const plan = planChange(seen(isolated(), linkedIn(group)), { registry: { mode: 'managed' } });
    expect(actions(plan)).not.toHaveProperty('unlink');
  });

  it('comes once the cluster has left AKS’s zone, which is no problem meanwhile', () => {
    const { infrastructure, ...rest } = seen(undefined).discovered ?? nothingThere;
    const discovered = { ...rest, infrastructure: { ...infrastructure, otherLinkedZones: [zoneIn(managedGroup)] } };
    const plan = planChange(seen(isolated(), { ...linkedIn(managedGroup), discovered }));
    expect(problemTexts(plan).filter((text) => text.includes('linked to this zone'))).toEqual([]);
    expect(stepOf(plan, 'bootstrap').needs).not.toContain('zoneLink');
    expect(stepOf(plan, 'zoneLink').needs).toContain('bootstrap');
    expect(plan.steps.findIndex(({ id }) => id === 'zoneLink')).toBeGreaterThan(
      plan.steps.findIndex(({ id }) => id === 'bootstrap'),
    );
    expect(plan.infrastructure.zoneLink).toMatchObject({ later: true });
  });
});
