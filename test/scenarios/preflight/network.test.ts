import { describe } from '@jest/globals';
import { ownRegistryBodies } from '../../support/ownRegistry.ts';
import {
  type AcceptedCase,
  aksDelegation,
  declareCases,
  endpointBody,
  namedSubnet,
  networkBody,
  pools,
  type RefusedCase,
  type Setup,
  subnetBody,
  withVnetIntegration,
} from './support.ts';

/** A network that is there with these ranges, and subnets beside those of the cluster. */
const network =
  (addressPrefixes: string[], subnets: object[] = []) =>
  ({ make }: Setup) =>
    make('vnet', networkBody(addressPrefixes, subnets));

const ranges: RefusedCase[] = [
  {
    name: 'a network in another region',
    arrange: ({ make }) => make('vnet', { ...networkBody(['192.168.0.0/16']), location: 'northeurope' }),
    because: ({ vnet }) => [
      [vnet, /^the network is in northeurope, the cluster in westeurope$/, /^Use a network in the region/],
    ],
  },
  {
    name: 'a network in a range that AKS keeps for itself',
    arrange: ({ make }) => make('vnet', networkBody(['172.16.0.0/12'])),
    given: () => ({
      network: {
        nodeSubnet: { addressPrefix: '172.16.1.0/24' },
        registrySubnet: { addressPrefix: '172.16.2.0/24' },
      },
    }),
    because: ({ vnet }) =>
      [/^172\.16\.0\.0\/12 overlaps 172\.30\.0\.0\/16, which AKS keeps/, /overlaps 172\.31\.0\.0\/16/].map(
        (problem) => [vnet, problem, /^Use another range\.$/],
      ),
  },
  {
    name: 'a range that the network does not have',
    arrange: network(['192.168.0.0/16']),
    given: () => ({ network: { addressPrefixes: ['192.168.0.0/16', '172.16.0.0/16'] } }),
    because: () => [
      [
        'network.addressPrefixes',
        /^the network is there without 172\.16\.0\.0\/16: it has 192\.168\.0\.0\/16$/,
        /^Leave the key out/,
      ],
    ],
  },
  {
    name: 'a subnet that overlaps one that is there',
    arrange: network(['192.168.0.0/16'], [namedSubnet('theirs', '192.168.0.0/23')]),
    because: () => [
      [
        'network.nodeSubnet.addressPrefix',
        /^192\.168\.1\.0\/24 overlaps subnet theirs \(192\.168\.0\.0\/23\)$/,
        /^Give a range that is free\.$/,
      ],
    ],
  },
  {
    name: 'a subnet outside the network that is there',
    arrange: network(['172.16.0.0/16', '192.168.2.0/23']),
    because: () => [
      [
        'network.nodeSubnet.addressPrefix',
        /^192\.168\.1\.0\/24 is not within the network's 172\.16\.0\.0\/16, 192\.168\.2\.0\/23$/,
        /^Give a range within the network\.$/,
      ],
    ],
  },
  {
    name: 'another range than the subnet has',
    arrange: ({ make }) => make('nodeSubnet'),
    given: () => ({ network: { nodeSubnet: { addressPrefix: '192.168.4.0/24' } } }),
    because: () => [
      [
        'network.nodeSubnet.addressPrefix',
        /^the subnet aks-subnet is there with 192\.168\.1\.0\/24, not 192\.168\.4\.0\/24$/,
        /^Leave the key out, or use another name\.$/,
      ],
    ],
  },
];

