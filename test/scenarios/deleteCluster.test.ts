import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isCancellation } from '@temporalio/workflow';
import {
  clusterParts,
  type DeleteClusterInput,
  type PlanReport,
  type StepProgress,
  type VerificationReport,
} from '../../contract/index.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { input, subscriptionId } from '../support/azure.ts';
import { failureDetailsOf, failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { aRecord, makeByHand, ownRegistryIds, stateAround } from '../support/ownRegistry.ts';
import { sampled } from '../support/sampled.ts';
import { byResourceId, manyClusters, ownRegistryInput, verifiedCreation } from './ownRegistry.ts';
import { endpointBody, namedSubnet, networkBody } from './preflight/support.ts';

type Input = Omit<DeleteClusterInput, 'cluster'>;
const everything: Input = { alsoDelete: [...clusterParts] };
const cluster = (name: string): ClusterReference => ({ subscriptionId, resourceGroup: `rg-${name}`, name });
const tags = (name: string) => ({ 'aks-isolation-workflow': `aks/${subscriptionId}/rg-${name}/${name}` });
const notMine = 'stays: it was not made for this cluster';
const nameOf = (id: string) => id.split('/').at(-1) ?? '';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
});
afterAll(() => harness.close());

const start = async (name: string, more: Input = {}) =>
  (await harness.client.deleteCluster({ cluster: cluster(name), ...more })).result();
async function deleted(name: string, more: Input = {}): Promise<VerificationReport> {
  const result = await start(name, more);
  if (result.outcome !== 'verified') throw new Error(`Expected a deleted cluster, got ${result.outcome}`);
  expect(result.checks.filter(({ ok }) => !ok)).toEqual([]);
  return result;
}
async function expectNothingToDelete(name: string): Promise<void> {
  const { type, problems } = await problemsOf(start(name, everything));
  expect(type).toBe('PreflightFailed');
  expect(problems.map(({ problem }) => problem)).toEqual([expect.stringMatching(/^there is nothing to delete/)]);
}
const create = (name: string, more: Parameters<typeof ownRegistryInput>[1] = {}) =>
  verifiedCreation(harness, ownRegistryInput(name, more));
const writesTo = (name: string) => harness.azure.writesTo(input(name));
const there = async (name: string) => Object.keys(await stateAround(harness.azure, name)).sort();
const reasons = ({ plan }: Pick<PlanReport, 'plan'>) =>
  Object.fromEntries(plan.steps.flatMap(({ id, action, reason }) => (action === 'none' ? [[id, reason]] : [])));
const states = (steps: readonly StepProgress[]) => [...new Set(steps.map(({ state }) => state))];
const checked = ({ checks }: VerificationReport) => checks.map(({ resourceId }) => resourceId);
/** Somebody else's resources, without their ETags. */
const bodyOf = async (id: string) => {
  const body = (await harness.azure.get(id)).body as Record<string, unknown> & { properties?: object };
  const { privateEndpointConnections: _connections, ...properties } = { ...body.properties } as Record<string, unknown>;
  return { ...body, properties, etag: undefined };
};

