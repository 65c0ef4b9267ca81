import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { group, location, type Started, versioned, wireCluster } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('rg');
});
afterAll(() => azure.simulator.close());

const { id } = clustersIn('rg', () => azure);
const policy = (nodeDisruptionPolicy: string) => ({ nodeDisruptionProfile: { nodeDisruptionPolicy } });
const proxy = { httpProxyConfig: { httpProxy: 'http://proxy:8080' } };
const cache = { bootstrapProfile: { artifactSource: 'Cache' } };
const blocked = (subcode: string) => ({ status: 409, body: { code: 'OperationNotAllowed', subcode } });

async function change(name: string, properties: Record<string, unknown>) {
  const { body } = await azure.get(id(name));
  const whole = body as { properties: Record<string, unknown> };
  return azure.send('PUT', versioned(id(name)), { ...whole, properties: { ...whole.properties, ...properties } });
}

describe('a node disruption policy', () => {
  test('that blocks refuses what reimages nodes, and not a new image', async () => {
    await azure.put(id('blocks'), wireCluster(policy('Block')));
    for (const disruptive of [proxy, { autoUpgradeProfile: { nodeOSUpgradeChannel: 'Unmanaged' } }])
      expect(await change('blocks', disruptive)).toMatchObject(blocked('OperationBlockedByNodeDisruptionPolicy'));
    await azure.send('POST', '/simulator/node-image');
    const reimage = versioned(id('blocks', '/agentPools/nodepool1/upgradeNodeImageVersion'));
    expect((await azure.answerAtEnd(await azure.send('POST', reimage))).at('status')).toBe('Succeeded');
    // The policy itself can be changed, and then the rest.
    await azure.answerAtEnd(await change('blocks', policy('Allow')));
    expect((await change('blocks', proxy)).status).toBe(200);
  });

  test.each([
    ['1.36', 200],
    ['1.37', 409],
  ])(
    'lets a change of the bootstrap source through up to Kubernetes 1.36: %s gets %i',
    async (kubernetesVersion, status) => {
      const name = `minor${kubernetesVersion.slice(2)}`;
      await azure.put(id(name), wireCluster({ ...policy('Block'), kubernetesVersion }));
      expect((await change(name, cache)).status).toBe(status);
    },
  );

  test('that waits for maintenance needs a window to wait for', async () => {
    await azure.put(id('waits'), wireCluster(policy('AllowDuringMaintenanceWindow')));
    await azure.answerAtEnd(await change('waits', proxy));
    const schedule = id('waits', '/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule');
    const now = new Date(azure.simulator.clock.now());
    const window = (daysAhead: number) => ({
      properties: {
        maintenanceWindow: {
          schedule: { weekly: { intervalWeeks: 1, dayOfWeek: dayAfter(now, daysAhead) } },
          durationHours: 24,
          startTime: '00:00',
        },
      },
    });
    expect((await azure.send('PUT', versioned(schedule), window(3))).status).toBe(201);
    const off = { httpProxyConfig: undefined };
    expect(await change('waits', off)).toMatchObject(blocked('OperationOutsideNodeDisruptionWindow'));
    expect((await azure.send('PUT', versioned(schedule), window(0))).status).toBe(200);
    expect((await change('waits', off)).status).toBe(200);
    expect((await azure.send('DELETE', versioned(schedule))).status).toBe(200);
  });
});

function dayAfter(now: Date, days: number): string {
  const names = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
  return names[(now.getUTCDay() + days) % 7] ?? '';
}

test('API Server VNet Integration refuses an encrypted network with VMs that encrypt', async () => {
  const vnet = `${group('rg')}/providers/Microsoft.Network/virtualNetworks/v`;
  const subnet = (name: string, prefix: string, delegated: boolean) => ({
    name,
    properties: {
      addressPrefix: prefix,
      ...(delegated && {
        delegations: [{ name: 'd', properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } }],
      }),
    },
  });
  await azure.put(vnet, {
    location,
    properties: {
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      encryption: { enabled: true, enforcement: 'AllowUnencrypted' },
      subnets: [subnet('nodes', '10.0.1.0/24', false), subnet('api', '10.0.2.0/28', true)],
    },
  });
  const on = (vmSize: string) =>
    azure.send(
      'PUT',
      versioned(id('encrypted')),
      wireCluster({
        apiServerAccessProfile: { enableVnetIntegration: true, subnetId: `${vnet}/subnets/api` },
        agentPoolProfiles: [
          { name: 'nodepool1', mode: 'System', count: 1, vmSize, vnetSubnetID: `${vnet}/subnets/nodes` },
        ],
      }),
    );
  expect(await on('Standard_D4ds_v5')).toMatchObject({
    status: 400,
    body: { code: 'InvalidParameter', message: expect.stringContaining('encryption') },
  });
  expect((await on('Standard_D4s_v3')).status).toBe(201);
});
