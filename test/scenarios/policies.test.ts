import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { clusterParts } from '../../contract/index.ts';
import { markTags } from '../../resources/marks.ts';
import { subscriptionId } from '../support/azure.ts';
import { failureDetailsOf, type Harness, startHarness } from '../support/harness.ts';
import { ownRegistryIds, stateAround } from '../support/ownRegistry.ts';
import { manyClusters, ownRegistryInput, verifiedCreation } from './ownRegistry.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const location = 'westeurope';

it('a record that a policy wrote as wanted serves, and undo leaves it to the policy', async () => {
  const { azure } = harness;
  const ids = ownRegistryIds('p-record');
  const body = {
    properties: { privateDnsZoneConfigs: [{ name: 'registry', properties: { privateDnsZoneId: ids.zone } }] },
  };
  const policy = {
    name: 'central-dns',
    type: 'Microsoft.Network/privateEndpoints',
    does: {
      effect: 'deployIfNotExists' as const,
      deploys: [{ path: '{id}/privateDnsZoneGroups/deployedByPolicy', body }],
      afterSeconds: 0,
    },
  };
  await azure.reset({ ...manyClusters, policies: [policy] });
  // The platform team's zone, in which the policy writes.
  await azure.put(ids.group, { location });
  await azure.put(ids.zone, { location: 'global' });
  const operation = { status: 'Failed', code: 'QuotaExceeded', message: 'No.' } as const;
  const release = await azure.fault({ method: 'PUT', path: `${ids.cluster}$`, operation });
  const { details } = await failureDetailsOf(
    (await harness.client.createCluster(ownRegistryInput('p-record'))).result(),
  );
  await release();
  expect(details.leftovers).toEqual([]);
  const there = Object.keys(await stateAround(azure, 'p-record'));
  expect(there.sort()).toEqual([ids.group, ids.zone].map((id) => id.toLowerCase()).sort());
  const deleted = (await azure.writes()).filter((write) => write.startsWith('DELETE') && /\/A\//.test(write));
  expect(deleted).toEqual([]);
  await verifiedCreation(harness, ownRegistryInput('p-record'));
});

it('tags that a policy copies from the group make nothing ours that others have put in it', async () => {
  const { azure } = harness;
  const inherit = Object.values(markTags).map((tag) => ({
    name: `inherit-${tag}`,
    does: {
      effect: 'modify' as const,
      operations: [{ operation: 'add' as const, path: `tags.${tag}`, from: 'resourceGroup' as const }],
    },
  }));
  await azure.reset({ ...manyClusters, policies: inherit });
  await verifiedCreation(harness, ownRegistryInput('p-tags'));
  const ids = ownRegistryIds('p-tags');
  const theirs = `${ids.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs`;
  await azure.put(theirs, { location });
  const { tags } = (await azure.get(theirs)).body as { tags: Record<string, string> };
  expect(tags[markTags.workflow]).toBe(`aks/${subscriptionId}/rg-p-tags/p-tags`);
  const cluster = { subscriptionId, resourceGroup: 'rg-p-tags', name: 'p-tags' };
  const alsoDelete = clusterParts.filter((part) => part !== 'resourceGroup');
  const report = await (await harness.client.deleteCluster({ cluster, alsoDelete })).result();
  expect(report.outcome).toBe('verified');
  expect(Object.keys(await stateAround(azure, 'p-tags')).sort()).toEqual(
    [ids.group, theirs].map((id) => id.toLowerCase()).sort(),
  );
});
