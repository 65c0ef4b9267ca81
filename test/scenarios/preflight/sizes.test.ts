import { describe } from '@jest/globals';
import { type AcceptedCase, type Because, declareCases, pools, type RefusedCase } from './support.ts';

const sizes: RefusedCase[] = [
  {
    name: 'a Kubernetes version without network isolation',
    given: () => ({ kubernetesVersion: '1.29' }),
    because: () => [
      [
        'kubernetesVersion',
        /^1\.29 is older than 1\.30, the first with network isolation$/,
        /^Use one of .*1\.34, 1\.35, 1\.36/,
      ],
    ],
  },
  ...['1.31', '1.34.99'].map(
    (kubernetesVersion): RefusedCase => ({
      name: `Kubernetes version ${kubernetesVersion}, which is not offered`,
      given: () => ({ kubernetesVersion }),
      because: () => [
        [
          'kubernetesVersion',
          new RegExp(`^${kubernetesVersion} is not offered in westeurope$`),
          /^Use one of .*1\.34, 1\.35, 1\.36/,
        ],
      ],
    }),
  ),
  ...(
    [
      ['a VM size that is unknown', { vmSize: 'Standard_D4x_v9' }, /^Standard_D4x_v9 is not offered in westeurope$/],
      [
        'a VM size that the subscription cannot have',
        { vmSize: 'Standard_NC24ads_A100_v4' },
        /^Standard_NC24ads_A100_v4 cannot be had in westeurope \(NotAvailableForSubscription\)$/,
      ],
      [
        'a VM size that its zones do not have',
        { vmSize: 'Standard_L8s_v3', availabilityZones: ['1', '3'] },
        /^Standard_L8s_v3 is not offered in zone 3$/,
      ],
      [
        'a VM size that the subscription cannot have in its zones',
        { vmSize: 'Standard_L8s_v3', availabilityZones: ['1', '2'] },
        /^Standard_L8s_v3 is not offered in zone 2$/,
      ],
    ] as const
  ).map(
    ([name, pool, problem]): RefusedCase => ({
      name,
      given: () => pools({}, { mode: 'User', ...pool }),
      because: () => [['agentPoolProfiles[1].vmSize', problem, /^Use (one that `az vm list-skus|other zones)/]],
    }),
  ),
];

const left = (vCPUs: number, of: string): Because => [
  'agentPoolProfiles',
  new RegExp(`^${vCPUs} vCPUs are needed with surge nodes, and the quota of ${of}$`),
  /^Ask for more quota, or use smaller or fewer nodes\.$/,
];
const tooMany: RefusedCase[] = [
  {
    name: 'the surge node, of a VM family',
    given: () => pools({ count: 3 }),
    because: () => [left(16, 'family standardDDSv5Family in westeurope leaves 15 of 15')],
  },
  {
    name: 'the surge nodes of each pool, of a VM family',
    given: () => pools({}, { mode: 'User', vmSize: 'Standard_D4ds_v5' }),
    because: () => [left(16, 'family standardDDSv5Family in westeurope leaves 15 of 15')],
  },
  {
    name: 'all families together, of the region',
    given: () => pools({ vmSize: 'Standard_D4s_v5', count: 3 }, { mode: 'User', vmSize: 'Standard_E8s_v5' }),
    because: () => [left(32, 'the region westeurope leaves 24 of 24')],
  },
  {
    name: 'both at once',
    given: () => pools({ count: 6 }),
    because: () => [
      left(28, 'family standardDDSv5Family in westeurope leaves 15 of 15'),
      left(28, 'the region westeurope leaves 24 of 24'),
    ],
  },
];

const enough: AcceptedCase[] = [
  { name: 'nodes for which the quota of the family suffices', given: () => pools({ count: 2 }) },
  {
    name: 'nodes for which the quota of the region just suffices',
    given: () => pools({ vmSize: 'Standard_D4s_v5', count: 3 }, { mode: 'User', vmSize: 'Standard_D4ds_v5', count: 1 }),
  },
];
describe('createCluster with a version or VM size that cannot be had', () => {
  declareCases({ prefix: 'size', refused: sizes });
});

describe('createCluster where the vCPU quota is small', () => {
  declareCases({
    prefix: 'quota',
    refused: tooMany,
    accepted: enough,
    reset: { quotas: { standardDDSv5Family: 15, cores: 24 } },
  });
});
