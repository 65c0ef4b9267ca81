import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { boundTo } from '../../activities/arm/marks.ts';
import type {
  AuditFacts,
  DeletionFacts,
  ExistingCluster,
  OldRegistryFacts,
  ReadBack,
} from '../../resources/discovery.ts';
import { resourceGroupId, sameResourceId } from '../../resources/ids.ts';
import { markTags } from '../../resources/marks.ts';
import type { Unread } from '../../resources/unread.ts';
import {
  aRecord,
  assign,
  expectedAddresses,
  type OwnRegistryIds,
  onOwnRegistry,
  ownRegistryBodies,
  ownRegistryIds,
} from '../support/ownRegistry.ts';
import { isolated } from '../workflows/existingCluster/support.ts';
import { type AzureUnderTest, activityFailure, attempt, nothingElse, startAzure, subscriptionId } from './support.ts';

/** A 403 is no absence: everything that a look may not see is told, and never counts as good. */

const location = 'westeurope';
/** Object ID of the simulated caller. */
const me = '44444444-4444-4444-8444-444444444444';
const other = '22222222-2222-2222-2222-222222222222';
const name = 'unread';
const cluster = { subscriptionId, resourceGroup: `rg-${name}`, name };
const marks = { [markTags.workflow]: `aks/${subscriptionId}/rg-${name}/${name}`, [markTags.run]: 'run' };
const ids: OwnRegistryIds = ownRegistryIds(name);

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
  await azure.reset({ roleDelaySeconds: 0 });
  const { identity, ...bodies } = ownRegistryBodies(ids);
  const marked = (id: string, body: object) => azure.put(id, { ...body, tags: boundTo(id, marks) });
  await marked(ids.group, bodies.group);
  await marked(ids.vnet, bodies.vnet);
  await marked(ids.registry, bodies.registry);
  await azure.put(ids.cacheRule, bodies.cacheRule);
  await marked(ids.privateEndpoint, bodies.privateEndpoint);
  await marked(ids.controlPlane, identity);
  await marked(ids.kubelet, identity);
  await azure.put(resourceGroupId(other, 'rg-hub'), { location });
});
afterAll(() => azure.close());

const released: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of released.splice(0)) await end();
});

/** Refuses reads for this test. The code is any of those with which Azure forbids. */
async function forbid(path: string, code = 'AuthorizationFailed', status = 403): Promise<void> {
  const answer = { status, code, message: 'not for you' };
  released.push(await azure.fault({ method: 'GET', path, times: 1_000, answer }));
}

const told = (unread: readonly Unread[] | undefined): string[] => (unread ?? []).map(({ what, at }) => `${what} ${at}`);

