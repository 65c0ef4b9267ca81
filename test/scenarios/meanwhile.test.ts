import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ScenarioHandle } from '../../client/index.ts';
import type { CreateClusterInput } from '../../contract/index.ts';
import type { OthersRule } from '../../simulator/index.ts';
import { clusterPath } from '../support/azure.ts';
import { failureDetailsOf, type Harness, startHarness } from '../support/harness.ts';
import { assign, type OwnRegistryIds, ownRegistryBodies, ownRegistryIds } from '../support/ownRegistry.ts';
import { waitUntil } from './existingCluster.ts';
import { byResourceId, manyClusters, ownRegistryInput } from './ownRegistry.ts';
import { endpointBody, linkBody, networkBody, setupOf } from './preflight/support.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
});
afterAll(() => harness.close());

const failed = { status: 'Failed', code: 'InternalServerError', message: 'No.' } as const;

/** Somebody does this right before a request of the run's. */
async function others(method: 'GET' | 'PUT', path: string, ...does: OthersRule['does']): Promise<void> {
  const { status } = await harness.azure.send('POST', '/simulator/others', { method, path: `${path}$`, does });
  if (status !== 201) throw new Error(`others: ${status}`);
}

const tagging = (id: string, tags: Record<string, string>): OthersRule['does'][number] => ({
  method: 'PATCH',
  path: `${id}/providers/Microsoft.Resources/tags/default`,
  body: { operation: 'Merge', properties: { tags } },
  atOnce: true,
});

/** Starts createCluster, which holds once the write of this resource has failed. */
async function held(given: CreateClusterInput, path: string): Promise<ScenarioHandle> {
  await harness.azure.fault({ method: 'PUT', path: `${path}$`, operation: failed });
  const run = await harness.client.createCluster({ ...given, onFailure: 'hold' });
  await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
  return run;
}

/** A network of the owner's without subnets, and security rules of a colleague's. */
async function ownersNetwork(name: string): Promise<{ ids: OwnRegistryIds; given: CreateClusterInput; rules: string }> {
  const ids = ownRegistryIds(name);
  await setupOf(harness.azure, ids).make('vnet', networkBody(['192.168.0.0/16']));
  const rules = `${ids.group}/providers/Microsoft.Network/networkSecurityGroups/colleagues`;
  await harness.azure.put(rules, { location: 'westeurope' });
  return { ids, given: ownRegistryInput(name, { network: { virtualNetworkId: ids.vnet } }), rules };
}

async function putOn(subnet: string, more: object): Promise<void> {
  const { properties } = (await harness.azure.get(subnet)).body as { properties: object };
  await harness.azure.put(subnet, { properties: { ...properties, ...more } });
}

describe('what others put on a subnet that the run has made', () => {
  it('keeps it from being taken back: it is named as changed', async () => {
    const { ids, given, rules } = await ownersNetwork('m-subnet');
    const run = await held(given, clusterPath(given));
    await putOn(ids.nodeSubnet, { networkSecurityGroup: { id: rules } });
    await putOn(ids.registrySubnet, { serviceEndpoints: [{ service: 'Microsoft.Storage' }] });
    await run.decide('rollBack');
    const { details } = await failureDetailsOf(run.result());
    expect(details.leftovers.map(({ resourceId }) => resourceId).sort()).toEqual([ids.registrySubnet, ids.nodeSubnet]);
    for (const { why } of details.leftovers) expect(why).toMatch(/^ChangedSince/);
    expect((await harness.azure.get(ids.nodeSubnet)).at('properties.networkSecurityGroup.id')).toBe(rules);
  });

  it('stays where the subnet is written again after a failure', async () => {
    const { ids, given, rules } = await ownersNetwork('m-again');
    const run = await held(given, ids.nodeSubnet);
    await putOn(ids.nodeSubnet, { networkSecurityGroup: { id: rules } });
    const { status } = await harness.azure.send('POST', '/simulator/others', {
      method: 'GET',
      path: `${ids.nodeSubnet}$`,
      does: [{ id: ids.nodeSubnet, provisioningState: 'Failed' }],
    });
    expect(status).toBe(201);
    await run.decide('retry');
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    expect((await harness.azure.get(ids.nodeSubnet)).at('properties.networkSecurityGroup.id')).toBe(rules);
  });
});