describe('deleteCluster', () => {
  it.concurrent('deletes nothing in a dry run, the cluster alone and says why the rest stays, then the rest if asked', async () => {
    await create('plain', { apiServerAccess: 'vnetIntegration' });
    const before = await there('plain');
    const writes = await writesTo('plain');
    const dryRun = await start('plain', { ...everything, dryRun: true });
    expect(dryRun).toMatchObject({ outcome: 'planned', plan: { problems: [] } });
    expect(await writesTo('plain')).toEqual(writes);

    const report = await deleted('plain');
    const withCluster = /managedclusters\/|\/resourcegroups\/mc_/;
    expect(before.filter((id) => withCluster.test(id)).length).toBeGreaterThan(3);
    expect(await there('plain')).toEqual(before.filter((id) => !withCluster.test(id)));
    const ids = ownRegistryIds('plain');
    const stays = (part: string) => `stays: add ${part} to alsoDelete if it is to go`;
    expect(reasons(report)).toEqual({
      'virtualNetwork:plain-vnet': stays('virtualNetwork'),
      [`registry:${nameOf(ids.registry)}`]: stays('registry'),
      'privateEndpoint:myPrivateEndpoint': stays('privateEndpoint'),
      'privateDnsZone:privatelink.azurecr.io': stays('privateDnsZone'),
      'zoneLink:mydnslink': stays('privateDnsZone'),
      [`record:${nameOf(ids.registryRecord)}`]: stays('privateDnsZone'),
      [`record:${nameOf(ids.dataRecord)}`]: stays('privateDnsZone'),
      'identity:plain-identity': stays('identities'),
      'identity:plain-kubelet': stays('identities'),
      resourceGroup: stays('resourceGroup'),
    });
    expect(checked(report).map(nameOf)).toEqual(['plain', 'MC_rg-plain_plain_westeurope']);

    // Parts that stay can still go later, for the cluster is not needed to delete them.
    const rest = await deleted('plain', everything);
    expect(states(rest.steps.filter(({ action }) => action !== 'none'))).toEqual(['done']);
    expect(await there('plain')).toEqual([]);
    const gone = [ids.group, ids.vnet, ids.registry, ids.privateEndpoint, ids.zone, ids.link, ids.registryRecord];
    expect(checked(rest).map((id) => id.toLowerCase())).toEqual(
      expect.arrayContaining([...gone, ids.dataRecord, ids.kubelet, ids.controlPlane].map((id) => id.toLowerCase())),
    );
    const all = await writesTo('plain');
    await expectNothingToDelete('plain');
    expect(await writesTo('plain')).toEqual(all);
  });

  it.concurrent('leaves what was adopted: a registry that others use as well, an identity, the group', async () => {
    const theirs = ownRegistryIds('lent');
    for (const part of ['privateEndpoint', 'kubelet'] as const) await makeByHand(harness.azure, theirs, part);
    await harness.azure.createGroup('rg-borrows');
    await create('borrows', byResourceId(theirs, ['registry', 'kubelet']));
    const adopted = [theirs.registry, theirs.privateEndpoint, theirs.kubelet, theirs.vnet];
    const before = await Promise.all(adopted.map(bodyOf));
    const roles = async () => (await there('lent')).filter((id) => id.includes('/roleassignments/'));
    // The control plane's on the kubelet identity, and the kubelet's on the registry.
    expect(await roles()).toHaveLength(2);

    const report = await deleted('borrows', everything);
    const otherEndpoint = report.plan.steps.find(({ resourceId }) => resourceId === theirs.privateEndpoint);
    expect(reasons(report)).toEqual({
      [`registry:${nameOf(theirs.registry)}`]: notMine,
      [otherEndpoint?.id ?? '']: notMine,
      'identity:lent-kubelet': notMine,
      resourceGroup: notMine,
    });
    expect(await Promise.all(adopted.map(bodyOf))).toEqual(before);
    expect(await roles()).toEqual([]);
    expect(await there('borrows')).toEqual([ownRegistryIds('borrows').group.toLowerCase()]);
  });

  it.concurrent('leaves a registry that a colleague reaches since the plan, and names what went by its own ID', async () => {
    const { azure } = harness;
    await create('reached');
    const ids = ownRegistryIds('reached');
    const hub = `${ids.group}.hub`;
    const vnet = `${hub}/providers/Microsoft.Network/virtualNetworks/hub`;
    await azure.put(hub, { location: 'westeurope' });
    await azure.put(vnet, networkBody(['10.5.0.0/16'], [namedSubnet('endpoints', '10.5.0.0/24')]));
    const endpoint = `${hub}/providers/Microsoft.Network/privateEndpoints/colleagues`;
    const { status } = await azure.send('POST', '/simulator/others', {
      method: 'DELETE',
      path: `${ids.cluster}$`,
      does: [{ method: 'PUT', path: endpoint, body: endpointBody(`${vnet}/subnets/endpoints`, ids.registry) }],
    });
    expect(status).toBe(201);
    const { details } = await failureDetailsOf(start('reached', everything));
    const named = ({ resourceId }: { resourceId: string }) => resourceId.toLowerCase();
    const left = details.leftovers.map(named);
    const gone = (details.deleted ?? []).map(named);
    expect(left).toEqual(expect.arrayContaining([ids.registry, ids.group].map((id) => id.toLowerCase())));
    expect(gone).toEqual(expect.arrayContaining([ids.cluster, ids.privateEndpoint].map((id) => id.toLowerCase())));
    // After a failure nothing begins: whether zone and network have begun before it is Azure's to say.
    for (const id of [ids.zone, ids.vnet, ids.controlPlane, ids.kubelet])
      expect([...gone, ...left].filter((each) => each === id.toLowerCase())).toHaveLength(1);
    expect(gone.filter((id) => !id.startsWith(`${ids.group.toLowerCase()}/`))).toEqual([]);
    expect(new Set(gone).size).toBe(gone.length);
    expect((await azure.get(endpoint)).at('properties.provisioningState')).toBe('Succeeded');
  });

  inFull.concurrent('leaves what it made and another cluster has come to use: the registry, the zone', async () => {
    await create('lender');
    const ids = ownRegistryIds('lender');
    await harness.azure.createGroup('rg-d-second');
    await create('d-second', { registry: { mode: 'bringYourOwn', containerRegistryId: ids.registry } });
    await harness.azure.put(`${ids.zone}/A/theirs`, aRecord('192.168.2.9'));
    const { resourceGroup: _group, ...parts } = Object.fromEntries(clusterParts.map((part) => [part, part]));
    const report = await deleted('lender', { alsoDelete: Object.values(parts) });
    expect(reasons(report)).toMatchObject({
      [`registry:${nameOf(ids.registry)}`]: expect.stringMatching(/^stays: the nodes of .*\/d-second boot from it/),
      'privateDnsZone:privatelink.azurecr.io': expect.stringMatching(/^stays: it holds .*\/A\/theirs$/),
    });
    const remaining = await there('lender');
    expect(remaining).toEqual(expect.arrayContaining([ids.registry, ids.zone].map((id) => id.toLowerCase())));
    for (const gone of [ids.vnet, ids.privateEndpoint, ids.link, ids.registryRecord, ids.kubelet])
      expect(remaining).not.toContain(gone.toLowerCase());
  });

  it.concurrent.each(
    sampled(
      [
        ['another group', 'dns', subscriptionId],
        ['another subscription', 'far', '22222222-2222-2222-2222-222222222222'],
      ] as const,
      2,
      1,
    ),
  )('takes only its own link and records out of a zone in %s', async (_where, name, subscription) => {
    const { azure } = harness;
    const group = `/subscriptions/${subscription}/resourceGroups/rg-zones-${name}`;
    const zone = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
    const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/hub`;
    const record = `${zone}/A/theirs`;
    const link = `${zone}/virtualNetworkLinks/hub`;
    await azure.put(group, { location: 'westeurope' });
    await azure.put(zone, { location: 'global' });
    const addressSpace = { addressPrefixes: ['172.16.0.0/16'] };
    await azure.put(vnet, { location: 'westeurope', properties: { addressSpace } });
    await azure.put(link, { location: 'global', properties: { virtualNetwork: { id: vnet } } });
    await azure.put(record, aRecord('172.16.0.4'));
    const before = await there(`zones-${name}`);

    await create(name, { registry: { mode: 'bringYourOwn', privateDnsZone: { resourceId: zone } } });
    expect(await there(`zones-${name}`)).toHaveLength(before.length + 3);
    const given: Input = subscription === subscriptionId ? {} : { privateDnsZoneId: zone };
    const report = await deleted(name, { ...everything, ...given });
    expect(reasons(report)).toEqual({ 'privateDnsZone:privatelink.azurecr.io': notMine });
    expect(await there(`zones-${name}`)).toEqual(before);
    expect(await there(name)).toEqual([]);
  });

  it.concurrent('deletes a cluster with a managed registry, which goes with its node resource group', async () => {
    const { azure } = harness;
    await (await harness.client.createCluster(input('managed'))).result();
    // AKS puts the cluster's tags on what it makes for it.
    const nodeGroup = ownRegistryIds('managed').group.replace('rg-managed', 'MC_rg-managed_managed_westeurope');
    const agentPool = `${nodeGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/managed-agentpool`;
    await azure.put(agentPool, { location: 'westeurope', tags: tags('managed') });
    const registries = async () => (await there('managed')).filter((id) => /\/registries\/[^/]+$/.test(id));
    expect(await registries()).toHaveLength(1);
    const report = await deleted('managed', everything);
    expect(report.plan.steps.map(({ id, action }) => [id, action])).toEqual([
      ['cluster', 'delete'],
      ['resourceGroup', 'delete'],
    ]);
    expect(checked(report).map(nameOf)).toEqual(['managed', nameOf(nodeGroup), 'rg-managed']);
    expect(await there('managed')).toEqual([]);
  });

  it.concurrent('deletes a cluster of somebody else that is named, and leaves its group', async () => {
    const given = input('foreign');
    await harness.azure.createGroup('rg-foreign');
    await harness.azure.createForeignCluster(given);
    const report = await deleted('foreign', everything);
    expect(reasons(report)).toEqual({ resourceGroup: notMine });
    expect(await there('foreign')).toEqual([ownRegistryIds('foreign').group.toLowerCase()]);
  });

  it.concurrent('removes what a failed run has left', async () => {
    const { cluster: id } = ownRegistryIds('failed');
    const operation = { status: 'Failed', code: 'QuotaExceeded', message: 'No.' } as const;
    await harness.azure.fault({ method: 'PUT', path: `${id}$`, operation });
    const given = ownRegistryInput('failed', { onFailure: 'leave' });
    await failureDetailsOf((await harness.client.createCluster(given)).result());
    const report = await deleted('failed', everything);
    expect(report.plan.steps[0]).toMatchObject({ id: 'cluster', reason: 'found, Failed' });
    expect(await there('failed')).toEqual([]);
  });

  inFull.concurrent('sends each deletion once where answers are lost', async () => {
    await create('lost');
    const ids = ownRegistryIds('lost');
    const all = [ids.cluster, ids.registry, ids.privateEndpoint, ids.vnet, ids.group];
    for (const id of all) await harness.azure.fault({ method: 'DELETE', path: `${id}$`, drop: 'after' });
    await deleted('lost', everything);
    const deletions = (await writesTo('lost')).filter((write) => write.startsWith('DELETE'));
    for (const id of all) {
      const own = deletions.filter((write) => write.split(' ')[1]?.toLowerCase() === id.toLowerCase());
      expect(own).toHaveLength(1);
    }
  });
});

async function refused(name: string, more: Input, where: unknown, problem: RegExp): Promise<void> {
  const before = await there(name);
  const writes = await writesTo(name);
  expect(await problemsOf(start(name, more))).toEqual({
    type: 'PreflightFailed',
    problems: [{ where, problem: expect.stringMatching(problem), whatToDo: expect.any(String) }],
  });
  expect(await there(name)).toEqual(before);
  expect(await writesTo(name)).toEqual(writes);
}

describe('deleteCluster is stopped before it deletes anything', () => {
  inFull.concurrent('by a lock, though it is on one part of it', async () => {
    await create('d-locked');
    const { registry } = ownRegistryIds('d-locked');
    const lock = `${registry}/providers/Microsoft.Authorization/locks/keep`;
    await harness.azure.put(lock, { properties: { level: 'CanNotDelete' } });
    await refused('d-locked', everything, lock, /forbids to delete \(Registry .*, Resource group rg-d-locked\)/);
    await deleted('d-locked');
  });

  it.concurrent('by permission that the worker lacks', async () => {
    const limited = await startHarness();
    try {
      const callerPermissions = [{ scope: '/', actions: ['*'], notActions: ['Microsoft.Network/*/delete'] }];
      await limited.azure.reset({ ...manyClusters, callerPermissions });
      await verifiedCreation(limited, ownRegistryInput('limited', { onFailure: 'leave' }));
      const run = await limited.client.deleteCluster({ cluster: cluster('limited'), alsoDelete: ['privateDnsZone'] });
      const { type, problems } = await problemsOf(run.result());
      expect(type).toBe('PreflightFailed');
      expect(problems.map(({ problem }) => problem.split(' may not ')[1]).sort()).toEqual([
        'Microsoft.Network/privateDnsZones/A/delete',
        'Microsoft.Network/privateDnsZones/A/delete',
        'Microsoft.Network/privateDnsZones/delete',
        'Microsoft.Network/privateDnsZones/virtualNetworkLinks/delete',
      ]);
      expect((await limited.azure.writes()).filter((write) => write.startsWith('DELETE'))).toEqual([]);
    } finally {
      await limited.close();
    }
  });
});

describe('deleteCluster when something goes wrong', () => {
  const answer = { status: 403, code: 'AuthorizationFailed', message: 'No permission to delete' };

  it.concurrent('names what is still there, lets an operator leave it, and is ended by starting it again', async () => {
    await create('broken');
    const ids = ownRegistryIds('broken');
    await harness.azure.fault({ method: 'DELETE', path: `${ids.privateEndpoint}$`, answer });
    const { failure, details } = await failureDetailsOf(start('broken', everything));
    expect(failure.type).toBe('StepFailed');
    expect(failure.message).toMatch(/^AuthorizationFailed: No permission to delete/);
    const left = details.leftovers.map(({ resourceId }) => resourceId.toLowerCase());
    const remaining = await there('broken');
    for (const part of ['privateEndpoint', 'registry', 'vnet', 'group'] as const) {
      expect(left).toContain(ids[part].toLowerCase());
      expect(remaining).toContain(ids[part].toLowerCase());
    }
    // Nothing that is gone is named.
    expect(left.filter((id) => !remaining.includes(id))).toEqual([]);
    expect(left).not.toContain(ids.cluster.toLowerCase());
    expect(details.leftovers.find(({ resourceId }) => resourceId === ids.privateEndpoint)?.why).toContain(
      'No permission',
    );

    // An operator may leave what is still there, but not bring back what is gone.
    await harness.azure.fault({ method: 'DELETE', path: `${ids.registry}$`, answer });
    const run = await harness.client.deleteCluster({
      cluster: cluster('broken'),
      alsoDelete: ['privateEndpoint', 'registry'],
      onFailure: 'hold',
    });
    for await (const { phase } of run.watch(25)) if (phase === 'waitingForOperator') break;
    expect((await run.progress()).decisions).toEqual(['retry', 'leave']);
    await expect(run.decide('rollBack')).rejects.toThrow();
    await run.decide('leave');
    const second = await failureDetailsOf(run.result());
    expect(second.details.leftovers).toEqual([
      { resourceId: ids.registry, why: expect.stringContaining('No permission') },
    ]);

    await deleted('broken', everything);
    expect(await there('broken')).toEqual([]);
  });

  inFull.concurrent('waits for an operator with onFailure hold, and goes on after retry', async () => {
    await create('held');
    await harness.azure.fault({ method: 'DELETE', path: `${ownRegistryIds('held').registry}$`, answer });
    const run = await harness.client.deleteCluster({ cluster: cluster('held'), ...everything, onFailure: 'hold' });
    for await (const { phase } of run.watch(25)) if (phase === 'waitingForOperator') break;
    expect(await run.progress()).toMatchObject({ phase: 'waitingForOperator' });
    await run.decide('retry');
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    expect(await there('held')).toEqual([]);
  });

  inFull.concurrent('stops where it is when it is cancelled', async () => {
    await create('d-cancelled');
    const { cluster: id } = ownRegistryIds('d-cancelled');
    await harness.azure.fault({ method: 'DELETE', path: `${id}$`, operation: { held: true } });
    const before = await there('d-cancelled');
    const run = await harness.client.deleteCluster({ cluster: cluster('d-cancelled'), ...everything });
    await harness.azure.untilRequested(`DELETE ${id}`);
    await run.cancel();
    expect(isCancellation(await failureOf(run.result()))).toBe(true);
    const { phase, steps } = await run.progress();
    expect(phase).toBe('failed');
    expect(states(steps.filter(({ id: step }) => step !== 'cluster'))).toEqual(['skipped']);
    expect(await there('d-cancelled')).toEqual(before);
  });
});

/** On one cluster, one after the other. */
describe('deleteCluster and things of somebody else among what was made for the cluster', () => {
  const ids = ownRegistryIds('shared');
  let identity: string;
  beforeAll(async () => {
    await create('shared');
    identity = await harness.azure.createIdentity('rg-shared', 'theirs');
  });

  it('is stopped before it deletes anything where the group is to go, or a network with an endpoint that stays', async () => {
    await refused('shared', everything, 'alsoDelete', new RegExp(`holds what would stay: ${identity}$`, 'i'));
    await refused('shared', { alsoDelete: ['virtualNetwork'] }, 'alsoDelete', /myPrivateEndpoint$/);
  });

  it('leaves network and zone, says so in the plan, and never takes a subnet with it', async () => {
    const theirs = `${ids.vnet}/subnets/theirs`;
    const subnet = { properties: { addressPrefix: '192.168.200.0/24' } };
    await harness.azure.put(theirs, subnet);
    const record = `${ids.zone}/A/theirs`;
    await harness.azure.put(record, aRecord('192.168.2.9'));
    const report = await deleted('shared', { alsoDelete: ['privateEndpoint', 'privateDnsZone', 'virtualNetwork'] });
    expect(reasons(report)).toMatchObject({
      'virtualNetwork:shared-vnet': `stays: it holds what somebody else has created: ${theirs}`,
      'privateDnsZone:privatelink.azurecr.io': expect.stringMatching(/^stays: it holds .*\/A\/theirs$/),
    });
    expect((await harness.azure.get(theirs)).status).toBe(200);
    expect((await harness.azure.get(record)).status).toBe(200);
    // One that comes after the plan stops the step.
    await harness.azure.remove(theirs);
    const answer = { status: 429, code: 'TooManyRequests', message: 'wait' };
    const release = await harness.azure.fault({ method: 'DELETE', path: `${ids.vnet}$`, answer, times: 1_000 });
    const run = await harness.client.deleteCluster({ cluster: cluster('shared'), alsoDelete: ['virtualNetwork'] });
    await harness.azure.untilRequested(`DELETE ${ids.vnet} `);
    await harness.azure.put(theirs, subnet);
    await release();
    const { details } = await failureDetailsOf(run.result());
    expect(details.leftovers).toMatchObject([
      { resourceId: expect.stringMatching(/shared-vnet$/), why: expect.stringContaining(theirs) },
    ]);
    expect((await harness.azure.get(theirs)).status).toBe(200);
  });

  it('leaves the group, and deletes everything else in it', async () => {
    for (const theirs of [`${ids.vnet}/subnets/theirs`, `${ids.zone}/A/theirs`]) await harness.azure.remove(theirs);
    const { resourceGroup: _group, ...parts } = Object.fromEntries(clusterParts.map((part) => [part, part]));
    await deleted('shared', { alsoDelete: Object.values(parts) });
    expect(await there('shared')).toEqual([ids.group, identity].map((each) => each.toLowerCase()));
  });
});
