import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { group, location, type Started, start, versioned, wireCluster } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
});
beforeEach(async () => {
  await azure.send('POST', '/simulator/reset');
  await azure.put(group('rg'), { location });
});
afterAll(() => azure.simulator.close());

const id = `${group('rg')}/providers/Microsoft.ContainerService/managedClusters/c`;
const send = (body: unknown) => azure.send('PUT', versioned(id), body);
const longTerm = { supportPlan: 'AKSLongTermSupport' };
const premium = { sku: { name: 'Base', tier: 'Premium' } };
const refused = {
  status: 400,
  body: { code: 'K8sVersionNotSupported', message: expect.stringMatching(/only available for Long-Term Support/) },
};
const ages = (minor: string, support: string) => azure.send('PUT', '/simulator/kubernetes', { [minor]: support });

test('a version with long-term support alone needs the plan for it, and the Premium tier', async () => {
  const old = { kubernetesVersion: '1.33' };
  expect(await send(wireCluster(old))).toMatchObject(refused);
  expect(await send(wireCluster(old, premium))).toMatchObject(refused);
  expect(await send(wireCluster({ ...old, ...longTerm }))).toMatchObject({
    status: 400,
    body: { code: 'InvalidParameter', message: expect.stringContaining('Premium') },
  });
  const made = await azure.put(id, wireCluster({ ...old, ...longTerm }, premium));
  expect(made.at('properties.currentKubernetesVersion')).toBe('1.33.9');
  // It cannot leave its plan as long as it is on that version.
  expect(await send(wireCluster({ ...old, supportPlan: 'KubernetesOfficial' }, premium))).toMatchObject(refused);
  await azure.put(id, wireCluster({ kubernetesVersion: '1.34' }));
});

test('the listed versions say which support there is for them', async () => {
  const { values = [] } = await azure.aks.managedClusters.listKubernetesVersions(location);
  const plans = Object.fromEntries(values.map(({ version, capabilities }) => [version, capabilities?.supportPlan]));
  expect(plans).toMatchObject({ '1.33': ['AKSLongTermSupport'], '1.34': ['KubernetesOfficial', 'AKSLongTermSupport'] });
});

test('a version ages: its clusters stay and change, but no others come', async () => {
  const cluster = wireCluster({ kubernetesVersion: '1.34' });
  const pool = { properties: { count: 1, mode: 'User' } };
  const { body } = await azure.put(id, cluster);
  await ages('1.34', 'longTerm');
  await azure.put(id, body);
  await azure.put(`${id}/agentPools/more`, pool);
  expect(await azure.send('PUT', versioned(`${id}2`), cluster)).toMatchObject(refused);
  await ages('1.34', 'none');
  await azure.put(id, (await azure.get(id)).body);
  expect(await azure.send('PUT', versioned(`${id}2`), cluster)).toMatchObject({
    status: 400,
    body: { code: 'K8sVersionNotSupported', message: expect.stringMatching(/not supported in this region/) },
  });
  expect((await azure.send('PUT', '/simulator/kubernetes', { '1.34': 'old' })).status).toBe(400);
});
