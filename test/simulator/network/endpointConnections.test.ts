import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  group,
  location,
  polling,
  refused,
  type Started,
  secondsOf,
  start,
  subscription,
  versioned,
} from '../support.ts';
import {
  body,
  connectionsOf,
  endpoint,
  manualBody,
  premium,
  prepareNetwork,
  registryId,
  rg,
  shownAddresses,
} from './endpoints.ts';

let azure: Started;
let acr: ContainerRegistryManagementClient;
beforeAll(async () => {
  azure = await start();
  acr = new ContainerRegistryManagementClient(azure.credential, subscription, azure.client);
  await prepareNetwork(azure);
});
afterAll(() => azure.simulator.close());

const send = (method: string, id: string, sent?: unknown) => azure.send(method, versioned(id), sent);
describe('a manual connection', () => {
  const state = (status: string) => ({ properties: { privateLinkServiceConnectionState: { status } } });
  beforeAll(() => azure.put(endpoint('manual'), manualBody('manual')));
  const side = async () =>
    (await connectionsOf(azure, registryId('endpoints02'))).find((one) => one.name.startsWith('manual.'));

  test('is pending, without addresses, although its endpoint is ready', async () => {
    expect((await azure.get(endpoint('manual'))).at('properties')).toMatchObject({
      provisioningState: 'Succeeded',
      customDnsConfigs: [],
      privateLinkServiceConnections: [],
      manualPrivateLinkServiceConnections: [
        {
          properties: { privateLinkServiceConnectionState: { status: 'Pending', description: 'Awaiting Approval' } },
        },
      ],
    });
    expect(await side()).toMatchObject(state('Pending'));
  });

  test('gets addresses once the registry approves it, and loses them when rejected', async () => {
    const name = (await side())?.name ?? '';
    const id = `${registryId('endpoints02')}/privateEndpointConnections/${name}`;
    const approved = await send('PUT', id, state('Approved'));
    expect(approved).toMatchObject({ status: 201, body: { properties: { provisioningState: 'Updating' } } });
    expect(await azure.answerAtEnd(approved)).toMatchObject({ status: 200, body: { status: 'Succeeded' } });
    expect(await secondsOf(azure, 'PUT', id)).toEqual([0.5, 10]);
    expect(await side()).toMatchObject(state('Approved'));
    expect(await shownAddresses(azure, endpoint('manual'))).toEqual(['192.168.3.4', '192.168.3.5']);

    const rejected = { privateLinkServiceConnectionState: { status: 'Rejected' } };
    const connections = acr.privateEndpointConnections;
    await connections.createOrUpdate(rg, 'endpoints02', name, rejected, polling);
    expect(await shownAddresses(azure, endpoint('manual'))).toEqual([]);
    expect(await side()).toMatchObject(state('Rejected'));
    expect(await send('PUT', id.replace(name, 'nobody'), state('Approved'))).toMatchObject(
      refused(404, 'PrivateEndpointConnectionNotFound'),
    );
  });
});

describe('without its other side', () => {
  beforeEach(async () => {
    await azure.put(registryId('endpoints03'), premium);
    await azure.put(endpoint('gone'), body('gone', registryId('endpoints03')));
  });
  afterEach(() => azure.remove(endpoint('gone')));

  test('an endpoint is disconnected: its registry was deleted', async () => {
    expect((await send('DELETE', registryId('endpoints03'))).status).toBe(200);
    await expectDisconnected();
  });

  test('an endpoint is disconnected: its registry refuses it from now on', async () => {
    const [side] = await connectionsOf(azure, registryId('endpoints03'));
    await acr.privateEndpointConnections.delete(rg, 'endpoints03', side?.name ?? '', polling);
    expect(await connectionsOf(azure, registryId('endpoints03'))).toEqual([]);
    await expectDisconnected();
  });

  test("an endpoint is disconnected: its registry's group was deleted", async () => {
    await azure.put(group('far'), { location });
    await azure.put(registryId('endpoints04', 'far'), premium);
    await azure.put(endpoint('far'), body('gone', registryId('endpoints04', 'far')));
    await azure.remove(group('far'));
    await expectDisconnected('far');
  });

  test("a connection goes: its endpoint's group was deleted", async () => {
    const nearby = endpoint('near').replace(group(rg), group('near'));
    await azure.put(group('near'), { location });
    await azure.put(nearby, body('gone', registryId('endpoints03')));
    expect(await connectionsOf(azure, registryId('endpoints03'))).toHaveLength(2);
    await azure.remove(group('near'));
    expect(await connectionsOf(azure, registryId('endpoints03'))).toMatchObject([
      { properties: { privateEndpoint: { id: endpoint('gone') } } },
    ]);
  });

  async function expectDisconnected(name = 'gone') {
    const { properties } = (await azure.get(endpoint(name))).body as { properties: object };
    expect(properties).toMatchObject({
      customDnsConfigs: [],
      privateLinkServiceConnections: [
        { properties: { privateLinkServiceConnectionState: { status: 'Disconnected' } } },
      ],
    });
  }
});
