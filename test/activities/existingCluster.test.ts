import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Reimaged } from '../../resources/agentPools.ts';
import type { ExistingCluster } from '../../resources/discovery.ts';
import { agentPoolId, type ClusterReference, clusterId } from '../../resources/ids.ts';
import type { KubernetesFacts, Look, PoolEvidence } from '../../resources/nodes.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  attemptAfter,
  killOnceSent,
  lastHeartbeatOf,
  operationHeartbeat,
  startAzure,
  subscriptionId,
} from './support.ts';

const busyPolicy = { minutes: 60, abort: false };
const cached = { artifactSource: 'Cache', containerRegistryId: null } as const;

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
  await azure.reset({ quotas: { standardDDSv5Family: 5000, cores: 5000 } });
});
afterAll(() => azure.close());

async function existing(name: string, of = azure): Promise<ClusterReference> {
  const cluster = { subscriptionId, resourceGroup: `rg-${name}`, name };
  const pools = { system: { mode: 'System', count: 1 }, work: { mode: 'User', count: 2 } } as const;
  await createExistingCluster(of.simulator, { cluster, pools });
  return cluster;
}

const putsOf = async (name: string): Promise<string[]> =>
  (await azure.writes(new RegExp(`/managedClusters/${name}[?]`))).filter((write) => write.startsWith('PUT'));

