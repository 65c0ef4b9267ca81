import { parentPath } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { aksError, invalidParameter } from './errors.ts';
import type { Intent } from './intent.ts';
import { makesNodes } from './isolationRules.ts';
import type { ClusterRequest, PoolProperties } from './shapes.ts';

/** @throws ArmError 400 where the way to the API server, or who makes the nodes, does not go with the rest of the cluster */
export function checkAccess(
  world: World,
  { properties }: ClusterRequest,
  intent: Intent,
  pools: readonly { readonly properties: PoolProperties }[],
): void {
  const ranges = properties.apiServerAccessProfile?.authorizedIPRanges ?? [];
  if (ranges.length > 0 && intent.privateCluster) {
    throw invalidParameter(
      'apiServerAccessProfile.authorizedIPRanges',
      'authorized IP ranges cannot be used with private clusters.',
    );
  }
  // VM sizes of the fourth generation and later encrypt, and API Server VNet Integration does not.
  const encrypted = pools.find(
    ({ properties: { vnetSubnetID, vmSize } }) =>
      vnetSubnetID &&
      Number(/_v(\d+)$/i.exec(vmSize ?? '')?.[1] ?? 0) >= 4 &&
      valueAt(world.store.get(parentPath(vnetSubnetID))?.body, 'properties.encryption.enabled') === true,
  );
  if (intent.vnetIntegration && encrypted) {
    throw invalidParameter(
      'apiServerAccessProfile.enableVnetIntegration',
      'API Server VNet Integration does not support virtual network encryption.',
    );
  }
  if (!makesNodes(properties)) return;
  const unless = (condition: boolean, why: string) => {
    if (condition) return;
    throw aksError(400, 'OperationNotAllowed', `.properties.nodeProvisioningProfile.mode cannot be Auto ${why}.`);
  };
  unless(intent.networkPlugin === 'azure', "unless .properties.networkProfile.networkPlugin is 'azure'");
  unless(
    pools.every(({ properties: { osType } }) => osType?.toLowerCase() !== 'windows'),
    'if there are Windows agent pools',
  );
}