describe('before the first write', () => {
  const discover = async (): Promise<DeletionFacts> =>
    attempt().run(azure.activities.discoverDeletion, { cluster, marks });

  it('tells nothing where everything could be read', async () => {
    const { unread, access, users } = await discover();
    expect([unread, access.unread, users]).toEqual([[], undefined, {}]);
  });

  it.each([
    ['locks', '/locks$', 'AuthorizationFailed', `/subscriptions/${subscriptionId}`],
    ['locks', '/locks$', 'DenyAssignmentAuthorizationFailed', `/subscriptions/${subscriptionId}`],
    ['deny assignments', '/denyAssignments$', 'AuthorizationFailed', `/subscriptions/${subscriptionId}`],
    [
      "permissions of the worker's identity",
      `^/subscriptions/${subscriptionId}/providers/[^/]+/permissions$`,
      'AuthorizationFailed',
      `/subscriptions/${subscriptionId}`,
    ],
  ])('tells that %s could not be read: %s', async (what, path, code, at) => {
    await forbid(path, code);
    const { access } = await discover();
    expect(told(access.unread)).toEqual([`${what} ${at}`]);
    expect(access.unread?.[0]?.why).toMatch(/not for you/);
  });

  it.each([
    [400, 'NoRegisteredProviderFound'],
    [404, 'InvalidResourceType'],
    [405, 'MethodNotAllowed'],
    [409, 'MissingSubscriptionRegistration'],
  ])('tells what could not be read where Azure does not offer to: %i %s', async (status, code) => {
    await forbid('/locks$', code, status);
    const { access } = await discover();
    expect(told(access.unread)).toEqual([`locks /subscriptions/${subscriptionId}`]);
  });

  it('does not take one refusal at its word, for a role may be minutes old', async () => {
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'not yet' };
    for (const path of ['^/subscriptions$', '/locks$', '/roleAssignments$'])
      await azure.fault({ method: 'GET', path, times: 1, answer });
    const from = azure.simulator.clock.now();
    const { unread, access, users } = await discover();
    expect([unread, access.unread, users]).toEqual([[], undefined, {}]);
    // All of them are waited for together.
    expect(azure.simulator.clock.now() - from).toBeLessThan(30_000);
  });

  it('reads what deny assignments keep from the worker’s identity, and which may be about others', async () => {
    const denial = (title: string, more: object = {}) => ({
      name: `00000000-0000-4000-8000-00000000000${title.length}`,
      title,
      scope: ids.group,
      actions: ['*/delete', 'Microsoft.Compute/virtualMachines/write'],
      ...more,
    });
    const all = [
      denial('all'),
      denial('mine', { principals: [me.toUpperCase()], scope: ids.registry, onlyAtScope: true }),
      denial('above', { scope: '/' }),
      denial('groups', { exclude: ['a-group'], groups: ['a-group'] }),
      denial('but-me1', { exclude: ['a-group', me], groups: ['a-group'] }),
      denial('of-other', { principals: ['66666666-6666-4666-8666-666666666666'] }),
      denial('elsewhere', { scope: resourceGroupId(subscriptionId, 'elsewhere') }),
    ];
    expect((await azure.send('PUT', '/simulator/denyAssignments', all)).status).toBe(204);
    released.push(async () => void (await azure.send('PUT', '/simulator/denyAssignments', [])));
    const permissions = [{ actions: ['*/delete'], notActions: [] }];
    const { denials = [] } = (await discover()).access;
    expect(denials.map(({ id: _, ...denial }) => denial)).toEqual([
      { name: 'all', scope: ids.group, permissions },
      { name: 'mine', scope: ids.registry, permissions, onlyAtScope: true },
      { name: 'above', scope: `/subscriptions/${subscriptionId}`, permissions },
      { name: 'groups', scope: ids.group, permissions, doubt: expect.stringMatching(/groups/) },
    ]);
  });

  it('tells that the clusters of a subscription could not be listed, which may use the same resources', async () => {
    await forbid(`/subscriptions/${other}/providers/Microsoft.ContainerService/managedClusters$`);
    expect(told((await discover()).unread)).toEqual([
      `clusters, which may use the same resources, /subscriptions/${other}`,
    ]);
  });

  it('tells that nobody knows which subscriptions there are', async () => {
    await forbid('^/subscriptions$');
    expect(told((await discover()).unread)).toEqual([expect.stringMatching(/^the list of subscriptions/)]);
  });

  it.each([
    ['registry', ids.registry, `${ids.registry}/.*/roleAssignments$`, 'roles on it'],
    ['identity', ids.kubelet, `${ids.kubelet}/federatedIdentityCredentials$`, 'federated credentials'],
    [
      'identity',
      ids.kubelet,
      `^/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleAssignments$`,
      'roles that it has been given',
    ],
  ] as const)('does not take %s of a %s for none where they may not be read', async (kind, id, path, what) => {
    await forbid(path);
    // Azure spells the groups of identities its own way.
    const [, users] = Object.entries((await discover()).users ?? {}).find(([key]) => sameResourceId(key, id)) ?? [];
    expect(users).toMatchObject({ users: [], unchecked: [] });
    expect(users?.unread?.map((each) => each.what)).toContain(what);
    const remove = kind === 'registry' ? azure.activities.deleteRegistry : azure.activities.deleteIdentity;
    expect(await activityFailure(attempt().run(remove, { id, marks }))).toMatchObject({
      type: 'InUse',
      message: expect.stringMatching(new RegExp(`Nobody can tell who uses this ${kind}: ${what} could not be read`)),
    });
    expect((await azure.get(id)).status).toBe(200);
  });
});

describe('a registry that is left', () => {
  const look = async (): Promise<OldRegistryFacts | undefined> =>
    attempt().run(azure.activities.lookAtOldRegistry, { registryId: ids.registry, marks });

  it('is in use where its endpoint may not be read, and unknown where others’ clusters may not be listed', async () => {
    expect(await look()).toMatchObject({
      owned: [ids.registry, ids.privateEndpoint],
      users: { users: [] },
      unread: [],
    });
    await forbid(`${ids.privateEndpoint}$`);
    await forbid(`/subscriptions/${other}/providers/Microsoft.ContainerService/managedClusters$`);
    const seen = await look();
    expect(seen?.owned).toEqual([ids.registry]);
    expect(seen?.users?.users).toEqual([`${ids.privateEndpoint} leads to it`]);
    expect(told(seen?.unread)).toEqual([`clusters, which may use the same resources, /subscriptions/${other}`]);
  });
});

describe('roles', () => {
  it('stay where the clusters that may need them could not be listed', async () => {
    const principalId = String((await azure.get(ids.controlPlane)).at('properties.principalId'));
    const role = { scope: ids.vnet, role: 'networkContributor' as const, principalId, marks };
    const id = String(await attempt().run(azure.activities.assignRole, role));
    await forbid(`/subscriptions/${subscriptionId}/providers/Microsoft.ContainerService/managedClusters$`);
    await attempt().run(azure.activities.unassignRolesOf, { subscriptionId, principalId, marks });
    expect((await azure.get(id)).status).toBe(200);
  });

  it('stay where the marks of both scope and holder may not be read', async () => {
    const principalId = String((await azure.get(ids.kubelet)).at('properties.principalId'));
    const role = { scope: ids.vnet, role: 'networkContributor' as const, principalId, marks, identityId: ids.kubelet };
    const id = String(await attempt().run(azure.activities.assignRole, role));
    await forbid('/Microsoft.Resources/tags/default$');
    const failure = await activityFailure(attempt().run(azure.activities.unassignRole, role));
    expect(failure).toMatchObject({ type: 'InUse', message: expect.stringMatching(/nobody can tell/) });
    expect((await azure.get(id)).status).toBe(200);
  });
});

