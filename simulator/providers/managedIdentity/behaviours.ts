import type { Behaviour } from '../../arm/provider.ts';

export const behaviours: readonly Behaviour[] = [
  {
    id: 'identity-synchronous',
    resourceType: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    says: 'An identity is created in one answer (201, about 2 s) with principalId and clientId; its id has a lower-case `resourcegroups`.',
    evidence: 'recorded',
    source: 'azure-cli test_aks_network_isolated_cluster.yaml',
    test: 'managedIdentity/userAssignedIdentities.test.ts: identities are made in one answer, whose location is a path',
  },
];
