import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { boundTo } from '../../../activities/arm/marks.ts';
import { makeByHand, ownRegistryIds } from '../../support/ownRegistry.ts';
import { type AzureUnderTest, activityFailure, attempt, marks, startAzure } from '../support.ts';

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

it.each([
  ['network', 'vnet', 'DELETE'],
  ['resource group', 'group', 'GET'],
] as const)('a %s that another cluster marks while its deletion waits or looks stays', async (_what, part, asked) => {
  const marked = ownRegistryIds(`marked-${part}`);
  await azure.put(marked.group, { location: 'westeurope', tags: boundTo(marked.group, marks) });
  const id = marked[part];
  if (part === 'vnet') {
    const addressSpace = { addressPrefixes: ['10.9.0.0/16'] };
    await azure.put(id, {
      location: 'westeurope',
      tags: boundTo(id, marks),
      properties: { addressSpace, subnets: [] },
    });
    const answer = { status: 400, code: 'InUseSubnetCannotBeDeleted', message: 'An interface lingers.' };
    await azure.fault({ method: 'DELETE', path: `${id}$`, answer });
  }
  const mark = { 'aks-isolation-used-by-0a0b0c0d': 'aks/another' };
  const { status } = await azure.send('POST', '/simulator/others', {
    method: asked,
    path: part === 'vnet' ? `${id}$` : `${id}/resources$`,
    does: [
      {
        method: 'PATCH',
        path: `${id}/providers/Microsoft.Resources/tags/default`,
        body: { operation: 'Merge', properties: { tags: mark } },
      },
    ],
  });
  expect(status).toBe(201);
  const { deleteVirtualNetwork, deleteResourceGroup } = azure.activities;
  const { 4: name = '' } = id.split('/');
  const group = { subscriptionId: id.split('/')[2] ?? '', name };
  const deletion =
    part === 'vnet'
      ? attempt().run(deleteVirtualNetwork, { id, marks })
      : attempt().run(deleteResourceGroup, { ...group, marks });
  expect(await activityFailure(deletion)).toMatchObject({
    type: 'InUse',
    message: expect.stringContaining('aks/another'),
  });
  expect((await azure.get(id)).status).toBe(200);
});
