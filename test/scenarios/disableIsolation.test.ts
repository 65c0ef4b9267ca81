import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterId } from '../../resources/ids.ts';
import { failureDetailsOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { sampled } from '../support/sampled.ts';
import { existingCluster, isolationOf, reference, verified, writesSince } from './existingCluster.ts';
import { verifiedCreation as created, manyClusters, ownRegistryInput } from './ownRegistry.ts';

describe('disableIsolation', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  const pools = { nodepool1: { mode: 'System', count: 1 } } as const;
  const isolated = (name: string, more: { ownNetwork?: boolean } = {}) =>
    existingCluster(harness, name, { isolated: true, pools, ...more });

  it('opens egress and takes images from Microsoft in one update, and sees that the managed registry is gone', async () => {
    const cluster = await isolated('disable-managed');
    const writes = await writesSince(harness, cluster);
    const { checks } = await verified(harness.client.disableIsolation({ cluster }));
    expect(await writes()).toEqual(['PUT cluster 200', 'POST nodepool1/upgradeNodeImageVersion 202']);
    expect(await isolationOf(harness.azure, cluster)).toEqual({
      outboundType: 'loadBalancer',
      artifactSource: 'Direct',
      containerRegistryId: undefined,
    });
    expect(checks.filter(({ id }) => id.endsWith('Gone')).map(({ seen }) => seen)).toEqual(['absent', 'absent']);
    expect(await (await harness.client.auditCluster({ cluster })).result()).toMatchObject({ isolated: false });
  });

  inFull.it('writes nothing when it is started again', async () => {
    const cluster = await isolated('disable-again');
    await verified(harness.client.disableIsolation({ cluster }));
    const writes = await writesSince(harness, cluster);
    await verified(harness.client.disableIsolation({ cluster }));
    expect(await writes()).toEqual([]);
  });

  it('leaves a registry of one’s own where it is', async () => {
    await created(harness, ownRegistryInput('disable-byo'));
    const cluster = reference('disable-byo');
    const { containerRegistryId } = await isolationOf(harness.azure, cluster);
    await verified(harness.client.disableIsolation({ cluster }));
    expect(Object.keys(await harness.azure.state())).toContain(String(containerRegistryId).toLowerCase());
  });

  it('goes back in the order that Azure allows: registry, nodes, and only then no egress', async () => {
    const cluster = await isolated('disable-rollback');
    await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/agentPools/nodepool1/upgradeNodeImageVersion`,
      times: 2,
      operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain failed', afterSeconds: 200 },
    });
    const writes = await writesSince(harness, cluster);
    const { details } = await failureDetailsOf((await harness.client.disableIsolation({ cluster })).result());
    expect(details.leftovers).toEqual([]);
    expect((await writes()).slice(-3)).toEqual([
      'PUT cluster 200',
      'POST nodepool1/upgradeNodeImageVersion 202',
      'PUT cluster 200',
    ]);
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({ outboundType: 'none', artifactSource: 'Cache' });
    expect(await (await harness.client.auditCluster({ cluster })).result()).toMatchObject({ isolated: true });
  });

  it('reimages nodes that it never touched, where the update that Azure cancelled has cost them their registry', async () => {
    const cluster = await isolated('disable-canceled');
    const before = await isolationOf(harness.azure, cluster);
    const operation = {
      status: 'Canceled' as const,
      code: 'OperationCanceled',
      message: 'Preempted',
      afterSeconds: 60,
    };
    await harness.azure.fault({ method: 'PUT', path: `${clusterId(cluster)}$`, operation });
    const writes = await writesSince(harness, cluster);
    const { failure, details } = await failureDetailsOf((await harness.client.disableIsolation({ cluster })).result());
    expect(failure.message).toMatch(/OperationCanceled[\s\S]*Everything that this run had changed was taken back/);
    expect(details.steps.flatMap(({ id, state }) => (id === 'reimage:nodepool1' ? state : []))).toEqual(['undone']);
    expect(await writes()).toEqual([
      'PUT cluster 200',
      'PUT cluster 200',
      'POST nodepool1/upgradeNodeImageVersion 202',
      'PUT cluster 200',
    ]);
    expect((await isolationOf(harness.azure, cluster)).containerRegistryId).not.toBe(before.containerRegistryId);
    expect(await (await harness.client.auditCluster({ cluster })).result()).toMatchObject({ isolated: true });
  });

  it('refuses an outbound type that the network does not allow', async () => {
    const cluster = await isolated('disable-refused');
    const run = await harness.client.disableIsolation({ cluster, outboundType: 'userDefinedRouting' });
    expect((await problemsOf(run.result())).problems).toEqual([
      {
        where: 'outboundType',
        problem: 'Azure does not change none to userDefinedRouting in a network that AKS manages',
        whatToDo: 'Use loadBalancer or managedNATGateway or managedNATGatewayV2 or block.',
      },
    ]);
  });

  it.each(
    sampled(
      [
        ['userDefinedRouting', 'route table'],
        ['userAssignedNATGateway', 'NAT gateway'],
      ] as const,
      2,
    ),
  )('refuses %s before the first write where a subnet of nodes has no %s', async (outboundType, what) => {
    const name = `disable-${outboundType.toLowerCase()}`;
    const cluster = await isolated(name, { ownNetwork: true });
    const writes = await writesSince(harness, cluster);
    const { problems } = await problemsOf((await harness.client.disableIsolation({ cluster, outboundType })).result());
    expect(problems).toEqual([
      {
        where: expect.stringMatching(/\/subnets\/nodes$/),
        problem: `no ${what} is on this subnet, as outbound type ${outboundType} wants`,
        whatToDo: expect.stringContaining(`Put a ${what} with`),
      },
    ]);
    expect(await writes()).toEqual([]);
  });
});
