import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { agentPoolId, type ClusterReference, clusterId } from '../../resources/ids.ts';
import { formerMaxSurgeTag } from '../../resources/marks.ts';
import { failureDetailsOf, type Harness, startHarness } from '../support/harness.ts';
import { existingCluster, newNodeImage, verified, writesSince } from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
});
afterAll(() => harness.close());

const pools = { system: { mode: 'System', count: 1 }, work: { mode: 'User', count: 9 } } as const;
const given = (cluster: ClusterReference) => ({ cluster, agentPools: ['work'] });
const settingsOf = async (cluster: ClusterReference) => {
  const { body } = await harness.azure.get(agentPoolId(clusterId(cluster), 'work'));
  const { nodeImageVersion: _image, ...settings } = (body as { properties: Record<string, unknown> }).properties;
  return settings;
};
/** Simulated seconds until a reimage of the pool has ended. */
async function secondsOf(cluster: ClusterReference, maxSurge?: string): Promise<number> {
  await newNodeImage(harness);
  const before = harness.azure.simulator.clock.now();
  await verified(
    harness.client.reimageNodePools({ ...given(cluster), ...(maxSurge !== undefined && { reimage: { maxSurge } }) }),
  );
  return (harness.azure.simulator.clock.now() - before) / 1000;
}

it('a pool is reimaged faster with a surge that is raised for it, and put back', async () => {
  const cluster = await existingCluster(harness, 'surge', { pools });
  const before = await settingsOf(cluster);
  const own = await secondsOf(cluster);
  const writes = await writesSince(harness, cluster);
  const raised = await secondsOf(cluster, '100%');
  expect(await writes()).toEqual(['PUT work 200', 'POST work/upgradeNodeImageVersion 202', 'PUT work 200']);
  expect(await settingsOf(cluster)).toEqual(before);
  expect(own / raised).toBeGreaterThan(1.5);
});

it('a surge that saves no round is left as it is', async () => {
  const cluster = await existingCluster(harness, 'surge-enough', {
    pools: { ...pools, work: { mode: 'User', count: 1 } },
  });
  await newNodeImage(harness);
  const writes = await writesSince(harness, cluster);
  await verified(harness.client.reimageNodePools({ ...given(cluster), reimage: { maxSurge: '100%' } }));
  expect(await writes()).toEqual(['POST work/upgradeNodeImageVersion 202']);
});

it('a surge is put back where the reimage fails', async () => {
  const cluster = await existingCluster(harness, 'surge-fails', { pools });
  const before = await settingsOf(cluster);
  await newNodeImage(harness);
  const answer = { status: 400, code: 'InvalidParameter', message: 'No.' };
  const path = `${agentPoolId(clusterId(cluster), 'work')}/upgradeNodeImageVersion`;
  await harness.azure.fault({ method: 'POST', path, times: 1_000, answer });
  const run = await harness.client.reimageNodePools({ ...given(cluster), reimage: { maxSurge: '3' } });
  const { details } = await failureDetailsOf(run.result());
  expect(details.leftovers.map(({ why }) => why).join()).not.toMatch(/maxSurge/);
  expect(await settingsOf(cluster)).toEqual(before);
});

it('a surge that a terminated run has left is put back by the next', async () => {
  const cluster = await existingCluster(harness, 'surge-left', { pools });
  const before = await settingsOf(cluster);
  const id = agentPoolId(clusterId(cluster), 'work');
  const { body } = await harness.azure.get(id);
  const whole = body as { properties: { upgradeSettings: object } };
  await harness.azure.put(id, {
    ...whole,
    properties: {
      ...whole.properties,
      upgradeSettings: { ...whole.properties.upgradeSettings, maxSurge: '50%' },
      tags: { [formerMaxSurgeTag]: '10% 50%' },
    },
  });
  await newNodeImage(harness);
  await verified(harness.client.reimageNodePools(given(cluster)));
  expect(await settingsOf(cluster)).toEqual(before);
});
