import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { group, location, type Started, start, versioned, wireCluster } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.put(group('rg'), { location });
});
afterAll(() => azure.simulator.close());

const id = (name: string) => `${group('rg')}/providers/Microsoft.ContainerService/managedClusters/${name}`;
const address = `${group('rg')}/providers/Microsoft.Network/publicIPAddresses/mine`;

/** A cluster whose owner has set what can be set. */
const rich = wireCluster(
  {
    networkProfile: {
      networkPlugin: 'azure',
      networkPolicy: 'calico',
      outboundType: 'loadBalancer',
      loadBalancerProfile: { outboundIPs: { publicIPs: [{ id: address }] }, idleTimeoutInMinutes: 60 },
    },
    apiServerAccessProfile: { authorizedIPRanges: ['203.0.113.0/24'], disableRunCommand: true },
    addonProfiles: { azurepolicy: { enabled: true }, omsagent: { enabled: true, config: { workspace: 'w' } } },
    autoUpgradeProfile: { upgradeChannel: 'patch', nodeOSUpgradeChannel: 'SecurityPatch' },
    autoScalerProfile: { expander: 'priority' },
    oidcIssuerProfile: { enabled: true },
    workloadAutoScalerProfile: { keda: { enabled: true } },
    nodeResourceGroupProfile: { restrictionLevel: 'Unrestricted' },
    httpProxyConfig: { httpProxy: 'http://proxy:8080' },
    nodeDisruptionProfile: { nodeDisruptionPolicy: 'AllowDuringMaintenanceWindow' },
    disableLocalAccounts: true,
    agentPoolProfiles: [
      {
        name: 'nodepool1',
        mode: 'System',
        count: 1,
        vmSize: 'Standard_D4ds_v5',
        nodeLabels: { team: 'a' },
        nodeTaints: ['a=b:NoSchedule'],
        tags: { cost: '1' },
        enableAutoScaling: true,
        minCount: 1,
        maxCount: 5,
        upgradeSettings: { maxSurge: '2' },
      },
    ],
  },
  { tags: { owner: 'me' }, sku: { name: 'Base', tier: 'Standard' } },
);

describe('an update of a cluster', () => {
  test('that sends back what it has read changes nothing', async () => {
    const before = (await azure.put(id('same'), rich)).body;
    expect((await azure.put(id('same'), before)).body).toEqual(before);
  });

  test('resets the settings that it leaves out, and keeps what is fixed or AKS’s', async () => {
    const before = await azure.put(id('bare'), rich);
    const bare = { location, identity: { type: 'SystemAssigned' }, properties: { dnsPrefix: 'demo' } };
    const after = await azure.put(id('bare'), bare);
    expect(after.body).not.toHaveProperty('tags');
    expect(after.body).toMatchObject({
      sku: { tier: 'Free' },
      properties: {
        disableLocalAccounts: false,
        autoUpgradeProfile: { nodeOSUpgradeChannel: 'NodeImage' },
        workloadAutoScalerProfile: {},
        networkProfile: {
          networkPolicy: 'calico',
          loadBalancerProfile: { managedOutboundIPs: { count: 1 }, backendPoolType: 'nodeIPConfiguration' },
        },
        oidcIssuerProfile: { enabled: true },
        // https://github.com/Azure/AKS/issues/2904
        addonProfiles: { azurepolicy: { enabled: true }, omsagent: { enabled: true } },
      },
    });
    for (const lost of [
      'apiServerAccessProfile',
      'autoScalerProfile',
      'httpProxyConfig',
      'networkProfile.loadBalancerProfile.outboundIPs',
      'networkProfile.loadBalancerProfile.idleTimeoutInMinutes',
    ])
      expect(after.at(`properties.${lost}`)).toBeUndefined();
    for (const kept of [
      'resourceUID',
      'fqdn',
      'nodeResourceGroup',
      'kubernetesVersion',
      'identityProfile',
      'bootstrapProfile',
      'nodeDisruptionProfile',
    ])
      expect(after.at(`properties.${kept}`)).toEqual(before.at(`properties.${kept}`));
  });

  test('resets the settings of a pool that it leaves out', async () => {
    await azure.put(id('pools'), rich);
    const pool = `${id('pools')}/agentPools/nodepool1`;
    const after = (await azure.put(pool, { properties: { mode: 'System', count: 1 } })).at('properties');
    expect(after).toMatchObject({
      vmSize: 'Standard_D4ds_v5',
      enableAutoScaling: false,
      upgradeSettings: { maxSurge: '10%' },
    });
    for (const lost of ['nodeLabels', 'nodeTaints', 'tags', 'minCount', 'maxCount'])
      expect(after).not.toHaveProperty(lost);
  });
});

describe('what an owner has set', () => {
  test('is shown: add-ons, own outbound addresses, ranges that may reach the API server', async () => {
    const { body } = await azure.put(id('shown'), rich);
    expect(body).toMatchObject({
      properties: {
        addonProfiles: { omsagent: { enabled: true, config: { workspace: 'w' } } },
        apiServerAccessProfile: { authorizedIPRanges: ['203.0.113.0/24'], disableRunCommand: true },
        networkProfile: {
          loadBalancerProfile: {
            outboundIPs: { publicIPs: [{ id: address }] },
            effectiveOutboundIPs: [{ id: address }],
            idleTimeoutInMinutes: 60,
          },
        },
      },
    });
  });

  test('as authorized ranges does not go with a private cluster', async () => {
    const access = { authorizedIPRanges: ['203.0.113.0/24'], enablePrivateCluster: true };
    const answer = await azure.send('PUT', versioned(id('private')), wireCluster({ apiServerAccessProfile: access }));
    expect(answer).toMatchObject({ status: 400, body: { code: 'InvalidParameter' } });
  });

  test('as spot nodes is shown with their price', async () => {
    await azure.put(id('spot'), wireCluster());
    const spot = { scaleSetPriority: 'Spot', scaleSetEvictionPolicy: 'Delete', spotMaxPrice: 0.05 };
    const pool = `${id('spot')}/agentPools/spot`;
    const made = await azure.put(pool, { properties: { ...spot, count: 1, mode: 'User' } });
    expect(made.at('properties')).toMatchObject(spot);
  });
});
