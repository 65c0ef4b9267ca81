import { echoed, withoutUndefined } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import type { ClusterBody, PoolProperties } from './shapes.ts';
import { latestNodeImage, patchOf } from './versions.ts';
import { singleMachines } from './virtualMachinePools.ts';

/** Properties that clients send and Azure never echoes; those of spot nodes it does. */
const silent = new Set(['name', 'eTag']);
const ofSpot = new Set(['scaleSetPriority', 'scaleSetEvictionPolicy', 'spotMaxPrice']);

/** Settings of the owner that have their defaults again where an update leaves them out. All others are fixed or AKS's. */
const reset = new Set([
  'nodeLabels',
  'nodeTaints',
  'tags',
  'upgradeSettings',
  'enableAutoScaling',
  'minCount',
  'maxCount',
  'scaleDownMode',
  'localDNSProfile',
]);

/** Properties of a pool that stay as they are where an update leaves them out. */
export const keptOf = (before: PoolProperties | undefined): PoolProperties =>
  Object.fromEntries(Object.entries(before ?? {}).filter(([key]) => !reset.has(key)));

/** A pool's properties with Azure's defaults. */
export function buildPool(
  world: World,
  sent: PoolProperties,
  cluster: ClusterBody,
  before: PoolProperties | undefined,
  provisioningState: string,
): PoolProperties {
  const version = sent.orchestratorVersion ?? before?.orchestratorVersion ?? cluster.properties.kubernetesVersion;
  const isSpot = String({ ...before, ...sent }.scaleSetPriority).toLowerCase() === 'spot';
  const extra = Object.entries(echoed(sent)).filter(([key]) => !silent.has(key) && (isSpot || !ofSpot.has(key)));
  const localDNSProfile = world.settings.azure.localDNSLeftOut === 'stays' ? before?.localDNSProfile : undefined;
  const { nodeTaints, nodeLabels, ...kept }: PoolProperties = {
    ...keptOf(before),
    ...withoutUndefined({ localDNSProfile }),
    ...Object.fromEntries(extra),
  };
  return singleMachines({
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
    currentOrchestratorVersion: patchFor(world, version, cluster, before),
  });
}

/** A pool whose version is named as before stays on its patch, whatever newer one there is. Azure REST API, `orchestratorVersion`. */
function patchFor(world: World, version: string, { properties }: ClusterBody, before: PoolProperties | undefined) {
  if (before?.currentOrchestratorVersion && before.orchestratorVersion === version)
    return before.currentOrchestratorVersion;
  return version === properties.kubernetesVersion ? properties.currentKubernetesVersion : patchOf(world, version);
}
