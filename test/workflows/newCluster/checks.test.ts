import { describe, expect, it } from '@jest/globals';
import type { ReadBack } from '../../../resources/discovery.ts';
import { clusterChecks } from '../../../workflows/newCluster/checks.ts';
import { clusterThere, planCreate } from '../support.ts';

const { specification } = planCreate();
const registry = {
  id: clusterThere().containerRegistryId ?? '',
  provisioningState: 'Succeeded',
  marks: {},
  location: 'westeurope',
  loginServer: 'r.azurecr.io',
  roleAssignmentMode: 'LegacyRegistryPermissions',
  replicas: [],
  sku: 'Premium',
  publicNetworkAccess: 'Disabled',
  anonymousPullEnabled: false,
  cacheRules: [
    {
      name: 'aks-managed-mcr',
      sourceRepository: 'mcr.microsoft.com/*',
      targetRepository: 'aks-managed-repository/*',
      provisioningState: 'Succeeded',
    },
  ],
  privateEndpoints: [{ id: 'endpoint', status: 'Approved' }],
};
const infrastructure = { otherLinkedZones: [], identities: {}, roles: {} };
const asPromised: ReadBack = {
  cluster: clusterThere(),
  registry,
  infrastructure,
  nodeResourceTypes: ['microsoft.network/privatednszones'],
};
const failed = (seen: ReadBack) => clusterChecks(specification, seen).filter(({ ok }) => !ok);
const withCluster = (changes: Parameters<typeof clusterThere>[0]): ReadBack => ({
  ...asPromised,
  cluster: clusterThere(changes),
});
const foreignRegistry = specification.cluster.subscriptionId;

describe('verification', () => {
  it('passes a cluster that is as promised, whatever the case of its words', () => {
    expect(failed(asPromised)).toEqual([]);
    expect(failed(withCluster({ outboundType: 'None', nodeResourceGroup: 'mc_rg_cluster_westeurope' }))).toEqual([]);
  });

  it('passes a patch version of the minor version that was asked for', () => {
    expect(failed(withCluster({ kubernetesVersion: '1.34.5', currentKubernetesVersion: '1.34' }))).toEqual([]);
  });

  it.each<[check: string, seenAs: string, seen: ReadBack]>([
    ['cluster', 'Failed', withCluster({ provisioningState: 'Failed' })],
    ['kubernetesVersion', '1.33', withCluster({ kubernetesVersion: '1.33', currentKubernetesVersion: '1.33.8' })],
    ['outboundType', 'loadBalancer', withCluster({ outboundType: 'loadBalancer' })],
    ['artifactSource', 'Direct', withCluster({ artifactSource: 'Direct' })],
    ['privateCluster', 'false', withCluster({ enablePrivateCluster: false })],
    ['vnetIntegration', 'true', withCluster({ enableVnetIntegration: true })],
    [
      'registry',
      'own',
      withCluster({
        containerRegistryId: `/subscriptions/${foreignRegistry}/resourceGroups/own/providers/Microsoft.ContainerRegistry/registries/r`,
      }),
    ],
    ['registryAccess', 'Enabled', { ...asPromised, registry: { ...registry, publicNetworkAccess: 'Enabled' } }],
    [
      'registryEndpoint',
      'Pending',
      { ...asPromised, registry: { ...registry, privateEndpoints: [{ id: 'endpoint', status: 'Pending' }] } },
    ],
    ['registryEndpoint', 'absent', { ...asPromised, registry: { ...registry, privateEndpoints: [] } }],
    ['registryCacheRule', 'absent', { ...asPromised, registry: { ...registry, cacheRules: [] } }],
    ['registryZone', 'absent', { ...asPromised, nodeResourceTypes: [] }],
    ['pool nodepool1', 'absent', withCluster({ agentPoolProfiles: [] })],
  ])('fails %s, seen as %p, and nothing else', (id, seen, readBack) => {
    expect(failed(readBack)).toMatchObject([{ id, seen }]);
  });

  it('fails every check of a cluster that is gone', () => {
    const checks = clusterChecks(specification, { infrastructure, nodeResourceTypes: [] });
    expect(checks.map(({ ok, seen }) => [ok, seen])).toEqual(checks.map(() => [false, 'absent']));
  });

  it('names the resource of each check', () => {
    const ids = Object.fromEntries(
      clusterChecks(specification, asPromised).map(({ id, resourceId }) => [id, resourceId]),
    );
    expect(ids.cluster).toMatch(/managedClusters\/cluster$/);
    expect(ids.registryAccess).toMatch(/registries\/r$/);
    expect(ids['pool nodepool1']).toMatch(/managedClusters\/cluster\/agentPools\/nodepool1$/);
  });
});
