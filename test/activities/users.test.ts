import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { boundTo } from '../../activities/arm/marks.ts';
import type { DeletionFacts } from '../../resources/discovery.ts';
import { markTags } from '../../resources/marks.ts';
import {
  aRecord,
  assign,
  expectedAddresses,
  type OwnRegistryIds,
  onOwnRegistry,
  ownRegistryBodies,
  ownRegistryIds,
} from '../support/ownRegistry.ts';
import { type AzureUnderTest, activityFailure, attempt, startAzure, subscriptionId } from './support.ts';

const location = 'westeurope';
const marksFor = (name: string) => ({
  [markTags.workflow]: `aks/${subscriptionId}/rg-${name}/${name}`,
  [markTags.run]: 'run',
});

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
  await azure.reset({ roleDelaySeconds: 0 });
});
afterAll(() => azure.close());

/** Everything around a cluster of this name, made for it by this product. */
async function made(name: string): Promise<OwnRegistryIds> {
  const ids = ownRegistryIds(name);
  const marks = marksFor(name);
  const { identity, ...bodies } = ownRegistryBodies(ids);
  const marked = (id: string, body: object) => azure.put(id, { ...body, tags: boundTo(id, marks) });
  await marked(ids.group, bodies.group);
  await marked(ids.vnet, bodies.vnet);
  await marked(ids.registry, bodies.registry);
  await azure.put(ids.cacheRule, bodies.cacheRule);
  await marked(ids.privateEndpoint, bodies.privateEndpoint);
  await marked(ids.zone, bodies.zone);
  await marked(ids.link, bodies.link);
  for (const record of ['registryRecord', 'dataRecord'] as const) {
    const { properties } = aRecord(expectedAddresses[record]);
    await azure.put(ids[record], { properties: { ...properties, metadata: boundTo(ids[record], marks) } });
  }
  await marked(ids.controlPlane, identity);
  await marked(ids.kubelet, identity);
  return ids;
}

const principalOf = async (id: string): Promise<unknown> => (await azure.get(id)).at('properties.principalId');

/** Another cluster, on everything that is named. */
async function clusterOn(name: string, ids: OwnRegistryIds): Promise<string> {
  const id = ownRegistryIds(name).cluster;
  await azure.put(ownRegistryIds(name).group, { location });
  await assign(azure, ids.kubelet, 'managedIdentityOperator', await principalOf(ids.controlPlane));
  await assign(azure, ids.nodeSubnet, 'networkContributor', await principalOf(ids.controlPlane));
  await assign(azure, ids.registry, 'acrPull', await principalOf(ids.kubelet));
  const { identity, properties } = onOwnRegistry(ids);
  const { properties: known } = (await azure.get(ids.kubelet)).body as { properties: Record<string, string> };
  const kubeletidentity = { resourceId: ids.kubelet, clientId: known.clientId, objectId: known.principalId };
  await azure.put(id, {
    location,
    identity,
    properties: { dnsPrefix: name, ...properties, identityProfile: { kubeletidentity } },
  });
  return id;
}

type Part = 'registry' | 'privateEndpoint' | 'zone' | 'link' | 'registryRecord' | 'vnet' | 'kubelet' | 'controlPlane';
function remove(name: string, ids: OwnRegistryIds, part: Part, ofThisRun = false): Promise<unknown> {
  const request = { id: ids[part], marks: marksFor(name), ofThisRun };
  const { activities } = azure;
  switch (part) {
    case 'registry':
      return attempt().run(activities.deleteRegistry, request);
    case 'privateEndpoint':
      return attempt().run(activities.deletePrivateEndpoint, request);
    case 'zone':
      return attempt().run(activities.deletePrivateDnsZone, request);
    case 'link':
      return attempt().run(activities.deleteZoneLink, request);
    case 'registryRecord':
      return attempt().run(activities.deleteRecord, request);
    case 'vnet':
      return attempt().run(activities.deleteVirtualNetwork, request);
    case 'kubelet':
    case 'controlPlane':
      return attempt().run(activities.deleteIdentity, request);
  }
}

async function inUse(name: string, ids: OwnRegistryIds, part: Part, by: string, ofThisRun = false): Promise<void> {
  const failure = await activityFailure(remove(name, ids, part, ofThisRun));
  expect(failure).toMatchObject({ type: 'InUse', nonRetryable: true });
  expect(failure.message.toLowerCase()).toContain(by.toLowerCase());
  expect(failure.message).toContain(ids[part]);
  expect((await azure.get(ids[part])).status).toBe(200);
}