describe('lookAtCluster', () => {
  it('asks no zone of other clusters, of which a subscription may have thousands, once it has found the own one', async () => {
    const pools = { system: { mode: 'System', count: 1 } } as const;
    const clusters = ['zone-own', 'zone-other'].map((name) => ({ subscriptionId, resourceGroup: `rg-${name}`, name }));
    for (const cluster of clusters)
      await createExistingCluster(azure.simulator, { cluster, pools, isolated: true, ownNetwork: true });
    const from = await azure.recordedBytes();
    const [cluster] = clusters;
    const request = { cluster: cluster as ClusterReference, subscriptionIds: [] };
    const seen: ExistingCluster = await attemptAfter(0).run(azure.activities.lookAtCluster, request);
    expect(seen.zoneLink?.id).toMatch(/zone-own.*\/virtualNetworkLinks\//i);
    const asked = (await azure.recorded(from)).filter(({ url }) => url.includes('/virtualNetworkLinks?'));
    expect(asked.filter(({ url }) => !url.includes('zone-own'))).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('asks for the zones of other clusters in each run of a person, and once for all runs of a rollout', async () => {
    const pools = { system: { mode: 'System', count: 1 } } as const;
    const other = { subscriptionId, resourceGroup: 'rg-far', name: 'far' };
    await createExistingCluster(azure.simulator, { cluster: other, pools, isolated: true, ownNetwork: true });
    const clusters = [await existing('near-1'), await existing('near-2'), await existing('near-3')];
    const asked = async (priorityKey: number): Promise<number> => {
      const from = await azure.recordedBytes();
      for (const cluster of clusters) {
        const run = new MockActivityEnvironment({
          priority: { priorityKey },
          activityId: `${cluster.name}-${priorityKey}`,
        });
        await run.run(azure.activities.lookAtCluster, { cluster, subscriptionIds: [] });
      }
      return (await azure.recorded(from)).filter(({ url }) => /rg-far.*\/virtualNetworkLinks\?/.test(url)).length;
    };
    expect(await asked(3)).toBe(3);
    expect(await asked(4)).toBe(1);
  });

  it('finds the zone in the node resource group, where the zones of the subscription may not be listed', async () => {
    const cluster = { subscriptionId, resourceGroup: 'rg-zone-hidden', name: 'zone-hidden' };
    const pools = { system: { mode: 'System', count: 1 } } as const;
    await createExistingCluster(azure.simulator, { cluster, pools, isolated: true, ownNetwork: true });
    const release = await azure.fault({
      method: 'GET',
      path: `/subscriptions/${subscriptionId}/providers/Microsoft.Network/privateDnsZones$`,
      times: 1_000,
      answer: { status: 403, code: 'AuthorizationFailed', message: 'No.' },
    });
    const request = { cluster, subscriptionIds: [] };
    const seen: ExistingCluster = await attemptAfter(0).run(azure.activities.lookAtCluster, request);
    await release();
    expect(seen.zoneLink?.id).toMatch(/\/MC_[^/]*zone-hidden.*\/virtualNetworkLinks\//i);
  });
});

describe('updateCluster', () => {
  it('changes what it is told to, and nothing else', async () => {
    const cluster = await existing('change-only');
    await azure.put(clusterId(cluster), { tags: { owner: 'somebody' } }, 'PATCH');
    const settings = async () => {
      const { properties, tags } = (await azure.get(clusterId(cluster))).body as {
        properties: Record<string, unknown>;
        tags: unknown;
      };
      const { bootstrapProfile: _changed, ...rest } = properties;
      return { ...rest, tags };
    };
    const before = await settings();
    await attemptAfter(0).run(azure.activities.updateCluster, { cluster, change: cached, busyPolicy });
    expect(await settings()).toEqual(before);
  });

  it('sends nothing where the cluster is so already', async () => {
    const cluster = await existing('change-none');
    const change = { artifactSource: 'Direct', outboundType: 'loadBalancer' } as const;
    await attemptAfter(0).run(azure.activities.updateCluster, { cluster, change, busyPolicy });
    expect(await putsOf('change-none')).toEqual([]);
  });

  it.each([
    ['EtagMismatch', 409, 'Operation is not allowed: Another operation is in progress'],
    ['PreconditionFailed', 412, 'Etag mismatched'],
    ['OperationNotAllowed', 409, 'Operation is not allowed: Another operation (Updating) is in progress'],
  ])('reads again and tries again after %s', async (code, status, message) => {
    const name = `conflict-${code.toLowerCase()}`;
    const cluster = await existing(name);
    await azure.fault({
      method: 'PUT',
      path: `${clusterId(cluster)}$`,
      answer: { status, code, message, wrapped: false },
    });
    const request = { cluster, change: cached, busyPolicy };
    const failure = await activityFailure(attemptAfter(0).run(azure.activities.updateCluster, request));
    expect(failure).toMatchObject({ type: code, nonRetryable: false });
    await attemptAfter(0, 2).run(azure.activities.updateCluster, request);
    expect((await azure.get(clusterId(cluster))).at('properties.bootstrapProfile.artifactSource')).toBe('Cache');
  });

  it('gives up when conflicts outlast the budget, and says what stood in the way', async () => {
    const cluster = await existing('conflict-lasting');
    const message = 'Operation is not allowed: Another operation (Updating) is in progress';
    const answer = { status: 409, code: 'OperationNotAllowed', message, wrapped: false };
    await azure.fault({ method: 'PUT', path: `${clusterId(cluster)}$`, answer });
    const late = attemptAfter(61 * 60_000).run(azure.activities.updateCluster, { cluster, change: cached, busyPolicy });
    expect(await activityFailure(late)).toMatchObject({
      type: 'OperationInProgress',
      nonRetryable: true,
      message: expect.stringContaining(message),
      details: { whatToDo: expect.stringContaining('busyTimeoutMinutes') },
    });
  });

  it('does not wait for what will not pass', async () => {
    const cluster = await existing('conflict-quota');
    const answer = { status: 409, code: 'OperationNotAllowed', message: 'quota exceeded', wrapped: false };
    await azure.fault({ method: 'PUT', path: `${clusterId(cluster)}$`, answer });
    const failure = await activityFailure(
      attemptAfter(0).run(azure.activities.updateCluster, { cluster, change: cached, busyPolicy }),
    );
    expect(failure).toMatchObject({ type: 'OperationNotAllowed', nonRetryable: true });
  });

  it('aborts other people’s operations only if it is told to', async () => {
    const cluster = await existing('abort');
    await azure.fault({ method: 'PATCH', path: `${clusterId(cluster)}$`, operation: { held: true } });
    await azure.send('PATCH', `${clusterId(cluster)}?api-version=2026-06-01`, { tags: { by: 'somebody' } });
    const atOnce = { minutes: 0, abort: false };
    const request = { cluster, change: cached };
    expect(
      await activityFailure(attemptAfter(0).run(azure.activities.updateCluster, { ...request, busyPolicy: atOnce })),
    ).toMatchObject({ type: 'OperationInProgress' });
    expect(await azure.sent('/abort/abort')).toEqual([]);
    await attemptAfter(0).run(azure.activities.updateCluster, { ...request, busyPolicy: { minutes: 60, abort: true } });
    expect(await azure.sent('/abort/abort')).toEqual(['POST 202']);
  });

  it('goes on where an operation ends before its abort', async () => {
    const cluster = await existing('late');
    await azure.send('PATCH', `${clusterId(cluster)}?api-version=2026-06-01`, { tags: { by: 'somebody' } });
    // Its answer is old by the time that it arrives.
    await azure.fault({ method: 'GET', path: `${clusterId(cluster)}$`, after: 1, delaySeconds: 3600 });
    const request = { cluster, change: cached, busyPolicy: { minutes: 60, abort: true } };
    await attemptAfter(0).run(azure.activities.updateCluster, request);
    expect(await azure.sent('late/abort')).toEqual(['POST 409']);
  });

  it('says why an operation that still runs is not aborted', async () => {
    const cluster = await existing('unaborted');
    await azure.fault({ method: 'PATCH', path: `${clusterId(cluster)}$`, operation: { held: true } });
    await azure.send('PATCH', `${clusterId(cluster)}?api-version=2026-06-01`, { tags: { by: 'somebody' } });
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
    await azure.fault({ method: 'POST', path: 'unaborted/abort$', answer });
    const request = { cluster, change: cached, busyPolicy: { minutes: 60, abort: true } };
    expect(await activityFailure(attemptAfter(0).run(azure.activities.updateCluster, request))).toMatchObject({
      type: 'AuthorizationFailed',
    });
  });

  it('waits, and aborts, once over all its attempts', async () => {
    const cluster = await existing('busy-attempts');
    const path = `${clusterId(cluster)}$`;
    await azure.fault({ method: 'PATCH', path, operation: { held: true } });
    await azure.send('PATCH', `${clusterId(cluster)}?api-version=2026-06-01`, { tags: { by: 'somebody' } });
    const answer = { status: 500, code: 'InternalServerError', message: 'Nobody knows' };
    await azure.fault({ method: 'POST', path: 'busy-attempts/abort$', answer });
    const request = { cluster, change: cached, busyPolicy: { minutes: 60, abort: true } };
    const first = attemptAfter(0);
    const left = lastHeartbeatOf(first);
    await activityFailure(first.run(azure.activities.updateCluster, request));
    expect(left()).toMatchObject({ aborted: true, busySinceMs: expect.any(Number) });
    const second = attemptAfter(61 * 60_000, 2, left());
    expect(await activityFailure(second.run(azure.activities.updateCluster, request))).toMatchObject({
      type: 'OperationInProgress',
    });
    expect(await azure.sent('busy-attempts/abort')).toEqual(['POST 500']);
  });

  it('does not send an update again whose answer was lost', async () => {
    const cluster = await existing('lost-update');
    await azure.fault({ method: 'PUT', path: `${clusterId(cluster)}$`, drop: 'after' });
    const request = { cluster, change: cached, busyPolicy };
    await activityFailure(attemptAfter(0).run(azure.activities.updateCluster, request));
    await attemptAfter(0, 2).run(azure.activities.updateCluster, request);
    expect(await putsOf('lost-update')).toHaveLength(1);
  });

  it('fails clearly on a cluster that is not there', async () => {
    const cluster = { subscriptionId, resourceGroup: 'rg-abort', name: 'absent' };
    const failure = await activityFailure(
      attemptAfter(0).run(azure.activities.updateCluster, { cluster, change: cached, busyPolicy }),
    );
    expect(failure).toMatchObject({ type: 'ClusterNotFound', nonRetryable: true });
  });
});

describe('reimageAgentPool', () => {
  const request = async (cluster: ClusterReference, of = azure) => {
    const look = { cluster, pool: 'work', busyPolicy };
    const before: PoolEvidence = await attemptAfter(0).run(of.activities.awaitPool, look);
    return { ...look, before, nodeResourceGroup: `MC_rg-${cluster.name}_${cluster.name}_westeurope` };
  };
  const postsOf = (name: string) => azure.sent(`/managedClusters/${name}/agentPools/work/upgradeNodeImageVersion`);

  it('does not send a reimage again whose answer was lost', async () => {
    const cluster = await existing('lost-reimage');
    await azure.send('POST', '/simulator/node-image');
    await azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/agentPools/work/upgradeNodeImageVersion`,
      drop: 'after',
    });
    const given = await request(cluster);
    await activityFailure(attemptAfter(0).run(azure.activities.reimageAgentPool, given));
    const { after }: Reimaged = await attemptAfter(0, 2).run(azure.activities.reimageAgentPool, given);
    expect(await postsOf('lost-reimage')).toHaveLength(1);
    expect(after.nodes?.map(({ bootId }) => bootId)).not.toEqual(given.before.nodes?.map(({ bootId }) => bootId));
  });

  it.each([
    ['again where it did not arrive, by the node image, and no node can be looked at', 'unseen-image', 'a newer image'],
    ['once where the node image tells nothing and no node can be looked at', 'unseen-same', undefined],
  ] as const)('sends a reimage %s', async (_times, name, newer) => {
    const cluster = await existing(name);
    const given = await request(cluster);
    if (newer) await azure.send('POST', '/simulator/node-image');
    const path = clusterId(cluster);
    const action = `${agentPoolId(path, given.pool)}/upgradeNodeImageVersion`;
    await azure.fault({ method: 'POST', path: action, drop: 'before' });
    const answer = { status: 404, code: 'KubernetesOperationError', message: 'no pod', wrapped: false };
    await azure.fault({ method: 'POST', path: `${path}/runCommand$`, times: 1_000, answer });
    await activityFailure(attemptAfter(0).run(azure.activities.reimageAgentPool, given));
    const second: Promise<Reimaged> = attemptAfter(0, 2).run(azure.activities.reimageAgentPool, given);
    if (newer) expect((await second).after).toMatchObject({ unseen: { because: 'failed' } });
    else expect(await activityFailure(second)).toMatchObject({ type: 'LookFailed' });
    expect(await postsOf(name)).toHaveLength(newer ? 2 : 1);
  });

  it.each([202, 200])('is waited for where Azure takes it with %i and names no operation', async (status) => {
    const cluster = await existing(`nameless-${status}`);
    await azure.send('POST', '/simulator/node-image');
    const given = await request(cluster);
    const path = `${agentPoolId(clusterId(cluster), given.pool)}/upgradeNodeImageVersion`;
    const proxy = { status, contentType: 'application/json', body: '{}', when: 'after' } as const;
    await azure.fault({ method: 'POST', path, proxy });
    const { after, notModified }: Reimaged = await attemptAfter(0).run(azure.activities.reimageAgentPool, given);
    expect([after.provisioningState, notModified]).toEqual(['Succeeded', false]);
    expect(after.nodes?.some(({ bootId }) => given.before.nodes?.some((node) => node.bootId === bootId))).toBe(false);
  });

  it('takes 204 as 304', async () => {
    const cluster = await existing('no-content');
    const given = await request(cluster);
    const path = `${agentPoolId(clusterId(cluster), given.pool)}/upgradeNodeImageVersion`;
    await azure.fault({ method: 'POST', path, proxy: { status: 204, contentType: 'text/plain', body: '' } });
    const done = attemptAfter(0).run(azure.activities.reimageAgentPool, given);
    expect(await done).toMatchObject({ notModified: true, refused: 'HTTP 204', after: { nodes: given.before.nodes } });
  });

  const newest = { status: 400, code: 'NoUpgradeNeeded', message: 'The pool has the latest node image already.' };
  const busy = { status: 409, code: 'OperationNotAllowed', message: 'Not allowed: another operation is in progress' };
  const quota = { status: 400, code: 'QuotaExceeded', message: 'No cores left.' };
  it.each([
    ['takes a refusal for want of a newer image as 304', newest, undefined],
    ['does not where there is a newer image', newest, 'NoUpgradeNeeded'],
    ['waits where the pool is busy', busy, 'OperationNotAllowed'],
    ['hands on every other refusal', quota, 'QuotaExceeded'],
  ] as const)('%s', async (what, answer, type) => {
    const cluster = await existing(`refused-${what.length}`);
    const given = await request(cluster);
    if (what.includes('is a newer')) await azure.send('POST', '/simulator/node-image');
    const path = `${agentPoolId(clusterId(cluster), given.pool)}/upgradeNodeImageVersion`;
    await azure.fault({ method: 'POST', path, answer });
    const done = attemptAfter(0).run(azure.activities.reimageAgentPool, given);
    if (type === undefined)
      expect(await done).toMatchObject({ notModified: true, refused: `${answer.code}: ${answer.message}` });
    else expect(await activityFailure(done)).toMatchObject({ type, nonRetryable: type !== 'OperationNotAllowed' });
  });

  it('goes on with the operation of a killed worker', async () => {
    const own = await startAzure();
    try {
      const cluster = await existing('killed-reimage', own);
      await own.send('POST', '/simulator/node-image');
      const given = await request(cluster, own);
      const first = attemptAfter(0);
      const details = await killOnceSent(first, first.run(own.activities.reimageAgentPool, given));
      await attempt(2, details).run(own.activities.reimageAgentPool, given);
      expect(await own.sent('/upgradeNodeImageVersion')).toEqual(['POST 202']);
    } finally {
      await own.close();
    }
  });

  it('tells in its heartbeat how many nodes are done, and which one is on its way', async () => {
    const own = await startAzure();
    try {
      const cluster = await existing('told', own);
      await own.send('POST', '/simulator/node-image');
      const given = await request(cluster, own);
      const environment = attemptAfter(0);
      const last = lastHeartbeatOf(environment);
      const nodes = new Set<unknown>();
      environment.on('heartbeat', (details: { node?: string }) => nodes.add(details.node));
      const sent = operationHeartbeat(environment);
      // The worker has learnt nothing about pools of this size, so that it looks often.
      await environment.run(own.activities.reimageAgentPool, { ...given, before: { ...given.before, count: 37 } });
      expect(await sent).toMatchObject({ poller: expect.any(String), elapsed: expect.any(Number) });
      expect(last()).toMatchObject({ nodesTotal: expect.any(Number), nodesDone: expect.any(Number) });
      expect([...nodes].join()).toMatch(/aks-work-\d+-vmss00000[01]/);
    } finally {
      await own.close();
    }
  });
});

describe('looks from inside', () => {
  const see = (cluster: ClusterReference) => attemptAfter(0).run(azure.activities.lookInside, cluster);

  it('see nodes and budgets', async () => {
    const cluster = await existing('inside');
    const look = await see(cluster);
    expect(look).toMatchObject({
      seen: {
        nodes: [
          { pool: 'system', ready: true },
          { pool: 'work', ready: true },
          { pool: 'work', ready: true },
        ],
        disruptionBudgets: [],
      },
    });
  });

  it('see on nodes of which pools the pods of budgets are, where that matters', async () => {
    const cluster = await existing('inside-budgets');
    const node = (pool: string, index: number) =>
      nodeNames.find((name) => name.includes(`-${pool}-`) && name.endsWith(`${index}`));
    const command = async (text: string) => {
      const { headers } = await azure.send('POST', `${clusterId(cluster)}/runCommand?api-version=2026-06-01`, {
        command: text,
      });
      for (;;) {
        const answer = await azure.send('GET', headers.location ?? '');
        if (answer.status !== 202) return String(answer.at('properties.logs'));
      }
    };
    const nodeNames = (await command('kubectl get nodes --output name'))
      .split('\n')
      .map((name) => name.replace('nodes/', ''));
    const budget = (name: string, least: number) =>
      `kubectl create deployment ${name} --image=mcr.microsoft.com/web:1 --replicas=2 && kubectl create poddisruptionbudget ${name} --selector=app=${name} --min-available=${least}`;
    await command(`${budget('inner', 1)} && ${budget('blocked', 2)}`);
    // Pods go to system pools where no other node takes them.
    await command(`kubectl cordon ${node('work', 0)} && kubectl cordon ${node('work', 1)} && ${budget('last', 1)}`);
    await command('kubectl create poddisruptionbudget nothing --selector=app=nothing --min-available=1');
    const budgets = async (placesAll: boolean) => {
      const look: Look<KubernetesFacts> = await attemptAfter(0).run(
        azure.activities.lookInside,
        cluster,
        false,
        placesAll,
      );
      return 'seen' in look
        ? look.seen.disruptionBudgets.map(({ name, pools, nodes }) => [name, pools, nodes?.length])
        : [];
    };
    expect(await budgets(true)).toEqual([
      ['inner', ['work'], undefined],
      ['blocked', ['work'], 2],
      ['last', ['system'], undefined],
      ['nothing', undefined, undefined],
    ]);
    expect(await budgets(false)).toEqual([
      ['inner', undefined, undefined],
      ['blocked', ['work'], 2],
      ['last', undefined, undefined],
      ['nothing', undefined, undefined],
    ]);
  });

  it.each([
    [400, 'RunCommandDisabled', 'notAllowed'],
    [403, 'AuthorizationFailed', 'notAllowed'],
    [403, 'DenyAssignmentAuthorizationFailed', 'notAllowed'],
    [409, 'ScopeLocked', 'notAllowed'],
    // Azure answers so where the pod of the command cannot be scheduled, admitted or pulled.
    [404, 'KubernetesOperationError', 'failed'],
    [400, 'KubernetesPerformanceError', 'failed'],
    [409, 'AdmissionDenied', 'failed'],
  ] as const)('tell what a refusal %d %s says: %s', async (status, code, because) => {
    const cluster = await existing(`inside-${code.toLowerCase()}`);
    const path = `${clusterId(cluster)}/runCommand`;
    // A 403 that passes is tried again.
    const release = await azure.fault({
      method: 'POST',
      path,
      times: 1_000,
      answer: { status, code, message: 'No.' },
    });
    expect(await see(cluster)).toMatchObject({ unseen: { because, message: `${code}: No. (${clusterId(cluster)})` } });
    await release();
  });

  it('are tried again for minutes where a proof wants that, and no longer', async () => {
    const cluster = await existing('inside-again');
    const fails = (times: number) =>
      azure.fault({
        method: 'POST',
        path: `${clusterId(cluster)}/runCommand`,
        times,
        answer: { status: 404, code: 'KubernetesPerformanceError', message: 'did not start', wrapped: false },
      });
    const patiently = (): Promise<unknown> => attemptAfter(0).run(azure.activities.lookInside, cluster, true);
    await fails(1);
    expect(await see(cluster)).toHaveProperty('unseen');
    await fails(3);
    expect(await patiently()).toHaveProperty('seen');
    const release = await fails(1_000);
    const node = { cluster, node: 'any', isPatient: true };
    expect(await patiently()).toMatchObject({ unseen: { because: 'failed' } });
    expect(await attemptAfter(0).run(azure.activities.probeNode, node)).toMatchObject({
      unseen: { because: 'failed' },
    });
    await release();
  });

  it('tell a command that failed from one that is not allowed', async () => {
    const cluster = await existing('inside-failed');
    for (const change of [{ artifactSource: 'Cache', containerRegistryId: null }, { outboundType: 'none' }] as const)
      await attemptAfter(0).run(azure.activities.updateCluster, { cluster, change, busyPolicy });
    expect(await see(cluster)).toMatchObject({
      unseen: { because: 'failed', message: expect.stringContaining('KubernetesPerformanceError') },
    });
  });
});
