import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { VerificationReport } from '../../contract/index.ts';
import { agentPoolId, type ClusterReference, clusterId } from '../../resources/ids.ts';
import { formerLocalDnsTag } from '../../resources/marks.ts';
import { type AzureSwitchMoves, azureSwitches } from '../../simulator/index.ts';
import { failureDetailsOf, type Harness, startHarness } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { sampled } from '../support/sampled.ts';
import { existingCluster, isolationOf, updateByHand, verified, writesSince } from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
});
afterAll(() => harness.close());
const moves = (changes: AzureSwitchMoves) => harness.azure.send('PUT', '/simulator/azure', changes);
beforeEach(() =>
  moves({
    reimageOnNewestImage: 'ignored',
    poolSettingReimages: azureSwitches.poolSettingReimages.values[0],
    localDNSLeftOut: azureSwitches.localDNSLeftOut.values[0],
  }),
);

const work = ['work'];
const managed = { registry: { mode: 'managed' as const } };
const howOf = ({ reimages }: VerificationReport) => reimages.map(({ pool, how }) => [pool, how]);
const triedOf = ({ reimages }: VerificationReport) =>
  reimages.flatMap(({ tried = [] }) => tried.map(({ by, reimaged }) => [by, reimaged]));
const poolOf = async (cluster: ClusterReference, pool = 'work') => {
  const { body } = await harness.azure.get(agentPoolId(clusterId(cluster), pool));
  return (body as { properties: Record<string, unknown> }).properties;
};
/** From where the nodes of a cluster get their images, by the simulator's own knowledge. */
async function imagesFrom(cluster: ClusterReference): Promise<string[]> {
  const truth = await harness.azure.send('GET', `/simulator/truth?cluster=${clusterId(cluster)}`);
  return [
    ...new Set((truth.at('nodes') as { imagesFrom: string }[]).map((node) => node.imagesFrom.split('/')[0] ?? '')),
  ];
}
const changesByHand = async (cluster: ClusterReference, properties: object): Promise<void> => {
  const id = agentPoolId(clusterId(cluster), 'work');
  const { body } = await harness.azure.get(id);
  const whole = body as { properties: object };
  await harness.azure.put(id, { ...whole, properties: { ...whole.properties, ...properties } });
};

describe.each(
  sampled(
    [
      ['reimages', 'reimaged'],
      ['ignored', 'settingChanged'],
      ['304', 'settingChanged'],
      ['refused', 'settingChanged'],
    ] as const,
    4,
    1,
  ),
)('pools with the newest image where Azure answers a reimage with: %s', (reimageOnNewestImage, how) => {
  beforeEach(() => moves({ reimageOnNewestImage }));

  it('are isolated, and their settings stay', async () => {
    const cluster = await existingCluster(harness, `isolate-${reimageOnNewestImage}`);
    const before = await poolOf(cluster);
    const report = await verified(harness.client.isolateCluster({ cluster, ...managed }));
    expect(howOf(report)).toEqual([
      ['work', how],
      ['system', how],
    ]);
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({ outboundType: 'none' });
    expect(await imagesFrom(cluster)).toEqual([expect.stringMatching(/azurecr\.io$/)]);
    expect(await poolOf(cluster)).toEqual(before);
  });

  it('are no more isolated, and their settings stay', async () => {
    const cluster = await existingCluster(harness, `disable-${reimageOnNewestImage}`, { isolated: true });
    const before = await poolOf(cluster);
    const report = await verified(harness.client.disableIsolation({ cluster }));
    expect(howOf(report)).toEqual([
      ['work', how],
      ['system', how],
    ]);
    expect(await imagesFrom(cluster)).toEqual(['mcr.microsoft.com']);
    expect(await poolOf(cluster)).toEqual(before);
  });
});

