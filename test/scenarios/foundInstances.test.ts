import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { versioned } from '../support/arm.ts';
import type { SimulatedAzure } from '../support/azure.ts';
import { type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { sampled } from '../support/sampled.ts';
import { existingCluster, kubectl, updateByHand, writesSince } from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

const registry = { mode: 'managed' } as const;

type Arrange = (azure: SimulatedAzure, cluster: ClusterReference) => Promise<unknown>;

/** Has a pool keep what it scales down, and scales it down by two. */
const keepMachines: Arrange = async (azure, cluster) => {
  const id = clusterId(cluster);
  const { properties } = (await azure.get(`${id}/agentPools/work`)).body as { properties: object };
  await azure.put(`${id}/agentPools/work`, { properties: { ...properties, scaleDownMode: 'Deallocate' } });
  const group = String((await azure.get(id)).at('properties.nodeResourceGroup'));
  const sets = `/subscriptions/${cluster.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/virtualMachineScaleSets`;
  const { value } = (await azure.send('GET', versioned(sets))).body as { value: { id: string }[] };
  const scaleSet = value.find((each) => each.id.includes('-work-'))?.id ?? '';
  await azure.answerAtEnd(await azure.send('PATCH', versioned(scaleSet), { sku: { capacity: 4 } }));
  const nodes = (await azure.send('GET', versioned(`${scaleSet}/virtualMachines`))).body as {
    value: { properties: { osProfile: { computerName: string } } }[];
  };
  for (const { properties: node } of nodes.value.slice(2)) {
    await azure.send('POST', '/simulator/nodes', { cluster: id, name: node.osProfile.computerName, becomes: 'silent' });
  }
  await azure.send('POST', '/simulator/clock', { advanceSeconds: 60 });
};

const set =
  (property: string, value: object): Arrange =>
  (azure, cluster) =>
    updateByHand(azure, cluster, (properties) => {
      properties[property] = { ...(properties[property] as object), ...value };
    });

/** Conditions that createCluster keeps by construction, and that others have broken in a cluster that is there. */
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
  [
    'a static egress gateway',
    (azure, cluster) =>
      azure.put(`${clusterId(cluster)}/agentPools/egress`, {
        properties: {
          mode: 'Gateway',
          count: 1,
          vmSize: 'Standard_D4ds_v5',
          gatewayProfile: { publicIPPrefixSize: 31 },
        },
      }),
    /static egress gateway egress, .*: a way out that stays open/,
  ],
  [
    'machines that are scaled down and kept, which start with the disks that they have',
    keepMachines,
    /^2 of its 4 nodes are not ready.*scaleDownMode Deallocate/,
  ],
];

describe('isolateCluster of a cluster as it is found', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  it.each(
    sampled(
      refused.map((row, index) => [...row, `found${index}`] as const),
      3,
    ),
  )('writes nothing where there is %s', async (_name, arrange, problem, name) => {
    await harness.azure.reset(manyClusters);
    const cluster = await existingCluster(harness, name);
    await arrange(harness.azure, cluster);
    const writes = await writesSince(harness, cluster);
    const run = await harness.client.isolateCluster({ cluster, registry });
    const { type, problems } = await problemsOf(run.result());
    expect(type).toBe('PreflightFailed');
    expect(problems.map((each) => each.problem)).toContainEqual(expect.stringMatching(problem));
    expect(await writes()).toEqual([]);
  });
});
