import { describe, expect, it } from '@jest/globals';
import type { ReadBack } from '../../../resources/discovery.ts';
import type { ClusterChange, ClusterFacts } from '../../../resources/managedClusters.ts';
import { existingClusterChecks } from '../../../workflows/existingCluster/checks.ts';
import { cluster } from '../support.ts';
import { isolated, ordinary, pool, registryId, systemPool } from './support.ts';

const ownRegistry = registryId('own');
const toOwn: ClusterChange = { artifactSource: 'Cache', containerRegistryId: ownRegistry, outboundType: 'none' };
const readBack = (now: ClusterFacts | undefined, nodeResourceTypes: string[] = []): ReadBack => ({
  ...(now && { cluster: now }),
  infrastructure: { otherLinkedZones: [], identities: {}, roles: {} },
  nodeResourceTypes,
});
const moved = (changes: Partial<ClusterFacts> = {}) => isolated({ containerRegistryId: ownRegistry, ...changes });
const missed = (change: ClusterChange, now: ReadBack, before?: ClusterFacts) =>
  existingClusterChecks(cluster, change, now, before)
    .filter(({ ok }) => !ok)
    .map(({ id, seen }) => [id, seen]);

describe('the checks of a cluster that was changed', () => {
  it('pass one that is as promised', () => {
    expect(missed(toOwn, readBack(moved()), ordinary())).toEqual([]);
  });

  it.each<[check: string, seen: string, changes: Partial<ClusterFacts>]>([
    ['cluster', 'Failed', { provisioningState: 'Failed' }],
    ['outboundType', 'loadBalancer', { outboundType: 'loadBalancer' }],
    ['artifactSource', 'Direct', { artifactSource: 'Direct' }],
    ['registry', registryId('other'), { containerRegistryId: registryId('other') }],
    ['pool work', 'Failed', { agentPoolProfiles: [systemPool, pool('work', { provisioningState: 'Failed' })] }],
  ])('tell that %s is %s', (check, seen, changes) => {
    expect(missed(toOwn, readBack(moved(changes)), ordinary())).toEqual([[check, seen]]);
  });

  it('tell everything of a cluster that is gone', () => {
    expect(missed(toOwn, readBack(undefined), ordinary())).toEqual([
      ['cluster', 'absent'],
      ['outboundType', 'absent'],
      ['artifactSource', 'absent'],
      ['registry', 'absent'],
    ]);
  });

  it('look only at what was promised', () => {
    const checks = existingClusterChecks(cluster, {}, readBack(ordinary()), ordinary());
    expect(checks.map(({ id }) => id)).toEqual(['cluster', 'pool system', 'pool work']);
  });

  it('tell the registry of AKS, or its zone, that is still there after the cluster has left it, and take nothing back', () => {
    const left = ['microsoft.containerregistry/registries', 'microsoft.network/privatednszones'];
    const looked = existingClusterChecks(cluster, toOwn, readBack(moved(), left), isolated());
    expect(looked.filter(({ verdict }) => verdict === 'missed').map(({ id, seen, ok }) => [id, seen, ok])).toEqual([
      ['managedRegistryGone', 'present', true],
      ['managedZoneGone', 'present', true],
    ]);
    expect(missed(toOwn, readBack(moved()), isolated())).toEqual([]);
  });
});
