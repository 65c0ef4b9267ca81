import { describe, expect, it } from '@jest/globals';
import type { ExistingClusterFacts } from '../../../resources/discovery.ts';
import { cluster, problemTexts } from '../support.ts';
import { ordinary, planIsolate, pool, registryId, seen, systemPool } from './support.ts';

type RefusedCase = [name: string, facts: ExistingClusterFacts, problem: RegExp];

const refused: RefusedCase[] = [
  ['unknown', seen(undefined), /does not exist/],
  ['stopped', seen(ordinary({ powerState: 'Stopped' })), /is stopped/],
  ['of an old version', seen(ordinary({ currentKubernetesVersion: '1.29.9' })), /older than 1.30/],
  [
    'with a service principal',
    seen(ordinary({ identity: { type: 'None', userAssignedIdentities: [] } })),
    /service principal/,
  ],
  ['with kubenet', seen(ordinary({ networkPlugin: 'kubenet' })), /kubenet/],
  ['with an unmanaged channel', seen(ordinary({ nodeOSUpgradeChannel: 'Unmanaged' })), /Unmanaged/],
  [
    'with Windows nodes',
    seen(ordinary({ agentPoolProfiles: [systemPool, pool('win', { osType: 'Windows' })] })),
    /Windows/,
  ],
  [
    'with node addresses',
    seen(ordinary({ agentPoolProfiles: [systemPool, pool('work', { enableNodePublicIP: true })] })),
    /public IP/,
  ],
];

describe('a cluster', () => {
  it.each(refused)('that is %s stops an update before it changes anything', (_name, facts, problem) => {
    expect(problemTexts(planIsolate(facts))).toContainEqual(expect.stringMatching(problem));
  });

  it('is not isolated where something that isolation rests on may not be read: egress would be cut unproven', () => {
    const dependencies = {
      endpoints: [],
      kubeletRoles: [],
      subnets: [],
      publicAddresses: [],
      unread: { zone: 'no role' },
    };
    expect(problemTexts(planIsolate(seen(ordinary(), { dependencies })))).toEqual([
      'the worker may not read it, so that isolation could not be proven: no role',
    ]);
  });

  it('takes no registry of another tenant', () => {
    const other = '22222222-2222-2222-2222-222222222222';
    const containerRegistryId = registryId('theirs').replace(cluster.subscriptionId, other);
    const facts = seen(ordinary(), { tenants: { [cluster.subscriptionId]: 'ours', [other]: 'theirs' } });
    expect(
      problemTexts(planIsolate(facts, { registry: { mode: 'bringYourOwn', containerRegistryId } })),
    ).toContainEqual(expect.stringMatching(/registry is in tenant theirs, the cluster in ours/));
  });
});
