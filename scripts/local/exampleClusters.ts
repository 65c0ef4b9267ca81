import type { ClusterReference } from '../../resources/ids.ts';
import type { Edition, Simulator } from '../../simulator/index.ts';
import { createExistingCluster, type FoundCluster, type Pools } from './existingCluster.ts';
import { controlApi } from './simulatorClient.ts';

export const exampleSubscription = '11111111-1111-1111-1111-111111111111';

const shop = (resourceGroup: string): ClusterReference => ({
  subscriptionId: exampleSubscription,
  resourceGroup,
  name: 'shop',
});

const shopPools: Pools = {
  system: { mode: 'System', count: 2 },
  canary: { mode: 'User', count: 1 },
  work: { mode: 'User', count: 3 },
};

const eightPools: Pools = Object.fromEntries(
  [2, 3, 3, 4, 4, 5, 5, 6].map((count, index) => [
    index === 0 ? 'system' : `user${index}`,
    { mode: index === 0 ? 'System' : 'User', count },
  ]),
);

/** The clusters that `examples/` finds, where no other example makes them. */
export const exampleClusters = {
  ordinary: { cluster: shop('existing'), pools: shopPools },
  ownNetwork: { cluster: shop('existing-byo'), pools: shopPools, ownNetwork: true },
  manyPools: { cluster: shop('pools'), pools: eightPools },
  isolated: { cluster: shop('existing-isolated'), pools: shopPools, ownNetwork: true, isolated: true },
} as const satisfies Record<string, FoundCluster>;

/** Those that there are in an edition of Azure. In 2024 isolated clusters need a feature that nobody has registered yet. */
export const clustersOf = (edition: Edition): readonly FoundCluster[] =>
  Object.values(exampleClusters).filter((found: FoundCluster) => edition === 'current' || !found.isolated);

/** Makes the clusters that the examples find, and then a newer node image, without which Azure reimages nothing. */
export async function createExampleClusters(simulator: Simulator, edition: Edition): Promise<void> {
  for (const found of clustersOf(edition)) await createExistingCluster(simulator, found);
  await controlApi(simulator, 'node-image', 'POST');
}
