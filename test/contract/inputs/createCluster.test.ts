import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createClusterInput } from '../../../contract/index.ts';
import { given, givenCluster, givenPool, inputProblems, parsed } from './support.ts';

const root = join(import.meta.dirname, '../../..');
const json = async (file: string): Promise<z.core.JSONSchema.JSONSchema> =>
  z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(join(root, file), 'utf8')));

const identity =
  '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity';
const pools = (...all: unknown[]): unknown => given({ agentPoolProfiles: all });
const tagsNamed = (count: number): unknown =>
  given({ tags: Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag${index}`, ''])) });

/** Mistakes that the JSON Schema sees too. */
const refusedByStructure: [where: string, problem: string, whatToDo: RegExp, value: unknown][] = [
  ['(input)', 'missing', /object/, undefined],
  ['(input)', 'wrong type', /object/, 'createCluster'],
  ['(input)', 'wrong type', /object/, []],
  ['kubernetesVerson', 'unknown key', /spelling/, given({ kubernetesVerson: '1.34' })],
  ['cluster', 'missing', /object/, given({ cluster: undefined })],
  ['cluster', 'wrong type', /object/, given({ cluster: 'cluster' })],
  ['cluster.subscriptionId', 'missing', /string/, givenCluster({ subscriptionId: undefined })],
  ['cluster.subscriptionId', 'not a subscription ID', /az account show/, givenCluster({ subscriptionId: 'mine' })],
  ['cluster.resourceGroup', 'not a resource group name', /1 to 90/, givenCluster({ resourceGroup: 'ends.' })],
  ['cluster.resourceGroup', 'not a resource group name', /1 to 90/, givenCluster({ resourceGroup: 'r'.repeat(91) })],
  ['cluster.name', 'not a cluster name', /1 to 63/, givenCluster({ name: '-dash' })],
  ['cluster.name', 'not a cluster name', /1 to 63/, givenCluster({ name: 'c'.repeat(64) })],
  ['cluster.tenant', 'unknown key', /Remove/, givenCluster({ tenant: 'x' })],
  ['location', 'missing', /string/, given({ location: undefined })],
  ['location', 'wrong type', /string/, given({ location: 7 })],
  ['location', 'not a region name', /westeurope/, given({ location: 'West Europe' })],
  ['profile', 'not an allowed value', /"current" or "preview"/, given({ profile: 'latest' })],
  ['registry', 'missing', /object/, given({ registry: undefined })],
  ['registry', 'wrong type', /object/, given({ registry: 'managed' })],
  ['registry.mode', 'not an allowed registry', /"managed"/, given({ registry: { mode: 'none' } })],
  ['registry.name', 'unknown key', /Remove/, given({ registry: { mode: 'managed', name: 'x' } })],
  ['apiServerAccess', 'missing', /"privateLink" or "vnetIntegration"/, given({ apiServerAccess: undefined })],
  ['apiServerAccess', 'not an allowed value', /"privateLink"/, given({ apiServerAccess: 'public' })],
  ['outboundType', 'not an allowed value', /"none" or "block"/, given({ outboundType: 'loadBalancer' })],
  ['kubernetesVersion', 'wrong type', /string/, given({ kubernetesVersion: 1.34 })],
  ...['1', 'v1.34', '1.34.', '1.34.1-beta', 'latest', ''].map(
    (kubernetesVersion): [string, string, RegExp, unknown] => [
      'kubernetesVersion',
      'not a Kubernetes version',
      /1\.34/,
      given({ kubernetesVersion }),
    ],
  ),
  ['identity', 'wrong type', /object/, given({ identity: null })],
  ['identity.type', 'not an allowed identity type', /SystemAssigned or UserAssigned/, given({ identity: {} })],
  ['identity.type', 'not an allowed identity type', /UserAssigned/, given({ identity: { type: 'ServicePrincipal' } })],
  [
    'identity.resourceId',
    'unknown key',
    /Remove/,
    given({ identity: { type: 'SystemAssigned', resourceId: identity } }),
  ],
  ['dnsPrefix', 'not a DNS prefix', /1 to 54/, given({ dnsPrefix: 'a_b' })],
  ['dnsPrefix', 'not a DNS prefix', /1 to 54/, given({ dnsPrefix: 'd'.repeat(55) })],
  ['nodeResourceGroup', 'not a node resource group name', /1 to 80/, given({ nodeResourceGroup: 'n'.repeat(81) })],
  ['nodeResourceGroup', 'not a node resource group name', /1 to 80/, given({ nodeResourceGroup: 'ends.' })],
  ['tags', 'wrong type', /object/, given({ tags: ['team'] })],
  ['tags.team', 'wrong type', /string/, given({ tags: { team: 7 } })],
  ['tags.team', 'the tag value is too long', /256/, given({ tags: { team: 'x'.repeat(257) } })],
  ['tags.a/b', 'not a tag name', /Leave out/, given({ tags: { 'a/b': '' } })],
  ['tags[""]', 'the tag name is empty', /one character/, given({ tags: { '': 'x' } })],
  [`tags.${'x'.repeat(513)}`, 'the tag name is too long', /512/, given({ tags: { ['x'.repeat(513)]: '' } })],
  ['registrationTimeoutMinutes', 'too short', /more than 0 minutes/, given({ registrationTimeoutMinutes: 0 })],
  ['registrationTimeoutMinutes', 'too long', /30 days/, given({ registrationTimeoutMinutes: 43_201 })],
  ['registrationTimeoutMinutes', 'wrong type', /number/, given({ registrationTimeoutMinutes: '60' })],
  ['onFailure', 'not an allowed value', /"rollBack" or "hold" or "leave"/, given({ onFailure: 'rollback' })],
  ['dryRun', 'wrong type', /boolean/, given({ dryRun: 'yes' })],
  ['agentPoolProfiles', 'wrong type', /array/, given({ agentPoolProfiles: {} })],
  ['agentPoolProfiles', 'no node pool', /mode System/, pools()],
  ['agentPoolProfiles[0].name', 'missing', /string/, pools({})],
  ['agentPoolProfiles[1].name', 'not a Linux node pool name', /1 to 12/, pools({ name: 'a' }, { name: 'Big' })],
  ['agentPoolProfiles[0].name', 'not a Linux node pool name', /1 to 12/, pools({ name: 'n'.repeat(13) })],
  ['agentPoolProfiles[0].mode', 'not an allowed value', /"System" or "User"/, givenPool({ mode: 'Gateway' })],
  ['agentPoolProfiles[0].count', 'too many', /1000/, givenPool({ count: 1001 })],
  ['agentPoolProfiles[0].count', 'wrong type', /integer/, givenPool({ count: 1.5 })],
  ['agentPoolProfiles[0].vmSize', 'not a VM size', /Standard_/, givenPool({ vmSize: 'Standard D4' })],
  ['agentPoolProfiles[0].osSKU', 'not an allowed value', /"Ubuntu"/, givenPool({ osSKU: 'Windows2022' })],
  ['agentPoolProfiles[0].osDiskSizeGB', 'too small', /30 to 2048/, givenPool({ osDiskSizeGB: 29 })],
  ['agentPoolProfiles[0].osDiskSizeGB', 'too large', /30 to 2048/, givenPool({ osDiskSizeGB: 2049 })],
  ['agentPoolProfiles[0].maxPods', 'too few', /10 to 250/, givenPool({ maxPods: 9 })],
  ['agentPoolProfiles[0].maxPods', 'too many', /10 to 250/, givenPool({ maxPods: 251 })],
  ['agentPoolProfiles[0].availabilityZones', 'no zone', /leave the key out/, givenPool({ availabilityZones: [] })],
  ['agentPoolProfiles[0].availabilityZones[0]', 'not an allowed value', /"1"/, givenPool({ availabilityZones: ['4'] })],
  ['agentPoolProfiles[0].nodeTaints[0]', 'wrong type', /string/, givenPool({ nodeTaints: [{}] })],
  ['agentPoolProfiles[0].osType', 'unknown key', /Remove/, givenPool({ osType: 'Windows' })],
];

/** Mistakes that only the code sees: several keys together, and resource IDs. */
const refusedByChecks: [where: string, problem: string, whatToDo: RegExp, value: unknown][] = [
  [
    'outboundType',
    'block is not available under profile current',
    /Use none, or profile preview/,
    given({ outboundType: 'block' }),
  ],
  ['tags', 'too many tags', /at most 11/, tagsNamed(12)],
  ['tags', 'reserved tag', /aks-isolation-run/, given({ tags: { 'AKS-isolation-run': 'mine' } })],
  ['tags', 'reserved tag', /aks-isolation-workflow/, given({ tags: { 'aks-isolation-workflow': 'mine' } })],
  ...['id', identity.replace('userAssignedIdentities', 'identities'), `${identity}/extra`].map(
    (resourceId): [string, string, RegExp, unknown] => [
      'identity.resourceId',
      'not the resource ID of a Microsoft.ManagedIdentity/userAssignedIdentities',
      /az identity show/,
      given({ identity: { type: 'UserAssigned', resourceId } }),
    ],
  ),
  ['agentPoolProfiles', 'no system pool', /mode System/, givenPool({ mode: 'User' })],
  [
    'agentPoolProfiles[2].name',
    'a pool of this name is already in the list',
    /Rename/,
    pools({ name: 'a' }, { name: 'b' }, { name: 'a' }),
  ],
  ['agentPoolProfiles[0].count', 'a system pool without nodes', /at least 1/, givenPool({ count: 0 })],
  ['agentPoolProfiles[0].minCount', 'given without autoscaling', /enable/, givenPool({ minCount: 1 })],
  ['agentPoolProfiles[0].maxCount', 'given without autoscaling', /enable/, givenPool({ maxCount: 5 })],
  ['agentPoolProfiles[0].minCount', 'missing', /Give it/, givenPool({ enableAutoScaling: true, maxCount: 5 })],
  ['agentPoolProfiles[0].maxCount', 'missing', /Give it/, givenPool({ enableAutoScaling: true, minCount: 1 })],
  [
    'agentPoolProfiles[0].minCount',
    'a system pool that can shrink to no nodes',
    /at least 1/,
    givenPool({ enableAutoScaling: true, minCount: 0, maxCount: 5 }),
  ],
  ...[
    { minCount: 4, maxCount: 5 },
    { minCount: 1, maxCount: 2 },
  ].map((bounds): [string, string, RegExp, unknown] => [
    'agentPoolProfiles[0].count',
    'not between minCount and maxCount',
    /Change/,
    givenPool({ enableAutoScaling: true, count: 3, ...bounds }),
  ]),
];

const accepted: [what: string, value: unknown][] = [
  ['the smallest input', given()],
  ['one-character names', givenCluster({ resourceGroup: 'r', name: 'c' })],
  ['the longest names', givenCluster({ resourceGroup: 'r'.repeat(90), name: 'c'.repeat(63) })],
  ['a resource group with dots and parentheses', givenCluster({ resourceGroup: '_a.(b)' })],
  ['a minor version', given({ kubernetesVersion: '1.34' })],
  ['a patch version', given({ kubernetesVersion: '1.34.2' })],
  ['block under profile preview', given({ profile: 'preview', outboundType: 'block' })],
  [
    'a user-assigned identity, in any case',
    given({ identity: { type: 'UserAssigned', resourceId: identity.toUpperCase() } }),
  ],
  ['11 tags', tagsNamed(11)],
  ['an autoscaled pool', givenPool({ enableAutoScaling: true, count: 3, minCount: 3, maxCount: 3 })],
  [
    'an autoscaled user pool that can be empty',
    pools({ name: 'a' }, { name: 'b', mode: 'User', count: 0, enableAutoScaling: true, minCount: 0, maxCount: 9 }),
  ],
  [
    'everything of a pool',
    givenPool({
      osSKU: 'AzureLinux',
      osDiskSizeGB: 30,
      osDiskType: 'Ephemeral',
      maxPods: 250,
      availabilityZones: ['1', '3'],
      nodeLabels: { a: 'b' },
      nodeTaints: ['CriticalAddonsOnly=true:NoSchedule', 'a=b:PreferNoSchedule'],
    }),
  ],
  ['a wait of seconds', given({ registrationTimeoutMinutes: 0.5 })],
  ['the longest registration wait', given({ registrationTimeoutMinutes: 43_200 })],
];

describe('the input of createCluster', () => {
  it.each([...refusedByStructure, ...refusedByChecks])('is refused at %s: %s', (where, problem, whatToDo, value) => {
    expect(inputProblems(value)).toEqual([{ where, problem, whatToDo: expect.stringMatching(whatToDo) }]);
  });

  it.each(accepted)('is accepted with %s', (_what, value) => {
    expect(inputProblems(value)).toEqual([]);
  });

  it('is refused with all its problems at once', () => {
    const value = given({
      cluster: { subscriptionId: 'mine', resourceGroup: 'rg' },
      location: undefined,
      outboundType: 'block',
      agentPoolProfiles: [
        { name: 'Bad', mode: 'User' },
        { name: 'Bad', mode: 'User', minCount: 1, vmSize: 4 },
      ],
      dryRun: 1,
      colour: 'red',
    });
    expect(
      inputProblems(value)
        .map(({ where }) => where)
        .sort(),
    ).toEqual(
      [
        'cluster.subscriptionId',
        'cluster.name',
        'location',
        'outboundType',
        'agentPoolProfiles',
        'agentPoolProfiles[0].name',
        'agentPoolProfiles[1].name',
        'agentPoolProfiles[1].name',
        'agentPoolProfiles[1].minCount',
        'agentPoolProfiles[1].vmSize',
        'dryRun',
        'colour',
      ].sort(),
    );
  });

  it('gets its defaults', () => {
    expect(parsed(given())).toEqual({
      cluster: { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'rg', name: 'cluster' },
      location: 'westeurope',
      profile: 'current',
      registry: { mode: 'managed' },
      apiServerAccess: 'privateLink',
      outboundType: 'none',
      agentPoolProfiles: [
        { name: 'nodepool1', mode: 'System', count: 3, vmSize: 'Standard_D4ds_v5', enableAutoScaling: false },
      ],
      accept: [],
      probes: 'required',
      tags: {},
      registrationTimeoutMinutes: 1440,
      rolePropagationTimeoutMinutes: 15,
      onFailure: 'rollBack',
      dryRun: false,
      holdTimeoutMinutes: 4320,
      pauseTimeoutMinutes: 4320,
      failOnProblems: false,
    });
  });

  it('is not changed by being parsed twice: a client fills the defaults in, and the workflow parses again', () => {
    const once = parsed(givenPool({ maxPods: 30 }));
    expect(parsed(once)).toEqual(once);
  });
});

describe('the committed JSON Schema', () => {
  const schemaFile = 'contract/schemas/createCluster.json';

  it('is current', async () => {
    expect(await json(schemaFile)).toMatchObject(z.toJSONSchema(createClusterInput, { io: 'input' }));
  });

  it('asks callers for no key that has a default', async () => {
    expect((await json(schemaFile)).required).toEqual(['cluster', 'location', 'registry', 'apiServerAccess']);
  });

  // Read back into a validator, so that what the schema says is judged by what it accepts.
  it.each(refusedByStructure)('refuses what the code refuses at %s: %s', async (_where, _problem, _whatToDo, value) => {
    expect(z.fromJSONSchema(await json(schemaFile)).safeParse(value).success).toBe(false);
  });

  it.each(accepted)('accepts %s', async (_what, value) => {
    expect(z.fromJSONSchema(await json(schemaFile)).safeParse(value).error).toBeUndefined();
  });
});
