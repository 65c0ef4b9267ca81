import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { createExistingCluster, type Pools } from '../../scripts/local/existingCluster.ts';
import { clusterMarks } from '../../workflows/engine/marks.ts';
import { kubectl, updateByHand } from '../scenarios/existingCluster.ts';
import { type AzureUnderTest, attempt, startAzure, subscriptionId } from './support.ts';

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
  await azure.reset({ quotas: { standardDDSv5Family: 50_000, cores: 50_000 } });
});
afterAll(() => azure.close());

const run = <A, R>(look: (given: A) => Promise<R>, given: A): Promise<R> => attempt().run(look, given) as Promise<R>;

async function existing(name: string, pools: Pools = { system: { mode: 'System', count: 1 } }, isolated = false) {
  const cluster: ClusterReference = { subscriptionId, resourceGroup: `rg-${name}`, name };
  await createExistingCluster(azure.simulator, { cluster, pools, isolated });
  return cluster;
}
const facts = async (cluster: ClusterReference) => {
  const { cluster: found } = await run(azure.activities.lookAtCluster, { cluster, subscriptionIds: [] });
  if (!found) throw new Error('No cluster');
  return found;
};

describe('a look at nodes', () => {
  it('sees every node of a cluster whose listing is longer than a log, those of no pool as well', async () => {
    const user = Array.from({ length: 5 }, (_, index) => `longestname${index}`);
    const pools = { system: 1, ...Object.fromEntries(user.map((name) => [name, 840])) };
    const cluster = await existing(
      'large',
      Object.fromEntries(
        Object.entries(pools).map(([name, count]) => [name, { mode: count === 1 ? 'System' : 'User', count } as const]),
      ),
    );
    const id = clusterId(cluster);
    for (const name of user) {
      const { body } = await azure.get(`${id}/agentPools/${name}`);
      const { properties } = body as { properties: object };
      await azure.put(`${id}/agentPools/${name}`, { properties: { ...properties, nodeTaints: ['team=a:NoSchedule'] } });
    }
    await updateByHand(azure, cluster, (properties) => {
      properties.nodeProvisioningProfile = { mode: 'Auto' };
    });
    await kubectl(azure, cluster, 'kubectl create deployment web --image=mcr.microsoft.com/web:1 --replicas=40');
    const look = await run(azure.activities.lookInside, cluster);
    const nodes = 'seen' in look ? look.seen.nodes : [];
    expect(nodes.length).toBe(4_202);
    expect(nodes.filter(({ pool }) => !(pool in pools))).toMatchObject([
      { name: expect.stringMatching(/^aks-default-/) },
    ]);
  });
});

describe('a command in a cluster', () => {
  const forbidden = { status: 403, code: 'AuthorizationFailed', message: 'no permission' };

  it('is run again where Azure does not know the address of its result', async () => {
    const cluster = await existing('forgotten');
    const release = await azure.fault({
      method: 'GET',
      path: '/commandResults/',
      answer: { status: 404, code: 'NotFound', message: 'no such result' },
    });
    expect(await run(azure.activities.probeEgress, cluster)).toMatchObject({ seen: { open: true } });
    await release();
  });

  it.each([
    [403, 'InvalidOperationAddress'],
    [401, 'InvalidOperationAddress'],
  ])('is run again where the address of its result is answered with %i', async (status, code) => {
    const cluster = await existing(`aged${status}`);
    const answer = { status, code, message: 'not valid any more' };
    await azure.fault({ method: 'GET', path: '/commandResults/', answer });
    expect(await run(azure.activities.lookInside, cluster)).toMatchObject({ seen: { nodes: [{ pool: 'system' }] } });
  });

  it('is forbidden where its result may not be read', async () => {
    const cluster = await existing('unreadable');
    const release = await azure.fault({ method: 'GET', path: '/commandResults/', times: 100, answer: forbidden });
    expect(await run(azure.activities.lookInside, cluster)).toMatchObject({ unseen: { because: 'notAllowed' } });
    await release();
  });

  it('is run again where its pod starts late, however AKS spells for how long it was waited', async () => {
    const cluster = await existing('late');
    const message = 'container command-1 in aks-command namespace did not start within 1m0s on your cluster';
    const answer = { status: 400, code: 'KubernetesPerformanceError', message };
    await azure.fault({ method: 'POST', path: '/runCommand$', times: 2, answer });
    expect(await run(azure.activities.lookInside, cluster)).toMatchObject({ seen: { nodes: [{ pool: 'system' }] } });
  });

  it('is run again where Azure forbids for a moment what the roles of the worker allow', async () => {
    const cluster = await existing('forbidden');
    await azure.fault({ method: 'POST', path: '/runCommand$', times: 3, answer: forbidden });
    expect(await run(azure.activities.lookInside, cluster)).toMatchObject({ seen: { nodes: [{ pool: 'system' }] } });
  });

  it.each([
    ['for two minutes, where it is forbidden all the same', ['*'], 5],
    ['once, where the roles of the worker do not allow it', ['*/read'], 1],
  ])('is tried %s', async (_how, actions, times) => {
    const cluster = await existing(`forbidden${times}`);
    const body = JSON.stringify({ value: [{ actions, notActions: [] }] });
    const roles = { status: 200, contentType: 'application/json', body };
    const releases = await Promise.all([
      azure.fault({ method: 'GET', path: '/permissions$', times: 100, proxy: roles }),
      azure.fault({ method: 'POST', path: '/runCommand$', times: 100, answer: forbidden }),
    ]);
    const from = await azure.recordedBytes();
    expect(await run(azure.activities.probeEgress, cluster)).toMatchObject({ unseen: { because: 'notAllowed' } });
    const asked = (await azure.recorded(from)).filter(({ method }) => method === 'POST');
    expect(asked).toHaveLength(times);
    await Promise.all(releases.map((release) => release()));
  });

  it('is given up after five minutes, where it hangs', async () => {
    const cluster = await existing('hangs');
    const release = await azure.fault({ method: 'POST', path: '/runCommand$', operation: { stuckSeconds: 3_600 } });
    expect(await run(azure.activities.probeEgress, cluster)).toMatchObject({
      unseen: { because: 'failed', message: expect.stringContaining('has not ended within 5 minutes') },
    });
    await release();
  });
});

