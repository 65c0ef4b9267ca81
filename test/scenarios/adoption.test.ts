import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreateClusterInput, PlannedStep, VerificationReport } from '../../contract/index.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import {
  assign,
  makeByHand,
  type OwnRegistryIds,
  type OwnRegistryPart,
  ownRegistryIds,
  parts,
  type ResourcePart,
  stateAround,
  stepIdOf,
  withNeeds,
} from '../support/ownRegistry.ts';
import { sampled } from '../support/sampled.ts';
import {
  byResourceId,
  type Fixable,
  fixableCases,
  makeOtherwise,
  manyClusters,
  ownRegistryInput,
  put,
  verifiedCreation,
  writesByResource,
} from './ownRegistry.ts';

const vnetIntegration = { apiServerAccess: 'vnetIntegration' } as const;
const actions = (steps: readonly PlannedStep[]) => Object.fromEntries(steps.map(({ id, action }) => [id, action]));

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
});
afterAll(() => harness.close());

/** Runs createCluster. Fails if anything but `changed` that was there before is written to, or is another than before. */
async function adopted(
  name: string,
  more: Partial<CreateClusterInput>,
  changed: readonly string[] = [],
): Promise<VerificationReport> {
  const { azure } = harness;
  const before = await stateAround(azure, name);
  const kept = Object.keys(before).filter((id) => !changed.some((other) => other.toLowerCase() === id));
  const writes = await writesByResource(azure, kept);
  const report = await verifiedCreation(harness, ownRegistryInput(name, { ...vnetIntegration, ...more }));
  const after = await stateAround(azure, name);
  for (const id of kept) expect(after[id]).toEqual(before[id]);
  expect(await writesByResource(azure, kept)).toEqual(writes);
  return report;
}

/** The plan's expected actions where these parts are there. */
function expectedActions(ids: OwnRegistryIds, there: readonly OwnRegistryPart[]): Record<string, string> {
  // Subnets are part of a network that is created.
  const own = there.includes('vnet') ? parts : parts.filter((part) => !part.endsWith('Subnet'));
  return {
    'provider:Microsoft.ContainerService': 'none',
    'provider:Microsoft.ContainerRegistry': 'none',
    ...Object.fromEntries(own.map((part) => [stepIdOf(ids, part), there.includes(part) ? 'none' : 'create'])),
    cluster: 'create',
  };
}

describe('createCluster adopts what is there as it should be, and does not write to it', () => {
  it.concurrent.each(sampled(parts, 16, 1))('%s', async (part) => {
    const name = `k-${part.toLowerCase()}`;
    const ids = ownRegistryIds(name);
    await makeByHand(harness.azure, ids, part);
    const { plan } = await adopted(name, {});
    expect(actions(plan.steps)).toEqual(expectedActions(ids, withNeeds(part)));
  });

  const other = '22222222-2222-2222-2222-222222222222';
  it.concurrent.each(
    sampled<[string, string, readonly ResourcePart[], { subscription?: string }]>(
      [
        ['the network', 'vnet', ['vnet'], {}],
        ['the registry', 'acr', ['registry'], {}],
        ['the zone', 'zone', ['zone'], {}],
        ['the identities', 'ids', ['controlPlane', 'kubelet'], {}],
        ['network, registry and endpoint', 'pe', ['vnet', 'registry', 'privateEndpoint'], {}],
        ['registry and zone, in another subscription', 'sub', ['registry', 'zone'], { subscription: other }],
      ],
      6,
      5,
    ),
  )('%s, given by resource ID and in another resource group', async (_, short, moved, { subscription }) => {
    const name = `id-${short}`;
    const ids = elsewhere(ownRegistryIds(name), moved, subscription);
    for (const part of moved) await makeByHand(harness.azure, ids, part);
    const there = [...new Set(moved.flatMap(withNeeds))];
    const { plan, checks } = await adopted(name, byResourceId(ids, moved));
    expect(actions(plan.steps)).toEqual(expectedActions(ids, there));
    const looked = new Set(checks.map(({ resourceId }) => resourceId));
    for (const part of moved) if (part !== 'zone') expect(looked).toContain(ids[part]);
    const state = await stateAround(harness.azure, name);
    for (const part of parts) if (part in ids) expect(state).toHaveProperty([ids[part as ResourcePart].toLowerCase()]);
  });
});

describe('createCluster leaves it to the owner whether security rules hold for endpoints, as a policy wants it', () => {
  const path = 'properties.privateEndpointNetworkPolicies';
  const names = ['policies-there', 'policies-made'] as const;
  beforeAll(async () => {
    const keepOn = names.map((name) => ({
      name,
      scope: ownRegistryIds(name).group,
      type: 'Microsoft.Network/virtualNetworks/subnets',
      does: { effect: 'modify', operations: [{ operation: 'addOrReplace', path, value: 'Enabled' }] },
    }));
    const { status } = await harness.azure.send('PUT', '/simulator/policies', keepOn);
    if (status !== 204) throw new Error(`policies: ${status}`);
  });

  it.concurrent('of a subnet that is there, which is not written to', async () => {
    const ids = ownRegistryIds(names[0]);
    await makeByHand(harness.azure, ids, 'registrySubnet');
    expect((await harness.azure.get(ids.registrySubnet)).at(path)).toBe('Enabled');
    const { plan } = await adopted(names[0], {});
    expect(plan.steps.find(({ id }) => id === 'subnet:registrySubnet')).toMatchObject({
      action: 'none',
      reason: expect.stringContaining('privateEndpointNetworkPolicies stays Enabled'),
    });
    expect(plan.differences.map(({ id }) => id)).toContain('P12');
  });

  it.concurrent('of a subnet that it makes', async () => {
    const ids = ownRegistryIds(names[1]);
    await makeByHand(harness.azure, ids, 'vnet');
    await adopted(names[1], {});
    expect((await harness.azure.get(ids.registrySubnet)).at(path)).toBe('Enabled');
  });
});

