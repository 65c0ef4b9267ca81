import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DiscoveryRequest } from '../../resources/discovery.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  nothingElse,
  readBack,
  runId,
  startAzure,
  subscriptionId,
} from './support.ts';

const isolation = 'NetworkIsolatedClusterPreview';

/** Registrations are the whole subscription's, so these tests run one after the other. */
describe('looking', () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
  });
  afterAll(() => azure.close());
  beforeEach(() => azure.reset());

  const request = (name: string, changes: Partial<DiscoveryRequest> = {}): DiscoveryRequest => ({
    cluster: { subscriptionId, resourceGroup: `rg-${name}`, name },
    location: 'westeurope',
    nodeResourceGroup: `MC_rg-${name}_${name}_westeurope`,
    providers: ['Microsoft.ContainerService'],
    features: [isolation],
    infrastructure: nothingElse,
    allowances: { subscriptionId, location: 'westeurope', scopes: [], vmSizes: [] },
    ...changes,
  });
  const discover = (given: DiscoveryRequest) => attempt().run(azure.activities.discover, given);

  it('finds that nothing is there, and leaves it so', async () => {
    await expect(discover(request('nothing'))).resolves.toEqual({
      actsAs: { applicationId: expect.any(String), objectId: expect.any(String), tenantId: expect.any(String) },
      subscription: {
        state: 'Enabled',
        tenantId: expect.any(String),
        locations: expect.arrayContaining(['westeurope']),
      },
      tenants: {},
      providers: { 'Microsoft.ContainerService': 'Registered' },
      features: { [isolation]: 'NotRegistered' },
      infrastructure: { otherLinkedZones: [], identities: {}, roles: {}, conditions: {} },
      allowances: { permissions: {}, reads: true, locks: [], vmSizes: {}, usages: expect.anything() },
      kubernetesVersions: expect.arrayContaining([
        expect.objectContaining({ version: '1.34', isDefault: true, patchVersions: ['1.34.6', '1.34.5'] }),
        {
          version: '1.33',
          isDefault: false,
          isPreview: false,
          patchVersions: ['1.33.9', '1.33.8'],
          supportPlans: ['AKSLongTermSupport'],
        },
      ]),
    });
    expect(await azure.sent('nothing')).toEqual([]);
  });

  it('finds what is there', async () => {
    const wanted = await azure.specification('there');
    await attempt().run(azure.activities.createOrUpdateCluster, wanted);
    const kubelet = await azure.createIdentity('rg-ids', 'present');
    const infrastructure = { ...nothingElse, identityIds: { kubelet } };
    await expect(discover(request('there', { infrastructure }))).resolves.toMatchObject({
      resourceGroup: { location: 'westeurope', provisioningState: 'Succeeded', tags: { 'aks-isolation-run': runId } },
      nodeResourceGroup: { location: 'westeurope' },
      infrastructure: {
        identities: {
          kubelet: { principalId: expect.stringMatching(/\w/), clientId: expect.stringMatching(/\w/) },
        },
      },
      cluster: {
        provisioningState: 'Succeeded',
        currentKubernetesVersion: '1.34.6',
        identity: { type: 'SystemAssigned' },
      },
    });
  });

  it('goes no further where the subscription is missing', async () => {
    const cluster = { subscriptionId: '99999999-9999-9999-9999-999999999999', resourceGroup: 'rg', name: 'c' };
    await expect(discover(request('c', { cluster }))).resolves.toMatchObject({
      providers: {},
      features: {},
      kubernetesVersions: [],
    });
    const asked = (await azure.recorded()).filter(({ url }) => url.includes(cluster.subscriptionId));
    expect(asked).toHaveLength(1);
  });

  it('tells what nobody registered, and what Azure no longer knows', async () => {
    await azure.reset({
      providers: { 'Microsoft.ContainerService': 'NotRegistered' },
      features: { [`Microsoft.ContainerService/${isolation}`]: 'Pending' },
    });
    await expect(discover(request('states', { features: [isolation, 'Retired'] }))).resolves.toMatchObject({
      providers: { 'Microsoft.ContainerService': 'NotRegistered' },
      features: { [isolation]: 'Pending', Retired: 'NotFound' },
    });
  });

  it('fails where it may not look', async () => {
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'The client has no authorization.' };
    await azure.createGroup('rg-secret');
    await azure.fault({ method: 'GET', path: 'managedClusters/secret$', answer });
    expect(await activityFailure(discover(request('secret')))).toMatchObject({
      type: 'AuthorizationFailed',
      nonRetryable: true,
      details: {
        resourceId: expect.stringMatching(/managedClusters\/secret$/),
        whatToDo: expect.stringContaining('role'),
      },
    });
  });

  it('reads back the cluster, its registry and what is beside it', async () => {
    const wanted = await azure.specification('read-back');
    await attempt().run(azure.activities.createOrUpdateCluster, wanted);
    await expect(readBack(azure, wanted.cluster)).resolves.toMatchObject({
      cluster: { provisioningState: 'Succeeded' },
      registry: {
        publicNetworkAccess: 'Disabled',
        privateEndpoints: [{ status: 'Approved' }],
        cacheRules: [{ sourceRepository: 'mcr.microsoft.com/*' }],
      },
      nodeResourceTypes: expect.arrayContaining(['microsoft.network/privatednszones']),
    });
  });
});

