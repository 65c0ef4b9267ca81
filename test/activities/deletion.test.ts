import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { markTags } from '../../resources/marks.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  attemptAfter,
  killOnceSent,
  marks,
  operationHeartbeat,
  readBack,
  startAzure,
  subscriptionId,
} from './support.ts';

const another = { [markTags.run]: 'another' };

describe('taking back', () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
  });
  afterAll(() => azure.close());

  describe('a cluster', () => {
    it.concurrent('does nothing where it is absent', async () => {
      const { cluster } = await azure.specification('absent');
      await attempt().run(azure.activities.deleteCluster, { cluster, marks });
      expect(await azure.sent('managedClusters/absent')).toEqual([]);
    });

    it.concurrent('deletes it and waits until it is gone', async () => {
      const wanted = await azure.specification('gone');
      await attempt().run(azure.activities.createOrUpdateCluster, wanted);
      await attempt().run(azure.activities.deleteCluster, { cluster: wanted.cluster, marks });
      expect(await azure.sent('managedClusters/gone')).toEqual(['PUT 201', 'DELETE 202']);
      expect(await readBack(azure, wanted.cluster)).toMatchObject({ nodeResourceTypes: [] });
    });

    it.concurrent("leaves somebody else's as it is", async () => {
      const wanted = await azure.specification('theirs');
      await attempt().run(azure.activities.createOrUpdateCluster, wanted);
      const failure = await activityFailure(
        attempt().run(azure.activities.deleteCluster, { cluster: wanted.cluster, marks: another }),
      );
      expect(failure).toMatchObject({
        type: 'NotOwned',
        nonRetryable: true,
        details: { whatToDo: expect.any(String) },
      });
      expect(await azure.sent('managedClusters/theirs')).toEqual(['PUT 201']);
    });

    it.concurrent('preempts its creation', async () => {
      const wanted = await azure.specification('creating');
      await azure.fault({ method: 'PUT', path: 'managedClusters/creating$', operation: { held: true } });
      const creation = attempt();
      const created = activityFailure(creation.run(azure.activities.createOrUpdateCluster, wanted));
      await operationHeartbeat(creation);
      await attempt().run(azure.activities.deleteCluster, { cluster: wanted.cluster, marks });
      expect(await azure.sent('managedClusters/creating')).toEqual(['PUT 201', 'DELETE 202']);
      expect(await created).toMatchObject({ type: 'AKSOperationPreemptedByDelete', nonRetryable: true });
    });

    it.concurrent('goes on with the deletion of a killed worker', async () => {
      const wanted = await azure.specification('killed');
      await attempt().run(azure.activities.createOrUpdateCluster, wanted);
      const request = { cluster: wanted.cluster, marks };
      const first = attempt();
      const lastHeartbeat = await killOnceSent(first, first.run(azure.activities.deleteCluster, request));
      await attempt(2, lastHeartbeat).run(azure.activities.deleteCluster, request);
      expect(await azure.sent('managedClusters/killed')).toEqual(['PUT 201', 'DELETE 202']);
    });

    it.concurrent('adopts the deletion whose answer was lost', async () => {
      const wanted = await azure.specification('lost');
      await attempt().run(azure.activities.createOrUpdateCluster, wanted);
      await azure.fault({ method: 'DELETE', path: 'managedClusters/lost$', drop: 'after' });
      const request = { cluster: wanted.cluster, marks };
      expect(await activityFailure(attempt().run(azure.activities.deleteCluster, request))).toMatchObject({
        type: 'Unreachable',
        nonRetryable: false,
      });
      await attempt(2, { sent: true }).run(azure.activities.deleteCluster, request);
      expect(await azure.sent('managedClusters/lost')).toEqual(['PUT 201', 'DELETE 202']);
    });
  });

  describe('a resource group', () => {
    const group = (name: string) => ({ subscriptionId, name: `rg-${name}`, marks });

    it.concurrent('does nothing where it is absent', async () => {
      await attempt().run(azure.activities.deleteResourceGroup, group('no-such'));
      expect(await azure.sent('rg-no-such')).toEqual([]);
    });

    it.concurrent('deletes it where it is empty, and waits until it is gone', async () => {
      await azure.specification('empty');
      await attempt().run(azure.activities.deleteResourceGroup, group('empty'));
      expect(await azure.sent('rg-empty')).toEqual(['PUT 201', 'DELETE 202']);
      await attempt().run(azure.activities.deleteResourceGroup, group('empty'));
      expect(await azure.sent('rg-empty')).toEqual(['PUT 201', 'DELETE 202']);
    });

    it.concurrent("leaves somebody else's as it is", async () => {
      await azure.specification('other');
      const request = { ...group('other'), marks: another };
      expect(await activityFailure(attempt().run(azure.activities.deleteResourceGroup, request))).toMatchObject({
        type: 'NotOwned',
        nonRetryable: true,
      });
      expect(await azure.sent('rg-other')).toEqual(['PUT 201']);
    });

    it.concurrent('leaves it as it is while anything is in it, and gives up after a while', async () => {
      const { cluster, ...wanted } = await azure.specification('full');
      await attempt().run(azure.activities.createOrUpdateCluster, { cluster, ...wanted });
      const removeAfter = (minutes: number) =>
        activityFailure(attemptAfter(minutes * 60_000).run(azure.activities.deleteResourceGroup, group('full')));
      // Azure's list lags behind deletions, so at first it proves nothing of what is the owner's own.
      expect(await removeAfter(0)).toMatchObject({
        type: 'ResourceGroupNotEmpty',
        message: expect.stringContaining('managedClusters/full'),
        nonRetryable: false,
      });
      expect(await removeAfter(3)).toMatchObject({ type: 'ResourceGroupNotEmpty', nonRetryable: true });
      await azure.createIdentity('rg-full', 'somebody-elses');
      expect(await removeAfter(0)).toMatchObject({ type: 'ResourceGroupNotEmpty', nonRetryable: true });
      expect(await azure.sent('rg-full?')).not.toContainEqual(expect.stringContaining('DELETE'));
    });

    it.concurrent('adopts the deletion whose answer was lost', async () => {
      await azure.specification('lost-group');
      await azure.fault({ method: 'DELETE', path: 'rg-lost-group$', drop: 'after' });
      expect(
        await activityFailure(attempt().run(azure.activities.deleteResourceGroup, group('lost-group'))),
      ).toMatchObject({
        type: 'Unreachable',
      });
      await attempt(2, { sent: true }).run(azure.activities.deleteResourceGroup, group('lost-group'));
      expect(await azure.sent('rg-lost-group')).toEqual(['PUT 201', 'DELETE 202']);
    });
  });
});
