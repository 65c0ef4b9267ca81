import { expect, test } from '@jest/globals';
import { judgeRows } from '../../scripts/live/rows.ts';

const group = 'https://management.azure.com/subscriptions/s/resourceGroups/g/providers';
const made = (path: string, status: number, properties: object) => ({
  time: '2026-11-27T12:00:00.000Z',
  check: 'ownRegistry',
  method: 'PUT',
  url: `${group}/${path}?api-version=2026-01-01`,
  headers: {},
  body: {},
  status,
  answer: { headers: {}, body: { properties } },
});
const network = (status: number, provisioningState: string) =>
  made('Microsoft.Network/virtualNetworks/n', status, { provisioningState });
const registry = (status: number, provisioningState: string) =>
  made('Microsoft.ContainerRegistry/registries/r', status, { provisioningState });
const endpoint = (status: number, customDnsConfigs: object[]) =>
  made('Microsoft.Network/privateEndpoints/e', status, { networkInterfaces: [{ id: 'i' }], customDnsConfigs });

test.each([
  ['what Azure makes', [network(201, 'Updating'), registry(201, 'Creating'), endpoint(201, [])], 'confirmed'],
  ['what it makes otherwise', [network(201, 'Creating'), registry(201, 'Succeeded'), endpoint(201, [{}])], 'refuted'],
  [
    'what a run that goes on has sent before',
    [network(200, 'Updating'), registry(200, 'Updating'), endpoint(200, [{}])],
    'not judged',
  ],
] as const)('rows about creations are judged by %s', (_what, exchanges, verdict) => {
  const judged = judgeRows(exchanges, []);
  const verdicts = ['vnet-updating', 'registry-slow-put', 'endpoint-at-the-end'].map(
    (row) => judged.find(({ id }) => id === row)?.verdict ?? 'not judged',
  );
  expect(verdicts).toEqual([verdict, verdict, verdict]);
});
