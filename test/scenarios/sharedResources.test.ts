import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CancelledFailure } from '@temporalio/common';
import { type ClusterPart, type CreateClusterInput, clusterParts } from '../../contract/index.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { subscriptionId } from '../support/azure.ts';
import { failureDetailsOf, failureOf, type Harness, startHarness } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { type OwnRegistryIds, ownRegistryIds, stateAround } from '../support/ownRegistry.ts';
import { verified } from './existingCluster.ts';
import { byResourceId, manyClusters, ownRegistryInput, verifiedCreation } from './ownRegistry.ts';

const reference = (name: string): ClusterReference => ({ subscriptionId, resourceGroup: `rg-${name}`, name });
const allButGroup: ClusterPart[] = clusterParts.filter((part) => part !== 'resourceGroup');
const lent = ['registry', 'privateEndpoint', 'zone', 'vnet', 'kubelet'] as const;

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
});
afterAll(() => harness.close());

const workflowOf = (name: string) => `aks/${subscriptionId}/rg-${name}/${name}`;
const tagsOf = async (id: string): Promise<Record<string, string>> =>
  ((await harness.azure.get(id)).body as { tags?: Record<string, string> }).tags ?? {};
const usersOn = async (id: string): Promise<string[]> =>
  Object.entries(await tagsOf(id)).flatMap(([key, value]) => (key.startsWith('aks-isolation-used-by-') ? [value] : []));
const remove = async (name: string, alsoDelete: ClusterPart[]) =>
  (await harness.client.deleteCluster({ cluster: reference(name), alsoDelete })).result();

/** The input of a cluster that uses what was made for another. */
const borrowing = (name: string, ids: OwnRegistryIds, more: Partial<CreateClusterInput> = {}): CreateClusterInput =>
  ownRegistryInput(name, { ...byResourceId(ids, ['registry', 'privateEndpoint', 'zone', 'vnet', 'kubelet']), ...more });

