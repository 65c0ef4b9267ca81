import type { ManagedCluster } from '@azure/arm-containerservice';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, group, location, openCluster, polling, type Started, start, version } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('nodes');
});
afterAll(() => azure.simulator.close());

const { id, create, inside, reimage } = clustersIn('nodes', () => azure);
const path = (name: string, below = ''): string => `${id(name, below)}?${version}`;

const update = (name: string, change: (cluster: ManagedCluster) => ManagedCluster): Promise<ManagedCluster> =>
  azure.aks.managedClusters.get('nodes', name).then((cluster) => create(name, change(cluster)));

/** Boot IDs by node. */
async function boots(name: string, pool: string): Promise<Record<string, string>> {
  const columns = '-o custom-columns=N:.metadata.name,B:.status.nodeInfo.bootID --no-headers';
  const { logs } = await inside(name, `kubectl get nodes -l agentpool=${pool} ${columns}`);
  return Object.fromEntries(
    logs
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/) as [string, string]),
  );
}

const fault = (rule: object): Promise<Answer> => azure.send('POST', '/simulator/faults', rule);

test('nodes are the instances of the pool’s scale set', async () => {
  await create('instances', openCluster());
  const nodeGroup = group('MC_nodes_instances_westeurope');
  const sets = await azure.send(
    'GET',
    `${nodeGroup}/providers/Microsoft.Compute/virtualMachineScaleSets?api-version=2024-07-01`,
  );
  const values = sets.at('value') as { id: string; name: string; tags: Record<string, string> }[];
  const work = values.find(({ tags }) => tags['aks-managed-poolName'] === 'work');
  const instances = await azure.send('GET', `${work?.id}/virtualMachines?api-version=2024-07-01`);
  expect(instances.at('value')).toMatchObject(
    ['0', '1', '2'].map((instanceId) => ({
      instanceId,
      name: `${work?.name}_${instanceId}`,
      properties: { latestModelApplied: true, osProfile: { computerName: `${work?.name}00000${instanceId}` } },
    })),
  );
  expect(JSON.stringify(instances.body)).not.toContain('bootId');
});

