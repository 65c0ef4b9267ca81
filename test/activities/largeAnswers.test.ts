import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeletionFacts, Discovered } from '../../resources/discovery.ts';
import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import { type AzureUnderTest, activityFailure, attempt, nothingElse, startAzure, subscriptionId } from './support.ts';

const cluster = { subscriptionId, resourceGroup: 'r'.repeat(90), name: 'c'.repeat(63) };
const group = `/subscriptions/${subscriptionId}/resourceGroups/${cluster.resourceGroup}`;
const network = `${group}/providers/Microsoft.Network/virtualNetworks/${'v'.repeat(64)}`;
const zone = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;

/** Names of the greatest length. */
const many = <T>(count: number, each: (name: (longest: number) => string, index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => each((longest) => String(index).padStart(longest, 'n'), index));

const networkId = (type: string, name: string) => `${group}/providers/Microsoft.Network/${type}/${name}`;

/** Temporal keeps 2 MiB of a result; a run has room for some of them. */
const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

describe('large answers', () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
    await azure.createGroup(cluster.resourceGroup);
  });
  afterAll(() => azure.close());

  /** Answers every request for a path in Azure's place. */
  const answers = (path: string, body: unknown) =>
    azure.fault({
      method: 'GET',
      path,
      times: 1_000_000,
      proxy: { status: 200, contentType: 'application/json', body: JSON.stringify(body) },
    });

  const discover = (infrastructure: InfrastructureRequest, scopes: string[] = []): Promise<Discovered> =>
    attempt().run(azure.activities.discover, {
      cluster,
      location: 'westeurope',
      nodeResourceGroup: 'nodes',
      providers: [],
      features: [],
      infrastructure,
      allowances: { subscriptionId, location: 'westeurope', scopes, vmSizes: [] },
    });

  it('thousands of actions in large roles are a few permissions', async () => {
    const actions = (role: number) =>
      many(100, (_, index) => [
        `Microsoft.Network/applicationGateways${role}/type${index}/write`,
        `Microsoft.Compute/virtualMachines/type${index}/action`,
        'Microsoft.Network/virtualNetworks/subnets/*',
        `Microsoft.Network/virtualNetworks/subnets/${role % 2 ? 'join' : 'JOIN'}/action`,
      ]).flat();
    const roles = many(30, (_, role) => ({
      actions: actions(role),
      notActions: [`Microsoft.Sql/servers${role}/delete`, 'Microsoft.Network/virtualNetworks/delete'],
    }));
    const end = await answers('/permissions$', { value: [...roles, { actions: ['*'], notActions: ['*/delete'] }] });
    const { allowances } = await discover(nothingElse, [group]);
    await end();
    expect(Object.values(allowances.permissions)).toEqual([
      [
        {
          actions: [
            'microsoft.network/virtualnetworks/subnets/*',
            'microsoft.network/virtualnetworks/subnets/join/action',
          ],
          notActions: ['microsoft.network/virtualnetworks/delete'],
        },
        { actions: ['*'], notActions: ['*/delete'] },
      ],
    ]);
  });

  it('permissions are read to their last page', async () => {
    const next = `${azure.simulator.endpoint}${group}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01&$skiptoken=2`;
    const page = (name: string, nextLink?: string) => ({
      value: [{ actions: [`Microsoft.ContainerRegistry/registries/${name}`], notActions: [] }],
      ...(nextLink && { nextLink }),
    });
    const path = `${group}/providers/Microsoft.Authorization/permissions$`;
    const ends = [
      await azure.fault({
        method: 'GET',
        path,
        proxy: { status: 200, contentType: 'application/json', body: JSON.stringify(page('write', next)) },
      }),
      await answers(path, page('delete')),
    ];
    const { allowances } = await discover(nothingElse, [group]);
    for (const end of ends) await end();
    expect(Object.values(allowances.permissions)).toEqual([
      [
        {
          actions: ['microsoft.containerregistry/registries/write', 'microsoft.containerregistry/registries/delete'],
          notActions: [],
        },
      ],
    ]);
  });

  it('a network of 1,000 subnets and a zone of 1,000 links are read', async () => {
    const subnets = many(1_000, (name) => ({
      id: `${network}/subnets/${name(80)}`,
      name: name(80),
      properties: {
        addressPrefix: '10.0.0.0/24',
        natGateway: { id: networkId('natGateways', name(80)) },
        routeTable: { id: networkId('routeTables', name(80)) },
        ipConfigurations: many(2, (each) => ({ id: networkId('networkInterfaces', each(80)) })),
        provisioningState: 'Succeeded',
      },
    }));
    const links = many(1_000, (name) => ({
      id: `${zone}/virtualNetworkLinks/${name(80)}`,
      name: name(80),
      properties: { virtualNetwork: { id: networkId('virtualNetworks', name(64)) }, provisioningState: 'Succeeded' },
    }));
    const ends = [
      await answers(`/virtualNetworks/${'v'.repeat(64)}$`, { id: network, name: 'v', properties: { subnets } }),
      await answers('/privateDnsZones/privatelink.azurecr.io$', { id: zone, properties: {} }),
      await answers('/virtualNetworkLinks$', { value: links }),
    ];
    const found = await discover({ ...nothingElse, virtualNetworkId: network, privateDnsZoneId: zone });
    for (const end of ends) await end();
    expect(found.infrastructure.virtualNetwork?.subnets).toHaveLength(1_000);
    expect(found.infrastructure.privateDnsZone?.links).toHaveLength(1_000);
    expect(sizeOf(found)).toBeLessThan(1_700_000);
  });

  const networkOf = (count: number, longest: number) => ({
    id: network,
    name: 'v',
    properties: {
      subnets: many(count, (name, index) => ({
        id: `${network}/subnets/${name(longest)}`,
        name: name(longest),
        properties: {
          addressPrefix: `10.${index >> 8}.${index & 255}.0/24`,
          routeTable: { id: networkId('routeTables', name(80)) },
          delegations: [{ name: 'd', properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } }],
          provisioningState: 'Succeeded',
        },
      })),
    },
  });

  it("a network of 3,000 subnets, Azure's bound, is read where their names are of usual length", async () => {
    const end = await answers(`/virtualNetworks/${'v'.repeat(64)}$`, networkOf(3_000, 24));
    const found = await discover({ ...nothingElse, virtualNetworkId: network });
    await end();
    expect(found.infrastructure.virtualNetwork?.subnets).toHaveLength(3_000);
    expect(sizeOf(found)).toBeLessThan(1_900_000);
  });

  it('one that is too large for Temporal is a failure that says so', async () => {
    const end = await answers(`/virtualNetworks/${'v'.repeat(64)}$`, networkOf(4_000, 80));
    const failure = await activityFailure(discover({ ...nothingElse, virtualNetworkId: network }));
    await end();
    expect(failure).toMatchObject({
      type: 'AnswerTooLarge',
      nonRetryable: true,
      message: expect.stringMatching(
        /^discover found \d+ bytes, of which \d+ in infrastructure\.virtualNetwork\.subnets/,
      ),
      details: { whatToDo: expect.stringMatching(/\w.*\.$/) },
    });
  });

  it('a group of 5,000 resources is named by those that hinder its deletion', async () => {
    const type = 'Microsoft.Network/publicIPAddresses';
    const end = await answers('/resourceGroups/r+/resources$', {
      value: many(5_000, (name) => ({ id: networkId('publicIPAddresses', name(80)), type })),
    });
    const found: DeletionFacts = await attempt().run(azure.activities.discoverDeletion, {
      cluster,
      marks: { 'aks-isolation-workflow': 'w' },
    });
    await end();
    expect(found.content).toHaveLength(1_000);
  });

  it('a list whose next page is itself has an end', async () => {
    const end = await answers('/locks$', {
      value: [],
      nextLink: `${azure.simulator.endpoint}/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/locks?api-version=2016-09-01`,
    });
    const failure = await activityFailure(discover(nothingElse, [group]));
    await end();
    expect(failure).toMatchObject({
      type: 'AnswerTooLarge',
      nonRetryable: true,
      message: expect.stringMatching(/pages/),
    });
  });

  it('an answer of 5 MB that is no JSON is a failure of a few words', async () => {
    const end = await azure.fault({
      method: 'GET',
      path: '/managedClusters/c+$',
      proxy: { status: 200, contentType: 'application/json', body: `{"id": "${'x'.repeat(5e6)}` },
    });
    const failure = await activityFailure(discover(nothingElse));
    await end();
    expect(sizeOf(failure)).toBeLessThan(4_000);
  });
});
