import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreateClusterInput, VerificationReport } from '../../contract/index.ts';
import type { StoredResource } from '../support/arm.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import {
  makeByHand,
  type OwnRegistryIds,
  type OwnRegistryPart,
  ownRegistryIds,
  parts,
  roles,
  stateAround,
  stepIdOf,
} from '../support/ownRegistry.ts';
import { sampled } from '../support/sampled.ts';
import { waitUntil } from './existingCluster.ts';
import { manyClusters, ownRegistryInput, raceForPullRole, verifiedCreation, writesByResource } from './ownRegistry.ts';

/** Names and ranges where they are not the guide's. */
interface Expected {
  ids: OwnRegistryIds;
  addressPrefixes: string[];
  nodes: string;
  endpoints: string;
  apiServer?: string;
  /** Addresses of the data endpoint, then of the registry. */
  addresses: string[];
  connectionName: string;
  ruleName: string;
  ruleTarget: string;
  anonymousPull: boolean;
}

const byDefault = (name: string): Expected => ({
  ids: ownRegistryIds(name),
  addressPrefixes: ['192.168.0.0/16'],
  nodes: '192.168.1.0/24',
  endpoints: '192.168.2.0/24',
  addresses: ['192.168.2.4', '192.168.2.5'],
  connectionName: 'myConnection',
  ruleName: 'aks-managed-mcr',
  ruleTarget: 'aks-managed-repository/*',
  anonymousPull: false,
});