describe('a cluster on what was made for another', () => {
  /** One after the other, each where the one before has left everything. */
  const ids = ownRegistryIds('s-owner');
  const cluster = reference('s-user');
  beforeAll(() => verifiedCreation(harness, ownRegistryInput('s-owner')));

  it('takes its marks back where it fails, and names what was made for others as it was', async () => {
    const before = await Promise.all(lent.map((part) => tagsOf(ids[part])));
    const operation = { status: 'Failed', code: 'QuotaExceeded', message: 'No.' } as const;
    await harness.azure.fault({ method: 'PUT', path: `${ownRegistryIds('s-fails').cluster}$`, operation });
    const { details } = await failureDetailsOf(
      (await harness.client.createCluster(borrowing('s-fails', ids))).result(),
    );
    expect(details.leftovers).toEqual([]);
    expect(await Promise.all(lent.map((part) => tagsOf(ids[part])))).toEqual(before);
  });

  it('marks it, and keeps it from going with the other cluster', async () => {
    const { plan } = await verifiedCreation(harness, borrowing('s-user', ids));
    const marking = plan.steps.filter(({ kind }) => kind === 'secondMark');
    expect(marking.map(({ resourceId }) => resourceId.toLowerCase())).toEqual(
      expect.arrayContaining(lent.map((part) => ids[part].toLowerCase())),
    );
    for (const part of lent) expect(await usersOn(ids[part])).toEqual([workflowOf('s-user')]);
    const record = (await harness.azure.get(ids.registryRecord)).at('properties.metadata') as Record<string, string>;
    expect(Object.values(record)).toContain(workflowOf('s-user'));

    const report = await remove('s-owner', allButGroup);
    expect(report.outcome).toBe('verified');
    const reasons = new Map(report.plan.steps.map(({ resourceId, reason }) => [resourceId.toLowerCase(), reason]));
    for (const part of [...lent, 'link', 'registryRecord'] as const)
      expect(reasons.get(ids[part].toLowerCase())).toMatch(/^stays: .*s-user/);
    expect(await (await harness.client.auditCluster({ cluster })).result()).toMatchObject({ isolated: true });
  });

  it('takes its marks off a registry that it leaves, and puts them on again where it goes back', async () => {
    const { azure } = harness;
    const somebodys = { 'aks-isolation-used-by-01234567': 'aks/somebody' };
    const own = await tagsOf(ids.registry);
    await azure.put(ids.registry, { tags: { ...own, ...somebodys } }, 'PATCH');
    const left = ['registry', 'privateEndpoint', 'zone', 'link', 'registryRecord', 'dataRecord'] as const;
    const marksOn = async (part: (typeof left)[number] | (typeof lent)[number]) =>
      Object.entries((await azure.get(ids[part])).at(/record/i.test(part) ? 'properties.metadata' : 'tags') as object)
        .flatMap(([key, value]) => (key.startsWith('aks-isolation-used-by-') ? [value] : []))
        .sort();
    const both = [workflowOf('s-user'), 'aks/somebody'];

    const tags = `${ids.registry}/providers/Microsoft.Resources/tags/default`;
    const release = await azure.fault({ method: 'PATCH', path: `${tags}$`, held: true });
    const cancelled = await harness.client.disableIsolation({ cluster });
    await azure.untilRequested(`PATCH ${tags}`);
    await harness.temporal.workflow.getHandle(cancelled.workflowId).cancel();
    await release();
    expect(await failureOf(cancelled.result())).toBeInstanceOf(CancelledFailure);
    for (const part of left) expect(await marksOn(part)).toEqual(part === 'registry' ? both : [workflowOf('s-user')]);

    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'Tags stay as they are.' };
    await azure.fault({ method: 'PATCH', path: `${ids.privateEndpoint}/.*/tags/default$`, answer });
    const registry = { mode: 'bringYourOwn', name: 'suser2', privateDnsZone: { resourceId: ids.zone } } as const;
    const { steps } = await verified(harness.client.changeRegistry({ cluster, registry }));
    const marks = steps.filter(({ kind, action }) => kind === 'secondMark' && action === 'update');
    expect(marks.map(({ resourceId, state }) => [resourceId.toLowerCase(), state]).sort()).toEqual(
      (['registry', 'privateEndpoint', 'registryRecord', 'dataRecord'] as const)
        .map((part) => [ids[part].toLowerCase(), part === 'privateEndpoint' ? 'unchanged' : 'done'])
        .sort(),
    );
    expect(marks.find(({ state }) => state === 'unchanged')?.reason).toMatch('stays until deleteCluster');
    expect(await marksOn('registry')).toEqual(['aks/somebody']);
    for (const part of ['registryRecord', 'dataRecord'] as const) expect(await marksOn(part)).toEqual([]);
    for (const part of ['vnet', 'kubelet', 'zone', 'link', 'privateEndpoint'] as const)
      expect(await marksOn(part)).toEqual([workflowOf('s-user')]);
    const { 'aks-isolation-used-by-01234567': _, ...rest } = await tagsOf(ids.registry);
    await azure.put(ids.registry, { tags: rest }, 'PATCH');
  });

  it('takes its marks off when it goes itself, and then all of it can go', async () => {
    expect(await remove('s-user', [...clusterParts])).toMatchObject({ outcome: 'verified' });
    for (const part of lent) expect(await usersOn(ids[part])).toEqual([]);
    expect(await remove('s-owner', [...clusterParts])).toMatchObject({ outcome: 'verified' });
    expect(Object.keys(await stateAround(harness.azure, 's-owner'))).toEqual([]);
  });

  it('stays where the other cluster is taken back: what both use is named', async () => {
    const operation = { status: 'Failed', code: 'QuotaExceeded', message: 'No.' } as const;
    const ids = ownRegistryIds('s-late');
    const held = await harness.azure.fault({
      method: 'PUT',
      path: `${ids.cluster}$`,
      answer: { status: 429, code: 'TooManyRequests', message: 'wait' },
      times: 1_000,
    });
    const owner = await harness.client.createCluster(ownRegistryInput('s-late'));
    await harness.azure.untilRequested(`PUT ${ids.cluster}`);
    await verifiedCreation(harness, borrowing('s-early', ids));
    await harness.azure.fault({ method: 'PUT', path: `${ids.cluster}$`, operation });
    await held();
    const { details } = await failureDetailsOf(owner.result());
    const left = details.leftovers.map(({ resourceId, why }) => [resourceId.toLowerCase(), why] as const);
    for (const part of lent)
      expect(left.find(([id]) => id === ids[part].toLowerCase())?.[1]).toMatch(/in use.*s-early/s);
    expect(await (await harness.client.auditCluster({ cluster: reference('s-early') })).result()).toMatchObject({
      isolated: true,
    });
  });
});

describe('two runs at once', () => {
  const inGroup = (group: string, name: string, more: Partial<CreateClusterInput> = {}): CreateClusterInput => {
    const given = ownRegistryInput(name, more);
    return { ...given, cluster: { ...given.cluster, resourceGroup: group } };
  };

  it('make one new group, and both end verified', async () => {
    const managed = (name: string): CreateClusterInput =>
      inGroup('rg-t-group', name, { registry: { mode: 'managed' } });
    const runs = [
      await harness.client.createCluster(managed('t-one')),
      await harness.client.createCluster(managed('t-two')),
    ];
    for (const run of runs) expect(await run.result()).toMatchObject({ outcome: 'verified' });
  });

  inFull.it('make one registry, one zone and one group, and both end verified', async () => {
    const shared = (name: string): CreateClusterInput =>
      inGroup('rg-t-shared', name, {
        registry: {
          mode: 'bringYourOwn',
          name: 'tshared01',
          privateEndpoint: { name: `${name}-endpoint`, connectionName: 'connection' },
          privateDnsZone: { linkName: `${name}-link` },
        },
      });
    const runs = [
      await harness.client.createCluster(shared('t-three')),
      await harness.client.createCluster(shared('t-four')),
    ];
    for (const run of runs) {
      expect(await run.result()).toMatchObject({ outcome: 'verified' });
    }
  });
});
