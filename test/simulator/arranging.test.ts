import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, openCluster, type Started, start, wireCluster } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start({ speed: 0 });
});
afterAll(() => azure.simulator.close());

const cluster = `${group('made')}/providers/Microsoft.ContainerService/managedClusters/found`;
const put = (path: string, body: object) => ({ method: 'PUT', path, body });

test('a world is made in one request, though no time passes, and each answer is told', async () => {
  const identity = `${group('made')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/plane`;
  const { status, body } = await azure.send('POST', '/simulator/requests', {
    does: [
      put(group('made'), { location }),
      put(identity, { location }),
      put(cluster, wireCluster()),
      put(`${cluster}/agentPools/work`, { properties: { mode: 'User', count: 2 } }),
      { method: 'POST', path: `${cluster}/runCommand`, body: { command: 'kubectl create service loadbalancer web' } },
      put(`${cluster}/agentPools/bad`, { properties: { mode: 'None' } }),
      { id: cluster, provisioningState: 'Failed' },
    ],
  });
  expect(status).toBe(200);
  expect(body).toMatchObject([
    { status: 201 },
    { status: 201, body: { properties: { principalId: expect.any(String) } } },
    { status: 201, body: { properties: { provisioningState: 'Succeeded', fqdn: expect.any(String) } } },
    { status: 201 },
    { status: 202 },
    { status: 400, code: expect.any(String), message: expect.any(String) },
    { status: 200 },
  ]);
  expect((await azure.get(cluster)).at('properties.provisioningState')).toBe('Failed');
  const truth = await azure.send('GET', `/simulator/truth?cluster=${cluster}`);
  expect([truth.at('pools.1.nodes'), (truth.at('publicAddresses') as string[]).length]).toEqual([2, 2]);
});

test('an operation that fails at once says why', async () => {
  const { networkProfile: _open, ...rest } = openCluster();
  const { body } = await azure.send('POST', '/simulator/requests', {
    does: [
      put(`${cluster}2`, {
        location,
        identity: rest.identity,
        properties: {
          dnsPrefix: 'x',
          agentPoolProfiles: rest.agentPoolProfiles,
          networkProfile: { outboundType: 'none' },
          bootstrapProfile: { artifactSource: 'Cache' },
        },
      }),
    ],
  });
  expect(body).toMatchObject([{ status: 201, code: 'VMExtensionProvisioningError', message: expect.any(String) }]);
  expect((await azure.send('POST', '/simulator/requests', { does: [] })).status).toBe(400);
});