describe('upgradeNodeImageVersion', () => {
  test('leaves a pool alone that is as it would be made now', async () => {
    await create('nothing', openCluster());
    const before = await boots('nothing', 'work');
    expect((await reimage('nothing', 'work')).at('status')).toBe('Succeeded');
    expect(await boots('nothing', 'work')).toEqual(before);
  });

  test('reimages node after node once there is a newer image, and shows it in the scale set', async () => {
    const own = await start();
    try {
      await own.resources.resourceGroups.createOrUpdate('nodes', { location });
      await own.aks.managedClusters.createOrUpdate('nodes', 'own', openCluster(), polling);
      await own.send('POST', '/simulator/node-image');
      const answer = await own.send('POST', path('own', '/agentPools/work/upgradeNodeImageVersion'));
      const counts = new Set<string>();
      // Each poll lets time pass to the next event.
      for (let done = false; !done; ) {
        const state = await own.state();
        const ofWork = Object.values(state).filter(
          ({ type, id }) => type.endsWith('/virtualMachines') && id.includes('-work-'),
        );
        const latest = ofWork.filter(
          ({ properties }) => (properties as { latestModelApplied: boolean }).latestModelApplied,
        );
        counts.add(`${latest.length}/${ofWork.length}`);
        const poll = await own.send('GET', String(answer.headers['azure-asyncoperation']));
        done = poll.at('status') !== 'InProgress';
      }
      // One surge node, then one node after the other; in the end the surge node goes.
      expect([...counts]).toEqual(expect.arrayContaining(['0/3', '1/4', '2/4', '3/4']));
      const left = Object.values(await own.state()).filter(
        ({ type, id }) => type.endsWith('/virtualMachines') && id.includes('-work-'),
      );
      expect(left).toHaveLength(3);
      const pool = await own.aks.agentPools.get('nodes', 'own', 'work');
      expect(pool.nodeImageVersion).toMatch(/202610\.26\.0$/);
      const [write] = (
        (await own.send('GET', '/simulator/durations')).body as { operation: string; operationSeconds: number }[]
      ).filter(({ operation }) => operation === 'POST upgradeNodeImageVersion');
      expect(write?.operationSeconds).toBe(90 + 3 * 150 + 30);
    } finally {
      await own.simulator.close();
    }
  });

  test('reimages after a change of the bootstrap profile, which by itself changes no node', async () => {
    await create('bootstrap', openCluster());
    await update('bootstrap', (cluster) => ({ ...cluster, bootstrapProfile: { artifactSource: 'Cache' } }));
    const hosts = `kubectl run p --image=mcr.microsoft.com/busybox --rm --attach --restart=Never --overrides='${JSON.stringify(
      {
        spec: {
          nodeSelector: { 'kubernetes.azure.com/agentpool': 'work' },
          containers: [
            {
              name: 'p',
              image: 'mcr.microsoft.com/busybox',
              command: ['cat', '/certs.d/mcr.microsoft.com/hosts.toml'],
              volumeMounts: [{ name: 'h', mountPath: '/certs.d' }],
            },
          ],
          volumes: [{ name: 'h', hostPath: { path: '/etc/containerd/certs.d' } }],
        },
      },
    )}'`;
    expect(await inside('bootstrap', hosts)).toMatchObject({
      exitCode: 1,
      logs: expect.stringContaining('No such file'),
    });
    const before = await boots('bootstrap', 'work');
    expect((await reimage('bootstrap', 'work')).at('status')).toBe('Succeeded');
    const after = await boots('bootstrap', 'work');
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(Object.values(after).filter((bootId) => Object.values(before).includes(bootId))).toEqual([]);
    expect(await inside('bootstrap', hosts)).toMatchObject({
      exitCode: 0,
      logs: expect.stringMatching(/^\[host\."https:\/\/[0-9a-f]{32}\.azurecr\.io\/v2\/aks-managed-repository"\]\n/),
    });
  });

  test('is blocked by a disruption budget until the drain times out', async () => {
    await create('budget', openCluster());
    const budget = 'kubectl create poddisruptionbudget web --selector=app=web --min-available=2';
    await inside('budget', `kubectl create deployment web --image=mcr.microsoft.com/web:1 --replicas=2 && ${budget}`);
    const budgets = await inside(
      'budget',
      'kubectl get pdb -A -o custom-columns=N:.metadata.name,A:.status.disruptionsAllowed',
    );
    expect(budgets.logs).toBe('N     A\nweb   0\n');
    await azure.send('POST', '/simulator/node-image');
    const failed = await reimage('budget', 'work');
    expect(failed.at('error')).toMatchObject({
      code: 'UnsatisfiablePDB',
      message: expect.stringContaining('default/web'),
    });
    expect((await azure.aks.agentPools.get('nodes', 'budget', 'work')).provisioningState).toBe('Failed');
    await inside('budget', 'kubectl scale deployment web --replicas=3');
    expect((await reimage('budget', 'work')).at('status')).toBe('Succeeded');
  });

  test('is refused for pools of mode Machines', async () => {
    await create('machines', openCluster());
    await azure.aks.agentPools.createOrUpdate('nodes', 'machines', 'vms', { mode: 'Machines', count: 1 }, polling);
    const refused = await azure.send('POST', path('machines', '/agentPools/vms/upgradeNodeImageVersion'));
    expect(refused).toMatchObject({ status: 400, body: { code: 'OperationNotAllowed' } });
  });

  test('can answer 304, and end early', async () => {
    await create('early', openCluster());
    const post = `${id('early')}/agentPools/work/upgradeNodeImageVersion`;
    await fault({ method: 'POST', path: post, answer: { status: 304, code: 'NotModified', message: '' } });
    expect(await azure.send('POST', path('early', '/agentPools/work/upgradeNodeImageVersion'))).toMatchObject({
      status: 304,
      body: undefined,
    });
    await azure.send('POST', '/simulator/node-image');
    const before = await boots('early', 'work');
    await fault({ method: 'POST', path: post, operation: { status: 'Succeeded', afterSeconds: 10 } });
    expect((await reimage('early', 'work')).at('status')).toBe('Succeeded');
    expect(await boots('early', 'work')).toEqual(before);
  });
});

