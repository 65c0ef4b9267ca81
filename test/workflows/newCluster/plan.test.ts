import { describe, expect, it } from '@jest/globals';
import type { Discovered } from '../../../resources/discovery.ts';
import { discoveryRequest } from '../../../workflows/newCluster/plan.ts';
import { given, parsed } from '../../contract/inputs/support.ts';
import {
  actions,
  clusterThere,
  expectSoundGraph,
  groupThere,
  guideVersions,
  madeEarlier,
  planCreate,
  subscription,
} from '../support.ts';

const identity = `${subscription}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity`;
const userAssigned = { identity: { type: 'UserAssigned', resourceId: identity } };
const isolation = 'NetworkIsolatedClusterPreview';
const vnetIntegration = 'EnableAPIServerVnetIntegrationPreview';

describe('the plan of createCluster', () => {
  it('creates group and cluster where nothing is there', () => {
    const plan = planCreate();
    expect(plan.problems).toEqual([]);
    expect(actions(plan)).toEqual({
      'provider:Microsoft.ContainerService': 'none',
      'provider:Microsoft.ContainerRegistry': 'none',
      resourceGroup: 'create',
      cluster: 'create',
    });
    expect(plan.specification).toEqual({
      cluster: { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'rg', name: 'cluster' },
      location: 'westeurope',
      tags: { ...madeEarlier, 'aks-isolation-run': 'this run' },
      kubernetesVersion: '1.34',
      dnsPrefix: 'cluster-rg-111111',
      nodeResourceGroup: 'MC_rg_cluster_westeurope',
      identity: { type: 'SystemAssigned' },
      agentPoolProfiles: parsed(given()).agentPoolProfiles,
      artifactSource: 'Cache',
      outboundType: 'none',
      enablePrivateCluster: true,
      enableVnetIntegration: false,
    });
  });

  it('does nothing where everything is there', () => {
    const plan = planCreate({}, { resourceGroup: groupThere, nodeResourceGroup: groupThere, cluster: clusterThere() });
    expect(plan.problems).toEqual([]);
    expect(new Set(Object.values(actions(plan)))).toEqual(new Set(['none']));
  });

  it("keeps the operator's tags beside its own", () => {
    expect(planCreate({ tags: { team: 'platform' } }).specification.tags).toMatchObject({
      team: 'platform',
      'aks-isolation-run': 'this run',
    });
  });

  it.each([
    [{}, ['P1', 'P7']],
    [{ kubernetesVersion: '1.34' }, ['P1']],
    [{ apiServerAccess: 'vnetIntegration' }, ['P1', 'P5', 'P7']],
    [{ profile: 'preview', outboundType: 'block' }, ['P1', 'P6', 'P7']],
  ])('names the differences between the profiles that act for %p', (changes, ids) => {
    expect(planCreate(changes, guideVersions).differences.map(({ id }) => id)).toEqual(ids);
  });

  it.each(
    (['current', 'preview'] as const).flatMap((profile) =>
      (['privateLink', 'vnetIntegration'] as const).flatMap((apiServerAccess) =>
        [{}, { providers: {} }, { cluster: clusterThere() }].map((seen): [string, string, Partial<Discovered>] => [
          profile,
          apiServerAccess,
          seen,
        ]),
      ),
    ),
  )('has a sound graph: %s, %s', (profile, apiServerAccess, seen) => {
    expectSoundGraph(planCreate({ profile, apiServerAccess }, seen));
  });

  it.each(['Failed', 'Canceled'])('creates a cluster again that an earlier run left %s', (provisioningState) => {
    const plan = planCreate(
      {},
      { resourceGroup: groupThere, cluster: clusterThere({ provisioningState, tags: madeEarlier }) },
    );
    expect(plan.problems).toEqual([]);
    expect(plan.steps.at(-1)).toMatchObject({
      action: 'update',
      reason: `${provisioningState}: created again`,
      forwardOnly: 'It was there before this run',
    });
  });
});

describe('what discovery looks at', () => {
  it('are the features of the profile and the identity of the input', () => {
    const input = { profile: 'preview', apiServerAccess: 'vnetIntegration', ...userAssigned };
    expect(discoveryRequest(parsed(given(input)))).toMatchObject({
      location: 'westeurope',
      nodeResourceGroup: 'MC_rg_cluster_westeurope',
      features: [isolation, vnetIntegration],
      infrastructure: { identityIds: { controlPlane: identity } },
    });
    expect(discoveryRequest(parsed(given()))).toMatchObject({ features: [] });
    expect(discoveryRequest(parsed(given())).infrastructure.identityIds).toEqual({});
  });
});
