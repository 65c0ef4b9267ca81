import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { assign, roles } from '../../support/ownRegistry.ts';
import { location, subscription } from '../support.ts';
import { type IsolatedWorld, isolatedWorld } from './isolatedWorld.ts';

let world: IsolatedWorld;
beforeAll(async () => {
  world = await isolatedWorld();
});
beforeEach(() => world.again());
afterAll(() => world.simulator.close());

/** Takes the kubelet's role on the registry away. */
async function withoutRole(): Promise<void> {
  const path = `${world.ids.registry}/providers/Microsoft.Authorization/roleAssignments`;
  const { value } = (await world.send('GET', `${path}?api-version=2022-04-01&$filter=atScope()`)).body as {
    value: { id: string; properties: { roleDefinitionId: string } }[];
  };
  const pulls = value.filter(({ properties }) => properties.roleDefinitionId.endsWith(roles.acrPull));
  for (const { id } of pulls) await world.remove(id);
}
const kubelet = async () => (await world.get(world.ids.kubelet)).at('properties.principalId');
const soon = () => world.send('POST', '/simulator/clock', { advanceSeconds: 60 });

/** Gives the kubelet a role under a condition. */
async function assignWith(role: string, condition?: string): Promise<void> {
  const path = `${world.ids.registry}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
  const answer = await world.send('PUT', `${path}?api-version=2022-04-01`, {
    properties: {
      roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId: await kubelet(),
      principalType: 'ServicePrincipal',
      ...(condition !== undefined && { condition, conditionVersion: '2.0' }),
    },
  });
  expect(answer.status).toBe(201);
  await soon();
}
/** The registry as it was, but for this. */
const registry = (properties: object) =>
  world.put(world.ids.registry, {
    location,
    sku: { name: 'Premium' },
    properties: { publicNetworkAccess: 'Disabled', ...properties },
  });

const repositoryReader = 'b93aa761-3e63-49ed-ac28-beffa264f7ac';
const inRepositories = (prefix: string) =>
  `((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith '${prefix}'))`;
const abac = () => registry({ roleAssignmentMode: 'AbacRepositoryPermissions' });

const cases: readonly { name: string; arrange(): Promise<unknown>; because?: RegExp }[] = [
  { name: 'the role, the rule and the endpoint of the guide', arrange: async () => undefined },
  { name: 'no role', arrange: withoutRole, because: /not authorized/ },
  {
    name: 'the role at the resource group',
    async arrange() {
      await withoutRole();
      await assign(world, world.ids.group, 'acrPull', await kubelet());
      await soon();
    },
  },
  {
    name: 'a role of another principal',
    async arrange() {
      await withoutRole();
      const principal = (await world.get(world.ids.controlPlane)).at('properties.principalId');
      await assign(world, world.ids.registry, 'acrPull', principal);
      await soon();
    },
    because: /not authorized/,
  },
  { name: 'AcrPull on a registry of roles by repository', arrange: abac, because: /not authorized/ },
  {
    name: 'Repository Reader on a registry of roles by repository',
    async arrange() {
      await abac();
      await assignWith(repositoryReader);
    },
  },
  {
    name: 'Repository Reader for other repositories',
    async arrange() {
      await abac();
      await assignWith(repositoryReader, inRepositories('team-a/'));
    },
    because: /not authorized/,
  },
  {
    name: "Repository Reader for AKS's repositories",
    async arrange() {
      await abac();
      await assignWith(repositoryReader, inRepositories('aks-managed-repository/'));
    },
  },
  {
    name: 'a registry that takes no tokens for Azure Resource Manager',
    arrange: () => registry({ policies: { azureADAuthenticationAsArmPolicy: { status: 'disabled' } } }),
    because: /not authorized/,
  },
  {
    name: 'a registry that lets everybody pull',
    async arrange() {
      await withoutRole();
      await registry({ anonymousPullEnabled: true });
    },
  },
  { name: 'no cache rule', arrange: () => world.remove(world.ids.cacheRule), because: /no cache rule/ },
  {
    name: 'a cache rule of another name',
    async arrange() {
      await world.remove(world.ids.cacheRule);
      await world.put(`${world.ids.registry}/cacheRules/microsoft`, {
        properties: { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' },
      });
    },
    because: /no cache rule/,
  },
  { name: 'a registry that is gone', arrange: () => world.remove(world.ids.registry), because: /does not exist/ },
];

describe('whether nodes can pull from the registry of the cluster', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, { arrange, because }) => {
    await arrange();
    const { nodes, newNodes, isolated } = await world.truth();
    const verdict = because === undefined ? { ok: true } : { ok: false, because: expect.stringMatching(because) };
    expect(nodes.map(({ pulls }) => pulls)).toEqual([verdict]);
    expect(newNodes.map(({ bootstraps }) => bootstraps)).toEqual([verdict]);
    expect(isolated.ok).toBe(because === undefined);
  });
});

test('nodes get images from what they were booted with until they are reimaged', async () => {
  const { properties, ...body } = (await world.get(world.cluster)).body as { properties: Record<string, object> };
  const update = (changes: object) => world.put(world.cluster, { ...body, properties: { ...properties, ...changes } });
  const networkProfile = { ...properties.networkProfile, outboundType: 'loadBalancer', loadBalancerProfile: undefined };
  const sources = async () => {
    const { nodes, newNodes, isolated } = await world.truth();
    return [nodes[0]?.imagesFrom, newNodes[0]?.imagesFrom, isolated.ok];
  };
  const server = `${world.ids.registry.split('/').at(-1)}.azurecr.io/aks-managed-repository`;
  await update({ networkProfile, bootstrapProfile: { artifactSource: 'Direct' } });
  expect(await sources()).toEqual([server, server, false]);
  const reimage = async () => {
    const path = `${world.cluster}/agentPools/nodepool1/upgradeNodeImageVersion?api-version=2026-06-01`;
    await world.answerAtEnd(await world.send('POST', path));
  };
  await reimage();
  expect(await sources()).toEqual(['mcr.microsoft.com', 'mcr.microsoft.com', false]);
  const { isolated } = await world.truth();
  expect(isolated.because).toEqual(
    expect.arrayContaining([
      'the outbound type is loadBalancer',
      expect.stringMatching(/^node \S+ gets images from mcr.microsoft.com$/),
      expect.stringMatching(/^node \S+ reaches internet by loadBalancer /),
    ]),
  );
});

test.each([
  ['the same tenant', undefined, true],
  ['another tenant, where it is nobody', '99999999-9999-4999-8999-999999999999', false],
])('the kubelet asks a registry in a subscription of %s', async (_name, tenantId, ok) => {
  const elsewhere = '22222222-2222-2222-2222-222222222222';
  const { body } = await world.send('GET', '/simulator/snapshots/begin');
  const moved = world.ids.registry.replace(subscription, elsewhere);
  const snapshot = JSON.parse(JSON.stringify(body).replaceAll(world.ids.registry, moved)) as {
    resources: { id: string; body: Record<string, unknown> }[];
  };
  for (const { id, body: its } of snapshot.resources)
    if (id === `/subscriptions/${elsewhere}` && tenantId !== undefined) its.tenantId = tenantId;
  await world.send('PUT', '/simulator/snapshots/moved', snapshot);
  await world.send('POST', '/simulator/snapshots/moved/restore');
  expect((await world.truth()).nodes.map(({ pulls }) => pulls.ok)).toEqual([ok]);
});

test('a state that says Failed closes no way, and is told', async () => {
  const { cluster, registry, privateEndpoint, link } = world.ids;
  const failed = [cluster, registry, privateEndpoint, link];
  const does = failed.map((id) => ({ id, provisioningState: 'Failed' }));
  await world.send('POST', '/simulator/requests', { does });
  const truth = await world.truth();
  expect(truth.isolated).toEqual({ ok: true, because: [] });
  expect(truth.failed.map((id) => id.toLowerCase()).sort()).toEqual(failed.map((id) => id.toLowerCase()).sort());
});
