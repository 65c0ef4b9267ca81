import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Duration } from '../../../simulator/index.ts';
import { group, isolatedCluster, openCluster, type Started, version } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('commands');
});
afterAll(() => azure.simulator.close());

const { id, create, inside, reimage } = clustersIn('commands', () => azure);
const path = (name: string, below = ''): string => `${id(name, below)}?${version}`;

describe('runCommand', () => {
  test('answers 202 with the address of its result', async () => {
    await create('command', openCluster());
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
    // However late one looks, it has ended when it ended.
    await azure.send('POST', '/simulator/clock', { advanceSeconds: 600 });
    const later = await azure.send('GET', started.headers.location ?? '');
    expect(later.at('properties.finishedAt')).toBe(result.at('properties.finishedAt'));
  });

  test.each([
    ['nosuchprogram', 127, 'not found'],
    ['kubectl frobnicate', 1, 'unknown command'],
    ['kubectl get unicorns', 1, "doesn't have a resource type"],
    ['false && echo no; echo yes', 0, 'yes'],
    ['curl --silent --max-time 5 https://mcr.microsoft.com/v2/', 0, ''],
    ['kubectl get nodes --bogus', 1, 'error'],
    [
      `kubectl get nodes -o 'jsonpath={range .items[*]}{.kind}/{"\\n"}{.status.conditions}{end}'`,
      0,
      'Node/\n[{"type":"Ready"',
    ],
    ['kubectl get nodes -o jsonpath={.items}', 1, 'error parsing jsonpath'],
  ])('runs `%s`', async (command, exitCode, logs) => {
    await create('shell', openCluster());
    const seen = await inside('shell', command);
    expect([seen.exitCode, seen.logs.includes(logs), seen.logs.includes('no\n')]).toEqual([exitCode, true, false]);
  });

  test('cuts its logs at 512 kB, without a word', async () => {
    const { nodeResourceGroup = '' } = await create('many', openCluster());
    const sets = await azure.send(
      'GET',
      `${group(nodeResourceGroup)}/providers/Microsoft.Compute/virtualMachineScaleSets?api-version=2024-07-01`,
    );
    await azure.put(String(sets.at('value.1.id')), { sku: { capacity: 1000 } }, 'PATCH');
    const seen = await inside('many', 'kubectl get nodes -o json && echo end');
    expect([seen.exitCode, seen.logs.length, seen.logs.endsWith('end\n')]).toEqual([0, 512 * 1024, false]);
  });

  test('reaches nothing outside once egress is cut', async () => {
    await create('closed', isolatedCluster());
    const seen = await inside('closed', 'curl --max-time 5 https://mcr.microsoft.com/v2/');
    expect(seen).toMatchObject({ exitCode: 28, logs: expect.stringContaining('timed out') });
    const { body } = await azure.send('GET', '/simulator/durations');
    const [write] = (body as Duration[]).filter(({ resourceId }) => resourceId.endsWith('/closed')).slice(-1);
    // As long as any command, and until curl gave up.
    expect(write).toMatchObject({ operation: 'POST runCommand', operationSeconds: 10 });
  });

  test('is refused where it is disabled, and while the cluster is stopped', async () => {
    await create('refused', openCluster({ apiServerAccessProfile: { disableRunCommand: true } }));
    const disabled = await azure.send('POST', path('refused', '/runCommand'), { command: 'true' });
    expect(disabled).toMatchObject({ status: 400, body: { code: 'RunCommandDisabled' } });
    await azure.answerAtEnd(await azure.send('POST', path('refused', '/stop')));
    const stopped = await azure.send('POST', path('refused', '/agentPools/work/upgradeNodeImageVersion'));
    expect(stopped).toMatchObject({
      status: 400,
      body: { code: 'OperationNotAllowed', message: expect.stringContaining('Stopped') },
    });
    await azure.answerAtEnd(await azure.send('POST', path('refused', '/start')));
    expect((await reimage('refused', 'work')).at('status')).toBe('Succeeded');
  });
});
