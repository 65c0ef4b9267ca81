import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { approvalRequest, parse, scenarioInputs } from '../../../contract/index.ts';
import { cases } from '../../support/sampled.ts';
import { given, givenCluster, givenPool, inputProblems } from './support.ts';

const subscription = '/subscriptions/22222222-2222-2222-2222-222222222222';
const registries = 'providers/Microsoft.ContainerRegistry/registries';
const own = (containerRegistryId: string): unknown =>
  given({ registry: { mode: 'bringYourOwn', containerRegistryId } });
const tagged = (tags: object): unknown => given({ tags });
const labelled = (nodeLabels: object): unknown => givenPool({ nodeLabels });
const tainted = (...nodeTaints: string[]): unknown =>
  given({ agentPoolProfiles: [{ name: 'system' }, { name: 'work', mode: 'User', nodeTaints }] });

const refused: [where: string | RegExp, problem: RegExp, whatToDo: RegExp, value: unknown][] = [
  ...['a:NoSchedule:x', 'a=b', '=b:NoSchedule', 'a=b:Never', 'a=b c:NoSchedule', `${'k'.repeat(64)}=:NoSchedule`].map(
    (taint): [string, RegExp, RegExp, unknown] => [
      'agentPoolProfiles[0].nodeTaints[0]',
      /^not a taint$/,
      /sku=gpu:NoSchedule/,
      givenPool({ nodeTaints: [taint] }),
    ],
  ),
  [
    'agentPoolProfiles[0].nodeTaints[0]',
    /^keeps the pods of AKS off a system pool$/,
    /CriticalAddonsOnly/,
    givenPool({ nodeTaints: ['sku=gpu:NoSchedule'] }),
  ],
  [
    'agentPoolProfiles[0].nodeTaints',
    /^too many taints$/,
    /at most 50/,
    givenPool({ nodeTaints: Array(51).fill('a:NoExecute') }),
  ],
  ...['-a', 'a/b/c', 'Upper.Case/a', '/a', 'a/', 'a b', 'k'.repeat(64), `${'d'.repeat(254)}/a`].map(
    (name): [RegExp, RegExp, RegExp, unknown] => [
      /^agentPoolProfiles\[0\]\.nodeLabels/,
      /^not a label name$/,
      /1 to 63/,
      labelled({ [name]: 'x' }),
    ],
  ),
  ...['kubernetes.azure.com/mode', 'kubernetes.io/os', 'topology.kubernetes.io/zone'].map(
    (name): [string, RegExp, RegExp, unknown] => [
      `agentPoolProfiles[0].nodeLabels.${name}`,
      /^a label that AKS sets itself$/,
      /prefix of your own/,
      labelled({ [name]: 'x' }),
    ],
  ),
  ['agentPoolProfiles[0].nodeLabels.a', /^not a label value$/, /at most/, labelled({ a: 'v'.repeat(64) })],
  [
    'agentPoolProfiles[0].nodeLabels',
    /^too many labels$/,
    /at most 100/,
    labelled(Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`l${n}`, '']))),
  ],
  ['agentPoolProfiles[0].maxPods', /^room for 10 pods in all/, /30/, givenPool({ count: 1, maxPods: 10 })],
  [
    'agentPoolProfiles[0].availabilityZones[1]',
    /^named twice$/,
    /Remove/,
    givenPool({ availabilityZones: ['1', '1'] }),
  ],
  ['agentPoolProfiles[0].vmSize', /^not a VM size$/, /Standard/, givenPool({ vmSize: `S${'x'.repeat(64)}` })],
  [
    'agentPoolProfiles',
    /^6000 nodes are too many$/,
    /5000/,
    given({ agentPoolProfiles: Array.from({ length: 6 }, (_, n) => ({ name: `p${n}`, count: 1000 })) }),
  ],
  ['kubernetesVersion', /^not a Kubernetes version$/, /1\.34/, given({ kubernetesVersion: `1.${'3'.repeat(4000)}` })],
  ['location', /^not a region name$/, /westeurope/, given({ location: 'x'.repeat(64) })],
  ['tags.team', /^differs from another tag by its case only/, /Remove one/, tagged({ Team: 'a', team: 'b' })],
  ...['microsoft-x', 'AzureOwner', 'windows'].map((name): [string, RegExp, RegExp, unknown] => [
    `tags.${name}`,
    /^a tag name that Azure keeps for itself$/,
    /microsoft, azure or windows/,
    tagged({ [name]: 'x' }),
  ]),
  ['tags["a\\u0007"]', /^a tag name with a control character$/, /Leave it out/, tagged({ 'a\u0007': 'x' })],
  ['tags.a', /^a tag value with a control character$/, /Leave it out/, tagged({ a: 'x\ny' })],
  ['tags[" a"]', /^a tag name with a space/, /Leave it out/, tagged({ ' a': 'x' })],
  ['tags.a', /^half a character$/, /surrogate/, tagged({ a: '\ud800' })],
  ...(
    [
      ['/subscriptions/mine/resourceGroups/rg', 'registry', /: its subscription is not a GUID$/],
      [`${subscription}/resourceGroups/..`, 'registry', /: its resource group has no name that Azure takes$/],
      [`${subscription}/resourceGroups/.`, 'registry', /: its resource group/],
      [`${subscription}/resourceGroups/a.`, 'registry', /: its resource group/],
      [`${subscription}/resourceGroups/a b`, 'registry', /: its resource group/],
      [`${subscription}/resourceGroups/a%2f`, 'registry', /: its resource group/],
      [`${subscription}/resourceGroups/${'r'.repeat(91)}`, 'registry', /: its resource group/],
      [`${subscription}/resourceGroups/rg`, '..', /: its name does not have 5 to 50 letters and digits$/],
      [`${subscription}/resourceGroups/rg`, 'registry?x=1', /: its name/],
      [`${subscription}/resourceGroups/rg`, 'registry#x', /: its name/],
      [`${subscription}/resourceGroups/rg`, 'regis%74ry', /: its name/],
      [`${subscription}/resourceGroups/rg`, 'registry\n', /: its name/],
      [
        `${subscription}/resourceGroups/rg`,
        'registry/',
        /^not the resource ID of a Microsoft\.ContainerRegistry\/registries$/,
      ],
      [` ${subscription}/resourceGroups/rg`, 'registry', /registries$/],
      [`${subscription}/../resourceGroups/rg`, 'registry', /registries$/],
    ] as const
  ).map(([group, name, problem]): [string, RegExp, RegExp, unknown] => [
    'registry.containerRegistryId',
    problem,
    /az acr show/,
    own(`${group}/${registries}/${name}`),
  ]),
  ...(
    [
      ['0.0.0.0/0', /^a range that is too large$/],
      ['10.0.0.0/12', /^a range that is too large$/],
      ['10.1.2.0/29', /^a range that is too small$/],
      ['10.1.2.3/32', /^a range that is too small$/],
      ['169.254.4.0/24', /overlaps 169\.254\.0\.0\/16, which AKS keeps for itself$/],
      ['127.1.0.0/16', /overlaps 127\.0\.0\.0\/8, which each host has for itself$/],
      ['224.0.0.0/16', /overlaps 224\.0\.0\.0\/4, which is for multicast$/],
      ['255.255.255.0/24', /broadcast$/],
      ['172.31.0.0/16', /AKS keeps/],
      ['168.63.0.0/16', /is the address of Azure on every host$/],
      ['10.224.0.0/16', /overlaps 10\.224\.0\.0\/12, the network that AKS makes$/],
    ] as const
  ).map(([serviceCidr, problem]): [string, RegExp, RegExp, unknown] => [
    'serviceCidr',
    problem,
    /^Use /,
    given({ serviceCidr }),
  ]),
  [
    'network.name',
    /^missing, and its default <cluster>-vnet would have 65 characters$/,
    /Give a name: networks take 64/,
    given({
      cluster: { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'rg', name: 'c'.repeat(60) },
      registry: { mode: 'bringYourOwn' },
    }),
  ],
];