/** Everything that there is to be, property by property, and nothing else. */
async function expectState(harness: Harness, name: string, expected: Expected, report: VerificationReport) {
  const { ids, addresses, apiServer } = expected;
  const { azure } = harness;
  const state = await stateAround(azure, name);
  const at = (id: string): StoredResource => {
    const found = state[id.toLowerCase()];
    if (!found) throw new Error(`${id} is absent: ${Object.keys(state).join('\n')}`);
    return found;
  };
  const principalOf = async (id: string) => (await azure.get(id)).at('properties.principalId');
  const [controlPlane, kubelet] = [await principalOf(ids.controlPlane), await principalOf(ids.kubelet)];
  const location = 'westeurope';
  const tags = {
    'aks-isolation-workflow': `aks/${ids.cluster.split('/')[2]}/rg-${name}/${name}`,
    'aks-isolation-run': expect.any(String),
  };

  expect(at(ids.group)).toMatchObject({ location, tags });
  expect(at(ids.vnet)).toMatchObject({
    location,
    tags,
    properties: { addressSpace: { addressPrefixes: expected.addressPrefixes } },
  });
  expect(at(ids.nodeSubnet).properties).toMatchObject({
    addressPrefix: expected.nodes,
    defaultOutboundAccess: false,
    delegations: [],
  });
  expect(at(ids.registrySubnet).properties).toMatchObject({
    addressPrefix: expected.endpoints,
    privateEndpointNetworkPolicies: 'Disabled',
    delegations: [],
  });
  if (apiServer !== undefined) {
    const delegation = { properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } };
    expect(at(ids.apiServerSubnet).properties).toMatchObject({ addressPrefix: apiServer, delegations: [delegation] });
  }
  const subnets = Object.values(state).filter(({ type }) => type.endsWith('/subnets'));
  expect(subnets).toHaveLength(apiServer === undefined ? 2 : 3);

  expect(at(ids.registry)).toMatchObject({
    location,
    tags,
    sku: { name: 'Premium' },
    properties: {
      publicNetworkAccess: 'Disabled',
      anonymousPullEnabled: expected.anonymousPull,
      adminUserEnabled: false,
    },
  });
  expect(at(`${ids.registry}/cacheRules/${expected.ruleName}`).properties).toMatchObject({
    sourceRepository: 'mcr.microsoft.com/*',
    targetRepository: expected.ruleTarget,
  });
  const connection = {
    name: expected.connectionName,
    properties: {
      privateLinkServiceId: ids.registry,
      groupIds: ['registry'],
      privateLinkServiceConnectionState: { status: 'Approved' },
    },
  };
  expect(at(ids.privateEndpoint)).toMatchObject({
    location,
    tags,
    properties: {
      subnet: { id: ids.registrySubnet },
      privateLinkServiceConnections: [connection],
      manualPrivateLinkServiceConnections: [],
      customDnsConfigs: addresses.map((address) => expect.objectContaining({ ipAddresses: [address] })),
    },
  });
  expect(at(ids.zone)).toMatchObject({ location: 'global', tags });
  expect(at(ids.link)).toMatchObject({
    tags,
    properties: { registrationEnabled: false, virtualNetwork: { id: ids.vnet } },
  });
  for (const [index, record] of [ids.dataRecord, ids.registryRecord].entries()) {
    const aRecords = [{ ipv4Address: addresses[index] }];
    expect(at(record).properties).toMatchObject({ aRecords, metadata: tags });
  }

  const wanted = [
    [ids.nodeSubnet, roles.networkContributor, controlPlane],
    ...(apiServer === undefined ? [] : [[ids.apiServerSubnet, roles.networkContributor, controlPlane]]),
    [ids.kubelet, roles.managedIdentityOperator, controlPlane],
    [ids.registry, roles.acrPull, kubelet],
  ];
  const assigned = Object.values(state)
    .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
    .map(({ properties }) => properties as Record<string, string>);
  const trio = ({ scope = '', roleDefinitionId, principalId }: Record<string, string>) =>
    [scope.toLowerCase(), roleDefinitionId?.split('/').at(-1), principalId].join(' ');
  expect(assigned.map(trio).sort()).toEqual(
    wanted.map(([scope, ...rest]) => [String(scope).toLowerCase(), ...rest].join(' ')).sort(),
  );

  const cluster = at(ids.cluster) as StoredResource & { identity: { userAssignedIdentities: object } };
  expect(cluster).toMatchObject({
    tags,
    identity: { type: 'UserAssigned' },
    properties: {
      provisioningState: 'Succeeded',
      bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: ids.registry },
      networkProfile: { outboundType: 'none' },
      identityProfile: { kubeletidentity: { objectId: kubelet } },
    },
  });
  expect(cluster).toHaveProperty(
    'properties.identityProfile.kubeletidentity.resourceId',
    expect.stringMatching(new RegExp(`^${ids.kubelet}$`, 'i')),
  );
  expect(Object.keys(cluster.identity.userAssignedIdentities).map((id) => id.toLowerCase())).toEqual([
    ids.controlPlane.toLowerCase(),
  ]);
  expect(at(`${ids.cluster}/agentPools/nodepool1`)).toHaveProperty('properties.vnetSubnetID', ids.nodeSubnet);
  const { apiServerAccessProfile: access } = cluster.properties as Record<string, object>;
  if (apiServer === undefined) expect(access).not.toHaveProperty('subnetId');
  else expect(access).toMatchObject({ enableVnetIntegration: true, subnetId: ids.apiServerSubnet });

  await expectSent(harness, name, expected);

  // Every resource is promised and proven.
  const proven = report.checks.map(({ resourceId }) => resourceId.toLowerCase());
  const made = [ids.vnet, ids.nodeSubnet, ids.registrySubnet, ids.registry, ids.privateEndpoint, ids.link, ids.cluster];
  for (const id of [...made, ids.dataRecord, ids.registryRecord, ids.controlPlane, ids.kubelet]) {
    // Azure puts the name of a link into lower case.
    expect(proven).toContain(id.toLowerCase());
  }
}

