import { echoed, withoutUndefined } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import type { ClusterBody, PoolProperties } from './shapes.ts';
import { latestNodeImage, patchOf } from './versions.ts';

/** Properties that clients send and Azure never echoes. */
const silent = new Set(['scaleSetPriority', 'scaleSetEvictionPolicy', 'spotMaxPrice', 'name', 'eTag']);

/** A pool's properties with Azure's defaults. */
export function buildPool(
  world: World,
  sent: PoolProperties,
  cluster: ClusterBody,
  before: PoolProperties | undefined,
  provisioningState: string,
): PoolProperties {
  const version = sent.orchestratorVersion ?? before?.orchestratorVersion ?? cluster.properties.kubernetesVersion;
  const extra = Object.entries(echoed(sent)).filter(([key]) => !silent.has(key));
  const { nodeTaints, nodeLabels, ...kept } = { ...before, ...Object.fromEntries(extra) };
  return {
    count: 1,
    vmSize: 'Standard_D4ds_v5',
    osDiskSizeGB: 128,
    osDiskType: 'Managed',
    kubeletDiskType: 'OS',
    maxPods: cluster.properties.networkProfile.networkPlugin === 'kubenet' ? 110 : 30,
    type: 'VirtualMachineScaleSets',
    enableAutoScaling: false,
    scaleDownMode: 'Delete',
    enableNodePublicIP: false,
    mode: 'User',
    enableEncryptionAtHost: false,
    enableUltraSSD: false,
    osType: 'Linux',
    osSKU: 'Ubuntu',
    enableFIPS: false,
    securityProfile: { enableVTPM: false, enableSecureBoot: false },
    nodeImageVersion: latestNodeImage(world),
    ...kept,
    upgradeSettings: { maxSurge: '10%', ...withoutUndefined(kept.upgradeSettings ?? {}) },
    ...(nodeLabels && Object.keys(nodeLabels).length > 0 && { nodeLabels }),
    ...(nodeTaints && nodeTaints.length > 0 && { nodeTaints }),
    provisioningState,
    powerState: { code: 'Running' },
    orchestratorVersion: version,
    currentOrchestratorVersion: patchOf(world.edition, version),
  };
}