describe('a deletion leaves what another cluster has come to use', () => {
  let ids: OwnRegistryIds;
  let other: string;
  beforeAll(async () => {
    ids = await made('lender');
    other = await clusterOn('second', ids);
  });

  const parts: Part[] = [
    'registry',
    'privateEndpoint',
    'zone',
    'link',
    'registryRecord',
    'vnet',
    'kubelet',
    'controlPlane',
  ];
  it.each(parts.flatMap((part) => [[part, 'asked for', false] as const, [part, 'taken back', true] as const]))(
    'the %s, %s',
    async (part, _how, ofThisRun) => {
      await inUse('lender', ids, part, other, ofThisRun);
    },
  );

  it('a record of its registry that has the hash of a domain name label scope', async () => {
    const id = `${ids.registryRecord}-a1b2c3d4e5f6g7h8`;
    const { properties } = aRecord(expectedAddresses.registryRecord);
    await azure.put(id, { properties: { ...properties, metadata: boundTo(id, marksFor('lender')) } });
    await inUse('lender', { ...ids, registryRecord: id }, 'registryRecord', other);
    await azure.remove(id);
  });

  it('a subnet that no machine is in yet', async () => {
    const { deleteSubnet } = azure.activities;
    const subnet = ids.nodeSubnet;
    const failure = await activityFailure(attempt().run(deleteSubnet, subnet, undefined, marksFor('lender')));
    expect(failure).toMatchObject({ type: 'InUse', message: expect.stringMatching(new RegExp(other, 'i')) });
  });

  it('a role that its nodes pull with, of an identity that both have', async () => {
    const { assignRole, unassignRole, unassignRolesOf } = azure.activities;
    const [principalId, marks] = [String(await principalOf(ids.kubelet)), marksFor('lender')];
    const { value = [] } = (await azure.get(`${ids.registry}/providers/Microsoft.Authorization/roleAssignments`))
      .body as { value?: { id: string; properties: { principalId: string } }[] };
    const byHand = value.find(({ properties }) => properties.principalId === principalId);
    await azure.remove(byHand?.id ?? '');
    const role = { scope: ids.registry, role: 'acrPull' as const, principalId, marks };
    const id = String(await attempt().run(assignRole, role));
    expect(await activityFailure(attempt().run(unassignRole, role))).toMatchObject({
      type: 'InUse',
      message: expect.stringMatching(new RegExp(other, 'i')),
    });
    await attempt().run(unassignRolesOf, { subscriptionId, principalId, marks });
    expect((await azure.get(id)).status).toBe(200);
    // With another cluster's identity alone it goes.
    const free = { ...role, scope: ids.group };
    const unused = String(await attempt().run(assignRole, free));
    await attempt().run(unassignRole, free);
    expect((await azure.get(unused)).status).toBe(404);
  });
});

