import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  assign,
  onOwnRegistry,
  ownRegistryIds,
  type Preparation,
  prepareOwnRegistry,
} from '../../support/ownRegistry.ts';
import { group, location, type Started, start, version, wireCluster } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.send('POST', '/simulator/reset', { roleDelaySeconds: 0 });
});
afterAll(() => azure.simulator.close());

const cluster = (name: string) => `${ownRegistryIds(name).cluster}?${version}`;

function create(rg: string, { properties, identity }: ReturnType<typeof onOwnRegistry>) {
  return azure.send('PUT', cluster(rg), wireCluster(properties, { identity }));
}

describe("a cluster with a registry of its own, of whose prerequisites one is missing, fails late like Azure's", () => {
  test.each<[Preparation, string, RegExp]>([
    ['privateEndpoint', 'VMExtensionProvisioningError', /exit status=211.*on the internet: .* has no way out/],
    ['link', 'VMExtensionProvisioningError', /exit status=211.*on the internet/],
    ['registryRecord', 'VMExtensionProvisioningError', /exit status=211: .*azurecr.io does not resolve/],
    ['dataRecord', 'VMExtensionProvisioningError', /exit status=211: .*\.data\.azurecr.io does not resolve/],
    ['cacheRule', 'VMExtensionProvisioningError', /exit status=211.*no cache rule/],
    ['acrPull', 'VMExtensionProvisioningError', /exit status=212/],
    ['networkContributor', 'LinkedAuthorizationFailed', /subnets\/join\/action/],
  ])('%s', async (part, code, message) => {
    const rg = part.toLowerCase();
    const created = await create(rg, onOwnRegistry(await prepareOwnRegistry(azure, rg, [part])));
    expect(created.status).toBe(201);
    expect((await azure.answerAtEnd(created)).body).toMatchObject({
      status: 'Failed',
      error: { code, message: expect.stringMatching(message) },
    });
    expect((await azure.send('GET', cluster(rg))).at('properties.provisioningState')).toBe('Failed');
  });
});

test('without permission to assign the kubelet identity the PUT itself is refused', async () => {
  const prepared = await prepareOwnRegistry(azure, 'operator', ['managedIdentityOperator']);
  expect(await create('operator', onOwnRegistry(prepared))).toMatchObject({
    status: 400,
    body: { code: 'CustomKubeletIdentityMissingPermissionError' },
  });
});

test('the zone of the managed registry cannot be beside another of its name', async () => {
  const prepared = await prepareOwnRegistry(azure, 'twozones');
  const { properties, identity } = onOwnRegistry(prepared);
  const managed = { ...properties, bootstrapProfile: { artifactSource: 'Cache' } };
  const created = await azure.send('PUT', cluster('twozones'), wireCluster(managed, { identity }));
  expect((await azure.answerAtEnd(created)).at('error')).toMatchObject({
    code: 'CreateOrUpdateVirtualNetworkLinkFailed',
    message: expect.stringContaining('/privateDnsZones/privatelink.azurecr.io'),
  });
});

test('the rule that nodes of the preview look for is the wrong one today', async () => {
  const prepared = await prepareOwnRegistry(azure, 'wrongrule', ['cacheRule']);
  await azure.put(prepared.cacheRule, {
    properties: { sourceRepository: 'mcr.microsoft.com/*', targetRepository: '*' },
  });
  const end = await azure.answerAtEnd(await create('wrongrule', onOwnRegistry(prepared)));
  expect(end.at('error.message')).toMatch(/exit status=211/);
});

test('anonymous pull makes AcrPull unnecessary, repository permissions make it worthless', async () => {
  const anonymous = await prepareOwnRegistry(azure, 'anonymous', ['acrPull']);
  await azure.put(anonymous.registry, { properties: { anonymousPullEnabled: true } }, 'PATCH');
  expect((await azure.answerAtEnd(await create('anonymous', onOwnRegistry(anonymous)))).at('status')).toBe('Succeeded');
  const repository = await prepareOwnRegistry(azure, 'repository');
  const mode = { roleAssignmentMode: 'AbacRepositoryPermissions' };
  await azure.put(repository.registry, { properties: mode }, 'PATCH');
  const end = await azure.answerAtEnd(await create('repository', onOwnRegistry(repository)));
  expect(end.at('error.message')).toMatch(/exit status=212/);
});

test('the vCPUs of surge nodes count against the quota', async () => {
  const quota = await start();
  try {
    // A node and a surge node of four vCPUs each.
    await quota.send('POST', '/simulator/reset', { roleDelaySeconds: 0, quotas: { standardDDSv5Family: 7 } });
    await quota.put(ownRegistryIds('quota').group, { location });
    expect(await quota.send('PUT', cluster('quota'), wireCluster())).toMatchObject({
      status: 400,
      body: { code: 'ErrCode_InsufficientVCPUQuota', message: expect.stringContaining('requested 8, remaining 7') },
    });
    const usages = `/subscriptions/${group('x').split('/')[2]}/providers/Microsoft.Compute/locations/${location}/usages`;
    const { body } = await quota.send('GET', `${usages}?api-version=2025-04-01`);
    expect(body).toMatchObject({
      value: expect.arrayContaining([
        expect.objectContaining({
          limit: 7,
          currentValue: 0,
          name: expect.objectContaining({ value: 'standardDDSv5Family' }),
        }),
      ]),
    });
  } finally {
    await quota.simulator.close();
  }
});

test('a role takes effect only after a delay', async () => {
  const own = await start();
  try {
    await own.send('POST', '/simulator/reset', { roleDelaySeconds: 60 });
    const prepared = await prepareOwnRegistry(own, 'late', ['managedIdentityOperator']);
    const principal = await own.send('GET', `${prepared.controlPlane}?api-version=2024-11-30`);
    const assigned = await assign(
      own,
      prepared.kubelet,
      'managedIdentityOperator',
      principal.at('properties.principalId'),
    );
    expect(assigned.status).toBe(201);
    const { properties, identity } = onOwnRegistry(prepared);
    const attempt = () => own.send('PUT', cluster('late'), wireCluster(properties, { identity }));
    expect((await attempt()).at('code')).toBe('CustomKubeletIdentityMissingPermissionError');
    const effective = Date.parse(String(assigned.at('properties.createdOn'))) + 60_000;
    // A refused client waits for it.
    expect(own.simulator.clock.now()).toBe(effective);
    expect((await attempt()).status).toBe(201);
  } finally {
    await own.simulator.close();
  }
});