/** Properties that look the same in Azure whether they are sent or not. They are sent. */
async function expectSent({ azure }: Harness, name: string, { ids, anonymousPull }: Expected): Promise<void> {
  const puts = (await azure.recorded()).filter(({ method, url }) => method === 'PUT' && url.includes(`/rg-${name}/`));
  const sentTo = (id: string) => {
    const sent = puts.find(({ url }) => new URL(url).pathname.toLowerCase() === id.toLowerCase());
    return (sent?.body as { properties?: unknown } | undefined)?.properties;
  };
  const policies = { privateEndpointNetworkPolicies: 'Disabled' };
  expect(sentTo(ids.vnet)).toMatchObject({
    subnets: expect.arrayContaining([expect.objectContaining({ properties: expect.objectContaining(policies) })]),
  });
  expect(sentTo(ids.registry)).toMatchObject({ anonymousPullEnabled: anonymousPull, adminUserEnabled: false });
  expect(sentTo(ids.link)).toMatchObject({ registrationEnabled: false });
  const assignments = puts.filter(({ url }) => url.includes('/roleAssignments/'));
  expect(assignments.length).toBeGreaterThan(2);
  for (const { body } of assignments) expect(body).toHaveProperty('properties.principalType', 'ServicePrincipal');
}

/** Requests to Azure that it refused, apart from those for what is not there. */
async function refused({ azure }: Harness, name: string): Promise<string[]> {
  const requests = (await azure.recorded()).filter(({ url }) => url.toLowerCase().includes(`/rg-${name}/`));
  expect(requests.length).toBeGreaterThan(50);
  return requests
    .filter(({ status }) => status === null || (status >= 400 && status !== 404))
    .map(({ method, url, status }) => `${method} ${new URL(url).pathname} ${status}`);
}

