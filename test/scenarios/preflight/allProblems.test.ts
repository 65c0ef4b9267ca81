import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { failureOf, type Harness, problemsOf, startHarness } from '../../support/harness.ts';
import { ownRegistryIds, stateAround } from '../../support/ownRegistry.ts';
import { ownRegistryInput, verifiedCreation } from '../ownRegistry.ts';
import {
  aksDelegation,
  endpointBody,
  linkBody,
  location,
  lockBody,
  lockId,
  networkBody,
  nodeGroup,
  pools,
  productWrites,
  ruleBody,
  setupOf,
  subnetBody,
  withVnetIntegration,
} from './support.ts';

describe('createCluster with a registry of its own', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  it('says all problems at once', async () => {
    const { azure, client } = harness;
    const ids = ownRegistryIds('many');
    const { make } = setupOf(azure, ids);
    await make('nodeSubnet', subnetBody('192.168.1.0/24', aksDelegation));
    await make('registry', { location, sku: { name: 'Premium' } });
    await azure.put(`${ids.registry}/cacheRules/my-own`, ruleBody('mcr.microsoft.com/*', '*'));
    await make('privateEndpoint', endpointBody(ids.registrySubnet, ids.registry, true));
    await azure.put(`${ids.vnet}-other`, networkBody(['172.16.0.0/16']));
    await make('link', linkBody(`${ids.vnet}-other`));
    await azure.put(nodeGroup(ids), { location });
    await azure.put(lockId(ids.registry), lockBody('ReadOnly'));
    const before = await stateAround(azure, 'many');

    const given = ownRegistryInput('many', {
      ...pools({ vmSize: 'Standard_D4x_v9' }),
      ...withVnetIntegration,
      kubernetesVersion: '1.29',
      network: { apiServerSubnet: { addressPrefix: '172.16.3.0/24' } },
      identity: { type: 'UserAssigned', resourceId: ids.controlPlane },
      kubeletIdentity: { resourceId: ids.kubelet },
    });
    const run = await client.createCluster(given);
    const { problems } = await problemsOf(run.result());
    expect(problems.map(({ where }) => where).sort()).toEqual(
      [
        'kubernetesVersion',
        nodeGroup(ids),
        'identity.resourceId',
        'kubeletIdentity.resourceId',
        ids.nodeSubnet,
        'network.apiServerSubnet.addressPrefix',
        `${ids.registry}/cacheRules/my-own`,
        ids.privateEndpoint,
        ids.link,
        'agentPoolProfiles[0].vmSize',
        lockId(ids.registry),
      ].sort(),
    );
    const { message } = await failureOf(run.result());
    expect(message).toMatch(/^Nothing was changed\./);
    for (const { where, problem, whatToDo } of problems) expect(message).toContain(`${where}: ${problem}. ${whatToDo}`);
    expect((await run.progress()).problems).toEqual(problems);
    expect(await stateAround(azure, 'many')).toEqual(before);
    expect(await productWrites(azure, 'many')).toEqual([]);
  });
});

describe('createCluster of a cluster that is there', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset({ roleDelaySeconds: 0, quotas: { standardDDSv5Family: 8 } });
  });
  afterAll(() => harness.close());

  it('is not stopped by what its own nodes have taken', async () => {
    const { azure } = harness;
    const ids = ownRegistryIds('there');
    const given = ownRegistryInput('there', {
      ...pools({ count: 2, maxPods: 18, vmSize: 'Standard_D2ds_v5' }),
      network: { nodeSubnet: { addressPrefix: '192.168.1.0/26' } },
    });
    await verifiedCreation(harness, given);
    // Stands for the addresses of nodes and pods.
    await azure.put(`${ids.privateEndpoint}-more`, endpointBody(ids.nodeSubnet, ids.registry));
    const before = await stateAround(azure, 'there');
    const { steps } = await verifiedCreation(harness, given);
    expect([...new Set(steps.map(({ state }) => state))]).toEqual(['unchanged']);
    expect(await stateAround(azure, 'there')).toEqual(before);
  });
});
