import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AuditReport, searchAttributes } from '../../contract/index.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { input } from '../support/azure.ts';
import { failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { type OwnRegistryIds, ownRegistryIds } from '../support/ownRegistry.ts';
import { sampled } from '../support/sampled.ts';
import { existingCluster, reference, updateByHand } from './existingCluster.ts';
import { verifiedCreation as created, manyClusters, ownRegistryInput } from './ownRegistry.ts';

type Changes = (azure: Harness['azure'], ids: OwnRegistryIds, cluster: ClusterReference) => Promise<unknown>;

describe('auditCluster', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  const audit = async (name: string, more: object = {}): Promise<AuditReport> =>
    (await harness.client.auditCluster({ cluster: reference(name), ...more })).result();
  const missed = ({ checks }: AuditReport): string[] => checks.filter(({ ok }) => !ok).map(({ id }) => id);

  it('finds every requirement met, writes nothing, and says so in a search attribute', async () => {
    await created(harness, ownRegistryInput('audit-isolated'));
    const before = await harness.azure.writes(/audit-isolated/);
    const run = await harness.client.auditCluster({ cluster: reference('audit-isolated') });
    const report = await run.result();
    expect(missed(report)).toEqual([]);
    expect(report).toMatchObject({ outcome: 'audited', isolated: true });
    expect(report.checks.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        'outboundType',
        'artifactSource',
        'registryCacheRule',
        'registryEndpoint',
        'zoneLink',
        'pullRole',
        'boots:nodepool1',
        'pulls:nodepool1',
        'publicAddresses',
        'defaultOutboundAccess:aks-subnet',
        'egress',
      ]),
    );
    expect(await harness.azure.writes(/audit-isolated/)).toEqual(before);
    const { typedSearchAttributes } = await harness.temporal.workflow.getHandle(run.workflowId).describe();
    expect(typedSearchAttributes.get(searchAttributes.isolation)).toBe('Isolated');
  });

  it('finds every requirement met with a registry that AKS manages', async () => {
    await (await harness.client.createCluster(input('audit-managed'))).result();
    expect(missed(await audit('audit-managed'))).toEqual([]);
  });

  it('finds an ordinary cluster to be none', async () => {
    await existingCluster(harness, 'audit-ordinary');
    const report = await audit('audit-ordinary');
    expect(report.isolated).toBe(false);
    expect(missed(report)).toEqual(
      expect.arrayContaining(['outboundType', 'artifactSource', 'egress', 'publicAddresses']),
    );
  });

  it.each(
    sampled<[string, string, string[], Changes]>(
      [
        [
          'public access to the registry',
          'audit-access',
          ['registryAccess'],
          (azure, ids) => azure.put(ids.registry, { properties: { publicNetworkAccess: 'Enabled' } }, 'PATCH'),
        ],
        [
          'a record that is gone',
          'audit-record',
          ['record:', 'pulls:nodepool1'],
          (azure, ids) => azure.remove(ids.registryRecord),
        ],
        [
          'default outbound access of the nodes’ subnet',
          'audit-subnet',
          ['defaultOutboundAccess:aks-subnet', 'egress'],
          (azure, ids) =>
            azure.put(ids.nodeSubnet, { properties: { addressPrefix: '192.168.1.0/24', defaultOutboundAccess: true } }),
        ],
        [
          'an endpoint that is gone',
          'audit-endpoint',
          ['registryEndpoint', 'pulls:nodepool1'],
          (azure, ids) => azure.remove(ids.privateEndpoint),
        ],
        [
          'egress by a load balancer',
          'audit-balancer',
          ['outboundType', 'publicAddresses', 'egress'],
          (azure, _ids, cluster) =>
            updateByHand(azure, cluster, (properties) => {
              properties.networkProfile = { ...(properties.networkProfile as object), outboundType: 'loadBalancer' };
            }),
        ],
      ],
      2,
    ),
  )('finds %s', async (_what, name, expected, change) => {
    await created(harness, ownRegistryInput(name));
    await change(harness.azure, ownRegistryIds(name), reference(name));
    const found = missed(await audit(name));
    for (const id of expected) expect(found).toEqual(expect.arrayContaining([expect.stringContaining(id)]));
  });

  it('takes what it could not look at for no proof, and for drift if told so', async () => {
    await created(harness, ownRegistryInput('audit-blind'));
    await updateByHand(harness.azure, reference('audit-blind'), (properties) => {
      properties.apiServerAccessProfile = { ...(properties.apiServerAccessProfile as object), disableRunCommand: true };
    });
    const verdict = async ({ workflowId }: { workflowId: string }) =>
      (await harness.temporal.workflow.getHandle(workflowId).describe()).typedSearchAttributes.get(
        searchAttributes.isolation,
      );
    const run = await harness.client.auditCluster({ cluster: reference('audit-blind') });
    const report = await run.result();
    expect(report).toMatchObject({
      isolated: false,
      unproven: expect.arrayContaining([expect.stringContaining('Egress from inside the cluster: RunCommandDisabled')]),
    });
    expect(missed(report)).toEqual([]);
    expect(await verdict(run)).toBe('Unproven');
    expect(report.checks.filter(({ unproven }) => unproven !== undefined).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['egress', 'boots:nodepool1', 'pulls:nodepool1']),
    );
    expect(missed(await audit('audit-blind', { probes: 'required' }))).toContain('egress');
    const without = await audit('audit-blind', { probes: 'none' });
    expect(without).toMatchObject({ isolated: true, unproven: [expect.stringContaining('asks to run nothing')] });
    expect(without.checks.map(({ id }) => id)).not.toContain('egress');
  });

  it('refuses a cluster that is not there, which has drifted from nothing', async () => {
    const { type, problems } = await problemsOf(audit('audit-absent'));
    expect(type).toBe('PreflightFailed');
    expect(problems).toMatchObject([
      { where: clusterId(reference('audit-absent')), problem: expect.stringMatching(/^ClusterNotFound: /) },
    ]);
  });

  it('fails if it is told so, and says first what has drifted', async () => {
    await existingCluster(harness, 'audit-told');
    const run = await harness.client.auditCluster({ cluster: reference('audit-told'), failOnDrift: true });
    const failure = await failureOf(run.result());
    expect(failure).toMatchObject({ type: 'DriftFound', message: expect.stringMatching(/^Drifted\nOutbound type: /) });
    expect(failure).toHaveProperty('details', [expect.objectContaining({ verdict: 'Drifted' })]);
    const { found } = await run.progress();
    expect(found?.slice(0, 2)).toEqual(['Drifted', expect.stringMatching(/expected none, seen loadBalancer/)]);
  });
});
