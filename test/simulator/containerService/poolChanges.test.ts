import type { AgentPool } from '@azure/arm-containerservice';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { polling, type Started, versioned } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('rolls');
});
beforeEach(() => azure.send('PUT', '/simulator/azure', { poolSettingReimages: 'reimages' }));
afterAll(() => azure.simulator.close());

const { id, create, inside } = clustersIn('rolls', () => azure);
const machines = async (name: string): Promise<string[]> =>
  (
    await inside(
      name,
      'kubectl get nodes -l agentpool=work --no-headers -o custom-columns=M:.status.nodeInfo.machineID',
    )
  ).logs
    .trim()
    .split('\n');

/** Changes the pool `work` as clients do: read, change, put. @returns how many of its three nodes are new. */
async function change(name: string, properties: Partial<AgentPool>): Promise<number> {
  const before = await machines(name);
  const pool = await azure.aks.agentPools.get('rolls', name, 'work');
  await azure.aks.agentPools.createOrUpdate('rolls', name, 'work', { ...pool, ...properties }, polling);
  return (await machines(name)).filter((machine) => !before.includes(machine)).length;
}

describe('a PUT of a pool', () => {
  test('makes every node anew where a setting changes that nodes are made with, and where it is put back', async () => {
    await create('settings');
    expect(await change('settings', { localDNSProfile: { mode: 'Disabled' } })).toBe(0);
    expect(await change('settings', { localDNSProfile: { mode: 'Preferred' } })).toBe(3);
    expect(await change('settings', { nodeLabels: { team: 'a' } })).toBe(0);
    // A property that an update leaves out is reset.
    expect(await change('settings', { localDNSProfile: undefined } as unknown as AgentPool)).toBe(3);
    expect(await change('settings', { artifactStreamingProfile: { enabled: true } })).toBe(3);
    expect(await change('settings', { securityProfile: { enableVtpm: true } })).toBe(3);
  });

  test('gives the nodes what the cluster says, and the pool the newest image', async () => {
    const cluster = await create('model');
    await create('model', { ...cluster, bootstrapProfile: { artifactSource: 'Cache' } });
    await azure.send('POST', '/simulator/node-image');
    const { nodeImageVersion: before } = await azure.aks.agentPools.get('rolls', 'model', 'work');
    expect(await change('model', { localDNSProfile: { mode: 'Preferred' } })).toBe(3);
    const { nodeImageVersion: after } = await azure.aks.agentPools.get('rolls', 'model', 'work');
    const truth = await azure.send('GET', `/simulator/truth?cluster=${id('model')}`);
    const nodes = truth.at('nodes') as { pool: string; imagesFrom: string }[];
    const from = new Set(nodes.filter(({ pool }) => pool === 'work').map(({ imagesFrom }) => imagesFrom));
    expect([after === before, [...from]]).toEqual([false, [expect.stringContaining('azurecr.io')]]);
  });

  test.each([
    ['resets', 3],
    ['stays', 0],
  ])('localDNSLeftOut=%s: without the profile it makes %i nodes anew', async (localDNSLeftOut, anew) => {
    await azure.send('PUT', '/simulator/azure', { localDNSLeftOut });
    await create(localDNSLeftOut);
    await change(localDNSLeftOut, { localDNSProfile: { mode: 'Preferred' } });
    expect(await change(localDNSLeftOut, { localDNSProfile: undefined } as unknown as AgentPool)).toBe(anew);
    await azure.send('PUT', '/simulator/azure', { localDNSLeftOut: 'resets' });
  });

  test('makes none anew for a setting where AKS never does', async () => {
    await azure.send('PUT', '/simulator/azure', { poolSettingReimages: 'never' });
    await create('never');
    expect(await change('never', { localDNSProfile: { mode: 'Preferred' } })).toBe(0);
  });

  test('another patch makes every node anew, the same name none', async () => {
    const { agentPoolProfiles = [], ...cluster } = await create('patch', { kubernetesVersion: '1.34.5' });
    await create('patch', { ...cluster, kubernetesVersion: '1.34.6', agentPoolProfiles });
    const version = async () => (await azure.aks.agentPools.get('rolls', 'patch', 'work')).currentOrchestratorVersion;
    expect([await change('patch', { nodeLabels: { team: 'a' } }), await version()]).toEqual([0, '1.34.5']);
    expect([await change('patch', { orchestratorVersion: '1.34.6' }), await version()]).toEqual([3, '1.34.6']);
  });

  test('is refused where a node disruption policy keeps it back, unless it is a version', async () => {
    const { properties } = (await create('blocked').then(() => azure.get(id('blocked')))).body as {
      properties: object;
    };
    const { body } = await azure.get(id('blocked'));
    const nodeDisruptionProfile = { nodeDisruptionPolicy: 'Block' };
    const whole = { ...(body as object), properties: { ...properties, nodeDisruptionProfile } };
    await azure.answerAtEnd(await azure.send('PUT', versioned(id('blocked')), whole));
    await expect(change('blocked', { localDNSProfile: { mode: 'Preferred' } })).rejects.toMatchObject({
      statusCode: 409,
    });
  });
});

test('LocalDNS is refused where nodes have less than four vCPUs', async () => {
  await create('small');
  const properties = { vmSize: 'Standard_D2ds_v5', count: 1, localDNSProfile: { mode: 'Preferred' } };
  const answer = await azure.send('PUT', versioned(id('small', '/agentPools/small')), { properties });
  expect([answer.status, answer.at('code')]).toEqual([400, 'InvalidParameter']);
});
