import { describe, expect, it } from '@jest/globals';
import { actions, clusterThere, groupThere, guideVersions, nothingThere, planCreate } from '../support.ts';

const isolation = 'NetworkIsolatedClusterPreview';
const vnetIntegration = 'EnableAPIServerVnetIntegrationPreview';

describe('registrations', () => {
  it('registers the providers that are not, those of the nodes too, and the cluster waits for them', () => {
    const { 'Microsoft.ContainerRegistry': _unknown, ...known } = nothingThere.providers;
    const providers = { ...known, 'Microsoft.Network': 'NotRegistered' };
    const plan = planCreate({}, { providers });
    expect(actions(plan)).toMatchObject({
      'provider:Microsoft.ContainerService': 'none',
      'provider:Microsoft.ContainerRegistry': 'create',
      'provider:Microsoft.Network': 'create',
    });
    expect(plan.steps.at(-1)?.needs).toEqual(
      expect.arrayContaining(['provider:Microsoft.ContainerRegistry', 'provider:Microsoft.Network', 'resourceGroup']),
    );
  });

  it.each([
    ['Registered', 'none'],
    ['Registering', 'create'],
    ['Pending', 'create'],
    ['NotRegistered', 'create'],
    ['Unregistered', 'create'],
    [undefined, 'create'],
  ])('plans, under profile preview, for a feature flag that is %s: %s', (state, action) => {
    const features: Record<string, string> = state === undefined ? {} : { [isolation]: state };
    const plan = planCreate({ profile: 'preview' }, { features, ...guideVersions });
    const step = plan.steps.find(({ id }) => id === `feature:${isolation}`);
    expect(step).toMatchObject({ action, reason: state ?? 'NotFound', forwardOnly: expect.stringMatching(/stay/) });
  });

  it('registers the guide’s providers again under profile preview, after the flags', () => {
    const plan = planCreate({ profile: 'preview', apiServerAccess: 'vnetIntegration' }, guideVersions);
    expect(actions(plan)).toMatchObject({
      [`feature:${isolation}`]: 'create',
      [`feature:${vnetIntegration}`]: 'create',
      'provider:Microsoft.ContainerService': 'update',
      'provider:Microsoft.ContainerRegistry': 'update',
    });
    expect(plan.steps.find(({ id }) => id === 'provider:Microsoft.ContainerService')?.needs).toEqual([
      `feature:${isolation}`,
      `feature:${vnetIntegration}`,
    ]);
  });

  it('registers nothing for a cluster that is there', () => {
    const there = clusterThere({ kubernetesVersion: '1.30.3' });
    expect(
      new Set(
        Object.values(actions(planCreate({ profile: 'preview' }, { cluster: there, resourceGroup: groupThere }))),
      ),
    ).toEqual(new Set(['none']));
  });
});
