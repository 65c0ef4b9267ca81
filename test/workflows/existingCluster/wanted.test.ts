import { describe, expect, it } from '@jest/globals';
import { group } from '../support.ts';
import { inNetwork, isolated, ordinary, ownSubnet, planChange, planIsolate, registryId, seen } from './support.ts';

const endpointId = (name: string) => `${group}/providers/Microsoft.Network/privateEndpoints/${name}`;

describe('the endpoint of a registry of one’s own', () => {
  it.each([
    ['has the guide’s name where the cluster has no registry', ordinary(), [], 'myPrivateEndpoint'],
    ['stands beside that of the registry that the cluster leaves', isolated(), [], 'other1-endpoint'],
    [
      'is found under the name that it was given beside another one',
      isolated({ containerRegistryId: registryId('other1') }),
      [endpointId('other1-endpoint')],
      'other1-endpoint',
    ],
    [
      'is found under the guide’s name where there was no other',
      isolated({ containerRegistryId: registryId('other1') }),
      [endpointId('myPrivateEndpoint')],
      'myPrivateEndpoint',
    ],
  ])('%s', (_name, found, registryEndpointIds, expected) => {
    const plan = planChange(seen(found, { registryEndpointIds }), {
      registry: { mode: 'bringYourOwn', name: 'other1' },
    });
    expect(plan.infrastructure.privateEndpoint?.id).toBe(endpointId(expected));
  });
});

describe('the subnets that isolation wants', () => {
  const subnets = (...given: Parameters<typeof planIsolate>) =>
    planIsolate(...given).infrastructure.virtualNetwork?.subnets.map(({ use, id }) => [use, id]);

  it('are those of the nodes in a network of one’s own, which lose their outbound access', () => {
    expect(subnets(seen(inNetwork(ordinary())))).toEqual([['nodeSubnet', ownSubnet]]);
  });

  it('are none in a network that AKS manages', () => {
    expect(subnets(seen(ordinary()))).toBeUndefined();
  });
});