const accepted: [what: string, value: unknown][] = [
  ['a service range in a network of its own', given({ serviceCidr: '10.224.0.0/16', network: {} })],
  ['the smallest service range', given({ serviceCidr: '10.1.0.0/28' })],
  ['a long cluster name, in a network that AKS makes', givenCluster({ name: 'c'.repeat(63) })],
  [
    'a resource group of other letters in an ID',
    own(`${subscription}/resourceGroups/Größe-東京/${registries}/registry`),
  ],
  ['an ID in any case', own(`${subscription}/resourcegroups/RG/${registries}/Registry`.toUpperCase())],
  ['labels', labelled({ team: 'a', 'example.com/part.of': '', 'node-role.kubernetes.io/x': 'y' })],
  ['taints', tainted('sku=gpu:NoSchedule', 'example.com/a:NoExecute', 'a=:PreferNoSchedule')],
  ['a size with fewer vCPUs', givenPool({ vmSize: 'Standard_E8-4ds_v5' })],
  ['tags that JavaScript has a meaning for', tagged({ constructor: 'a', toString: 'b' })],
];

describe('a bound', () => {
  it.each(refused)('is kept at %s: %s', (where, problem, whatToDo, value) => {
    expect(inputProblems(value)).toContainEqual({
      where: typeof where === 'string' ? where : expect.stringMatching(where),
      problem: expect.stringMatching(problem),
      whatToDo: expect.stringMatching(whatToDo),
    });
  });

  it.each(accepted)('leaves room for %s', (_what, value) => {
    expect(inputProblems(value)).toEqual([]);
  });

  it('cuts the list of problems', () => {
    const value = given({ agentPoolProfiles: Array.from({ length: 100 }, () => ({ a: 1, b: 2 })) });
    const problems = inputProblems(value);
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toEqual({
      where: '(more)',
      problem: expect.stringMatching(/^and 200 more problems$/),
      whatToDo: expect.stringMatching(/start again/),
    });
  });

  it.each([
    ['deep', JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))],
    ['a circle', circle()],
    ['wide', Array(1e6).fill({})],
    ['long', 'x'.repeat(2e6)],
  ])('is kept at once by what is %s', (_what, value) => {
    for (const schema of Object.values(scenarioInputs)) {
      const parsed = parse<unknown>(schema, value);
      expect(parsed.ok ? [] : parsed.problems).toHaveLength(1);
    }
  });
});

