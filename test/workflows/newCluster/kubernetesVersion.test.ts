import { describe, expect, it } from '@jest/globals';
import { chooseKubernetesVersion } from '../../../workflows/newCluster/kubernetesVersion.ts';
import { given, parsed } from '../../contract/inputs/support.ts';
import { clusterThere, nothingThere } from '../support.ts';

describe('the Kubernetes version', () => {
  it.each([
    ["the region's default", {}, '1.34'],
    ['the one of the guide under profile preview', { profile: 'preview' }, '1.30.3'],
    ['the minor version of the input', { kubernetesVersion: '1.33' }, '1.33'],
    ['the patch version of the input', { kubernetesVersion: '1.33.8' }, '1.33.8'],
    ['the one of the input, even under profile preview', { profile: 'preview', kubernetesVersion: '1.33' }, '1.33'],
  ])('is %s', (_what, input, version) => {
    expect(chooseKubernetesVersion(parsed(given(input)), nothingThere).version).toBe(version);
  });

  it('is proposed from what the region offers with network isolation', () => {
    const { problems } = chooseKubernetesVersion(parsed(given({ kubernetesVersion: '1.31' })), nothingThere);
    expect(problems.map(({ whatToDo }) => whatToDo)).toEqual(['Use one of 1.33, 1.34, or a patch version of one.']);
  });

  it('is none that has long-term support only', () => {
    const kubernetesVersions = nothingThere.kubernetesVersions.map((each) => ({
      ...each,
      supportPlans: each.version === '1.33' ? ['AKSLongTermSupport'] : ['KubernetesOfficial', 'AKSLongTermSupport'],
    }));
    const seen = { ...nothingThere, kubernetesVersions };
    expect(chooseKubernetesVersion(parsed(given({ kubernetesVersion: '1.33' })), seen).problems).toEqual([
      expect.objectContaining({
        problem: expect.stringMatching(/long-term support only/),
        whatToDo: 'Use one of 1.34, or a patch version of one.',
      }),
    ]);
  });

  it('is that of the cluster, if there is one', () => {
    const cluster = clusterThere({ kubernetesVersion: '1.28.1' });
    expect(chooseKubernetesVersion(parsed(given()), { ...nothingThere, cluster })).toEqual({
      version: '1.28.1',
      problems: [],
    });
  });
});
