import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { boundTo } from '../../activities/arm/marks.ts';
import { type CreateClusterInput, clusterWorkflowId } from '../../contract/index.ts';
import { formerRegistryName } from '../../resources/derivedNames.ts';
import { markTags } from '../../resources/marks.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import { ownRegistryBodies, ownRegistryIds } from '../support/ownRegistry.ts';
import { existingCluster, verified } from './existingCluster.ts';
import { manyClusters, ownRegistryInput, verifiedCreation } from './ownRegistry.ts';

describe('the name of a registry where the input gives none', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  const registryOf = async (given: CreateClusterInput): Promise<string> => {
    const result = await (await harness.client.createCluster({ ...given, dryRun: true })).result();
    const steps = result.outcome === 'planned' ? result.plan.steps : [];
    return (
      steps
        .find(({ id }) => id === 'registry')
        ?.resourceId.split('/')
        .at(-1) ?? 'none'
    );
  };
  const inGroup = (resourceGroup: string, name: string): CreateClusterInput => {
    const given = ownRegistryInput(name);
    return { ...given, cluster: { ...given.cluster, resourceGroup } };
  };

  it.each([
    [
      ['c', 'a-b'],
      ['b-c', 'a'],
    ],
    [
      ['bc', 'a'],
      ['c', 'ab'],
    ],
  ])('is another one for %j and %j', async ([group = '', name = ''], [otherGroup = '', other = '']) => {
    const names = [await registryOf(inGroup(group, name)), await registryOf(inGroup(otherGroup, other))];
    expect(new Set(names).size).toBe(2);
    for (const each of names) expect(each).toMatch(/^abc[a-z0-9]{9}x$/);
  });

  /** Resources that version 0.1 has left, or somebody by hand. */
  const leaveFormer = async (name: string, workflow?: string): Promise<string> => {
    const ids = ownRegistryIds(name);
    const former = formerRegistryName(ownRegistryInput(name).cluster);
    await harness.azure.put(ids.group, { location: 'westeurope' });
    const id = ids.registry.replace(/[^/]+$/, former);
    await harness.azure.put(id, {
      ...ownRegistryBodies(ids).registry,
      ...(workflow !== undefined && {
        tags: boundTo(id, { [markTags.workflow]: workflow, [markTags.run]: 'earlier' }),
      }),
    });
    return former;
  };

  it('is the former one where an earlier version has made the registry, and nothing is made beside it', async () => {
    const given = ownRegistryInput('former');
    const former = await leaveFormer('former', clusterWorkflowId(given.cluster));
    await verifiedCreation(harness, given);
    expect(await registryOf(given)).toBe(former);
    expect(await harness.azure.writes(/\/registries\/former[^/]*$/)).toHaveLength(1);
    const { steps } = await verifiedCreation(harness, given);
    expect(new Set(steps.map(({ state }) => state))).toEqual(new Set(['unchanged']));
  });

  it('is the former one where somebody has made the registry by hand', async () => {
    const former = await leaveFormer('byhand');
    expect(await registryOf(ownRegistryInput('byhand'))).toBe(former);
  });

  it("is not the former one where that is another cluster's", async () => {
    const former = await leaveFormer('theirs', 'aks/other/rg/other');
    expect(await registryOf(ownRegistryInput('theirs'))).not.toBe(former);
  });

  it('is found again by a second run on a cluster that is there', async () => {
    const cluster = await existingCluster(harness, 'names-again', { ownNetwork: true });
    const given = { cluster, registry: { mode: 'bringYourOwn' as const } };
    await verified(harness.client.isolateCluster(given));
    const { steps } = await verified(harness.client.isolateCluster(given));
    expect(steps.filter(({ action }) => action !== 'none' && action !== 'check')).toEqual([]);
  });
});
