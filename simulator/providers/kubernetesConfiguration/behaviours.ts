import type { Behaviour } from '../../arm/provider.ts';

export const behaviours: readonly Behaviour[] = [
  {
    id: 'cluster-extensions',
    resourceType: 'Microsoft.KubernetesConfiguration/extensions',
    says: 'Cluster extensions are resources of their own below their cluster: made, read, listed and deleted there; they go with it.',
    evidence: 'documented',
    source: 'Azure REST API reference, "Extensions" 2024-11-01 (30 s are modelled)',
    test: 'kubernetesConfiguration/extensions.test.ts: are made, listed and deleted below their cluster, and go with it',
  },
];
