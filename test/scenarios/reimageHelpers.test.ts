import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterId } from '../../resources/ids.ts';
import { type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { existingCluster, kubectl, newNodeImage, verified } from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
});
afterAll(() => harness.close());

const threePools = {
  system: { mode: 'System', count: 1 },
  work: { mode: 'User', count: 2 },
  other: { mode: 'User', count: 2 },
} as const;

describe('a pool of virtual machines', () => {
  it('is told as what it is', async () => {
    const cluster = await existingCluster(harness, 'virtual-machines');
    const scale = { manual: [{ size: 'Standard_D4ds_v5', count: 2 }] };
    const properties = { type: 'VirtualMachines', mode: 'User', virtualMachinesProfile: { scale } };
    await harness.azure.put(`${clusterId(cluster)}/agentPools/vms`, { properties });
    const result = await (await harness.client.reimageNodePools({ cluster, dryRun: true })).result();
    expect('plan' in result && result.plan.steps.map(({ title }) => title)).toContain(
      'Reimage node pool vms (User, virtual machines: 2 of Standard_D4ds_v5)',
    );
    await newNodeImage(harness);
    const { reimages } = await verified(harness.client.reimageNodePools({ cluster, agentPools: ['vms'] }));
    expect(reimages).toMatchObject([{ pool: 'vms', how: 'reimaged', seen: '2 of 2 nodes have a new disk' }]);
  });
});

describe('a disruption budget', () => {
  it('does not stop the reimage of pools that its pods are not on', async () => {
    const cluster = await existingCluster(harness, 'budget-elsewhere', { pools: threePools });
    await newNodeImage(harness);
    const nodes = await kubectl(harness.azure, cluster, 'kubectl get nodes --output name');
    const ofWork = nodes.split('\n').filter((name) => name.includes('-work-'));
    for (const node of ofWork) await kubectl(harness.azure, cluster, `kubectl cordon ${node.split('/')[1]}`);
    await kubectl(
      harness.azure,
      cluster,
      'kubectl create deployment cart --image=mcr.microsoft.com/cart:1 --replicas=2',
    );
    await kubectl(
      harness.azure,
      cluster,
      'kubectl create poddisruptionbudget cart --selector=app=cart --min-available=2',
    );
    for (const node of ofWork) await kubectl(harness.azure, cluster, `kubectl uncordon ${node.split('/')[1]}`);
    const refused = await problemsOf((await harness.client.reimageNodePools({ cluster })).result());
    expect(refused.problems.map(({ problem }) => problem).join()).toMatch(/default\/cart allows no disruption/);
    const { reimages } = await verified(harness.client.reimageNodePools({ cluster, agentPools: ['work'] }));
    expect(reimages).toMatchObject([{ pool: 'work', reimaged: true }]);
  });
});
