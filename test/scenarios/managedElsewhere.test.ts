import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreateClusterInput, VerificationReport } from '../../contract/index.ts';
import { failureDetailsOf, type Harness, startHarness } from '../support/harness.ts';
import { existingCluster, verified } from './existingCluster.ts';
import { manyClusters, ownRegistryInput, verifiedCreation } from './ownRegistry.ts';

const hub = '22222222-2222-2222-2222-222222222222';
const group = `/subscriptions/${hub}/resourceGroups/rg-hub`;
const zone = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
const registry = { mode: 'bringYourOwn', privateDns: 'managedElsewhere' } as const;

/** A landing zone: policies write the records of each endpoint into the hub's zone, and link each network to it. */
describe("names that a landing zone's policies manage", () => {
  let harness: Harness;
  const put = (policies: object[]) => harness.azure.send('PUT', '/simulator/policies', policies);
  beforeAll(async () => {
    harness = await startHarness();
    const { azure } = harness;
    await azure.reset(manyClusters);
    await azure.put(group, { location: 'westeurope' });
    await azure.put(zone, { location: 'global' });
    const records = { privateDnsZoneConfigs: [{ name: 'registry', properties: { privateDnsZoneId: zone } }] };
    const link = { virtualNetwork: { id: '{id}' }, registrationEnabled: false };
    const deploys = (path: string, body: object) => ({ effect: 'deployIfNotExists', deploys: [{ path, body }] });
    const { status } = await put([
      {
        name: 'records',
        type: 'Microsoft.Network/privateEndpoints',
        does: deploys('{id}/privateDnsZoneGroups/byPolicy', { properties: records }),
      },
      {
        name: 'links',
        type: 'Microsoft.Network/virtualNetworks',
        resource: 'vnet$|network',
        does: deploys(`${zone}/virtualNetworkLinks/{name}`, { location: 'global', properties: link }),
      },
    ]);
    expect(status).toBe(204);
  });
  afterAll(() => harness.close());

  const dnsSteps = ({ steps }: VerificationReport) =>
    steps.filter(({ kind }) => ['privateDnsZone', 'zoneLink', 'record'].includes(kind));
  const written = async (name: string) => {
    const all = await harness.azure.writes(new RegExp(`rg-${name}/.*privateDnsZones`, 'i'));
    return all.filter((write) => !/MC_|private\.\w+\.azmk8s/i.test(write));
  };

  it('are enough for a new cluster: no zone, link or record is made, and the nodes prove them', async () => {
    const given: CreateClusterInput = ownRegistryInput('elsewhere', { registry });
    const report = await verifiedCreation(harness, given);
    expect(dnsSteps(report)).toEqual([]);
    expect(await written('elsewhere')).toEqual([]);
    expect(report.checks.find(({ id }) => id === 'pulls:nodepool1')).toMatchObject({ verdict: 'met' });
    const { cluster } = given;
    const audit = await (await harness.client.auditCluster({ cluster, privateDns: 'managedElsewhere' })).result();
    expect(audit).toMatchObject({ isolated: true });
  });

  it('are enough for a cluster that is there', async () => {
    const cluster = await existingCluster(harness, 'isolate-elsewhere', { ownNetwork: true });
    const report = await verified(harness.client.isolateCluster({ cluster, registry }));
    expect(dnsSteps(report)).toEqual([]);
    expect(await written('isolate-elsewhere')).toEqual([]);
    expect(await verified(harness.client.isolateCluster({ cluster, registry }))).toMatchObject({ nothingToDo: true });
    const found = await harness.azure.state();
    const records = Object.keys(found).filter((id) => id.toLowerCase().startsWith(`${zone}/a/`.toLowerCase()));
    expect(records.some((id) => /isolateelsewhere/.test(id))).toBe(true);
  });

  it('that nobody manages stop the run before egress is cut, and everything is taken back', async () => {
    const cluster = await existingCluster(harness, 'isolate-nowhere', { ownNetwork: true });
    await put([]);
    const before = await harness.azure.state();
    const run = await harness.client.isolateCluster({ cluster, registry });
    const { failure } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/taken back/);
    const after = await harness.azure.state();
    const outbound = (state: typeof before) =>
      Object.entries(state)
        .filter(([id]) => /managedclusters\/isolate-nowhere$/i.test(id))
        .map(
          ([, { properties }]) =>
            (properties as { networkProfile: { outboundType: string } }).networkProfile.outboundType,
        );
    expect(outbound(after)).toEqual(outbound(before));
  });
});