describe('createCluster with a registry of its own, profile current', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  it.concurrent.each(sampled(['privateLink', 'vnetIntegration'] as const, 2))(
    'makes everything with %s, and nothing once it is there',
    async (apiServerAccess) => {
      const name = `own-${apiServerAccess.toLowerCase()}`;
      const given = ownRegistryInput(name, { apiServerAccess });
      const report = await verifiedCreation(harness, given);
      const apiServer = apiServerAccess === 'vnetIntegration' ? { apiServer: '192.168.3.0/24' } : {};
      await expectState(harness, name, { ...byDefault(name), ...apiServer }, report);
      expect(await refused(harness, name)).toEqual([]);

      const state = await stateAround(harness.azure, name);
      const writesOf = async () => (await harness.azure.writes(new RegExp(`/rg-${name}/`, 'i'))).length;
      const writes = await writesOf();
      const again = await verifiedCreation(harness, given);
      expect(new Set(again.plan.steps.map(({ action }) => action))).toEqual(new Set(['none']));
      expect(again.plan.steps.length).toBeGreaterThan(report.plan.steps.length);
      expect(await writesOf()).toBe(writes);
      expect(await stateAround(harness.azure, name)).toEqual(state);
    },
  );

  it.concurrent('takes every name and range from its input', async () => {
    const name = 'named';
    const other = ownRegistryIds(name);
    const inNetwork = `${other.group}/providers/Microsoft.Network`;
    const vnet = `${inNetwork}/virtualNetworks/spoke`;
    const registry = `${other.group}/providers/Microsoft.ContainerRegistry/registries/imagesofours`;
    const identities = `${other.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
    const ids: OwnRegistryIds = {
      ...other,
      vnet,
      nodeSubnet: `${vnet}/subnets/nodes`,
      registrySubnet: `${vnet}/subnets/endpoints`,
      apiServerSubnet: `${vnet}/subnets/api`,
      registry,
      cacheRule: `${registry}/cacheRules/aks-managed-mcr`,
      privateEndpoint: `${inNetwork}/privateEndpoints/images`,
      link: `${other.zone}/virtualNetworkLinks/spoke`,
      registryRecord: `${other.zone}/A/imagesofours`,
      dataRecord: `${other.zone}/A/imagesofours.westeurope.data`,
      controlPlane: `${identities}/brain`,
      kubelet: `${identities}/hands`,
    };
    const given = ownRegistryInput(name, {
      apiServerAccess: 'vnetIntegration',
      registry: {
        mode: 'bringYourOwn',
        name: 'imagesofours',
        privateEndpoint: { name: 'images', connectionName: 'toImages' },
        privateDnsZone: { linkName: 'spoke' },
      },
      network: {
        name: 'spoke',
        addressPrefixes: ['10.8.0.0/16', '10.9.0.0/24'],
        nodeSubnet: { name: 'nodes', addressPrefix: '10.8.0.0/20' },
        registrySubnet: { name: 'endpoints', addressPrefix: '10.9.0.0/28' },
        apiServerSubnet: { name: 'api', addressPrefix: '10.9.0.16/28' },
      },
      identity: { type: 'UserAssigned', name: 'brain' },
      kubeletIdentity: { name: 'hands' },
    });
    const expected: Expected = {
      ...byDefault(name),
      ids,
      addressPrefixes: ['10.8.0.0/16', '10.9.0.0/24'],
      nodes: '10.8.0.0/20',
      endpoints: '10.9.0.0/28',
      apiServer: '10.9.0.16/28',
      addresses: ['10.9.0.4', '10.9.0.5'],
      connectionName: 'toImages',
    };
    await expectState(harness, name, expected, await verifiedCreation(harness, given));
  });

  inFull.concurrent('gives the services another range where the network has the usual one', async () => {
    const { azure } = harness;
    await verifiedCreation(
      harness,
      ownRegistryInput('ten', {
        serviceCidr: '172.20.0.0/16',
        network: {
          addressPrefixes: ['10.0.0.0/16'],
          nodeSubnet: { addressPrefix: '10.0.1.0/24' },
          registrySubnet: { addressPrefix: '10.0.2.0/24' },
        },
      }),
    );
    const cluster = await azure.get(ownRegistryIds('ten').cluster);
    expect(cluster.at('properties.networkProfile')).toMatchObject({
      serviceCidr: '172.20.0.0/16',
      dnsServiceIP: '172.20.0.10',
    });
  });

  it.concurrent('writes one after the other under a network that is there, and a record for each region of a registry', async () => {
    const { azure } = harness;
    const name = 'serial';
    const ids = ownRegistryIds(name);
    for (const part of ['vnet', 'registry'] as const) await makeByHand(azure, ids, part);
    await azure.put(`${ids.registry}/replications/swedencentral`, { location: 'swedencentral' });
    const report = await verifiedCreation(harness, ownRegistryInput(name, { apiServerAccess: 'vnetIntegration' }));
    const created = report.plan.steps.filter(({ kind }) => kind === 'subnet' || kind === 'privateEndpoint');
    expect(created.map(({ action }) => action)).toEqual(['create', 'create', 'create', 'create']);
    // A second write would be refused with AnotherOperationInProgress, or as retryable.
    const times = report.steps
      .filter(({ id }) => created.some((step) => step.id === id))
      .map(({ startedAt = '', finishedAt = '' }) => [startedAt, finishedAt])
      .sort();
    expect(times.flat()).toEqual(times.flat().sort());
    expect(await refused(harness, name)).toEqual([]);

    const records = report.plan.steps.filter(({ kind }) => kind === 'record').map(({ resourceId }) => resourceId);
    const swedish = ids.dataRecord.replace('.westeurope.', '.swedencentral.');
    expect(records.sort()).toEqual([ids.registryRecord, ids.dataRecord, swedish].sort());
    const state = await stateAround(azure, name);
    const configs = (await azure.get(ids.privateEndpoint)).at('properties.customDnsConfigs') as {
      fqdn: string;
      ipAddresses: string[];
    }[];
    expect(configs).toHaveLength(3);
    for (const { fqdn, ipAddresses } of configs) {
      const record = `${ids.zone}/A/${fqdn.replace('.azurecr.io', '')}`.toLowerCase();
      const aRecords = ipAddresses.map((ipv4Address) => ({ ipv4Address }));
      expect(state[record]?.properties).toMatchObject({ aRecords });
    }
  });

  const afterRegistry: OwnRegistryPart[] = ['registry', 'cacheRule', 'pullRole'];
  it.concurrent.each(
    sampled<[OwnRegistryPart, string, OwnRegistryPart[]]>(
      [
        ['vnet', 'w-vnet', [...afterRegistry, 'zone', 'controlPlane', 'kubelet', 'operatorRole']],
        ['registry', 'w-registry', ['vnet', 'zone', 'link', 'controlPlane', 'kubelet', 'nodeRole', 'operatorRole']],
        ['zone', 'w-zone', ['vnet', ...afterRegistry, 'privateEndpoint', 'nodeRole', 'operatorRole']],
        ['kubelet', 'w-kubelet', ['vnet', 'registry', 'zone', 'link', 'privateEndpoint', 'registryRecord', 'nodeRole']],
      ],
      4,
    ),
  )('waits for the %s with what needs it only', async (part, name, goesOn) => {
    const { azure } = harness;
    const ids = ownRegistryIds(name);
    const id = ids[part as keyof OwnRegistryIds];
    const answer = { status: 503, code: 'ServiceUnavailable', message: 'Try later', headers: { 'retry-after': '0.2' } };
    const unblock = await azure.fault({ method: 'PUT', path: `${id}$`, times: 10_000, answer });
    const run = await harness.client.createCluster(ownRegistryInput(name));
    await waitUntil(run, ({ steps }) =>
      goesOn.every((each) => steps.find((step) => step.id === stepIdOf(ids, each))?.state === 'done'),
    );
    expect((await stateAround(azure, name))[id.toLowerCase()]).toBeUndefined();
    await unblock();
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
  });

  inFull.concurrent('takes a role that somebody else assigns meanwhile', async () => {
    const run = await raceForPullRole(harness, ownRegistryInput('raced-role'));
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    const { registry } = ownRegistryIds('raced-role');
    const assignments = await harness.azure.writes(new RegExp(`${registry}/.*roleAssignments`));
    expect(assignments.map((write) => write.split(' ').at(-1))).toEqual(['201', '409']);
  });
});

describe('createCluster waits until roles take effect', () => {
  let harness: Harness;
  const roleDelaySeconds = 6000;
  /** Two hours outlast the delay, however far a jump of the simulated time goes. */
  const patient = { rolePropagationTimeoutMinutes: 120 };
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset({ roleDelaySeconds });
  });
  afterAll(() => harness.close());

  // One after the other, for time is everybody's.
  /** Everything but one role, by hand, so that next to no time goes by between the assignment and the cluster. */
  async function allBut(missing: OwnRegistryPart, name: string): Promise<CreateClusterInput> {
    for (const part of parts.filter((each) => each !== missing && !each.startsWith('apiServer'))) {
      await makeByHand(harness.azure, ownRegistryIds(name), part);
    }
    return ownRegistryInput(name, patient);
  }
  const clusterWrites = async (name: string) => {
    const { cluster } = ownRegistryIds(name);
    return (await writesByResource(harness.azure, [cluster]))[cluster.toLowerCase()] ?? [];
  };

  inFull.it('Managed Identity Operator: the request itself is refused until then', async () => {
    const name = 'late-operator';
    await verifiedCreation(harness, await allBut('operatorRole', name));
    const writes = await clusterWrites(name);
    expect(writes[0]).toBe('PUT 400');
    // The other roles were assigned before this one.
    expect(writes.at(-1)).toBe('PUT 201');
    expect(writes.filter((write) => write !== 'PUT 400')).toHaveLength(1);
  });

  inFull.it('AcrPull: the cluster is created again until then', async () => {
    const name = 'late-pull';
    const given = await allBut('pullRole', name);
    await harness.azure.simulator.clock.sleep(roleDelaySeconds * 1000);
    await verifiedCreation(harness, given);
    const writes = await clusterWrites(name);
    expect(writes[0]).toBe('PUT 201');
    expect(writes.length).toBeGreaterThan(1);
    expect(new Set(writes.slice(1))).toEqual(new Set(['PUT 200']));
  });

  it('all of them, from nothing, in a subscription that nobody has used: providers come first, each before what needs it', async () => {
    const namespaces = ['ContainerService', 'ContainerRegistry', 'Network', 'ManagedIdentity', 'Compute'];
    const providers = Object.fromEntries(namespaces.map((each) => [`Microsoft.${each}`, 'NotRegistered' as const]));
    await harness.azure.reset({ roleDelaySeconds, providers });
    const given = ownRegistryInput('late-all', { ...patient, kubernetesVersion: '1.34' });
    const { plan, steps } = await verifiedCreation(harness, given);
    expect(steps.find(({ id }) => id === 'cluster')).toMatchObject({ state: 'done' });
    expect(await clusterWrites('late-all')).toContain('PUT 201');
    const needs = (id: string) => plan.steps.find((step) => step.id === id)?.needs;
    expect(needs('registry')).toContain('provider:Microsoft.ContainerRegistry');
    expect(needs('virtualNetwork')).toContain('provider:Microsoft.Network');
    expect(needs('identity:kubelet')).toContain('provider:Microsoft.ManagedIdentity');
    expect(needs('cluster')).toContain('provider:Microsoft.Compute');
  });
});

describe('createCluster with a registry of its own, profile preview', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ edition: '2024-preview' });
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  // One after the other: feature flags belong to the subscription.
  it('follows the guide to the letter, and registers the features beside the infrastructure', async () => {
    const { azure } = harness;
    const name = 'to-the-letter';
    const given = ownRegistryInput(name, { profile: 'preview', apiServerAccess: 'vnetIntegration' });
    // The feature is not registered before everything else is there.
    const feature = 'NetworkIsolatedClusterPreview';
    const answer = { status: 503, code: 'ServiceUnavailable', message: 'Try later', headers: { 'retry-after': '0.2' } };
    const unblock = await azure.fault({ method: 'GET', path: `${feature}$`, after: 1, times: 10_000, answer });
    const run = await harness.client.createCluster(given);
    await waitUntil(run, ({ phase, steps }) => {
      const others = steps.filter(({ kind }) => !['feature', 'provider', 'cluster'].includes(kind));
      return phase === 'applying' && others.every(({ state }) => state === 'done');
    });
    expect((await run.progress()).steps.find(({ id }) => id === `feature:${feature}`)).toMatchObject({
      state: 'running',
    });
    await unblock();
    const report = await run.result();
    if (report.outcome !== 'verified') throw new Error(report.outcome);
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);

    await expectState(
      harness,
      name,
      {
        ...byDefault(name),
        apiServer: '192.168.3.0/24',
        ruleName: 'acr-cache-rule',
        ruleTarget: '*',
        anonymousPull: true,
      },
      report,
    );
    const writes = await azure.writes();
    const at = (text: string) => writes.findIndex((write) => write.includes(text));
    expect(at('Microsoft.ContainerService/register')).toBeGreaterThan(at('/A/'));
    expect(at('/managedClusters/')).toBeGreaterThan(at('Microsoft.ContainerRegistry/register'));
  });

  inFull.it('takes a rule of any name that copies what the guide says', async () => {
    const { azure } = harness;
    const name = 'any-rule';
    const ids = ownRegistryIds(name);
    await makeByHand(azure, ids, 'registry');
    const rule = `${ids.registry}/cacheRules/our-own`;
    await azure.put(rule, { properties: { sourceRepository: 'mcr.microsoft.com/*', targetRepository: '*' } });
    const report = await verifiedCreation(harness, ownRegistryInput(name, { profile: 'preview' }));
    const step = report.plan.steps.find(({ id }) => id === 'cacheRule');
    expect(step).toMatchObject({ action: 'none', resourceId: rule });
  });
});
