import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { makeByHand, ownRegistryIds } from '../../support/ownRegistry.ts';
import { type AzureUnderTest, activityFailure, attempt, startAzure } from '../support.ts';

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.close());

const ids = ownRegistryIds('lingers');

it('waits for what lingers in a network and a zone, and names what stays', async () => {
  await azure.send('PUT', '/simulator/azure', { networkRelease: 'late' });
  await makeByHand(azure, ids, 'privateEndpoint');
  await makeByHand(azure, ids, 'link');
  const { deletePrivateDnsZone, deletePrivateEndpoint, deleteVirtualNetwork, deleteZoneLink } = azure.activities;
  const remove = (work: typeof deleteVirtualNetwork, id: string) => attempt().run(work, { id, marks: {} });
  expect(await activityFailure(remove(deletePrivateDnsZone, ids.zone))).toMatchObject({
    type: 'CannotDeleteResource',
    nonRetryable: true,
  });
  await attempt().run(deletePrivateEndpoint, { id: ids.privateEndpoint, marks: {} });
  await attempt().run(deleteZoneLink, { id: ids.link, marks: {} });
  await remove(deletePrivateDnsZone, ids.zone);
  await remove(deleteVirtualNetwork, ids.vnet);
  expect([(await azure.get(ids.zone)).status, (await azure.get(ids.vnet)).status]).toEqual([404, 404]);
  const refused = (await azure.sent('')).filter((write) => /^DELETE 4/.test(write));
  expect(refused.length).toBeGreaterThan(2);
});
