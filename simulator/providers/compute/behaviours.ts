import type { Behaviour } from '../../arm/provider.ts';

export const behaviours: readonly Behaviour[] = [
  {
    id: 'vcpu-quota',
    resourceType: 'Microsoft.Compute/locations/usages',
    says: 'Usages count the vCPUs of node pools by family and for the region; the limit is 350, unless the reset says otherwise. Pools that need more, surge nodes included, get ErrCode_InsufficientVCPUQuota.',
    evidence: 'documented',
    source:
      'Azure REST API reference, "Usage - List" (350, where the default of Azure would be 20, and the table of sizes are modelled)',
    test: 'compute/compute.test.ts: vCPUs in use are available neither to another cluster, nor to a pool, nor to more nodes',
  },
];
