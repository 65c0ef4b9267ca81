import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inFull } from '../../support/inFull.ts';
import { makeByHand, type OwnRegistryIds, ownRegistryIds } from '../../support/ownRegistry.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  killOnceSent,
  marks,
  startAzure,
  workflowId,
} from '../support.ts';
import {
  another,
  eachKind,
  idsOf,
  kindOf,
  longKinds,
  lost,
  mapping,
  markedKinds,
  nodeSubnet,
  prepared,
  type ResourceCase,
  unreachable,
  untilDone,
  writesTo,
} from './support.ts';

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.close());

describe('deleting', () => {
  const made = async (test: string, kind: ResourceCase) => {
    const ids = await prepared(azure, test, kind);
    await kind.create(azure, ids)(attempt());
    return ids;
  };
  const removals = async (ids: OwnRegistryIds, { part }: ResourceCase) =>
    (await writesTo(azure, ids[part])).filter((write) => write.startsWith('DELETE'));

  it.concurrent.each(eachKind)('a %s is one request until it is gone, and nothing once it is', async (_part, kind) => {
    const ids = await made('gone', kind);
    await kind.remove(azure, ids, marks)(attempt());
    expect((await azure.get(ids[kind.part])).status).toBe(404);
    await kind.remove(azure, ids, marks)(attempt());
    expect(await removals(ids, kind)).toEqual([`DELETE ${kind.deleted}`]);
  });

  it.concurrent.each(eachKind)('a %s is nothing where not even its group is there', async (part, kind) => {
    const ids = idsOf('never', kind);
    await kind.remove(azure, ids, marks)(attempt());
    expect(await writesTo(azure, ids[part])).toEqual([]);
  });

  it.concurrent.each(markedKinds)("leaves somebody else's %s as it is", async (_part, kind) => {
    const ids = await made('theirs', kind);
    const before = await azure.get(ids[kind.part]);
    expect(await activityFailure(kind.remove(azure, ids, another)(attempt()))).toMatchObject({
      type: 'NotOwned',
      nonRetryable: true,
      details: { resourceId: ids[kind.part], whatToDo: expect.any(String) },
    });
    expect(await removals(ids, kind)).toEqual([]);
    expect((await azure.get(ids[kind.part])).body).toEqual(before.body);
  });

  it.concurrent.each(markedKinds)(
    'a %s needs no run where any run of the workflow may have made it',
    async (_part, kind) => {
      const ids = await made('any-run', kind);
      await kind.remove(azure, ids, { 'aks-isolation-workflow': workflowId })(attempt());
      expect((await azure.get(ids[kind.part])).status).toBe(404);
    },
  );

  const deletedLong = longKinds.filter(([, { deleted }]) => deleted === 202);
  it.concurrent.each(deletedLong)('a %s goes on where a killed worker left it', async (_part, kind) => {
    const ids = await made('removal-killed', kind);
    const first = attempt();
    const lastHeartbeat = await killOnceSent(first, kind.remove(azure, ids, marks)(first));
    await kind.remove(azure, ids, marks)(attempt(2, lastHeartbeat));
    expect(await removals(ids, kind)).toEqual(['DELETE 202']);
  });

  it.concurrent.each(eachKind)('a %s takes effect once where its answer was lost', async (_part, kind) => {
    const ids = await made('removal-lost', kind);
    await lost(azure, 'DELETE', ids[kind.part], 'after');
    expect(await activityFailure(kind.remove(azure, ids, marks)(attempt()))).toMatchObject(unreachable);
    await untilDone(kind.remove(azure, ids, marks), 2, { sent: true });
    expect((await azure.get(ids[kind.part])).status).toBe(404);
    // One that is sent again to what is gone meanwhile is answered 204.
    const effects = (await removals(ids, kind)).filter((write) => / 20[0-2]$/.test(write));
    expect(effects).toEqual([`DELETE ${kind.deleted}`]);
  });

  inFull.concurrent('what is still in use says so', async () => {
    const ids = ownRegistryIds('in-use');
    await makeByHand(azure, ids, 'privateEndpoint');
    await makeByHand(azure, ids, 'link');
    const refused = (work: Promise<unknown>) =>
      activityFailure(work).then(({ type, nonRetryable }) => [type, nonRetryable]);
    const { deletePrivateDnsZone, deleteVirtualNetwork } = azure.activities;
    const zone = await refused(attempt().run(deletePrivateDnsZone, { id: ids.zone, marks: {} }));
    expect(zone).toEqual(['CannotDeleteResource', true]);
    const network = await refused(attempt().run(deleteVirtualNetwork, { id: ids.vnet, marks: {} }));
    expect(network).toEqual(['InUseSubnetCannotBeDeleted', true]);
  });

  it.concurrent('is proven by what is still there, of every kind', async () => {
    const ids = ownRegistryIds('remains');
    for (const part of ['link', 'registryRecord', 'controlPlane'] as const) await makeByHand(azure, ids, part);
    const { group, vnet, registry, privateEndpoint, zone, link, registryRecord, controlPlane } = ids;
    const present = [group, vnet, registry, privateEndpoint, zone, link, registryRecord, controlPlane];
    const absent = [ids.cluster, ids.dataRecord, ids.kubelet, `${group}-2`, `${link}-2`, `${vnet}-2`];
    const remaining = await attempt().run(azure.activities.readRemaining, [...present, ...absent]);
    expect(remaining).toEqual(present);
  });

  it.concurrent.each(markedKinds)(
    'sees a %s of its own that no region shows yet, and removes it',
    async (_part, kind) => {
      const ids = await prepared(azure, 'lagging', kind);
      await kind.create(azure, ids)(attempt());
      const answer = { status: 404, code: 'ResourceNotFound', message: 'not found' };
      await azure.fault({ method: 'GET', path: `${ids[kind.part]}$`, answer });
      await kind.remove(azure, ids, marks, true)(attempt());
      expect((await azure.get(ids[kind.part])).status).toBe(404);
    },
  );

  it.concurrent('leaves a subnet, a rule and a record that somebody has changed since', async () => {
    const ids = await prepared(azure, 'changed', kindOf('nodeSubnet'));
    await makeByHand(azure, ids, 'cacheRule');
    await makeByHand(azure, ids, 'nodeSubnet');
    const subnet = { ...nodeSubnet(ids), addressPrefix: '192.168.1.0/25' };
    const rule = { ...mapping, targetRepository: 'other/*' };
    await makeByHand(azure, ids, 'registryRecord');
    const record = { id: ids.registryRecord, marks: {}, ofThisRun: true };
    for (const [environment, removal] of [
      [attempt(), () => azure.activities.deleteRecord(record, ['10.0.0.99'])],
      [attempt(), () => azure.activities.deleteSubnet(ids.nodeSubnet, subnet)],
      [attempt(), () => azure.activities.deleteCacheRule(ids.cacheRule, rule)],
    ] as const) {
      expect(await activityFailure(environment.run(removal))).toMatchObject({
        type: 'ChangedSince',
        nonRetryable: true,
      });
    }
    expect((await azure.get(ids.nodeSubnet)).status).toBe(200);
    expect((await azure.get(ids.cacheRule)).status).toBe(200);
    expect((await azure.get(ids.registryRecord)).status).toBe(200);
  });

  it.concurrent('leaves a rule that somebody has given credentials since', async () => {
    const ids = await prepared(azure, 'credentials', kindOf('cacheRule'));
    await makeByHand(azure, ids, 'cacheRule');
    const credentialSetResourceId = `${ids.registry}/credentialSets/colleagues`;
    await azure.put(ids.cacheRule, { properties: { credentialSetResourceId } }, 'PATCH');
    const removal = attempt().run(azure.activities.deleteCacheRule, ids.cacheRule, mapping);
    expect(await activityFailure(removal)).toMatchObject({ type: 'ChangedSince', nonRetryable: true });
    expect((await azure.get(ids.cacheRule)).status).toBe(200);
  });
});
