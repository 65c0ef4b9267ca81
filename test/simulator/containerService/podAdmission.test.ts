import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { quote } from 'shell-quote';
import { isolatedCluster, openCluster, type Started } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('pods');
});
afterAll(() => azure.simulator.close());

const { create, inside } = clustersIn('pods', () => azure);
const image = 'mcr.microsoft.com/azurelinux/busybox:1.36';
const run = (name: string, spec: object, ...more: string[]) =>
  quote(
    ['kubectl', 'run', name, '--image', image, '--restart', 'Never', '--overrides', JSON.stringify({ spec })].concat(
      more,
    ),
  );
const hardened = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const container = { name: 'c', image, command: ['true'] };

describe('a pod', () => {
  test.each([
    ['restricted', { containers: [container] }, 'allowPrivilegeEscalation != false'],
    [
      'restricted',
      {
        containers: [{ ...container, securityContext: hardened }],
        volumes: [{ name: 'host', hostPath: { path: '/etc' } }],
      },
      'uses restricted volume type "hostPath"',
    ],
    ['baseline', { volumes: [{ name: 'host', hostPath: { path: '/etc' } }] }, 'hostPath volumes (volume "host")'],
  ])('is refused by Pod Security: %s', async (level, spec, why) => {
    await create('secured', openCluster());
    await inside('secured', `kubectl label namespace default pod-security.kubernetes.io/enforce=${level} --overwrite`);
    const good = await inside(
      'secured',
      run('good', { containers: [{ ...container, securityContext: hardened }] }, '--dry-run=server'),
    );
    expect(good).toMatchObject({ exitCode: 0, logs: 'pod/good created (server dry run)\n' });
    for (const options of [['--dry-run=server'], []]) {
      const seen = await inside('secured', run('bad', spec, ...options));
      expect(seen).toMatchObject({
        exitCode: 1,
        logs: expect.stringContaining(`violates PodSecurity "${level}:latest": `),
      });
      expect(seen.logs).toContain(why);
    }
    expect((await inside('secured', 'kubectl get pods')).logs).toBe('No resources found\n');
  });

  test('runs a script, and says why it waits', async () => {
    await create('open', openCluster());
    await create('closed', isolatedCluster());
    const script = ['sh', '-c', 'wget -q -T 5 -O /dev/null https://mcr.microsoft.com/v2/; echo "ended $?"'];
    const wait = (phase: string) => `kubectl wait pod/w --for=jsonpath='{.status.phase}'=${phase} --timeout=20s`;
    const start = run('w', { containers: [{ ...container, command: script }] });
    expect(await inside('open', `${start} && ${wait('Succeeded')} && kubectl logs w`)).toMatchObject({
      logs: expect.stringMatching(/condition met\nended 0\n$/),
    });
    expect(await inside('closed', `${start} && ${wait('Succeeded')} && kubectl logs w`)).toMatchObject({
      logs: expect.stringMatching(/wget: download timed out\nended 1\n$/),
    });
    const other = quote(['kubectl', 'run', 'x', '--image', 'docker.io/x:1', '--restart', 'Never']);
    const seen = await inside('closed', `${other}; ${wait('Failed')}; kubectl logs x; kubectl get pod x -o json`);
    expect(seen.logs).toMatch(/timed out waiting[\s\S]*waiting to start[\s\S]*"reason": "ImagePullBackOff"/);
  });
});