const subnets: RefusedCase[] = [
  {
    name: 'a delegated subnet for nodes',
    arrange: ({ make }) => make('nodeSubnet', subnetBody('192.168.1.0/24', aksDelegation)),
    because: ({ nodeSubnet }) => [
      [
        nodeSubnet,
        /^the subnet of the nodes is delegated to Microsoft\.ContainerService\/managedClusters$/,
        /^Use a subnet without delegation\.$/,
      ],
    ],
  },
  {
    name: 'a subnet for nodes that others have filled',
    arrange: async ({ azure, ids, make }) => {
      await make('nodeSubnet', subnetBody('192.168.1.0/26'));
      await make('registry');
      await azure.put(`${ids.privateEndpoint}-theirs`, endpointBody(ids.nodeSubnet, ids.registry));
    },
    given: () => pools({ count: 2, maxPods: 18 }),
    because: ({ nodeSubnet }) => [
      [nodeSubnet, /^192\.168\.1\.0\/26 has 57 free addresses, and 58 are needed/, /^Use a larger subnet/],
    ],
  },
  {
    name: 'a delegated subnet for the endpoint',
    arrange: ({ make }) => make('registrySubnet', subnetBody('192.168.2.0/24', 'Microsoft.Web/serverFarms')),
    because: ({ registrySubnet }) => [
      [
        registrySubnet,
        /^the subnet of the private endpoint is delegated to Microsoft\.Web\/serverFarms$/,
        /^Use a subnet without delegation\.$/,
      ],
    ],
  },
  {
    name: 'a subnet for the endpoint that others have filled',
    arrange: async ({ azure, ids, make }) => {
      await make('registrySubnet', subnetBody('192.168.2.0/29'));
      await make('registry');
      await azure.put(`${ids.registry}x`, ownRegistryBodies(ids).registry);
      await azure.put(`${ids.privateEndpoint}-theirs`, endpointBody(ids.registrySubnet, `${ids.registry}x`));
    },
    because: ({ registrySubnet }) => [
      [registrySubnet, /^192\.168\.2\.0\/29 has 1 free addresses, and 2 are needed/, /^Use a larger subnet\.$/],
    ],
  },
  {
    name: 'a subnet too small for the data endpoints of all replicas',
    arrange: async ({ azure, ids, make }) => {
      await make('registrySubnet', subnetBody('192.168.2.0/29'));
      await make('registry');
      for (const region of ['northeurope', 'uksouth'])
        await azure.put(`${ids.registry}/replications/${region}`, { location: region });
    },
    because: ({ registrySubnet }) => [
      [registrySubnet, /^192\.168\.2\.0\/29 has 3 free addresses, and 4 are needed/, /^Use a larger subnet\.$/],
    ],
  },
  {
    name: 'a subnet for API servers that is there and too small',
    arrange: ({ make }) => make('apiServerSubnet', subnetBody('192.168.3.0/29', aksDelegation)),
    given: () => withVnetIntegration,
    because: ({ apiServerSubnet }) => [
      [apiServerSubnet, /^192\.168\.3\.0\/29 is too small for API servers$/, /^Use \/28 or larger\.$/],
    ],
  },
  {
    name: 'a subnet for API servers that is delegated to others',
    arrange: ({ make }) => make('apiServerSubnet', subnetBody('192.168.3.0/24', 'Microsoft.Web/serverFarms')),
    given: () => withVnetIntegration,
    because: ({ apiServerSubnet }) => [
      [
        apiServerSubnet,
        /^the subnet is delegated to Microsoft\.Web\/serverFarms$/,
        /^Use one that is delegated to Microsoft\.ContainerService\/managedClusters, or to nothing\.$/,
      ],
    ],
  },
  {
    name: 'a subnet for API servers that holds something else',
    arrange: async ({ azure, ids, make }) => {
      await make('apiServerSubnet', subnetBody('192.168.3.0/24'));
      await make('registry');
      await azure.put(`${ids.privateEndpoint}-theirs`, endpointBody(ids.apiServerSubnet, ids.registry));
    },
    given: () => withVnetIntegration,
    because: ({ apiServerSubnet }) => [
      [apiServerSubnet, /^the subnet holds something else than API servers$/, /^Use a subnet of its own\.$/],
    ],
  },
];

const accepted: AcceptedCase[] = [
  {
    name: 'a network that has IPv6 ranges as well',
    arrange: async ({ azure, ids, make }) => {
      const both = ['fd00:db8::/48', '192.168.0.0/16'];
      await make('vnet', networkBody(both, [{ ...namedSubnet('theirs', 'fd00:db8:0:9::/64') }]));
      const addressPrefixes = ['fd00:db8:0:1::/64', '192.168.1.0/24'];
      await azure.put(ids.nodeSubnet, { properties: { addressPrefixes } });
    },
  },
  {
    name: 'subnets that are just large enough',
    given: () => ({
      ...withVnetIntegration,
      // Two nodes and one to surge.
      ...pools({ count: 2, maxPods: 18 }),
      network: {
        nodeSubnet: { addressPrefix: '192.168.1.0/26' },
        registrySubnet: { addressPrefix: '192.168.2.0/29' },
        apiServerSubnet: { addressPrefix: '192.168.3.0/28' },
      },
    }),
  },
  {
    name: 'a subnet that is full of the endpoint itself',
    arrange: async ({ make }) => {
      await make('registrySubnet', subnetBody('192.168.2.0/29'));
      await make('privateEndpoint');
    },
  },
];

describe('createCluster in a network that is there', () => {
  declareCases({ prefix: 'net', refused: [...ranges, ...subnets], accepted });
});
