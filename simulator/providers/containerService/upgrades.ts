import { compareVersions } from 'compare-versions';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { parentPath } from '../../arm/ids.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { poolNotFound } from './errors.ts';
import { poolBody } from './shapes.ts';
import { clusterOf, clusterType, poolsOf, poolType } from './stored.ts';
import { allPatches, kubernetesVersions, latestNodeImage, upgradesFrom } from './versions.ts';

/** Which Kubernetes versions there are, and to which a cluster and a pool can go. */
export const upgradeTypes: readonly ResourceType[] = [
  { kind: 'computed', type: `${poolType}/upgradeProfiles`, get: poolUpgrades },
  { kind: 'computed', type: `${clusterType}/availableAgentPoolVersions`, get: availableVersions },
  { kind: 'computed', type: `${clusterType}/upgradeProfiles`, get: clusterUpgrades },
  {
    kind: 'computed',
    type: 'Microsoft.ContainerService/locations/kubernetesVersions',
    get: ({ world }) => ({ status: 200, body: kubernetesVersions(world) }),
  },
];

function clusterUpgrades(request: ArmRequest): Reply {
  const { world } = request;
  const cluster = clusterOf(request);
  const kubernetesVersion = cluster.properties.currentKubernetesVersion;
  const upgrades = upgradesFrom(world, kubernetesVersion).map((version) => ({ kubernetesVersion: version }));
  const profile = { kubernetesVersion, osType: 'Linux', upgrades };
  return {
    status: 200,
    body: {
      id: `${cluster.id}/upgradeprofiles/default`,
      name: 'default',
      type: `${clusterType}/upgradeProfiles`,
      properties: {
        controlPlaneProfile: profile,
        agentPoolProfiles: poolsOf(world, cluster.id).map(({ name }) => ({ name, ...profile })),
      },
    },
  };
}

function poolUpgrades(request: ArmRequest): Reply {
  const { world } = request;
  const poolPath = parentPath(request.resourceId);
  const pool = world.store.get(poolPath);
  if (!pool) throw poolNotFound(request);
  const { orchestratorVersion, currentOrchestratorVersion, osType } = poolBody.parse(pool.body).properties;
  const version = currentOrchestratorVersion ?? orchestratorVersion ?? '';
  const upgrades = upgradesFrom(world, version).map((kubernetesVersion) => ({ kubernetesVersion }));
  return {
    status: 200,
    body: {
      id: `${pool.id}/upgradeProfiles/default`,
      name: 'default',
      type: `${poolType}/upgradeProfiles`,
      properties: {
        kubernetesVersion: version,
        osType: osType ?? 'Linux',
        upgrades,
        latestNodeImageVersion: latestNodeImage(world),
      },
    },
  };
}

function availableVersions(request: ArmRequest): Reply {
  const { world } = request;
  const cluster = clusterOf(request);
  const current = cluster.properties.currentKubernetesVersion;
  const versions = allPatches(world).filter((patch) => compareVersions(patch, current) <= 0);
  const agentPoolVersions = versions.map((kubernetesVersion) => ({
    kubernetesVersion,
    ...(kubernetesVersion === current && { default: true }),
  }));
  const type = `${clusterType}/availableAgentPoolVersions`;
  return {
    status: 200,
    body: { id: `${cluster.id}/availableagentpoolversions`, name: 'default', type, properties: { agentPoolVersions } },
  };
}
