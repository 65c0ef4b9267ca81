import { valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { aksError } from './errors.ts';
import type { Intent } from './intent.ts';
import { mayReimageNow } from './maintenance.ts';
import type { ClusterBody, ClusterRequest } from './shapes.ts';
import { reimagesForIsolation } from './versions.ts';

/**
 * A node disruption policy keeps back changes for which AKS would reimage nodes. A new node image is none of them.
 *
 * @see https://learn.microsoft.com/azure/aks/node-disruption-policy
 * @throws ArmError 409 OperationNotAllowed
 */
export function refuseDisruption(world: World, request: ClusterRequest, intent: Intent, existing: ClusterBody): void {
  const change = disruptiveChange(world, request, intent, existing);
  if (change !== undefined) refuseDisruptiveChange(world, existing, change);
}

/** @throws ArmError 409 OperationNotAllowed where the policy of a cluster keeps a change back for which AKS reimages nodes. */
export function refuseDisruptiveChange(world: World, existing: ClusterBody, change: string): void {
  const policy = String(valueAt(existing.properties, 'nodeDisruptionProfile.nodeDisruptionPolicy') ?? 'Allow');
  if (policy === 'Allow') return;
  if (policy === 'Block') throw blocked(change, policy, 'OperationBlockedByNodeDisruptionPolicy');
  if (!mayReimageNow(world, existing.id)) throw blocked(change, policy, 'OperationOutsideNodeDisruptionWindow');
}

const blocked = (change: string, policy: string, subcode: string) =>
  aksError(
    409,
    'OperationNotAllowed',
    `The operation requires nodes to be reimaged (${change}), which node disruption policy '${policy}' does not allow now. See https://aka.ms/aks/node-disruption-policy.`,
    subcode,
  );

/** The first change that AKS applies by reimaging nodes. */
function disruptiveChange(
  world: World,
  { properties: sent }: ClusterRequest,
  intent: Intent,
  existing: ClusterBody,
): string | undefined {
  const { properties: before } = existing;
  const { bootstrapProfile: bootstrap, networkProfile: network, apiServerAccessProfile: access } = before;
  const forIsolation = reimagesForIsolation(world, existing);
  const zone = sent.apiServerAccessProfile?.privateDNSZone;
  const isUnmanaged = (cluster: unknown) => valueAt(cluster, 'autoUpgradeProfile.nodeOSUpgradeChannel') === 'Unmanaged';
  const kubelet = sent.identityProfile?.kubeletidentity?.resourceId;
  const changes: Readonly<Record<string, boolean>> = {
    'the kubelet identity':
      kubelet !== undefined && !same(kubelet, before.identityProfile?.kubeletidentity?.resourceId),
    'the private DNS zone': intent.privateCluster && Boolean(zone) && !same(zone, access?.privateDNSZone),
    'API Server VNet Integration': intent.vnetIntegration && access?.enableVnetIntegration !== true,
    'the HTTP proxy': JSON.stringify(sent.httpProxyConfig ?? {}) !== JSON.stringify(before.httpProxyConfig ?? {}),
    'the node OS upgrade channel': isUnmanaged(sent) !== isUnmanaged(before),
    'the bootstrap profile':
      forIsolation &&
      (intent.artifactSource !== bootstrap.artifactSource ||
        !same(intent.containerRegistryId, bootstrap.containerRegistryId)),
    'the outbound type': forIsolation && intent.outboundType !== network.outboundType,
  };
  return Object.entries(changes).find(([, isMade]) => isMade)?.[0];
}

const same = (one: string | null | undefined, other: string | null | undefined): boolean =>
  (one ?? '').toLowerCase() === (other ?? '').toLowerCase();
