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
  {
    id: 'federated-credentials',
    resourceType: 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials',
    says: 'A federated credential is made in one answer (201, then 200), and goes with its identity, which Azure deletes all the same.',
    evidence: 'documented',
    source: 'https://learn.microsoft.com/rest/api/managedidentity/federated-identity-credentials (2026-11-26)',
    test: 'managedIdentity/userAssignedIdentities.test.ts: a federated credential goes with its identity',
  },
];
