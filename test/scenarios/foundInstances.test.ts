import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import type { SimulatedAzure } from '../support/azure.ts';
import { type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { existingCluster, kubectl, updateByHand, writesSince } from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

const registry = { mode: 'managed' } as const;

type Arrange = (azure: SimulatedAzure, cluster: ClusterReference) => Promise<unknown>;

const set =
  (property: string, value: object): Arrange =>
  (azure, cluster) =>
    updateByHand(azure, cluster, (properties) => {
      properties[property] = { ...(properties[property] as object), ...value };
    });

/** What createCluster sees to by construction, and what others have done to a cluster that is there. */
const refused: [name: string, arrange: Arrange, problem: RegExp][] = [
  [
    'a lock in the node resource group, though on none of the steps',
    async (azure, cluster) => {
      const group = String((await azure.get(clusterId(cluster))).at('properties.nodeResourceGroup'));
      const scope = `/subscriptions/${cluster.subscriptionId}/resourceGroups/${group}`;
      await azure.put(`${scope}/providers/Microsoft.Authorization/locks/keep`, {
        properties: { level: 'CanNotDelete' },
      });
    },
    /AKS refuses to touch the node resource group while this CanNotDelete lock is on it/,
  ],
  [
    'an extension that needs egress',
    (azure, cluster) =>
      azure.put(`${clusterId(cluster)}/providers/Microsoft.KubernetesConfiguration/extensions/flux`, {
        identity: { type: 'SystemAssigned' },
        properties: { extensionType: 'microsoft.flux' },
      }),
    /extension microsoft\.flux needs egress/,
  ],
  ['node auto provisioning', set('nodeProvisioningProfile', { mode: 'Auto' }), /node auto provisioning is on/],
  [
    'a version for long-term support alone',
    (azure) => azure.send('PUT', '/simulator/kubernetes', { '1.34': 'longTerm' }),
    /long-term support only/,
  ],
  [
    'a public load balancer of a service',
    (azure, cluster) => kubectl(azure, cluster, 'kubectl create service loadbalancer web --tcp=80'),
    /public IP address of the cluster: a way out that stays open/,
  ],
];

describe('isolateCluster of a cluster as it is found', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  it.each(refused.map((row, index) => [...row, `found${index}`] as const))(
    'writes nothing where there is %s',
    async (_name, arrange, problem, name) => {
      await harness.azure.reset(manyClusters);
      const cluster = await existingCluster(harness, name);
      await arrange(harness.azure, cluster);
      const writes = await writesSince(harness, cluster);
      const run = await harness.client.isolateCluster({ cluster, registry });
      const { type, problems } = await problemsOf(run.result());
      expect(type).toBe('PreflightFailed');
      expect(problems.map((each) => each.problem)).toContainEqual(expect.stringMatching(problem));
      expect(await writes()).toEqual([]);
    },
  );
});