describe('a pool that is behind its cluster', () => {
  test('cannot grow once egress is cut, and its nodes pull nothing', async () => {
    await create('behind', openCluster());
    await update('behind', (cluster) => ({ ...cluster, bootstrapProfile: { artifactSource: 'Cache' } }));
    await update('behind', (cluster) => ({
      ...cluster,
      networkProfile: { ...cluster.networkProfile, outboundType: 'none' },
    }));
    const grown = azure.aks.agentPools.createOrUpdate('nodes', 'behind', 'work', { count: 4, mode: 'User' }, polling);
    await expect(grown).rejects.toThrow(/exit status=50/);
    await expect(inside('behind', 'kubectl get nodes')).rejects.toThrow(/did not start within 30s/);
    // A new pool is made with the cluster's settings of now.
    await azure.aks.agentPools.createOrUpdate('nodes', 'behind', 'fresh', { count: 1, mode: 'User' }, polling);
    expect(await inside('behind', 'kubectl get nodes -l agentpool=fresh -o name')).toMatchObject({ exitCode: 0 });
  });
});

describe('updates', () => {
  test.each([
    ['loadBalancer', 'userDefinedRouting', 400],
    ['loadBalancer', 'managedNATGateway', 200],
    ['managedNATGateway', 'loadBalancer', 400],
  ])('from %s to %s get %i in a managed network', async (before, after, status) => {
    const name = `move-${before}-${after}`.toLowerCase();
    await create(name, openCluster({ networkProfile: { networkPlugin: 'azure', outboundType: before } }));
    const cluster = await azure.send('GET', path(name));
    const body = structuredClone(cluster.body) as { properties: { networkProfile: Record<string, unknown> } };
    body.properties.networkProfile.outboundType = after;
    expect((await azure.send('PUT', path(name), body)).status).toBe(status);
  });

  test('with Cache and no registry mean the registry that AKS manages, which goes with another one', async () => {
    await create('registries', openCluster());
    const first = await update('registries', (cluster) => ({
      ...cluster,
      bootstrapProfile: { artifactSource: 'Cache' },
    }));
    const managed = first.bootstrapProfile?.containerRegistryId ?? '';
    expect(managed).toContain('MC_nodes_registries_westeurope');
    const again = await update('registries', (cluster) => ({
      ...cluster,
      bootstrapProfile: { artifactSource: 'Cache' },
    }));
    expect(again.bootstrapProfile?.containerRegistryId).toBe(managed);
    const own = `${group('nodes')}/providers/Microsoft.ContainerRegistry/registries/mine`;
    await update('registries', (cluster) => ({
      ...cluster,
      bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: own },
    }));
    expect((await azure.get(managed)).status).toBe(404);
  });

  test('reimage the pools by themselves from Kubernetes 1.37', async () => {
    await create('recent', openCluster({ kubernetesVersion: '1.37' }));
    const before = await boots('recent', 'work');
    await update('recent', (cluster) => ({ ...cluster, bootstrapProfile: { artifactSource: 'Cache' } }));
    expect((await azure.aks.agentPools.get('nodes', 'recent', 'work')).provisioningState).toBe(
      'UpgradingNodeImageVersion',
    );
    while ((await azure.aks.agentPools.get('nodes', 'recent', 'work')).provisioningState !== 'Succeeded');
    const after = Object.values(await boots('recent', 'work'));
    expect(after.filter((bootId) => Object.values(before).includes(bootId))).toEqual([]);
  });
});
