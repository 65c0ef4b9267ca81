import type { ManagedCluster } from '@azure/arm-containerservice';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, group, isolatedCluster, location, polling, type Started, start, version } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.send('POST', '/simulator/reset', { quotas: { standardDDSv5Family: 5000, cores: 5000 } });
  await azure.resources.resourceGroups.createOrUpdate('nodes', { location });
});
afterAll(() => azure.simulator.close());

const clusterPath = (name: string): string =>
  `${group('nodes')}/providers/Microsoft.ContainerService/managedClusters/${name}`;
const path = (name: string, below = ''): string => `${clusterPath(name)}${below}?${version}`;

/** A cluster with egress and images from Microsoft. */
const ordinary = (overrides: Partial<ManagedCluster> = {}): ManagedCluster =>
  isolatedCluster({
    networkProfile: { networkPlugin: 'azure', outboundType: 'loadBalancer' },
    bootstrapProfile: { artifactSource: 'Direct' },
    agentPoolProfiles: [
      { name: 'system', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' },
      { name: 'work', mode: 'User', count: 3, vmSize: 'Standard_D4ds_v5' },
    ],
    ...overrides,
  });

const made = (name: string, body: ManagedCluster): Promise<ManagedCluster> =>
  azure.aks.managedClusters.createOrUpdate('nodes', name, body, polling);

const updated = (name: string, change: (cluster: ManagedCluster) => ManagedCluster): Promise<ManagedCluster> =>
  azure.aks.managedClusters.get('nodes', name).then((cluster) => made(name, change(cluster)));

async function inside(
  name: string,
  command: string,
): Promise<{ exitCode: number | undefined; logs: string; state: string }> {
  const poller = azure.aks.managedClusters.runCommand('nodes', name, { command }, polling);
  const { exitCode, logs = '', provisioningState = '' } = await poller;
  return { exitCode, logs, state: provisioningState };
}

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

const reimage = async (name: string, pool: string): Promise<Answer> =>
  azure.settled(await azure.send('POST', path(name, `/agentPools/${pool}/upgradeNodeImageVersion`)));

const fault = (rule: object): Promise<Answer> => azure.send('POST', '/simulator/faults', rule);

test('nodes are the instances of the pool’s scale set', async () => {
  await made('instances', ordinary());
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
    await made('nothing', ordinary());
    const before = await boots('nothing', 'work');
    expect((await reimage('nothing', 'work')).at('status')).toBe('Succeeded');
    expect(await boots('nothing', 'work')).toEqual(before);
  });

  test('reimages node after node once there is a newer image, and shows it in the scale set', async () => {
    const own = await start();
    try {
      await own.resources.resourceGroups.createOrUpdate('nodes', { location });
      await own.aks.managedClusters.createOrUpdate('nodes', 'own', ordinary(), polling);
      await own.send('POST', '/simulator/node-image');
      const answer = await own.send('POST', path('own', '/agentPools/work/upgradeNodeImageVersion'));
      const counts = new Set<string>();
      // Each poll lets happen what happens next.
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
    await made('bootstrap', ordinary());
    await updated('bootstrap', (cluster) => ({ ...cluster, bootstrapProfile: { artifactSource: 'Cache' } }));
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
    await made('budget', ordinary());
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
    await made('machines', ordinary());
    await azure.aks.agentPools.createOrUpdate('nodes', 'machines', 'vms', { mode: 'Machines', count: 1 }, polling);
    const refused = await azure.send('POST', path('machines', '/agentPools/vms/upgradeNodeImageVersion'));
    expect(refused).toMatchObject({ status: 400, body: { code: 'OperationNotAllowed' } });
  });

  test('can answer 304, and end early', async () => {
    await made('early', ordinary());
    const post = `${clusterPath('early')}/agentPools/work/upgradeNodeImageVersion`;
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
    await made('behind', ordinary());
    await updated('behind', (cluster) => ({ ...cluster, bootstrapProfile: { artifactSource: 'Cache' } }));
    await updated('behind', (cluster) => ({
      ...cluster,
      networkProfile: { ...cluster.networkProfile, outboundType: 'none' },
    }));
    const grown = azure.aks.agentPools.createOrUpdate('nodes', 'behind', 'work', { count: 4, mode: 'User' }, polling);
    await expect(grown).rejects.toThrow(/exit status=50/);
    expect(await inside('behind', 'kubectl get nodes')).toMatchObject({ exitCode: undefined, state: 'Failed' });
    // A new pool is made as the cluster says now.
    await azure.aks.agentPools.createOrUpdate('nodes', 'behind', 'fresh', { count: 1, mode: 'User' }, polling);
    expect(await inside('behind', 'kubectl get nodes -l agentpool=fresh -o name')).toMatchObject({ exitCode: 0 });
  });
});

