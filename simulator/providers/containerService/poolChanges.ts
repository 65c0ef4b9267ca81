import { compareVersions } from 'compare-versions';
import { valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { vmSize } from '../compute/skus.ts';
import { refuseDisruptiveChange } from './disruption.ts';
import { invalidParameter } from './errors.ts';
import type { ClusterBody, PoolProperties } from './shapes.ts';

/** Parts of a pool for whose change AKS makes its nodes anew. @see https://learn.microsoft.com/azure/aks/node-disruption-policy */
const rollingSettings: Readonly<Record<string, (pool: PoolProperties) => unknown>> = {
  'the LocalDNS profile': (pool) =>
    ['mode', 'vnetDNSOverrides', 'kubeDNSOverrides'].map(
      (part) => valueAt(pool, `localDNSProfile.${part}`) ?? (part === 'mode' ? 'Disabled' : {}),
    ),
  'artifact streaming': (pool) => valueAt(pool, 'artifactStreamingProfile.enabled') ?? false,
  'Trusted Launch': (pool) =>
    ['enableVTPM', 'enableSecureBoot'].map((part) => valueAt(pool, `securityProfile.${part}`) ?? false),
};

/**
 * Whether AKS makes the nodes of a pool anew for an update of it: for another version of Kubernetes, or for a setting that nodes
 * get as they are made.
 *
 * @throws ArmError 409 OperationNotAllowed where a node disruption policy keeps such a setting back. It keeps no version back.
 */
export function rollsPool(world: World, cluster: ClusterBody, before: PoolProperties, now: PoolProperties): boolean {
  if (before.currentOrchestratorVersion !== now.currentOrchestratorVersion) return true;
  const changed = Object.entries(rollingSettings).find(
    ([, part]) => JSON.stringify(part(before)) !== JSON.stringify(part(now)),
  );
  if (!changed) return false;
  refuseDisruptiveChange(world, cluster, changed[0]);
  return world.settings.azure.poolSettingReimages === 'reimages';
}

/**
 * Refuses LocalDNS where a condition of it is not met. @see https://learn.microsoft.com/azure/aks/localdns-custom
 *
 * @throws ArmError 400 InvalidParameter
 */
export function checkLocalDns({ properties }: ClusterBody, pool: PoolProperties): void {
  const mode = valueAt(pool, 'localDNSProfile.mode') ?? 'Disabled';
  if (mode === 'Disabled') return;
  const refuse = (why: string) => {
    throw invalidParameter('agentPoolProfile.localDNSProfile', why);
  };
  if (pool.osType?.toLowerCase() === 'windows') refuse('LocalDNS is not supported on Windows node pools.');
  if (compareVersions(pool.currentOrchestratorVersion ?? properties.currentKubernetesVersion, '1.31') < 0)
    refuse('LocalDNS needs Kubernetes 1.31 or later.');
  const size = vmSize(pool.vmSize ?? '');
  if (size && size.vCPUs < 4) refuse(`LocalDNS needs 4 vCPUs, and ${pool.vmSize} has ${size.vCPUs}.`);
}
