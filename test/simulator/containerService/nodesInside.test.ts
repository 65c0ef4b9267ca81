import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Truth } from '../../../simulator/index.ts';
import { polling, type Started, version } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('in');
});
afterAll(() => azure.simulator.close());

const { id, create, inside } = clustersIn('in', () => azure);
const truth = async (name: string) => (await azure.send('GET', `/simulator/truth?cluster=${id(name)}`)).body as Truth;
const change = (cluster: string, what: object) =>
  azure.send('POST', '/simulator/nodes', { cluster: id(cluster), ...what });
const wait = (advanceSeconds: number) => azure.send('POST', '/simulator/clock', { advanceSeconds });
const post = (name: string, command = 'true') => azure.send('POST', `${id(name)}/runCommand?${version}`, { command });
const only = (pool: object) => ({
  agentPoolProfiles: [{ name: 'system', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5', ...pool } as const],
});
const late = { status: 404, body: { code: 'KubernetesPerformanceError', message: expect.stringContaining('30s') } };

/** Nodes by name: their boot, machine and creation, as kubectl shows them, and whether they are ready. */
async function nodes(name: string): Promise<Record<string, string[]>> {
  const ready = '.status.conditions[?(@.type=="Ready")].status';
  const columns = `N:.metadata.name,R:${ready},B:.status.nodeInfo.bootID,M:.status.nodeInfo.machineID,C:.metadata.creationTimestamp`;
  const { logs } = await inside(name, `kubectl get nodes --no-headers -o 'custom-columns=${columns}'`);
  const rows = logs.trim().split('\n');
  return Object.fromEntries(rows.map((row) => row.split(/\s+/)).map(([node = '', ...rest]) => [node, rest]));
}

describe('a command that cannot run is answered with an error, 30 s later', () => {
  test('where all nodes have taints', async () => {
    await create('tainted', only({ nodeTaints: ['CriticalAddonsOnly=true:NoSchedule'] }));
    const before = Date.parse(String((await azure.send('GET', '/simulator/state')).at('now')));
    expect(await post('tainted')).toMatchObject(late);
    const after = Date.parse(String((await azure.send('GET', '/simulator/state')).at('now')));
    expect((after - before) / 1000).toBeCloseTo(30, 0);
  });

  test('where no node takes pods, or is heard', async () => {
    await create('silent', only({}));
    expect(await change('silent', { becomes: 'silent' })).toMatchObject({
      status: 200,
      body: { nodes: [expect.any(String)] },
    });
    expect(await post('silent')).toMatchObject(late);
    await change('silent', { becomes: 'heard' });
    expect((await post('silent')).status).toBe(202);
    await inside('silent', `kubectl cordon ${Object.keys(await nodes('silent'))[0]}`);
    expect(await post('silent')).toMatchObject(late);
  });

  test('where nodes cannot pull its image, or have lost their API server', async () => {
    await create('cut');
    await create('lost', { apiServerAccessProfile: {} });
    for (const name of ['cut', 'lost']) {
      const cluster = await azure.aks.managedClusters.get('in', name);
      const cached = { ...cluster, bootstrapProfile: { artifactSource: 'Cache' } } as const;
      const { networkProfile } = await azure.aks.managedClusters.createOrUpdate('in', name, cached, polling);
      const closed = { ...cached, networkProfile: { ...networkProfile, outboundType: 'none' } };
      await azure.aks.managedClusters.createOrUpdate('in', name, closed, polling);
      expect(await post(name)).toMatchObject(late);
    }
    const ready = async () => new Set((await truth('lost')).nodes.map((node) => `${node.ready} ${node.apiServer.ok}`));
    await wait(60);
    expect(await ready()).toEqual(new Set(['false false']));
    // Azure shows nothing of it.
    expect(await azure.aks.managedClusters.get('in', 'lost')).toMatchObject({
      provisioningState: 'Succeeded',
      powerState: { code: 'Running' },
    });
  });

  test('at once, and as another one, where a policy does not admit its pod', async () => {
    await create('denied');
    const pods = { name: 'no-commands', type: 'kubernetes/pods', does: { effect: 'deny' } };
    const where = [{ path: 'namespace', equals: 'aks-command' }];
    await azure.send('PUT', '/simulator/policies', [{ ...pods, where }]);
    expect(await post('denied')).toMatchObject({
      status: 400,
      body: { code: 'KubernetesOperationError', message: expect.stringContaining('validation.gatekeeper.sh') },
    });
    await azure.send('PUT', '/simulator/policies', [{ ...pods, where: [{ path: 'hostPath', equals: true }] }]);
    const volumes = [{ name: 'host', hostPath: { path: '/etc' } }];
    const overrides = JSON.stringify({ spec: { volumes } });
    const run = `kubectl run look --image=mcr.microsoft.com/x:1 --restart=Never --overrides '${overrides}'`;
    expect(await inside('denied', run)).toMatchObject({
      exitCode: 1,
      logs: expect.stringMatching(/denied the request/),
    });
    expect((await truth('denied')).pods).toEqual([]);
    await azure.send('PUT', '/simulator/policies', []);
  });
});

describe('a node', () => {
  test('that is silent stays ready for 40 s, and its pods count until then', async () => {
    await create('grace');
    await inside('grace', 'kubectl create deployment web --image=mcr.microsoft.com/web:1 --replicas=3');
    const [name = ''] = (await truth('grace')).nodes.filter(({ pool }) => pool === 'work').map((node) => node.name);
    await change('grace', { name, becomes: 'silent' });
    expect((await nodes('grace'))[name]?.[0]).toBe('True');
    await wait(41);
    expect((await nodes('grace'))[name]?.[0]).toBe('Unknown');
    const { logs } = await inside(
      'grace',
      'kubectl get deployments -o custom-columns=R:.status.readyReplicas --no-headers',
    );
    expect(logs.trim()).toBe('2');
    await change('grace', { name, becomes: 'rebooted' });
    expect((await nodes('grace'))[name]?.[0]).toBe('True');
  });

  test('that reboots has another boot, and its machine ID, age, image and bootstrap source stay', async () => {
    await create('reboot');
    const before = await nodes('reboot');
    const was = (await truth('reboot')).nodes;
    expect((await change('reboot', { pool: 'work', becomes: 'rebooted' })).at('nodes')).toHaveLength(3);
    const after = await nodes('reboot');
    for (const [name, [, boot, ...rest]] of Object.entries(before)) {
      const [, now, ...same] = after[name] ?? [];
      expect([now === boot, same]).toEqual([name.includes('system'), rest]);
    }
    expect((await truth('reboot')).nodes).toEqual(was);
    await azure.send('POST', '/simulator/node-image');
    const reimage = `${id('reboot')}/agentPools/work/upgradeNodeImageVersion?${version}`;
    await azure.answerAtEnd(await azure.send('POST', reimage));
    for (const [name, [, boot, machine]] of Object.entries(await nodes('reboot')))
      if (name.includes('work')) expect([boot, machine]).not.toEqual(after[name]?.slice(1, 3));
  });

  test('that is not there is told', async () => {
    await create('nobody');
    expect((await change('nobody', { name: 'x', becomes: 'silent' })).status).toBe(404);
    expect((await change('nobody', { becomes: 'odd' })).status).toBe(400);
  });
});

describe('a pod that no controller keeps', () => {
  const run = 'kubectl run stray --image=mcr.microsoft.com/busybox:1 --restart=Never';

  test('stays until it is deleted, and the oracle tells it', async () => {
    await create('stray');
    expect(await inside('stray', `${run} --labels=team=a -- echo hello`)).toMatchObject({
      exitCode: 0,
      logs: 'pod/stray created\n',
    });
    expect((await inside('stray', 'kubectl get pods -l team=a -o name')).logs).toBe('pods/stray\n');
    expect((await inside('stray', 'kubectl logs stray')).logs).toBe('hello\n');
    expect(await inside('stray', run)).toMatchObject({ exitCode: 1, logs: expect.stringContaining('AlreadyExists') });
    expect((await truth('stray')).pods).toEqual(['default/stray']);
    expect((await inside('stray', 'kubectl get pods -o custom-columns=AT:.metadata.creationTimestamp')).logs).toMatch(
      /^AT\s+20\d\d-/,
    );
    expect((await inside('stray', 'kubectl delete pod stray')).exitCode).toBe(0);
    expect((await truth('stray')).pods).toEqual([]);
    expect((await inside('stray', 'kubectl delete pod stray')).exitCode).toBe(1);
    expect(await inside('stray', 'kubectl delete pod stray --ignore-not-found')).toMatchObject({
      exitCode: 0,
      logs: '',
    });
  });

  test('goes with --rm, and only where somebody is attached', async () => {
    await create('removed');
    expect(await inside('removed', `${run} --rm --attach -- echo hello`)).toMatchObject({ logs: 'hello\n' });
    expect((await inside('removed', `${run} --rm`)).logs).toMatch(/attached containers/);
    expect((await truth('removed')).pods).toEqual([]);
    await inside('removed', `${run} --attach -- echo hello`);
    expect((await truth('removed')).pods).toEqual(['default/stray']);
  });

  test('is left by kubectl debug, and goes with its node', async () => {
    await create('debugged');
    const node = (await truth('debugged')).nodes.find(({ pool }) => pool === 'work')?.name ?? '';
    const { logs } = await inside(
      'debugged',
      `kubectl debug node/${node} --image=mcr.microsoft.com/busybox:1 -- echo hello`,
    );
    expect(logs).toMatch(/^Creating debugging pod node-debugger-.*\nhello\n$/);
    expect((await truth('debugged')).pods).toEqual([expect.stringContaining(`default/node-debugger-${node}`)]);
    await azure.send('POST', '/simulator/node-image');
    const reimage = `${id('debugged')}/agentPools/work/upgradeNodeImageVersion?${version}`;
    await azure.answerAtEnd(await azure.send('POST', reimage));
    expect((await truth('debugged')).pods).toEqual([]);
  });
});
