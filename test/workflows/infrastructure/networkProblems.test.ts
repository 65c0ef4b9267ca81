import { describe, expect, it } from '@jest/globals';
import { problemTexts } from '../support.ts';
import { ids, networkThere, planOwnRegistry, subnetsThere, subnetThere, there } from './support.ts';

type RefusedCase = [what: string, given: Record<string, unknown>, where: string, problem: RegExp, whatToDo: RegExp];

/** Problems that the input alone tells; those of networks that are there are in test/scenarios/preflight/. */
const refused: RefusedCase[] = [
  [
    'a subnet in the range of services',
    {
      network: {
        addressPrefixes: ['10.0.0.0/8'],
        nodeSubnet: { addressPrefix: '10.1.0.0/24' },
        registrySubnet: { addressPrefix: '10.0.2.0/24' },
      },
    },
    ids.registrySubnet,
    /10\.0\.2\.0\/24 overlaps that of the cluster's services, 10\.0\.0\.0\/16$/,
    /serviceCidr\.$/,
  ],
  [
    'a subnet in the range that is given for services',
    { serviceCidr: '192.168.0.0/23' },
    ids.nodeSubnet,
    /192\.168\.1\.0\/24 overlaps that of the cluster's services, 192\.168\.0\.0\/23$/,
    /serviceCidr\.$/,
  ],
  [
    'ranges of the network that overlap',
    { network: { addressPrefixes: ['192.168.0.0/16', '192.168.128.0/17'] } },
    'network.addressPrefixes',
    /^192\.168\.128\.0\/17 overlaps 192\.168\.0\.0\/16$/,
    /do not overlap\.$/,
  ],
  [
    'subnets that overlap each other',
    { network: { registrySubnet: { addressPrefix: '192.168.1.128/25' } } },
    'network.registrySubnet.addressPrefix',
    /^192\.168\.1\.128\/25 overlaps subnet aks-subnet \(192\.168\.1\.0\/24\)$/,
    /^Give a range that is free\.$/,
  ],
  [
    'a subnet outside the network that is to be',
    { network: { registrySubnet: { addressPrefix: '172.16.1.0/24' } } },
    'network.registrySubnet.addressPrefix',
    /^172\.16\.1\.0\/24 is not within the network's 192\.168\.0\.0\/16$/,
    /^Give a range within the network\.$/,
  ],
  [
    'one subnet for two uses',
    { network: { registrySubnet: { name: 'AKS-subnet', addressPrefix: '192.168.2.0/24' } } },
    'network.registrySubnet.name',
    /^AKS-subnet is the subnet of the nodes already$/,
    /^Use another name\.$/,
  ],
  [
    // Three nodes and one to surge with thirty pods each, and the endpoint of the API server.
    'a subnet too small for nodes, surge nodes and pods',
    {
      agentPoolProfiles: [{ name: 'pool0', count: 3 }],
      network: { nodeSubnet: { addressPrefix: '192.168.1.0/25' } },
    },
    'network.nodeSubnet.addressPrefix',
    /^192\.168\.1\.0\/25 has 123 free addresses, and 125 are needed for nodes, surge nodes and their pods$/,
    /^Use a larger subnet, fewer nodes or a smaller maxPods\.$/,
  ],
  [
    'a subnet too small for as many nodes as the autoscaler may make',
    {
      agentPoolProfiles: [
        { name: 'pool0', count: 1, maxPods: 30 },
        { name: 'pool1', count: 1, mode: 'User', maxPods: 40, enableAutoScaling: true, minCount: 1, maxCount: 11 },
      ],
    },
    'network.nodeSubnet.addressPrefix',
    /has 251 free addresses, and 596 are needed/,
    /^Use a larger subnet/,
  ],
  [
    'a subnet too small for API servers',
    { apiServerAccess: 'vnetIntegration', network: { apiServerSubnet: { addressPrefix: '192.168.3.0/29' } } },
    'network.apiServerSubnet.addressPrefix',
    /^192\.168\.3\.0\/29 is too small for API servers$/,
    /^Use \/28 or larger\.$/,
  ],
];

describe('createCluster is stopped', () => {
  it.each(refused)('by %s', (_what, given, where, problem, whatToDo) => {
    expect(planOwnRegistry({}, given).problems).toEqual([
      { where, problem: expect.stringMatching(problem), whatToDo: expect.stringMatching(whatToDo) },
    ]);
  });
});

describe('the free addresses of a subnet that is there', () => {
  const problemsIn = (addressPrefixes: string[]) => {
    const nodes = subnetThere('aks-subnet', { addressPrefixes, addressesInUse: 20 });
    const virtualNetwork = networkThere(nodes, ...subnetsThere.slice(1));
    return problemTexts(planOwnRegistry({}, {}, there({ virtualNetwork })));
  };

  it('are those of all its IPv4 ranges, for nodes spill over', () => {
    const range = '192.168.64.0/26';
    expect(problemsIn([range])).toEqual([
      expect.stringMatching(/^192\.168\.64\.0\/26 has 39 free addresses, and \d+ are/),
    ]);
    expect(problemsIn([range, '192.168.80.0/28', 'fd00::/64'])).toEqual([
      expect.stringMatching(/^192\.168\.64\.0\/26, 192\.168\.80\.0\/28 has 50 free addresses/),
    ]);
    expect(problemsIn([range, '192.168.96.0/24'])).toEqual([]);
  });
});
