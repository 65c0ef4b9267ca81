import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Progress } from '../../contract/index.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { failureDetailsOf, failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { ownRegistryIds } from '../support/ownRegistry.ts';
import {
  addsPoolMeanwhile,
  existingCluster,
  isolationOf,
  reference,
  verified,
  waitUntil,
  writesSince,
} from './existingCluster.ts';
import { verifiedCreation as created, manyClusters, ownRegistryInput } from './ownRegistry.ts';

const own = (name: string) => ({ mode: 'bringYourOwn' as const, name });

describe('changeRegistry', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  const idsWith = async (part: string): Promise<string[]> =>
    Object.keys(await harness.azure.state()).filter((id) => id.includes(part.toLowerCase()));

  /** One cluster, one test after the other. Each begins where the one before has left it. */
  describe('on a cluster with a registry of its own', () => {
    const name = 'change-own';
    const cluster = reference(name);
    beforeAll(() => created(harness, ownRegistryInput(name)));
    const nodesFail = (code: string, message: string) =>
      harness.azure.fault({
        method: 'POST',
        path: `${clusterId(cluster)}/agentPools/nodepool1/upgradeNodeImageVersion`,
        times: 2,
        operation: { status: 'Failed', code, message, afterSeconds: 60 },
      });

    it('finds out that Azure has silently kept the old registry', async () => {
      await harness.azure.fault({
        method: 'PUT',
        path: `${clusterId(cluster)}$`,
        ignore: { path: 'properties.bootstrapProfile.containerRegistryId' },
      });
      const run = await harness.client.changeRegistry({ cluster, registry: own('changeignored2') });
      const { failure } = await failureDetailsOf(run.result());
      expect(failure.message).toMatch(/ReadBackMismatch: bootstrapProfile.containerRegistryId/);
    });

    it('puts the old registry back, and the nodes on it, when the new one fails them', async () => {
      const before = await isolationOf(harness.azure, cluster);
      await nodesFail('VMExtensionProvisioningError', 'exit status=211');
      const run = await harness.client.changeRegistry({ cluster, registry: own('changerollback2') });
      const { failure, details } = await failureDetailsOf(run.result());
      expect(failure.message).toMatch(/exit status=211/);
      expect(details.leftovers).toEqual([]);
      expect(await isolationOf(harness.azure, cluster)).toEqual(before);
      expect(await idsWith('changerollback2')).toEqual([]);
      expect(await (await harness.client.auditCluster({ cluster })).result()).toMatchObject({ isolated: true });
    });

    it('goes back from AKS’s registry when the nodes fail on it, with the one zone that the network takes', async () => {
      const before = await isolationOf(harness.azure, cluster);
      const { link } = ownRegistryIds(name);
      const tags = (await harness.azure.get(link)).at('tags');
      await nodesFail('PodDrainFailure', 'Drain failed');
      const run = await harness.client.changeRegistry({ cluster, registry: { mode: 'managed' } });
      const { details } = await failureDetailsOf(run.result());
      expect(details.leftovers).toEqual([]);
      // The run that made the link has left its marks there.
      expect((await harness.azure.get(link)).at('tags')).toEqual(tags);
      expect(await isolationOf(harness.azure, cluster)).toEqual(before);
      expect(await (await harness.client.auditCluster({ cluster })).result()).toMatchObject({ isolated: true });
    });

    it('deletes the old registry with its endpoint and records, if asked', async () => {
      const { containerRegistryId } = await isolationOf(harness.azure, cluster);
      const old = String(containerRegistryId).split('/').at(-1) ?? '';
      await verified(harness.client.changeRegistry({ cluster, registry: own('changedelete2'), oldRegistry: 'delete' }));
      expect(await idsWith(`/registries/${old}`)).toEqual([]);
      expect(await idsWith(`/a/${old}`)).toEqual([]);
      expect(await idsWith(`rg-${name}/providers/microsoft.network/privateendpoints/myprivateendpoint`)).toEqual([]);
    });

    it('builds another registry, moves the nodes to it, and leaves the old one as it is', async () => {
      const { containerRegistryId: old } = await isolationOf(harness.azure, cluster);
      const writes = await writesSince(harness, cluster);
      const { checks } = await verified(harness.client.changeRegistry({ cluster, registry: own('changekeep2') }));
      expect(await writes()).toEqual(['PUT cluster 200', 'POST nodepool1/upgradeNodeImageVersion 202']);
      expect(checks.find(({ id }) => id === 'boots:nodepool1')?.seen).toBe(
        'changekeep2.azurecr.io/aks-managed-repository',
      );
      expect((await isolationOf(harness.azure, cluster)).containerRegistryId).toMatch(/changekeep2$/);
      expect(await idsWith(String(old))).not.toEqual([]);
      expect(await (await harness.client.auditCluster({ cluster })).result()).toMatchObject({ isolated: true });
      const more = await writesSince(harness, cluster);
      const again = await verified(harness.client.changeRegistry({ cluster, registry: own('changekeep2') }));
      expect(again.steps.filter(({ state }) => state !== 'unchanged')).toEqual([]);
      expect(await more()).toEqual([]);
    });

    it('goes to a registry that AKS manages, and back to one’s own', async () => {
      const from = await harness.azure.recordedBytes();
      const managed = harness.client.changeRegistry({ cluster, registry: { mode: 'managed' } });
      const { checks } = await verified(managed);
      expect(checks.find(({ id }) => id === 'registryEndpoint')?.seen).toBe('Approved');
      const back = await verified(harness.client.changeRegistry({ cluster, registry: own('changemanaged2') }));
      expect(back.checks.find(({ id }) => id === 'managedRegistryGone')).toMatchObject({ ok: true, seen: 'absent' });
      // Either way no node gets an image before it is reimaged: nothing is run there meanwhile.
      const asked = await harness.azure.recorded(from);
      const commands = asked.filter(({ url }) => url.includes(`/${name}/runCommand?`));
      expect(commands.length).toBeGreaterThan(0);
      expect(commands.filter(({ status }) => status !== 202)).toEqual([]);
    });

    it('stays on the new registry once the old one is being deleted, and names what could not be', async () => {
      const { containerRegistryId } = await isolationOf(harness.azure, cluster);
      await harness.azure.fault({
        method: 'DELETE',
        path: `${containerRegistryId}$`,
        answer: { status: 400, code: 'RegistryLocked', message: 'somebody keeps it' },
      });
      const registry = own('changestays2');
      const run = await harness.client.changeRegistry({ cluster, registry, oldRegistry: 'delete' });
      const { failure, details } = await failureDetailsOf(run.result());
      expect(failure.message).toMatch(/RegistryLocked: somebody keeps it[\s\S]*What had been deleted stays deleted/);
      expect(details.leftovers).toContainEqual({
        resourceId: containerRegistryId,
        why: expect.stringContaining('RegistryLocked'),
      });
      expect((await isolationOf(harness.azure, cluster)).containerRegistryId).toMatch(/changestays2$/);
      expect(await (await harness.client.auditCluster({ cluster })).result()).toMatchObject({ isolated: true });
    });

    it('keeps the old registry where somebody has added a pool in the middle that still boots from it', async () => {
      const { containerRegistryId } = await isolationOf(harness.azure, cluster);
      const pool = (await harness.azure.get(`${clusterId(cluster)}/agentPools/nodepool1`)).at(
        'properties.vnetSubnetID',
      );
      await addsPoolMeanwhile(harness, cluster, { vnetSubnetID: pool });
      const run = await harness.client.changeRegistry({
        cluster,
        registry: own('changeadded2'),
        oldRegistry: 'delete',
        onFailure: 'leave',
      });
      const { failure, details } = await failureDetailsOf(run.result());
      expect(failure.message).toMatch(/NotProven: Nodes of late boot from: expected changeadded2/);
      expect((await harness.azure.get(String(containerRegistryId))).status).toBe(200);
      expect(details.steps.filter(({ id, state }) => id.startsWith('old:') && state !== 'skipped')).toEqual([]);
    });

    it('names the link that it has deleted where it is left, for the nodes cannot be looked at', async () => {
      const end = await harness.azure.fault({
        method: 'POST',
        path: `${clusterId(cluster)}/runCommand$`,
        times: 10_000,
        answer: { status: 404, code: 'KubernetesOperationError', message: 'no pod' },
      });
      const run = await harness.client.changeRegistry({ cluster, registry: { mode: 'managed' } });
      const { failure, details } = await failureDetailsOf(run.result());
      await end();
      const { link } = ownRegistryIds(name);
      expect(failure.message).toMatch(/^LookFailed/);
      expect(details.deleted).toEqual([
        { resourceId: expect.stringMatching(new RegExp(`^${link}$`, 'i')), why: 'as planned' },
      ]);
      expect(failure.message.toLowerCase()).toContain(`- deleted: ${link.toLowerCase()} (as planned)`);
    });
  });

  it('proves a tainted pool that comes first after the others, whose nodes alone can run commands', async () => {
    const cluster = await existingCluster(harness, 'change-tainted', { ownNetwork: true, isolated: true });
    const work = `${clusterId(cluster)}/agentPools/work`;
    const { properties } = (await harness.azure.get(work)).body as { properties: object };
    await harness.azure.put(work, { properties: { ...properties, nodeTaints: ['team=a:NoSchedule'] } });
    const writes = await writesSince(harness, cluster);
    const { reimages } = await verified(harness.client.changeRegistry({ cluster, registry: own('changetainted2') }));
    expect(await writes()).toEqual([
      'PUT cluster 200',
      'POST work/upgradeNodeImageVersion 202',
      'POST system/upgradeNodeImageVersion 202',
    ]);
    expect(reimages.map(({ pool, reimaged }) => [pool, reimaged])).toEqual([
      ['work', true],
      ['system', true],
    ]);
  });

  inFull.it(
    'proves and reimages after the others a pool whose request was lost while no node could run commands',
    async () => {
      const cluster = await existingCluster(harness, 'change-lost', { ownNetwork: true, isolated: true });
      const pool = 'work';
      const path = `${clusterId(cluster)}/agentPools/${pool}/upgradeNodeImageVersion`;
      await harness.azure.fault({ method: 'POST', path, drop: 'before' });
      const writes = await writesSince(harness, cluster);
      const { reimages } = await verified(harness.client.changeRegistry({ cluster, registry: own('changelost2') }));
      expect(await writes()).toEqual([
        'PUT cluster 200',
        'POST work/upgradeNodeImageVersion null',
        'POST system/upgradeNodeImageVersion 202',
        'POST work/upgradeNodeImageVersion 202',
      ]);
      expect(reimages.map(({ pool, reimaged }) => [pool, reimaged])).toEqual([
        ['work', true],
        ['system', true],
      ]);
    },
  );

  describe('on one pool, whose nodes run no commands before they are reimaged,', () => {
    const onePool = async (name: string) => {
      const pools = { system: { mode: 'System', count: 1 } } as const;
      const cluster = await existingCluster(harness, name, { ownNetwork: true, isolated: true, pools });
      return { cluster, path: `${clusterId(cluster)}/agentPools/system/upgradeNodeImageVersion` };
    };

    it('sends the request again that was lost, for the nodes would run commands if it had arrived', async () => {
      const { cluster, path } = await onePool('change-lost-alone');
      await harness.azure.fault({ method: 'POST', path, drop: 'before' });
      const writes = await writesSince(harness, cluster);
      const reimage = { whenNotReimaged: 'fail' as const };
      await verified(harness.client.changeRegistry({ cluster, registry: own('changelostalone2'), reimage }));
      const sent = ['null', '202'].map((status) => `POST system/upgradeNodeImageVersion ${status}`);
      expect(await writes()).toEqual(['PUT cluster 200', ...sent]);
    });

    it('looks inside where Azure has forgotten the operation', async () => {
      const { cluster, path } = await onePool('change-forgotten');
      const release = await harness.azure.fault({ method: 'POST', path, held: true });
      const writes = await writesSince(harness, cluster);
      const run = harness.client.changeRegistry({ cluster, registry: own('changeforgotten2') });
      await harness.azure.untilRequested(`POST ${path}`);
      // Azure forgets an operation some time after its end.
      await harness.azure.send('POST', '/simulator/clock', { advanceSeconds: 7_200 });
      const answer = { status: 404, code: 'NotFound', message: 'The entity was not found.' };
      await harness.azure.fault({ method: 'GET', path: '/locations/westeurope/operations/', answer });
      await release();
      const { reimages } = await verified(run);
      expect(reimages).toMatchObject([{ how: 'reimaged', evidence: 'bootstrapSource' }]);
      expect(await writes()).toEqual(['PUT cluster 200', 'POST system/upgradeNodeImageVersion 202']);
    });
  });

  it('takes the nodes of untouched pools back with the others, for AKS’s registry comes back as another one', async () => {
    const cluster = await existingCluster(harness, 'change-untouched', { ownNetwork: true, isolated: true });
    const before = await isolationOf(harness.azure, cluster);
    await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/agentPools/work/upgradeNodeImageVersion`,
      times: 2,
      operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain failed', afterSeconds: 250 },
    });
    const run = await harness.client.changeRegistry({ cluster, registry: own('changeuntouched2') });
    const { details } = await failureDetailsOf(run.result());
    expect(details.leftovers).toEqual([]);
    const after = await isolationOf(harness.azure, cluster);
    expect(after).toEqual({ ...before, containerRegistryId: expect.stringContaining('/MC_') });
    expect(after.containerRegistryId).not.toBe(before.containerRegistryId);
    expect(details.steps.find(({ id }) => id === 'reimage:system')).toMatchObject({ state: 'undone' });
    expect(await (await harness.client.auditCluster({ cluster })).result()).toMatchObject({ isolated: true });
  });

  inFull.it('takes nothing back where the nodes of its canary could not be looked at', async () => {
    const cluster = await existingCluster(harness, 'change-canary', { ownNetwork: true, isolated: true });
    const work = `${clusterId(cluster)}/agentPools/work`;
    const { properties } = (await harness.azure.get(work)).body as { properties: object };
    await harness.azure.put(work, { properties: { ...properties, nodeTaints: ['team=a:NoSchedule'] } });
    const registry = own('changecanary2');
    const run = await harness.client.changeRegistry({ cluster, registry, reimage: { canaryPool: 'work' } });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/^LookFailed: Node pool work: [\s\S]*nothing was seen that is not as promised/);
    expect((await isolationOf(harness.azure, cluster)).containerRegistryId).toMatch(/changecanary2$/);
    expect(details.leftovers.map(({ resourceId }) => resourceId.toLowerCase())).toContain(work.toLowerCase());
    const again = await verified(harness.client.changeRegistry({ cluster, registry }));
    expect(again.reimages.map(({ pool }) => pool)).toContain('system');
  });

  inFull.it('names the link that it has deleted where that cannot be put back', async () => {
    await created(harness, ownRegistryInput('change-unlinked'));
    const cluster = reference('change-unlinked');
    const { link } = ownRegistryIds('change-unlinked');
    await harness.azure.fault({
      method: 'POST',
      path: `${clusterId(cluster)}/agentPools/nodepool1/upgradeNodeImageVersion`,
      times: 2,
      operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain failed', afterSeconds: 250 },
    });
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No links' };
    await harness.azure.fault({ method: 'PUT', path: `${link}$`, times: 10, answer });
    const run = await harness.client.changeRegistry({ cluster, registry: { mode: 'managed' } });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure).toMatchObject({ type: 'RollbackIncomplete' });
    expect(details.deleted).toMatchObject([
      { resourceId: expect.stringMatching(new RegExp(`^${link}$`, 'i')), why: expect.stringContaining('No links') },
    ]);
    expect(failure.message.toLowerCase()).toContain(`- deleted: ${link.toLowerCase()} (`);
    expect(details.leftovers.map(({ resourceId }) => resourceId)).not.toContain(link);
  });

  describe('from AKS’s registry, after an update that has failed half-way,', () => {
    /** A run that waits for a decision. */
    async function half(name: string) {
      const cluster = await existingCluster(harness, name, { ownNetwork: true, isolated: true });
      await harness.azure.fault({
        method: 'PUT',
        path: `${clusterId(cluster)}$`,
        operation: { status: 'Failed', code: 'InternalServerError', message: 'Try again', afterSeconds: 60 },
      });
      const given = { cluster, registry: own(`${name.replace('-', '')}2`) };
      const run = await harness.client.changeRegistry({ ...given, onFailure: 'hold' });
      const held = await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
      return { given, run, held };
    }
    const isIsolated = async ({ cluster }: { cluster: ClusterReference }) =>
      (await (await harness.client.auditCluster({ cluster })).result()).isolated;

    it('reaches one’s own by a retry', async () => {
      const { given, run, held } = await half('change-retried');
      expect(held.decisions).toContain('retry');
      await run.decide('retry');
      const isOver = ({ phase, hold = held.hold }: Progress) => phase === 'succeeded' || hold !== held.hold;
      const { steps } = await waitUntil(run, isOver);
      expect(steps.flatMap(({ error }) => error ?? [])).toEqual([]);
      expect(await run.result()).toMatchObject({ outcome: 'verified' });
      expect(await isIsolated(given)).toBe(true);
    });

    inFull.it('reaches one’s own by another run', async () => {
      const { given, run } = await half('change-left');
      await run.decide('leave');
      await failureOf(run.result());
      await verified(harness.client.changeRegistry(given));
      expect(await isIsolated(given)).toBe(true);
    });
  });

  it('is not for a cluster that pulls from Microsoft', async () => {
    const cluster = await existingCluster(harness, 'change-direct');
    const run = await harness.client.changeRegistry({ cluster, registry: { mode: 'managed' } });
    expect((await problemsOf(run.result())).problems.map(({ whatToDo }) => whatToDo)).toContain('Use isolateCluster.');
  });
});