function circle(): object {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}

describe('the JSON Schema', () => {
  it.each(Object.entries(scenarioInputs))('of %s bounds each text, list and map', (_scenario, schema) => {
    expect(unbounded(z.toJSONSchema(schema, { io: 'input' }), '')).toEqual([]);
  });
});

type Json = z.core.JSONSchema.BaseSchema;

function unbounded(schema: Json, path: string): string[] {
  const lists: [Json | undefined, string][] = [
    ...Object.entries(schema.properties ?? {}).map(([key, each]): [Json, string] => [each as Json, `${path}.${key}`]),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map((each): [Json, string] => [each as Json, path]),
    [schema.items as Json | undefined, `${path}[]`],
    ...(typeof schema.additionalProperties === 'object'
      ? [[schema.additionalProperties, `${path}{}`] as [Json, string]]
      : []),
  ];
  const isMap = schema.propertyNames !== undefined && schema.maxProperties === undefined;
  const isText =
    schema.type === 'string' && !schema.enum && schema.const === undefined && schema.maxLength === undefined;
  const isList = schema.type === 'array' && schema.maxItems === undefined;
  return [
    ...(isMap || isText || isList ? [path] : []),
    ...lists.flatMap(([each, at]) => (each ? unbounded(each, at) : [])),
  ];
}

describe('an approval', () => {
  const problems = (value: unknown) => {
    const parsed = parse(approvalRequest, value);
    return parsed.ok ? [] : parsed.problems.map(({ where, problem }) => `${where}: ${problem}`);
  };

  it.each([
    ['blanks', { by: ' \t ' }, 'by: nobody'],
    ['no letters', { by: '---' }, 'by: nobody'],
    ['201 characters', { by: 'a'.repeat(201) }, 'by: too long'],
    ['a bell', { by: 'Ada\u0007' }, 'by: a name with characters that nobody sees'],
    ['turned text', { by: 'Ada\u202eadA' }, 'by: a name with characters that nobody sees'],
    ['a long note', { by: 'Ada', note: 'n'.repeat(2001) }, 'note: too long'],
    ['a note with an escape', { by: 'Ada', note: '\u001b[2J' }, 'note: a note with control characters'],
  ])('by %s is refused', (_what, value, expected) => {
    expect(problems({ gate: 'reimage', ...value })).toEqual([expected]);
  });

  it('is trimmed; a note may have lines', () => {
    expect(parse(approvalRequest, { gate: 'reimage', by: ' Ada ', note: ' a\n\tb ' })).toEqual({
      ok: true,
      value: { gate: 'reimage', by: 'Ada', note: 'a\n\tb' },
    });
  });
});

it('anything is accepted, or refused with a few problems, and never throws', () => {
  const anything = fc.oneof(
    fc.anything({
      maxDepth: 12,
      withNullPrototype: true,
      withBigInt: true,
      withDate: true,
      withMap: true,
      withTypedArray: true,
    }),
    fc.jsonValue({ maxDepth: 12, stringUnit: 'binary' }),
    // Anything in place of one part.
    fc
      .tuple(
        fc.constantFrom('cluster', 'registry', 'agentPoolProfiles', 'network', 'tags', 'identity', 'serviceCidr'),
        fc.anything(),
      )
      .map(([key, value]) => ({ ...(given() as object), [key]: value })),
  );
  fc.assert(
    fc.property(anything, (value) => {
      for (const schema of [...Object.values(scenarioInputs), approvalRequest]) {
        const parsed = parse<unknown>(schema, value);
        if (parsed.ok) continue;
        expect(parsed.problems.length).toBeGreaterThan(0);
        expect(JSON.stringify(parsed.problems).length).toBeLessThan(150_000);
      }
    }),
    { seed: 1, numRuns: cases(100, 500) },
  );
});
