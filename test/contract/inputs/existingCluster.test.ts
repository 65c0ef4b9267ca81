import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import {
  approvalRequest,
  auditClusterInput,
  changeRegistryInput,
  createClusterInput,
  deleteClusterInput,
  disableIsolationInput,
  isolateClusterInput,
  parse,
  reimageNodePoolsInput,
} from '../../../contract/index.ts';

const cluster = { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'rg', name: 'cluster' };
const registry = { mode: 'managed' };

/** Path and first words of each problem. */
function problemTextsOf(schema: z.ZodType, value: unknown): string[] {
  const parsed = parse(schema, value);
  return parsed.ok ? [] : parsed.problems.map(({ where, problem }) => `${where}: ${problem}`);
}

describe('the inputs of the scenarios on a cluster that is there', () => {
  it('need the cluster, and the registry where there is one', () => {
    expect(problemTextsOf(isolateClusterInput, { cluster, registry })).toEqual([]);
    expect(problemTextsOf(changeRegistryInput, { cluster, registry })).toEqual([]);
    expect(problemTextsOf(disableIsolationInput, { cluster })).toEqual([]);
    expect(problemTextsOf(reimageNodePoolsInput, { cluster })).toEqual([]);
    expect(problemTextsOf(auditClusterInput, { cluster })).toEqual([]);
    expect(problemTextsOf(isolateClusterInput, {})).toEqual(['cluster: missing', expect.stringMatching(/^registry/)]);
  });

  it('have careful defaults', () => {
    const parsed = parse(isolateClusterInput, { cluster, registry });
    expect(parsed.ok && parsed.value).toMatchObject({
      profile: 'current',
      outboundType: 'none',
      onFailure: 'rollBack',
      dryRun: false,
      probes: 'required',
      approvals: [],
      approvalTimeoutMinutes: 1440,
      busyTimeoutMinutes: 60,
      abortOperations: false,
      reimage: {
        order: [],
        systemPoolsLast: true,
        ignoreDisruptionBudgets: false,
        whenNotReimaged: 'ladder',
        ladder: ['localDNS', 'temporaryPool'],
      },
    });
  });

  it('report every problem at once, each with its path', () => {
    expect(
      problemTextsOf(isolateClusterInput, {
        cluster,
        registry,
        location: 'westeurope',
        outboundType: 'block',
        approvals: ['everything'],
        approvalTimeoutMinutes: 0,
        reimage: { maxParallelPools: 0, canaryPool: 'Nope', order: ['a', 'a'], whenNotReimaged: 'shrug' },
      }),
    ).toEqual(
      expect.arrayContaining([
        'location: unknown key',
        expect.stringMatching(/^outboundType: block is not available under profile current/),
        expect.stringMatching(/^approvals\[0\]: not an allowed value/),
        expect.stringMatching(/^approvalTimeoutMinutes: too short/),
        expect.stringMatching(/^reimage.maxParallelPools: too few/),
        expect.stringMatching(/^reimage.canaryPool: not a Linux node pool name/),
        expect.stringMatching(/^reimage.order\[1\]: named twice/),
        expect.stringMatching(/^reimage.whenNotReimaged: not an allowed value/),
      ]),
    );
  });

  it.each([
    ['an outbound type that is none', disableIsolationInput, { cluster, outboundType: 'none' }, /^outboundType/],
    ['no pool', reimageNodePoolsInput, { cluster, agentPools: [] }, /^agentPools: no pool/],
    ['a gate that is not there', reimageNodePoolsInput, { cluster, approvals: ['cutEgress'] }, /^approvals\[0\]/],
    [
      'both a registry and its name',
      changeRegistryInput,
      {
        cluster,
        registry: {
          mode: 'bringYourOwn',
          name: 'abcde',
          containerRegistryId: `/subscriptions/${cluster.subscriptionId}/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/abcde`,
        },
      },
      /^registry.name: given beside/,
    ],
    ['nobody who approves', approvalRequest, { gate: 'reimage', by: '' }, /^by: nobody/],
    ['an approval of nothing', approvalRequest, { by: 'Ada' }, /^gate: missing/],
  ])('refuse %s', (_what, schema, value, expected) => {
    expect(problemTextsOf(schema as z.ZodType, value)).toEqual([expect.stringMatching(expected)]);
  });
});

const schemas: Readonly<Record<string, z.ZodType>> = {
  create: createClusterInput,
  plan: createClusterInput,
  isolate: isolateClusterInput,
  change: changeRegistryInput,
  disable: disableIsolationInput,
  reimage: reimageNodePoolsInput,
  audit: auditClusterInput,
  delete: deleteClusterInput,
};
const examples = join(import.meta.dirname, '../../../examples');

// Those of rollouts are tried in schemas.test.ts, with their templates.
const ofScenarios = readdirSync(examples).filter((file) => file.endsWith('.json') && !file.startsWith('rollout-'));
it.each(ofScenarios)('examples/%s is a valid input', (file) => {
  const schema = schemas[file.split('-')[0]?.replace('.json', '') ?? ''];
  if (!schema) throw new Error(`No scenario for ${file}`);
  expect(problemTextsOf(schema, JSON.parse(readFileSync(join(examples, file), 'utf8')))).toEqual([]);
});
