import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { failureDetailsOf, type Harness, startHarness } from '../support/harness.ts';
import { sampled } from '../support/sampled.ts';
import { existingCluster, updateByHand, verified } from './existingCluster.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset({ quotas: { standardDDSv5Family: 5000, cores: 5000 }, policies });
});
afterAll(() => harness.close());

const location = 'westeurope';
/** Each is about one cluster. */
const policies = (
  [
    { name: 'strips', does: { effect: 'modify', operations: [{ operation: 'remove', path: 'tags' }] } },
    { name: 'denies', does: { effect: 'deny' } },
  ] as const
).map(({ name, does }) => ({
  name,
  resource: `^kept-${name}$`,
  where: [{ path: 'tags.aks-isolation-egress-1', exists: true }],
  does: does.effect === 'deny' ? does : { ...does, operations: [...does.operations] },
}));
const registry = { mode: 'managed' as const };
const owners = { team: 'a' };

/** An ordinary cluster whose owner has set how it leaves. */
async function withEgress(name: string, network: Record<string, unknown>): Promise<ClusterReference> {
  const cluster = await existingCluster(harness, name, { pools: { system: { mode: 'System', count: 1 } } });
  await updateByHand(harness.azure, cluster, (properties) => {
    Object.assign(properties.networkProfile as object, network);
  });
  // The address that AKS had made, which nothing uses any more.
  const made = Object.keys(await harness.azure.state()).filter(
    (id) => id.includes(`/mc_rg-${name}_`) && /publicipaddresses/.test(id),
  );
  if ('loadBalancerProfile' in network) for (const id of made) await harness.azure.remove(id);
  await harness.azure.put(clusterId(cluster), { tags: owners }, 'PATCH');
  return cluster;
}

async function ownAddresses(name: string): Promise<string[]> {
  const group = `/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/addresses-${name}`;
  await harness.azure.put(group, { location });
  const ids = ['one', 'two'].map((each) => `${group}/providers/Microsoft.Network/publicIPAddresses/${each}`);
  const body = { location, sku: { name: 'Standard' }, properties: { publicIPAllocationMethod: 'Static' } };
  for (const id of ids) await harness.azure.put(id, body);
  return ids;
}

const seen = async (cluster: ClusterReference) => {
  const answer = await harness.azure.get(clusterId(cluster));
  const { loadBalancerProfile, natGatewayProfile, outboundType } = answer.at('properties.networkProfile') as Record<
    string,
    Record<string, unknown>
  >;
  return { outboundType, loadBalancerProfile, natGatewayProfile, tags: answer.at('tags') };
};

const balancer = (ids: readonly string[]) => ({
  loadBalancerProfile: {
    outboundIPs: { publicIPs: ids.map((id) => ({ id })) },
    allocatedOutboundPorts: 1024,
    idleTimeoutInMinutes: 60,
  },
});
const reasonOf = ({ plan }: Awaited<ReturnType<typeof verified>>) =>
  plan.steps.find(({ id }) => id === 'outboundType')?.reason;

describe('isolateCluster keeps how the owner had a cluster leave, and disableIsolation gives it back', () => {
  it.concurrent('with its own addresses, ports and idle timeout', async () => {
    const ids = await ownAddresses('back');
    const cluster = await withEgress('kept-back', balancer(ids));
    const before = await seen(cluster);
    const isolated = await verified(harness.client.isolateCluster({ cluster, registry }));
    expect(reasonOf(isolated)).toMatch(
      /one, two, allocatedOutboundPorts 1024, idleTimeoutInMinutes 60 is kept in tags aks-isolation-egress-1, /,
    );
    expect((await seen(cluster)).tags).toMatchObject(owners);
    const opened = await verified(harness.client.disableIsolation({ cluster }));
    expect(reasonOf(opened)).toContain('given back from its tags: one, two');
    expect(await seen(cluster)).toEqual(before);
  });

  it.concurrent.each(sampled(['managedNATGateway', 'managedNATGatewayV2'] as const, 2, 1))(
    'with a %s',
    async (outboundType) => {
      const gateway = { managedOutboundIPProfile: { count: 2 }, idleTimeoutInMinutes: 30 };
      const cluster = await withEgress(`kept-${outboundType.toLowerCase()}`, {
        outboundType,
        natGatewayProfile: { ...gateway, ...(outboundType === 'managedNATGatewayV2' && { sku: 'StandardV2' }) },
      });
      const before = await seen(cluster);
      await verified(harness.client.isolateCluster({ cluster, registry }));
      await verified(harness.client.disableIsolation({ cluster, outboundType }));
      expect(await seen(cluster)).toEqual(before);
    },
  );

  it.concurrent('without an address that is gone meanwhile, and says so', async () => {
    const [one = '', two = ''] = await ownAddresses('lost');
    const cluster = await withEgress('kept-lost', balancer([one, two]));
    await verified(harness.client.isolateCluster({ cluster, registry }));
    await harness.azure.remove(one);
    const opened = await verified(harness.client.disableIsolation({ cluster }));
    expect(reasonOf(opened)).toContain(`${one} cannot be given back: it is not there any more`);
    expect(await seen(cluster)).toMatchObject({
      loadBalancerProfile: { outboundIPs: { publicIPs: [{ id: two }] }, allocatedOutboundPorts: 1024 },
      tags: owners,
    });
  });

  it.concurrent('and undo leaves no trace of it', async () => {
    const cluster = await withEgress('kept-undone', balancer(await ownAddresses('undone')));
    const before = await seen(cluster);
    const path = `${clusterId(cluster)}$`;
    const operation = { status: 'Failed', code: 'InternalServerError', message: 'Not today' } as const;
    // The first update is that of where nodes boot from.
    await harness.azure.fault({ method: 'PUT', path, after: 1, operation });
    const { details } = await failureDetailsOf((await harness.client.isolateCluster({ cluster, registry })).result());
    expect(details.leftovers).toEqual([]);
    expect(await seen(cluster)).toEqual(before);
  });

  it.concurrent.each(sampled(['strips', 'denies'], 2))('and says so where a policy %s the tags', async (how) => {
    const cluster = await withEgress(`kept-${how}`, balancer(await ownAddresses(how)));
    const run = await harness.client.isolateCluster({ cluster, registry });
    const { steps } = await verified(Promise.resolve(run));
    const said = /one, two, allocatedOutboundPorts 1024, idleTimeoutInMinutes 60 is not kept, for a policy/;
    expect(steps.find(({ id }) => id === 'outboundType')).toMatchObject({
      state: 'done',
      reason: expect.stringMatching(said),
    });
    expect((await run.progress()).found).toContainEqual(expect.stringMatching(said));
    const { outboundType, tags } = await seen(cluster);
    expect({ outboundType, tags: Object.keys(tags ?? {}) }).toEqual({
      outboundType: 'none',
      tags: how === 'denies' ? ['team'] : [],
    });
  });
});
