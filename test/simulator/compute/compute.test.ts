import { ComputeManagementClient } from '@azure/arm-compute';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { all, group, location, type Started, start, subscription, versioned, wireCluster } from '../support.ts';

const cluster = (name: string) => `${group('compute')}/providers/Microsoft.ContainerService/managedClusters/${name}`;
const pool = (count: number, more: Record<string, unknown> = {}) => ({
  agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count, vmSize: 'Standard_D4ds_v5', ...more }],
});

let azure: Started;
let client: ComputeManagementClient;
beforeAll(async () => {
  azure = await start();
  client = new ComputeManagementClient(azure.credential, subscription, azure.client);
});
beforeEach(() => reset({}));
afterAll(() => azure.simulator.close());

async function reset(quotas: Record<string, number>): Promise<void> {
  await azure.send('POST', '/simulator/reset', { quotas });
  await azure.put(group('compute'), { location });
}
const put = (id: string, body: unknown) => azure.send('PUT', versioned(id), body);
/** Used and allowed vCPUs by family. */
async function usages(region = location): Promise<Record<string, [number, number]>> {
  const found = await all(client.usage.list(region));
  return Object.fromEntries(found.map(({ name, currentValue, limit }) => [name.value, [currentValue, limit]]));
}

test('usages follow the node pools of a region', async () => {
  expect(await usages()).toMatchObject({
    cores: [0, 350],
    standardDDSv5Family: [0, 350],
    standardDSv5Family: [0, 350],
  });
  await azure.put(cluster('c'), wireCluster(pool(2)));
  // vCPUs count from the moment AKS accepts the request.
  await put(`${cluster('c')}/agentPools/second`, { properties: { count: 3, vmSize: 'Standard_D2s_v5' } });
  expect(await usages()).toMatchObject({
    cores: [14, 350],
    standardDDSv5Family: [8, 350],
    standardDSv5Family: [6, 350],
  });
  expect(await usages('eastus')).toMatchObject({ cores: [0, 350], standardDDSv5Family: [0, 350] });
  await azure.remove(cluster('c'));
  expect(await usages()).toMatchObject({ cores: [0, 350], standardDDSv5Family: [0, 350] });
});

test('limits are what the reset says, by family in any case and for the region', async () => {
  await reset({ STANDARDDDSV5FAMILY: 8, cores: 100 });
  expect(await usages()).toMatchObject({ cores: [0, 100], standardDDSv5Family: [0, 8], standardDSv5Family: [0, 350] });
});

const family = (requested: number, remaining: number) =>
  `Insufficient vcpu quota requested ${requested}, remaining ${remaining} for family standardDDSv5Family for region ${location}.`;
const region = (requested: number, remaining: number) =>
  `Insufficient regional vcpu quota left for location ${location}. left regional vcpu quota ${remaining}, requested quota ${requested}.`;

// A node has four vCPUs. A tenth of the nodes, at least one, counts twice: surge nodes of an upgrade.
test.each<[string, Record<string, number>, number, string | undefined]>([
  ['just enough of the family', { standardDDSv5Family: 8 }, 1, undefined],
  ['too little of the family', { standardDDSv5Family: 7 }, 1, family(8, 7)],
  ['too little of the family for more surge nodes', { standardDDSv5Family: 51 }, 11, family(52, 51)],
  ['just enough in the region', { cores: 8 }, 1, undefined],
  ['too little in the region', { cores: 7 }, 1, region(8, 7)],
  ['too little of another family', { standardDSv5Family: 0 }, 1, undefined],
])('a cluster with %s', async (_what, quotas, count, message) => {
  await reset(quotas);
  const answer = await put(cluster('c'), wireCluster(pool(count)));
  if (message === undefined) return expect(answer.status).toBe(201);
  expect(answer).toMatchObject({ status: 400, body: { code: 'ErrCode_InsufficientVCPUQuota', message } });
  expect((await azure.get(cluster('c'))).status).toBe(404);
});

test('vCPUs in use are available neither to another cluster, nor to a pool, nor to more nodes', async () => {
  await reset({ standardDDSv5Family: 11 });
  await azure.put(cluster('c'), wireCluster(pool(1)));
  const refused = { status: 400, body: { code: 'ErrCode_InsufficientVCPUQuota', message: family(8, 7) } };
  const nodes = { properties: { count: 1, vmSize: 'Standard_D4ds_v5' } };
  expect(await put(cluster('second'), wireCluster(pool(1)))).toMatchObject(refused);
  expect(await put(`${cluster('c')}/agentPools/second`, nodes)).toMatchObject(refused);
  const scaled = { properties: { ...nodes.properties, mode: 'System', count: 2 } };
  expect(await put(`${cluster('c')}/agentPools/nodepool1`, scaled)).toMatchObject(refused);
  // Existing nodes need no quota.
  expect(
    (await put(`${cluster('c')}/agentPools/nodepool1`, { properties: { ...scaled.properties, count: 1 } })).status,
  ).toBe(200);
});

test('VM sizes tell their family and vCPUs, and what a subscription cannot have', async () => {
  const skus = await all(client.resourceSkus.list({ filter: "location eq 'northeurope'" }));
  const restrictionsOf = (size: string) => skus.find(({ name }) => name === size)?.restrictions;
  expect(skus.find(({ name }) => name === 'Standard_D4ds_v5')).toMatchObject({
    resourceType: 'virtualMachines',
    family: 'standardDDSv5Family',
    locations: ['northeurope'],
    locationInfo: [{ location: 'northeurope', zones: ['1', '2', '3'] }],
    capabilities: [{ name: 'vCPUs', value: '4' }],
    restrictions: [],
  });
  const place = { locations: ['northeurope'] };
  expect(restrictionsOf('Standard_NC24ads_A100_v4')).toMatchObject([
    { type: 'Location', reasonCode: 'NotAvailableForSubscription', restrictionInfo: place },
  ]);
  expect(restrictionsOf('Standard_L8s_v3')).toMatchObject([
    { type: 'Zone', restrictionInfo: { ...place, zones: ['2'] } },
  ]);
});