describe('createCluster mends what is there and differs, and keeps everything else of it', () => {
  it.concurrent.each(sampled(fixableCases, 2, 1))('%s', async (_, short, fixables) => {
    const { azure } = harness;
    const name = `m-${short}`;
    const ids = ownRegistryIds(name);
    const all = Object.entries(fixables) as [ResourcePart, Fixable][];
    await makeOtherwise(azure, ids, fixables);
    const before = await stateAround(azure, name);

    const { plan } = await adopted(
      name,
      {},
      all.map(([part]) => ids[part]),
    );

    const updated = plan.steps.filter(({ action }) => action === 'update');
    expect(updated.map(({ id }) => id).sort()).toEqual(all.map(([part]) => stepIdOf(ids, part)).sort());
    const after = await stateAround(azure, name);
    for (const [part, { path, right, own = {} }] of all) {
      const { reason } = updated.find(({ id }) => id === stepIdOf(ids, part)) ?? {};
      expect(reason).toMatch(new RegExp(`^${path.split('.').at(-1)}: asked [^;]+, got [^;]+(; .*)?$`));
      const key = ids[part].toLowerCase();
      expect(before[key]).toMatchObject(own);
      expect(after[key]).toEqual(put(before[key], path, right));
    }
  });
});

describe('createCluster accepts a role that suffices', () => {
  it.concurrent.each(
    sampled<[string, string, (ids: OwnRegistryIds) => string, boolean]>(
      [
        ['Contributor on the resource group', 'cg', ({ group }) => group, true],
        ['Contributor on the subscription', 'cs', ({ group }) => group.split('/').slice(0, 3).join('/'), true],
        ['the roles themselves on the resource group', 'og', ({ group }) => group, false],
      ],
      2,
    ),
  )('%s', async (_, short, scopeOf, broader) => {
    const { azure } = harness;
    const name = `r-${short}`;
    const ids = ownRegistryIds(name);
    const held = [
      ['networkContributor', 'controlPlane'],
      ['managedIdentityOperator', 'controlPlane'],
      ['acrPull', 'kubelet'],
    ] as const;
    for (const identity of ['controlPlane', 'kubelet'] as const) {
      await makeByHand(azure, ids, identity);
      const principalId = (await azure.get(ids[identity])).at('properties.principalId');
      const own = held.filter(([, holder]) => holder === identity).map(([role]) => role);
      for (const role of broader ? (['contributor'] as const) : own) {
        expect(await assign(azure, scopeOf(ids), role, principalId)).toMatchObject({ status: 201 });
      }
    }
    const { plan } = await adopted(name, {});
    const steps = plan.steps.filter(({ kind }) => kind === 'role');
    expect(steps.map(({ action }) => action)).toEqual(['none', 'none', 'none', 'none']);
    const reasons = ['Network Contributor', 'Network Contributor', 'Managed Identity Operator', 'AcrPull'];
    expect(steps.map(({ reason }) => reason)).toEqual(
      reasons.map((role) => `${broader ? 'Contributor' : role} is held`),
    );
    const assigned = Object.values(await stateAround(azure, name)).filter(({ type }) =>
      type.endsWith('roleAssignments'),
    );
    expect(assigned).toHaveLength(short === 'og' ? 3 : short === 'cg' ? 2 : 0);
  });
});

it.concurrent('an endpoint whose records a private DNS zone group keeps, which hides its addresses', async () => {
  const { azure } = harness;
  const ids = ownRegistryIds('grouped');
  for (const part of ['privateEndpoint', 'link'] as const) await makeByHand(azure, ids, part);
  const configs = [{ name: 'registry', properties: { privateDnsZoneId: ids.zone } }];
  await azure.put(`${ids.privateEndpoint}/privateDnsZoneGroups/default`, {
    properties: { privateDnsZoneConfigs: configs },
  });
  expect((await azure.get(ids.privateEndpoint)).at('properties.customDnsConfigs')).toEqual([]);
  const { plan } = await adopted('grouped', { apiServerAccess: 'privateLink' });
  const steps = actions(plan.steps);
  for (const part of ['privateEndpoint', 'registryRecord', 'dataRecord'] as const)
    expect(steps[stepIdOf(ids, part)]).toBe('none');
});

/** The same IDs, with these parts and what is in them in another place. */
function elsewhere(ids: OwnRegistryIds, moved: readonly ResourcePart[], subscription?: string): OwnRegistryIds {
  const roots = moved.map((part) => ids[part]);
  const place = (id: string): string => {
    if (!roots.some((root) => id === root || id.startsWith(`${root}/`))) return id;
    const inGroup = id.replace(ids.group, `${ids.group}.other`);
    return subscription === undefined ? inGroup : inGroup.replace(/[0-9a-f-]{36}/, subscription);
  };
  return Object.fromEntries(Object.entries(ids).map(([part, id]) => [part, place(id)])) as OwnRegistryIds;
}