describe('runCommand', () => {
  test('answers 202 with the address of its result', async () => {
    await made('command', ordinary());
    const started = await azure.send('POST', path('command', '/runCommand'), { command: 'kubectl get nodes' });
    expect(started).toMatchObject({ status: 202, body: undefined });
    expect(started.headers.location).toContain('/managedClusters/command/commandResults/');
    let result = await azure.send('GET', started.headers.location ?? '');
    while (result.status === 202) result = await azure.send('GET', started.headers.location ?? '');
    expect(result).toMatchObject({
      status: 200,
      body: {
        id: expect.any(String),
        properties: { provisioningState: 'Succeeded', exitCode: 0, logs: expect.stringMatching(/^NAME/) },
      },
    });
  });

  test.each([
    ['nosuchprogram', 127, 'not found'],
    ['kubectl frobnicate', 1, 'unknown command'],
    ['kubectl get unicorns', 1, "doesn't have a resource type"],
    ['false && echo no; echo yes', 0, 'yes'],
    ['curl --silent --max-time 5 https://mcr.microsoft.com/v2/', 0, ''],
    ['kubectl get nodes --bogus', 1, 'error'],
  ])('runs `%s`', async (command, exitCode, logs) => {
    await made('shell', ordinary());
    const seen = await inside('shell', command);
    expect([seen.exitCode, seen.logs.includes(logs), seen.logs.includes('no\n')]).toEqual([exitCode, true, false]);
  });

  test('reaches nothing outside once egress is cut', async () => {
    await made('closed', isolatedCluster());
    const seen = await inside('closed', 'curl --max-time 5 https://mcr.microsoft.com/v2/');
    expect(seen).toMatchObject({ exitCode: 28, logs: expect.stringContaining('timed out') });
  });

  test('is refused where it is disabled, and while the cluster is stopped', async () => {
    await made('refused', ordinary({ apiServerAccessProfile: { disableRunCommand: true } }));
    const disabled = await azure.send('POST', path('refused', '/runCommand'), { command: 'true' });
    expect(disabled).toMatchObject({ status: 400, body: { code: 'RunCommandDisabled' } });
    await azure.settled(await azure.send('POST', path('refused', '/stop')));
    const stopped = await azure.send('POST', path('refused', '/agentPools/work/upgradeNodeImageVersion'));
    expect(stopped).toMatchObject({
      status: 400,
      body: { code: 'OperationNotAllowed', message: expect.stringContaining('Stopped') },
    });
    await azure.settled(await azure.send('POST', path('refused', '/start')));
    expect((await reimage('refused', 'work')).at('status')).toBe('Succeeded');
  });
});

describe('updates', () => {
  test.each([
    ['loadBalancer', 'userDefinedRouting', 400],
    ['loadBalancer', 'managedNATGateway', 200],
    ['managedNATGateway', 'loadBalancer', 400],
  ])('from %s to %s get %i in a managed network', async (before, after, status) => {
    const name = `move-${before}-${after}`.toLowerCase();
    await made(name, ordinary({ networkProfile: { networkPlugin: 'azure', outboundType: before } }));
    const cluster = await azure.send('GET', path(name));
    const body = structuredClone(cluster.body) as { properties: { networkProfile: Record<string, unknown> } };
    body.properties.networkProfile.outboundType = after;
    expect((await azure.send('PUT', path(name), body)).status).toBe(status);
  });

  test('with Cache and no registry mean the registry that AKS manages, which goes with another one', async () => {
    await made('registries', ordinary());
    const first = await updated('registries', (cluster) => ({
      ...cluster,
      bootstrapProfile: { artifactSource: 'Cache' },
    }));
    const managed = first.bootstrapProfile?.containerRegistryId ?? '';
    expect(managed).toContain('MC_nodes_registries_westeurope');
    const again = await updated('registries', (cluster) => ({
      ...cluster,
      bootstrapProfile: { artifactSource: 'Cache' },
    }));
    expect(again.bootstrapProfile?.containerRegistryId).toBe(managed);
    const own = `${group('nodes')}/providers/Microsoft.ContainerRegistry/registries/mine`;
    await updated('registries', (cluster) => ({
      ...cluster,
      bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: own },
    }));
    expect((await azure.get(managed)).status).toBe(404);
  });

  test('reimage the pools by themselves from Kubernetes 1.37', async () => {
    await made('recent', ordinary({ kubernetesVersion: '1.37' }));
    const before = await boots('recent', 'work');
    await updated('recent', (cluster) => ({ ...cluster, bootstrapProfile: { artifactSource: 'Cache' } }));
    expect((await azure.aks.agentPools.get('nodes', 'recent', 'work')).provisioningState).toBe(
      'UpgradingNodeImageVersion',
    );
    while ((await azure.aks.agentPools.get('nodes', 'recent', 'work')).provisioningState !== 'Succeeded');
    const after = Object.values(await boots('recent', 'work'));
    expect(after.filter((bootId) => Object.values(before).includes(bootId))).toEqual([]);
  });
});