describe('the ladder', () => {
  it('comes to the temporary pool where AKS leaves changed pools as they are', async () => {
    await moves({ poolSettingReimages: 'never' });
    const cluster = await existingCluster(harness, 'ladder-never');
    const writes = await writesSince(harness, cluster);
    const report = await verified(harness.client.reimageNodePools({ cluster, agentPools: work }));
    expect([howOf(report), triedOf(report)]).toEqual([
      [['work', 'replaced']],
      [
        ['upgradeNodeImageVersion', false],
        ['localDNS', false],
        ['temporaryPool', true],
      ],
    ]);
    expect(await writes()).toEqual([
      'POST work/upgradeNodeImageVersion 202',
      'PUT work 200',
      'PUT work 200',
      'PUT tmpwork 201',
      'DELETE work 202',
      'PUT work 201',
      'DELETE tmpwork 202',
    ]);
  });

  inFull.it('goes on where Azure refuses a means, and says why', async () => {
    const cluster = await existingCluster(harness, 'ladder-refused');
    const answer = { status: 400, code: 'InvalidParameter', message: 'No LocalDNS here.' };
    await harness.azure.fault({ method: 'PUT', path: `${agentPoolId(clusterId(cluster), 'work')}$`, answer });
    const report = await verified(harness.client.reimageNodePools({ cluster, agentPools: work }));
    expect(howOf(report)).toEqual([['work', 'replaced']]);
    expect(report.reimages[0]?.tried?.[1]).toMatchObject({
      by: 'localDNS',
      seen: expect.stringMatching(/No LocalDNS/),
    });
  });

  it('goes on where Azure refuses a reimage for want of a newer image, and says so', async () => {
    const cluster = await existingCluster(harness, 'ladder-newest');
    const answer = { status: 400, code: 'NoUpgradeNeeded', message: 'The pool has the latest node image already.' };
    const path = `${agentPoolId(clusterId(cluster), 'work')}/upgradeNodeImageVersion$`;
    await harness.azure.fault({ method: 'POST', path, answer });
    const report = await verified(harness.client.isolateCluster({ cluster, ...managed }));
    expect(report.reimages[0]).toMatchObject({
      how: 'settingChanged',
      tried: [{ by: 'upgradeNodeImageVersion', seen: `${answer.code}: ${answer.message}` }, { by: 'localDNS' }],
    });
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({ outboundType: 'none' });
  });

  inFull.it('upgrades to the patch of the control plane where the input names that', async () => {
    const cluster = await existingCluster(harness, 'ladder-patch');
    await updateByHand(harness.azure, cluster, (properties) => {
      const pools = properties.agentPoolProfiles as Record<string, unknown>[];
      for (const pool of pools) pool.orchestratorVersion = '1.34.5';
      properties.kubernetesVersion = '1.34.6';
    });
    const { currentOrchestratorVersion: before } = await poolOf(cluster);
    const given = { cluster, agentPools: work, reimage: { ladder: ['patchUpgrade' as const] } };
    if (before === '1.34.6') await changesByHand(cluster, { orchestratorVersion: '1.34.5' });
    expect(howOf(await verified(harness.client.reimageNodePools(given)))).toEqual([['work', 'upgraded']]);
    expect(await poolOf(cluster)).toMatchObject({ currentOrchestratorVersion: '1.34.6' });
  });

  it('takes the word of Azure for a pool that was made anew where nobody may look', async () => {
    const cluster = await existingCluster(harness, 'ladder-blind');
    await updateByHand(harness.azure, cluster, (properties) => {
      properties.apiServerAccessProfile = { ...(properties.apiServerAccessProfile as object), disableRunCommand: true };
    });
    const given = { cluster, ...managed, probes: 'ifAllowed' as const };
    const report = await verified(harness.client.isolateCluster(given));
    expect(report.checks.find(({ id }) => id === 'pulls:work')).toMatchObject({
      ok: true,
      unproven: expect.stringContaining('RunCommandDisabled'),
    });
    expect(report.reimages.map(({ how, evidence }) => [how, evidence])).toEqual([
      ['replaced', 'madeAnew'],
      ['replaced', 'madeAnew'],
    ]);
    expect(report.unproven.join()).toMatch(/work was reimaged/);
    expect(await imagesFrom(cluster)).toEqual([expect.stringMatching(/azurecr\.io$/)]);
    const writes = await writesSince(harness, cluster);
    await verified(harness.client.isolateCluster(given));
    expect(await writes()).toEqual([]);
  });

  inFull.it('disables LocalDNS where a profile that is left out stays', async () => {
    await moves({ localDNSLeftOut: 'stays' });
    const cluster = await existingCluster(harness, 'ladder-stays');
    await verified(harness.client.reimageNodePools({ cluster, agentPools: work }));
    expect(await poolOf(cluster)).toMatchObject({ localDNSProfile: { mode: 'Disabled' } });
  });

  it('puts back the mode that a run which was terminated has left', async () => {
    const cluster = await existingCluster(harness, 'ladder-left');
    const before = await poolOf(cluster);
    await changesByHand(cluster, { localDNSProfile: { mode: 'Preferred' }, tags: { [formerLocalDnsTag]: 'none' } });
    const writes = await writesSince(harness, cluster);
    const report = await verified(
      harness.client.reimageNodePools({ cluster, agentPools: work, reimage: { whenNotReimaged: 'fail' } }),
    );
    expect([howOf(report), await writes()]).toEqual([[['work', 'settingChanged']], ['PUT work 200']]);
    expect(await poolOf(cluster)).toEqual(before);
  });
});

describe('a run that fails', () => {
  it('is taken back by the ladder, too', async () => {
    const cluster = await existingCluster(harness, 'ladder-undo');
    const before = await poolOf(cluster);
    const answer = { status: 400, code: 'InvalidParameter', message: 'No.' };
    // The first update is that of the bootstrap profile, the second one cuts egress.
    await harness.azure.fault({ method: 'PUT', path: `${clusterId(cluster)}$`, after: 1, answer });
    const { failure } = await failureDetailsOf((await harness.client.isolateCluster({ cluster, ...managed })).result());
    expect(failure.message).toMatch(/Everything that this run had changed was taken back/);
    expect(await isolationOf(harness.azure, cluster)).toMatchObject({
      outboundType: 'loadBalancer',
      artifactSource: 'Direct',
    });
    expect(await imagesFrom(cluster)).toEqual(['mcr.microsoft.com']);
    expect(await poolOf(cluster)).toEqual(before);
  });

  it('names a pool whose mode could not be put back', async () => {
    const cluster = await existingCluster(harness, 'ladder-stuck');
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No.' };
    const path = `${agentPoolId(clusterId(cluster), 'work')}$`;
    const end = await harness.azure.fault({ method: 'PUT', path, after: 1, times: 1_000, answer });
    const run = await harness.client.reimageNodePools({ cluster, agentPools: work });
    const { details } = await failureDetailsOf(run.result());
    await end();
    expect(details.leftovers).toMatchObject([
      { why: expect.stringMatching(/LocalDNS mode is Preferred, and was not set/) },
    ]);
    await verified(harness.client.reimageNodePools({ cluster, agentPools: work }));
    expect(Object.keys(await poolOf(cluster))).not.toContain('localDNSProfile');
  });
});