describe('the zone of a network', () => {
  it('is not taken for none where a subscription may not be searched', async () => {
    await forbid(`/subscriptions/${other}/providers/Microsoft.Network/privateDnsZones$`);
    const spoke = `${ids.group}/providers/Microsoft.Network/virtualNetworks/spoke`;
    await azure.put(spoke, { location, properties: { addressSpace: { addressPrefixes: ['10.200.0.0/16'] } } });
    const { infrastructure }: ReadBack = await attempt().run(azure.activities.readBack, {
      cluster,
      infrastructure: { ...nothingElse, virtualNetworkId: spoke, searchesZones: true },
    });
    const what = 'zones privatelink.azurecr.io, of which one may be linked to the network, /subscriptions';
    expect(told(infrastructure.unread)).toEqual([`${what}/${other}`]);
    const { kubeletIdentityId: _none, ...found } = isolated({ containerRegistryId: ids.registry });
    const facts: AuditFacts = await attempt().run(azure.activities.lookAtDependencies, {
      cluster: found,
      subscriptionId,
      subnetIds: [`${spoke}/subnets/nodes`],
    });
    expect(told(facts.unsearched)).toEqual([`${what}/${other}`]);
  });
});

describe('a registry of another tenant than the worker’s', () => {
  it('is unread, and no failure that would pass', async () => {
    const answer = { status: 401, code: 'InvalidAuthenticationTokenTenant', message: 'wrong issuer' };
    released.push(await azure.fault({ method: 'GET', path: `${ids.registry}$`, times: 1_000, answer }));
    const { kubeletIdentityId: _none, ...found } = isolated({ containerRegistryId: ids.registry });
    const facts: AuditFacts = await attempt().run(azure.activities.lookAtDependencies, {
      cluster: found,
      subscriptionId,
      subnetIds: [ids.nodeSubnet],
    });
    expect(facts.unread?.registry).toMatch(/wrong issuer/);
    const failure = await activityFailure(attempt().run(azure.activities.deleteRegistry, { id: ids.registry, marks }));
    expect(failure).toMatchObject({ type: 'InvalidAuthenticationTokenTenant', nonRetryable: true });
  });
});

describe('endpoints of a registry that many share', () => {
  const lookIn = async (network: string): Promise<AuditFacts> => {
    const { kubeletIdentityId: _none, ...found } = isolated({ containerRegistryId: ids.registry });
    const subnetIds = [`${network}/subnets/nodes`];
    return attempt().run(azure.activities.lookAtDependencies, { cluster: found, subscriptionId, subnetIds });
  };

  it('matter where the network has none that could be read, and not beside one that serves', async () => {
    const theirs = `${ids.group}/providers/Microsoft.Network/privateEndpoints/theirs`;
    const { privateEndpoint } = ownRegistryBodies(ids);
    await azure.put(theirs, privateEndpoint);
    await forbid(`${theirs}$`);
    const beside = await lookIn(ids.vnet);
    expect(beside.unread?.endpoints).toBeUndefined();
    expect(beside.endpoints.map(({ id }) => id)).toEqual([ids.privateEndpoint]);
    const elsewhere = await lookIn(`${ids.group}/providers/Microsoft.Network/virtualNetworks/spoke`);
    expect(elsewhere.unread?.endpoints).toMatch(/not for you/);
  });
});

describe('a cluster whose registry the worker may not read', () => {
  it('tells so where it is looked at', async () => {
    const principal = async (id: string) => (await azure.get(id)).at('properties.principalId');
    const [control, kubelet] = [await principal(ids.controlPlane), await principal(ids.kubelet)];
    await azure.put(ids.zone, { location: 'global' });
    await azure.put(ids.link, ownRegistryBodies(ids).link);
    for (const record of ['registryRecord', 'dataRecord'] as const)
      await azure.put(ids[record], aRecord(expectedAddresses[record]));
    await assign(azure, ids.kubelet, 'managedIdentityOperator', control);
    await assign(azure, ids.nodeSubnet, 'networkContributor', control);
    await assign(azure, ids.registry, 'acrPull', kubelet);
    const { identity, properties } = onOwnRegistry(ids);
    await azure.put(ids.cluster, { location, identity, properties: { dnsPrefix: name, ...properties } });
    await forbid(`${ids.registry}$`);
    const look: ExistingCluster = await attempt().run(azure.activities.lookAtCluster, { cluster, subscriptionIds: [] });
    expect(told(look.unread)).toEqual([`the registry from which nodes boot ${ids.registry}`]);
    expect(look.imageSource).toMatch(/azurecr\.io\/aks-managed-repository$/);
  });
});
