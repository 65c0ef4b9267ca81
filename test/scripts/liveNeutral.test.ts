import { expect, test } from '@jest/globals';
import { Neutral } from '../../scripts/live/neutral.ts';

const subscription = 'c0ffee00-1111-4222-8333-444455556666';
const neutral = () => new Neutral({}, subscription, 'r1a2b3c4d', 'https://management.azure.com');
const tenant = 'deadbeef-1111-4222-8333-444455556666';

test.each([
  ['the subscription', `/subscriptions/${subscription}/x`, '/subscriptions/11111111-1111-1111-1111-111111111111/x'],
  ['the run', 'aks-isolation-live-r1a2b3c4d-open-nodes', 'aks-isolation-live-000000-open-nodes'],
  ['a tenant, the same each time', `${tenant} ${tenant.toUpperCase()}`, /^(00000000-0000-4000-8000-\d{12}) \1$/],
  ['a registry of AKS', 'registries/0123456789abcdef0123456789abcdef', /^registries\/0{12}4000\d{16}$/],
  ['a node', 'aks-system-31415926-vmss000000', /^aks-system-0{6}\d\d-vmss000000$/],
  ['an API server', 'live-open-a1b2c3d4.hcp.westeurope.azmk8s.io', /^live-open-0{6}\d\d\.hcp\.westeurope/],
  ['a person', 'created by ada@contoso.com', /^created by somebody\d@example.com$/],
  ['a guest', 'created by ada_contoso.com#EXT#@fabrikam.onmicrosoft.com', /^created by somebody\d@example.com$/],
  [
    'a management group',
    '"scope":"/providers/Microsoft.Management/managementGroups/contoso-prod"',
    /^"scope":"\/providers\/Microsoft.Management\/managementGroups\/group-\d"$/,
  ],
  [
    'a public address, and no private one',
    '20.31.4.5 10.10.0.4 172.16.0.10',
    /^203\.0\.113\.\d+ 10\.10\.0\.4 172\.16\.0\.10$/,
  ],
  [
    'a signature',
    'https://management.azure.com/o?api-version=1&t=63&c=MIIH&s=abc&h=d',
    /\?api-version=1&t=0&c=0&s=0&h=0$/,
  ],
  ['a token', 'Bearer abcdefghijklmnopqrstuvwxyz', 'Bearer [redacted]'],
  ['no role that everybody has', '7f951dda-4ed3-4680-a7ca-43fe172d538d', '7f951dda-4ed3-4680-a7ca-43fe172d538d'],
])('a recording has something else for %s', (_what, text, instead) => {
  expect(neutral().text(text)).toEqual(typeof instead === 'string' ? instead : expect.stringMatching(instead));
});

test('a refusal by a policy keeps its code and loses its words', () => {
  const wire = '{"error":{"code":"RequestDisallowedByPolicy","message":"Policy \\"Contoso: no networks\\" says no."}}';
  expect(neutral().body(wire)).toEqual({ error: { code: 'RequestDisallowedByPolicy', message: '(left out)' } });
});

test.each([
  [
    'a policy by which AKS is refused',
    {
      status: 'Failed',
      error: { code: 'ReconcileFailed', message: 'Code="RequestDisallowedByPolicy" by Contoso: no' },
    },
    { status: 'Failed', error: { code: 'ReconcileFailed', message: '(left out)' } },
  ],
  [
    'what a refusal tells of a policy',
    {
      error: {
        code: 'RequestDisallowedByPolicy',
        message: 'no',
        additionalInfo: [{ type: 'PolicyViolation', info: { policyAssignmentDisplayName: 'Contoso: no networks' } }],
      },
    },
    { error: { code: 'RequestDisallowedByPolicy', message: '(left out)' } },
  ],
  [
    'tags that a policy gives',
    { name: 'a', tags: { 'aks-isolation-live': 'r1a2b3c4d', expiresOn: '2026', owner: 'Ada' } },
    { name: 'a', tags: { 'aks-isolation-live': '000000', expiresOn: '2026' } },
  ],
  [
    'words about a role',
    { properties: { roleDefinitionId: 'r', description: "Contoso's builders", condition: null } },
    { properties: { roleDefinitionId: 'r', description: '(left out)', condition: null } },
  ],
])('a recording leaves out %s', (_what, body, instead) => {
  expect(neutral().body(JSON.stringify(body))).toEqual(instead);
});

test('a recording keeps no header that signs in', () => {
  const headers = [
    ['Authorization', 'Bearer secret'],
    ['Retry-After', '30'],
    ['x-ms-client-request-id', 'one'],
  ] as const;
  expect(neutral().headers(headers.map(([name, value]) => [name, value]))).toEqual({ 'retry-after': '30' });
});
