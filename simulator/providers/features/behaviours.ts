import type { Behaviour } from '../../arm/provider.ts';

export const behaviours: readonly Behaviour[] = [
  {
    id: 'feature-registration',
    resourceType: 'Microsoft.Features/providers/features',
    says: 'Registering a flag answers 200 Registering at once and takes about three minutes; there is no operation to poll.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Set up preview features in Azure subscription"',
    test: 'timings.test.ts: %s, with nothing to poll but itself',
  },
  {
    id: 'provider-registration',
    resourceType: 'Microsoft.Resources/subscriptions/providers',
    says: 'Registering a provider answers 200 and shows Registering even when it was Registered; 30 s later Registered.',
    evidence: 'recorded',
    source: 'azure-cli test_provider_registration.yaml (the 30 s are modelled)',
    test: 'timings.test.ts: %s, with nothing to poll but itself',
  },
  {
    id: 'feature-needs-provider',
    resourceType: 'Microsoft.Features/providers/features',
    says: 'A registered flag acts only after its provider has been registered again.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Network isolated clusters" (November 2024)',
    test: 'containerService/editions.test.ts: isolation needs its flag, and the provider registered again after it',
  },
];