describe('a look with a pod', () => {
  const label = (cluster: ClusterReference, level: string) =>
    kubectl(
      azure,
      cluster,
      `kubectl label namespace kube-system pod-security.kubernetes.io/enforce=${level} --overwrite`,
    );
  const pods = async (cluster: ClusterReference) =>
    (await azure.send('GET', `/simulator/truth?cluster=${clusterId(cluster)}`)).at('pods');
  const move = (moves: object) => azure.send('PUT', '/simulator/azure', moves);
  const nodeOf = async (cluster: ClusterReference) => {
    const look = await run(azure.activities.lookInside, cluster);
    return 'seen' in look ? (look.seen.nodes[0]?.name ?? '') : '';
  };

  it('tells about egress where commands have no curl, also where Pod Security is at its strictest, and leaves none', async () => {
    await move({ commandTools: 'withoutCurl' });
    const open = await existing('nocurl');
    const closed = await existing('nocurlclosed', undefined, true);
    await label(closed, 'restricted');
    expect(await run(azure.activities.probeEgress, open)).toMatchObject({ seen: { open: true } });
    expect(await run(azure.activities.probeEgress, closed)).toMatchObject({
      seen: { open: false, message: 'wget: download timed out' },
    });
    await move({ commandTools: 'withCurl' });
    expect([await pods(open), await pods(closed)]).toEqual([[], []]);
  });

  it('says that Pod Security does not admit it, beforehand and when it is tried', async () => {
    const cluster = await existing('restricted');
    const node = await nodeOf(cluster);
    await label(cluster, 'restricted');
    const because = expect.stringMatching(/^Pod Security \(restricted:latest\) .*hostPath/);
    expect(await run(azure.activities.lookInside, cluster)).toMatchObject({ seen: { podDenied: because } });
    expect(await run(azure.activities.probeNode, { cluster, node, isPatient: true })).toEqual({
      unseen: { because: 'podDenied', message: because },
    });
  });

  it('says that Gatekeeper does not admit it', async () => {
    const cluster = await existing('gatekept');
    const node = await nodeOf(cluster);
    const where = [{ path: 'hostPath', equals: true }];
    await azure.send('PUT', '/simulator/policies', [
      { name: 'no-host-paths', type: 'kubernetes/pods', where, does: { effect: 'deny' } },
    ]);
    const seen = await run(azure.activities.probeNode, { cluster, node, isPatient: true });
    await azure.send('PUT', '/simulator/policies', []);
    expect(seen).toEqual({
      unseen: { because: 'podDenied', message: expect.stringMatching(/^Gatekeeper.*azurepolicy-no-host-paths/) },
    });
  });
});

describe('a look at a cluster', () => {
  it.each([
    [true, true],
    [undefined, true],
    [false, false],
  ])('with a proxy whose settings say enabled %s', async (enabled, uses) => {
    const cluster = await existing(`proxy-${enabled}`);
    const id = clusterId(cluster);
    const { body } = await azure.get(id);
    const whole = structuredClone(body) as { properties: Record<string, unknown> };
    const proxy = 'http://10.224.0.200:3128';
    const httpProxyConfig = { httpProxy: proxy, httpsProxy: proxy, ...(enabled !== undefined && { enabled }) };
    await azure.put(id, { ...whole, properties: { ...whole.properties, httpProxyConfig } });
    expect((await facts(cluster)).usesHttpProxy).toBe(uses);
  });
});

describe('a look at what isolation depends on', () => {
  it('counts the machines of each pool, and tells parts that may not be read from absent ones', async () => {
    const cluster = await existing('unread', undefined, true);
    const request = { cluster: await facts(cluster), subscriptionId, subnetIds: [] };
    expect(await run(azure.activities.lookAtDependencies, request)).toMatchObject({
      machines: { system: 1 },
      unread: {},
    });
    const release = await azure.fault({
      method: 'GET',
      path: '/Microsoft.ContainerRegistry/registries/',
      times: 100,
      answer: { status: 403, code: 'AuthorizationFailed', message: 'no permission' },
    });
    const seen = await run(azure.activities.lookAtDependencies, request);
    await release();
    expect(seen).not.toHaveProperty('registry');
    expect(seen.unread).toEqual({ registry: expect.stringContaining('no permission') });
  });
});

describe('a look at a registry that a cluster leaves', () => {
  it('names every cluster whose nodes boot from it', async () => {
    const cluster = await existing('leaves', undefined, true);
    const { containerRegistryId: registryId = '' } = await facts(cluster);
    const old = await run(azure.activities.lookAtOldRegistry, { registryId, marks: clusterMarks({ cluster }) });
    expect(old?.clusters?.map((id) => id.toLowerCase())).toEqual([clusterId(cluster).toLowerCase()]);
  });
});
