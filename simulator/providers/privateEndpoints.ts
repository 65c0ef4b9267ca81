import { withEtag } from '../arm/network.ts';
import type { Provider } from '../arm/provider.ts';

/** Private endpoints and the other network resources that AKS makes; so far they can only be read. */
export const privateEndpoints: Provider = {
  types: [
    'Microsoft.Network/privateEndpoints',
    'Microsoft.Network/networkInterfaces',
    'Microsoft.Network/networkSecurityGroups',
    'Microsoft.Network/publicIPAddresses',
    'Microsoft.Network/loadBalancers',
  ].map((type) => ({ kind: 'stored', type, tracked: true, etagHeader: true, view: withEtag })),
  behaviours: [
    {
      id: 'endpoint-interface',
      says: "A registry's endpoint gives the data member the lower address; its interface names both members with their FQDNs.",
      evidence: 'recorded',
      source: 'azure-cli-extensions test_aks_artifact_source.yaml',
    },
  ],
};