describe('registrations and groups', () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
  });
  afterAll(() => azure.close());

  /** Tries as the retry policy would, without its delays. */
  const untilRegistered = async (ask: () => Promise<unknown>): Promise<void> => {
    for (;;) {
      const failure = await activityFailure(ask()).catch(() => undefined);
      if (!failure) return;
      expect(failure).toMatchObject({
        type: 'NotYetRegistered',
        message: expect.stringMatching(/^Registering /),
        nonRetryable: false,
      });
    }
  };
  const feature = { subscriptionId, feature: isolation };
  const provider = { subscriptionId, namespace: 'Microsoft.ContainerService' };

  it('a feature is waited for until it is registered', async () => {
    await attempt().run(azure.activities.registerFeature, feature);
    await untilRegistered(() => attempt().run(azure.activities.awaitFeature, feature));
    await attempt().run(azure.activities.awaitFeature, feature);
  });

  it('a provider is waited for until it is registered, though it was before', async () => {
    await attempt().run(azure.activities.awaitProvider, provider);
    await attempt().run(azure.activities.registerProvider, provider);
    await untilRegistered(() => attempt().run(azure.activities.awaitProvider, provider));
    await attempt().run(azure.activities.awaitProvider, provider);
  });

  it.each([
    ['NotRegistered', /12 to 20 hours/],
    ['Pending', /Azure support/],
  ] as const)('says what to do about a feature that stays %s', async (state, whatToDo) => {
    await azure.reset({ features: { [`Microsoft.ContainerService/${isolation}`]: state } });
    expect(await activityFailure(attempt().run(azure.activities.awaitFeature, feature))).toMatchObject({
      type: 'NotYetRegistered',
      message: expect.stringContaining(state),
      details: { resourceId: expect.stringContaining(isolation), whatToDo: expect.stringMatching(whatToDo) },
    });
  });

  it('a feature that Azure no longer knows cannot be registered', async () => {
    const retired = { subscriptionId, feature: 'Retired' };
    expect(await activityFailure(attempt().run(azure.activities.registerFeature, retired))).toMatchObject({
      type: 'FeatureNotFound',
      nonRetryable: true,
    });
  });

  it('a resource group is created, and left as it is by the next attempt', async () => {
    const group = { subscriptionId, name: 'rg-twice', location: 'westeurope', tags: { team: 'a' } };
    await attempt().run(azure.activities.createResourceGroup, group);
    await attempt(2).run(azure.activities.createResourceGroup, group);
    expect(await azure.sent('rg-twice')).toEqual(['PUT 201']);
  });

  it('a resource group stays in its region', async () => {
    const group = { subscriptionId, name: 'rg-moved', location: 'westeurope', tags: {} };
    await attempt().run(azure.activities.createResourceGroup, group);
    const moved = { ...group, location: 'swedencentral' };
    expect(await activityFailure(attempt().run(azure.activities.createResourceGroup, moved))).toMatchObject({
      type: 'ReadBackMismatch',
      message: expect.stringContaining('Asked for location swedencentral, got westeurope'),
      nonRetryable: true,
    });
  });
});