it('a tag that others have put on an endpoint stays where the endpoint is written again after a failure', async () => {
  const given = ownRegistryInput('m-tagged');
  const ids = ownRegistryIds('m-tagged');
  const run = await held(given, ids.privateEndpoint);
  await others('GET', ids.privateEndpoint, tagging(ids.privateEndpoint, { owner: 'network team' }), {
    id: ids.privateEndpoint,
    provisioningState: 'Failed',
  });
  const before = await harness.azure.recordedBytes();
  await run.decide('retry');
  expect(await run.result()).toMatchObject({ outcome: 'verified' });
  const isPut = ({ method, url }: { method: string; url: string }) =>
    method === 'PUT' && new URL(url).pathname === ids.privateEndpoint;
  const [put] = (await harness.azure.recorded(before)).filter(isPut);
  expect(put?.headers).toHaveProperty('if-match');
  expect((await harness.azure.get(ids.privateEndpoint)).at('tags')).toMatchObject({ owner: 'network team' });
});

it('a second mark that is left while undo asks who uses a resource keeps the resource', async () => {
  const given = ownRegistryInput('m-marked');
  const ids = ownRegistryIds('m-marked');
  const run = await held(given, clusterPath(given));
  const mark = { 'aks-isolation-used-by-0a0b0c0d': 'aks/another' };
  const asked = {
    registry: `${ids.registry}/cacheRules`,
    kubelet: `${ids.kubelet}/federatedIdentityCredentials`,
    privateEndpoint: ids.registry,
    zone: `${ids.zone}/ALL`,
  } as const;
  const parts = Object.keys(asked) as (keyof typeof asked)[];
  for (const part of parts) await others('GET', asked[part], tagging(ids[part], mark));
  await run.decide('rollBack');
  const { details } = await failureDetailsOf(run.result());
  for (const part of parts) {
    const left = details.leftovers.find(({ resourceId }) => resourceId.toLowerCase() === ids[part].toLowerCase());
    expect([part, left?.why]).toEqual([part, expect.stringMatching(/^InUse.*aks\/another/)]);
    expect((await harness.azure.get(ids[part])).at('tags')).toMatchObject(mark);
  }
});

it("a colleague's endpoint of the registry that has failed takes no healthy cluster back", async () => {
  const ids = ownRegistryIds('m-endpoint');
  const { make } = setupOf(harness.azure, ids);
  await make('registry');
  await make('vnet', ownRegistryBodies(ids).vnet);
  const colleagues = `${ids.group}/providers/Microsoft.Network/privateEndpoints/colleagues`;
  await harness.azure.put(colleagues, endpointBody(ids.registrySubnet, ids.registry));
  await others('PUT', ids.cluster, { id: colleagues, provisioningState: 'Failed' });
  const run = await harness.client.createCluster(
    ownRegistryInput('m-endpoint', byResourceId(ids, ['registry', 'vnet'])),
  );
  expect(await run.result()).toMatchObject({ outcome: 'verified' });
});

describe('what the run may not do itself, and somebody else does while it holds, serves after a retry', () => {
  it('a role at a scope above', async () => {
    const given = ownRegistryInput('m-role');
    const ids = ownRegistryIds('m-role');
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
    await harness.azure.fault({ method: 'PUT', path: `${ids.registry}/.*/roleAssignments/`, times: 100, answer });
    const run = await harness.client.createCluster({ ...given, onFailure: 'hold' });
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    const principalId = (await harness.azure.get(ids.kubelet)).at('properties.principalId');
    await assign(harness.azure, ids.group, 'acrPull', principalId);
    await run.decide('retry');
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
  });

  it('a link of another name to the network, which undo leaves', async () => {
    const given = ownRegistryInput('m-link');
    const ids = ownRegistryIds('m-link');
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No.' };
    await harness.azure.fault({ method: 'PUT', path: `${ids.link}$`, answer });
    const run = await harness.client.createCluster({ ...given, onFailure: 'hold' });
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    const colleagues = `${ids.zone}/virtualNetworkLinks/colleagues`;
    await harness.azure.put(colleagues, linkBody(ids.vnet));
    await harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation: failed });
    await run.decide('retry');
    const { hold } = await waitUntil(
      run,
      ({ phase, steps }) =>
        phase === 'waitingForOperator' && steps.some(({ id, state }) => id === 'cluster' && state === 'failed'),
    );
    expect(hold).toBeDefined();
    await run.decide('rollBack');
    const { details } = await failureDetailsOf(run.result());
    expect((await harness.azure.get(colleagues)).status).toBe(200);
    expect(details.leftovers.map(({ resourceId }) => resourceId)).not.toContain(ids.link);
  });
});