describe('a deletion leaves what somebody else has come to use otherwise', () => {
  it.concurrent('a registry with an endpoint of others', async () => {
    const ids = await made('u-endpoint');
    const theirs = `${ids.group}/providers/Microsoft.Network/privateEndpoints/theirs`;
    await azure.put(theirs, ownRegistryBodies(ids).privateEndpoint);
    await inUse('u-endpoint', ids, 'registry', theirs);
    await inUse('u-endpoint', ids, 'vnet', theirs);
    await azure.remove(theirs);
    await remove('u-endpoint', ids, 'registry');
    expect((await azure.get(ids.registry)).status).toBe(404);
  });

  it.concurrent('a registry that a cluster is about to use, as its mark says, until it is taken off', async () => {
    const ids = await made('u-marked');
    const { addSecondMark, removeSecondMark } = azure.activities;
    const used = { id: ids.registry, marks: marksFor('u-comes') };
    await attempt().run(addSecondMark, used);
    await inUse('u-marked', ids, 'registry', 'u-comes', true);
    await attempt().run(removeSecondMark, used);
    await remove('u-marked', ids, 'registry');
    expect((await azure.get(ids.registry)).status).toBe(404);
  });

  it.concurrent('a registry with a network rule, or a rule that copies other images', async () => {
    const ids = await made('u-rules');
    const networkRuleSet = (ipRules: object[]) => ({
      properties: { networkRuleSet: { defaultAction: 'Deny', ipRules } },
    });
    await azure.put(ids.registry, networkRuleSet([{ action: 'Allow', value: '20.0.0.0/24' }]), 'PATCH');
    await inUse('u-rules', ids, 'registry', '20.0.0.0/24', true);
    await azure.put(ids.registry, networkRuleSet([]), 'PATCH');
    const rule = `${ids.registry}/cacheRules/theirs`;
    const properties = { sourceRepository: 'quay.io/theirs/*', targetRepository: 'theirs/*' };
    await azure.put(rule, { properties });
    await inUse('u-rules', ids, 'registry', rule);
  });

  it.concurrent('a registry on which somebody else has a role', async () => {
    const ids = await made('u-role');
    const pipeline = `${ids.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pipeline`;
    await azure.put(pipeline, { location });
    await assign(azure, ids.registry, 'contributor', await principalOf(pipeline));
    await inUse('u-role', ids, 'registry', String(await principalOf(pipeline)));
  });

  it.concurrent('an identity with a credential, with a role of others, or on which others have one', async () => {
    const ids = await made('u-identity');
    const credential = `${ids.kubelet}/federatedIdentityCredentials/workload`;
    await azure.put(credential, { properties: { issuer: 'https://issuer', subject: 'sa', audiences: ['aud'] } });
    await inUse('u-identity', ids, 'kubelet', credential);
    await azure.remove(credential);
    await assign(azure, ids.vnet, 'networkContributor', await principalOf(ids.kubelet));
    await inUse('u-identity', ids, 'kubelet', `${ids.vnet}/providers/Microsoft.Authorization/roleAssignments`);
    await assign(azure, ids.controlPlane, 'managedIdentityOperator', await principalOf(ids.kubelet));
    await inUse('u-identity', ids, 'controlPlane', String(await principalOf(ids.kubelet)));
    // Its roles are asked of subscriptions, which Azure wants by their IDs.
    const asked = (await azure.recorded()).filter(({ url }) => url.includes('/roleAssignments?'));
    const places = asked.map(({ url }) => decodeURIComponent(new URL(url).pathname));
    expect(places.filter((path) => /\/subscriptions\/+subscriptions\//.test(path))).toEqual([]);
    expect(places.length).toBeGreaterThan(0);
  });

  it.concurrent('a zone that another network is linked to', async () => {
    const ids = await made('u-zone');
    const hub = `${ids.group}/providers/Microsoft.Network/virtualNetworks/hub`;
    await azure.put(hub, { location, properties: { addressSpace: { addressPrefixes: ['172.16.0.0/16'] } } });
    await azure.put(`${ids.zone}/virtualNetworkLinks/hub`, {
      location: 'global',
      properties: { virtualNetwork: { id: hub }, registrationEnabled: false },
    });
    await inUse('u-zone', ids, 'zone', hub);
  });

  it.concurrent('a network that is peered with another', async () => {
    const ids = await made('u-peering');
    const hub = `${ids.group}/providers/Microsoft.Network/virtualNetworks/hub`;
    await azure.put(hub, { location, properties: { addressSpace: { addressPrefixes: ['172.16.0.0/16'] } } });
    const properties = { remoteVirtualNetwork: { id: hub } };
    await azure.put(`${ids.vnet}/virtualNetworkPeerings/to-hub`, { properties });
    await inUse('u-peering', ids, 'vnet', hub);
  });
});

describe('where the clusters of its subscription may not be listed', () => {
  it('a registry stays if it was asked for, and goes where a run takes it back', async () => {
    const ids = await made('unlisted');
    const forbidden = { status: 403, code: 'AuthorizationFailed', message: 'no permission' };
    const release = await azure.fault({
      method: 'GET',
      path: `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerService/managedClusters$`,
      times: 100,
      answer: forbidden,
    });
    await inUse('unlisted', ids, 'registry', `clusters in /subscriptions/${subscriptionId} may not be listed`);
    await remove('unlisted', ids, 'registry', true);
    await release();
    expect((await azure.get(ids.registry)).status).toBe(404);
  });
});

describe('marks on a resource that they were not made for say nothing', () => {
  it('where a policy or somebody has copied them from its group or from another resource', async () => {
    const ids = await made('copied');
    const { tags } = (await azure.get(ids.group)).body as { tags: Record<string, string> };
    const { tags: ofRegistry } = (await azure.get(ids.registry)).body as { tags: Record<string, string> };
    for (const [name, copied] of [
      ['from-group', tags],
      ['from-registry', ofRegistry],
      ['by-hand', marksFor('copied')],
    ] as const) {
      const id = `${ids.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
      await azure.put(id, { location, tags: copied });
      const request = { id, marks: marksFor('copied') };
      expect(await activityFailure(attempt().run(azure.activities.deleteIdentity, request))).toMatchObject({
        type: 'NotOwned',
      });
    }
    const cluster = { subscriptionId, resourceGroup: 'rg-copied', name: 'copied' };
    const { [markTags.workflow]: workflow = '' } = marksFor('copied');
    const found = await attempt().run(azure.activities.discoverDeletion, {
      cluster,
      marks: { [markTags.workflow]: workflow },
    });
    const names = (found as DeletionFacts).owned.map((id) => id.split('/').at(-1));
    expect(names).toContain('copied-kubelet');
    for (const theirs of ['from-group', 'from-registry', 'by-hand']) expect(names).not.toContain(theirs);
  });

  it('a role assignment whose description was copied from another', async () => {
    const ids = await made('described');
    const [principalId, marks] = [String(await principalOf(ids.kubelet)), marksFor('described')];
    const role = { scope: ids.registry, role: 'acrPull' as const, principalId, marks };
    const own = String(await attempt().run(azure.activities.assignRole, role));
    const description = (await azure.get(own)).at('properties.description');
    const theirs = await assign(azure, ids.vnet, 'networkContributor', principalId);
    const id = String(theirs.at('id'));
    const { properties } = (await azure.get(id)).body as { properties: object };
    await azure.put(id, { properties: { ...properties, description } });
    await attempt().run(azure.activities.unassignRolesOf, { subscriptionId, principalId, marks });
    expect((await azure.get(id)).status).toBe(200);
    expect((await azure.get(own)).status).toBe(404);
  });
});
