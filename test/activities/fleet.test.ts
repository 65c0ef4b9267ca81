import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FleetSeen } from '../../activities/fleet.ts';
import { createActivities } from '../../activities/index.ts';
import { clusterId } from '../../resources/ids.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import { type AzureUnderTest, attempt, startAzure, subscriptionId } from './support.ts';

const scenario = 'auditCluster' as const;

describe('listFleetClusters', () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
    for (const [resourceGroup, name] of [
      ['rg-a', 'one'],
      ['rg-a', 'two'],
      ['rg-b', 'three'],
    ] as const)
      await createExistingCluster(azure.simulator, {
        cluster: { subscriptionId, resourceGroup, name },
        pools: { system: { mode: 'System', count: 1 } },
      });
    const id = `/subscriptions/${subscriptionId}/resourceGroups/rg-b/providers/Microsoft.ContainerService/managedClusters/three`;
    await azure.put(id, { tags: { Wave: 'first', team: 'x' } }, 'PATCH');
  });
  afterAll(() => azure.close());

  const listed = async (more: object = {}, activities = azure.activities) => {
    const { clusters, ...others }: FleetSeen = await attempt().run(activities.listFleetClusters, {
      subscriptionId,
      scenario,
      ...more,
    });
    return { names: clusters.map(({ name, region }) => `${name} ${region}`).sort(), ...others };
  };

  it('finds those of a subscription, of resource groups and with tags, with their regions', async () => {
    expect((await listed()).names).toEqual(['one westeurope', 'three westeurope', 'two westeurope']);
    expect((await listed({ resourceGroups: ['RG-A', 'nowhere'] })).names).toEqual(['one westeurope', 'two westeurope']);
    expect((await listed({ tags: { wave: 'first' } })).names).toEqual(['three westeurope']);
    expect((await listed({ tags: { wave: 'FIRST' } })).names).toEqual([]);
  });

  it('tells how many runs a subscription takes at the same time, for clusters with as many pools', async () => {
    expect(await listed({ scenario: 'isolateCluster' })).toMatchObject({ pools: 1, withinLimits: expect.any(Number) });
    expect(await listed({ tags: { wave: 'FIRST' } })).not.toHaveProperty('withinLimits');
  });

  it('tells what the policy of the worker forbids', async () => {
    const forbidden = async (policy: object, more: object = {}) => {
      const { problems } = await listed(more, createActivities({ ...azure.connection, policy }));
      return problems.map(({ where, problem }) => `${where.split('/').at(-1)}: ${problem.split(',')[0]}`).sort();
    };
    const group = 'nothing in this resource group may be touched';
    expect(await forbidden({ resourceGroups: ['rg-b'] })).toEqual([`one: ${group}`, `two: ${group}`]);
    const region = 'westeurope: this region may not be used';
    const locations = ['northeurope'];
    expect(await forbidden({ locations })).toEqual([`one: ${region}`, `three: ${region}`, `two: ${region}`]);
    // Others in their groups are nobody's business.
    expect(await forbidden({ locations }, { resourceGroups: ['rg-a'], named: ['rg-a/two'] })).toEqual([
      `two: ${region}`,
    ]);
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
    await azure.fault({ method: 'GET', path: '/managedClusters$', answer, times: 2 });
    expect(await forbidden({ resourceGroups: ['rg-b'] }, { resourceGroups: ['rg-a'] })).toEqual([`rg-a: ${group}`]);
  });

  it('tells a subscription into which nobody may look from one without clusters', async () => {
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
    await azure.fault({
      method: 'GET',
      path: '/providers/Microsoft.ContainerService/managedClusters$',
      answer,
      times: 2,
    });
    expect(await listed()).toMatchObject({ names: [], forbidden: expect.stringContaining('No.') });
    const misspelt = listed({ subscriptionId: '99999999-9999-9999-9999-999999999999' });
    await expect(misspelt).rejects.toThrow('could not be found');
  });
});

describe('readMaintenanceConfigurations', () => {
  let azure: AzureUnderTest;
  const cluster = { subscriptionId, resourceGroup: 'rg-c', name: 'four' };
  beforeAll(async () => {
    azure = await startAzure();
    await createExistingCluster(azure.simulator, { cluster, pools: { system: { mode: 'System', count: 1 } } });
  });
  afterAll(() => azure.close());

  const read = (more: object = {}) =>
    attempt().run(azure.activities.readMaintenanceConfigurations, { cluster: { ...cluster, ...more }, scenario });

  it('gives windows and hours as AKS has them, with dates of the calendar', async () => {
    expect(await read()).toEqual({ seen: [] });
    const window = {
      schedule: { weekly: { intervalWeeks: 2, dayOfWeek: 'Friday' } },
      durationHours: 4,
      utcOffset: '+02:00',
      startDate: '2026-11-01',
      startTime: '22:00',
      notAllowedDates: [{ start: '2026-12-23', end: '2027-01-03' }],
    };
    const path = `${clusterId(cluster)}/maintenanceConfigurations`;
    await azure.put(`${path}/aksManagedNodeOSUpgradeSchedule`, { properties: { maintenanceWindow: window } });
    const timeInWeek = [{ day: 'Monday', hourSlots: [1, 2] }];
    const notAllowedTime = [{ start: '2026-12-01T00:00:00Z' }];
    await azure.put(`${path}/default`, { properties: { timeInWeek, notAllowedTime } });
    expect(await read()).toEqual({
      seen: expect.arrayContaining([
        {
          name: 'aksManagedNodeOSUpgradeSchedule',
          window: expect.objectContaining(window),
          timeInWeek: [],
          notAllowedTime: [],
        },
        {
          name: 'default',
          timeInWeek,
          notAllowedTime: [{ start: Date.parse('2026-12-01T00:00:00Z'), end: Number.MAX_SAFE_INTEGER }],
        },
      ]),
    });
  });

  it.each([
    ['a schedule', { maintenanceWindow: { durationHours: 4, startTime: '22:00' } }],
    ['its hours', { timeInWeek: null }],
  ])('fails at once where a window lacks %s', async (_what, properties) => {
    const value = [{ name: 'default', properties }];
    const proxy = { status: 200, contentType: 'application/json', body: JSON.stringify({ value }) };
    await azure.fault({ method: 'GET', path: '/maintenanceConfigurations$', proxy, times: 1 });
    await expect(read()).rejects.toMatchObject({ type: 'NoMaintenanceWindow', nonRetryable: true });
  });

  it('tells what nobody may read, and a cluster that is gone', async () => {
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
    await azure.fault({ method: 'GET', path: '/maintenanceConfigurations$', answer, times: 2 });
    expect(await read()).toMatchObject({ forbidden: expect.stringContaining('No.') });
    await expect(read({ name: 'gone' })).rejects.toMatchObject({ type: 'ClusterNotFound' });
  });
});
