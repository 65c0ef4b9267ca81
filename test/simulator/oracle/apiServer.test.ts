import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { assign, onOwnRegistry } from '../../support/ownRegistry.ts';
import { location, versioned, wireCluster } from '../support.ts';
import { hub, type IsolatedWorld, isolatedWorld, networkOf } from './isolatedWorld.ts';

let world: IsolatedWorld;
beforeAll(async () => {
  world = await isolatedWorld({ privateDNSZone: 'system' });
});
beforeEach(() => world.again());
afterAll(() => world.simulator.close());

const nodeGroup = async () => {
  const name = (await world.get(world.cluster)).at('properties.nodeResourceGroup');
  return world.ids.group.replace(/[^/]+$/, String(name));
};
/** The zone that AKS has made for the name of the API server. */
async function ownZone(): Promise<string> {
  const privateFQDN = String((await world.get(world.cluster)).at('properties.privateFQDN'));
  return `${await nodeGroup()}/providers/Microsoft.Network/privateDnsZones/${privateFQDN.replace(/^[^.]+\./, '')}`;
}
/** A hub that the network is peered with and whose DNS server it asks. */
async function asksHub(): Promise<void> {
  await world.peeredHub();
  await world.put(world.ids.vnet, {
    location,
    properties: { addressSpace: { addressPrefixes: ['192.168.0.0/16'] }, dhcpOptions: { dnsServers: ['10.0.0.4'] } },
  });
}
const linkToHub = (zone: string) => world.link(zone, 'hub', hub);
/** Whether the node reaches its API server, and whether a new one would join. */
async function answers() {
  const { nodes, newNodes } = await world.truth();
  return { through: nodes[0]?.apiServer.through, node: nodes[0]?.apiServer.ok, joins: newNodes[0]?.bootstraps.ok };
}

describe('with private link', () => {
  test.each<[string, () => Promise<unknown>, boolean]>([
    ["AKS's zone, linked to the network", async () => undefined, true],
    [
      'the endpoint is gone',
      async () => world.remove(`${await nodeGroup()}/providers/Microsoft.Network/privateEndpoints/kube-apiserver`),
      false,
    ],
    [
      'the zone has another address',
      async () => {
        const label = String((await world.get(world.cluster)).at('properties.privateFQDN')).split('.')[0];
        await world.put(`${await ownZone()}/A/${label}`, {
          properties: { ttl: 1, aRecords: [{ ipv4Address: '192.168.1.99' }] },
        });
      },
      false,
    ],
    ['the network asks a server in the hub', asksHub, false],
    [
      'the network asks a server in the hub, to which the zone is linked too',
      async () => {
        await asksHub();
        await linkToHub(await ownZone());
      },
      true,
    ],
    [
      'a security group denies the network',
      async () => {
        const properties = {
          priority: 100,
          access: 'Deny',
          direction: 'Outbound',
          protocol: 'Tcp',
          sourceAddressPrefix: '*',
          sourcePortRange: '*',
          destinationAddressPrefix: '192.168.1.0/24',
          destinationPortRange: '443',
        };
        const id = await world.network({
          'networkSecurityGroups/f': { properties: { securityRules: [{ name: 'r', properties }] } },
        });
        await world.nodeSubnet({ networkSecurityGroup: { id } });
      },
      false,
    ],
  ])('%s', async (_name, arrange, reached) => {
    await arrange();
    // Where the hub does not know the zone of the registry, nodes do not join for that reason already.
    expect(await answers()).toMatchObject({ through: 'privateLink', node: reached });
    if (!reached) expect((await answers()).joins).toBe(false);
  });
});

/** Creates another cluster in the network of the first, with its registry and identities; gives the end of the operation. */
async function create(
  name: string,
  properties: object,
  edit: (body: ReturnType<typeof onOwnRegistry>) => void = () => undefined,
) {
  const body = onOwnRegistry(world.ids);
  edit(body);
  const id = world.cluster.replace(/[^/]+$/, name);
  const answer = await world.send(
    'PUT',
    versioned(id),
    wireCluster({ ...body.properties, ...properties }, { identity: body.identity }),
  );
  return answer.status < 300 ? (await world.answerAtEnd(answer)).body : answer.body;
}
const failed = (exitStatus: number) => ({
  status: 'Failed',
  error: { code: 'VMExtensionProvisioningError', message: expect.stringContaining(`exit status=${exitStatus}`) },
});

describe('the first nodes of a cluster', () => {
  test('do not join in a network whose DNS server does not know the zone of AKS', async () => {
    await asksHub();
    await linkToHub(world.ids.zone);
    expect(await create('hub', {})).toMatchObject(failed(52));
    expect(
      await create('public', { apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: 'none' } }),
    ).toMatchObject({
      status: 'Succeeded',
    });
  });

  test('do not join a public API server without a way out', async () => {
    expect(await create('open', { apiServerAccessProfile: {} })).toMatchObject(failed(51));
  });

  test('get nothing from Microsoft without a way out', async () => {
    const properties = {
      bootstrapProfile: { artifactSource: 'Direct' },
      networkProfile: { networkPlugin: 'azure', outboundType: 'userDefinedRouting' },
    };
    const id = await world.network({
      'routeTables/t': {
        properties: {
          routes: [
            {
              name: 'r',
              properties: {
                addressPrefix: '0.0.0.0/0',
                nextHopType: 'VirtualAppliance',
                nextHopIpAddress: '192.168.2.200',
              },
            },
          ],
        },
      },
    });
    await world.send('PUT', '/simulator/machines', { '192.168.2.200': { forwards: false } });
    await world.nodeSubnet({ routeTable: { id } });
    expect(await create('direct', properties)).toMatchObject(failed(50));
    await world.send('PUT', '/simulator/machines', {});
    expect(await create('direct2', properties)).toMatchObject({ status: 'Succeeded' });
  });
});

describe('with a zone of the owner', () => {
  const zone = networkOf(`privateDnsZones/privatelink.${location}.azmk8s.io`);
  const access = { apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: zone } };
  const zoneContributor = 'b12aa53e-6015-4669-85d0-8515ebb3ae7f';
  const principal = async () => (await world.get(world.ids.controlPlane)).at('properties.principalId');

  test('AKS asks for its role first, then links it to the network of the nodes', async () => {
    await world.put(zone, { location: 'global' });
    expect(await create('first', access)).toMatchObject({ code: 'CustomPrivateDNSZoneMissingPermissionError' });
    const path = `${zone}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}?api-version=2022-04-01`;
    await world.send('PUT', path, {
      properties: {
        roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${zoneContributor}`,
        principalId: await principal(),
        principalType: 'ServicePrincipal',
      },
    });
    await world.send('POST', '/simulator/clock', { advanceSeconds: 60 });
    expect(await create('second', access)).toMatchObject({
      status: 'Failed',
      error: { code: 'CreateOrUpdateVirtualNetworkLinkFailed' },
    });
    await assign(world, world.ids.vnet, 'networkContributor', await principal());
    await world.send('POST', '/simulator/clock', { advanceSeconds: 60 });
    expect(await create('third', access)).toMatchObject({ status: 'Succeeded' });
    const made = await world.get(world.cluster.replace(/[^/]+$/, 'third'));
    expect(made.at('properties.privateFQDN')).toMatch(
      new RegExp(`^demo-\\w+\\.privatelink\\.${location}\\.azmk8s\\.io$`),
    );
    const links = await world.send('GET', versioned(`${zone}/virtualNetworkLinks`));
    expect(links.at('value.0.properties.virtualNetwork.id')).toBe(world.ids.vnet);
  });
});
