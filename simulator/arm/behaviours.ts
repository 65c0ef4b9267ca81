import type { Behaviour } from './behaviour.ts';

/** What ARM itself does, whatever the provider. */
export const coreBehaviours: readonly Behaviour[] = [
  {
    id: 'case-insensitive',
    says: 'Resource IDs compare without regard to case; doubled and trailing slashes are taken.',
    evidence: 'recorded',
    source: 'azure-cli test_aks_network_isolated_cluster.yaml; @azure/arm-authorization sends //subscriptions',
  },
  {
    id: 'api-version',
    says: 'A request without api-version, or with one that is not a date, is refused with 400.',
    evidence: 'documented',
    source: 'Azure REST API reference, "Request URI"; the texts are modelled',
  },
  {
    id: 'gateway-errors',
    says: 'ARM refuses unknown subscriptions, groups, namespaces, types and resources itself, with x-ms-failure-cause: gateway.',
    evidence: 'recorded',
    source: 'azure-cli test_resource_group_no_wait.yaml; azure-powershell TestNodePoolMode.json',
  },
  {
    id: 'missing-registration',
    says: 'Writes to a provider that is not registered get 409 MissingSubscriptionRegistration.',
    evidence: 'recorded',
    source: 'Azure/azure-sdk-for-python#9272',
  },
  {
    id: 'signed-operation-urls',
    says: 'Operation URLs are opaque and signed; the first one stays valid when later ones are re-signed.',
    evidence: 'recorded',
    source: 'azure-cli-extensions test_aks_artifact_source.yaml; azure-cli test_aks_network_isolated_cluster.yaml',
  },
  {
    id: 'retry-after',
    says: 'Retry-After follows the poll spacing of the recordings (AKS and private DNS 30 s, ACR and VNet 10 s, endpoints 10/20/40 s), divided by the speed.',
    evidence: 'modelled',
    source: 'azure-cli recordings drop the header; the spacing is recorded',
  },
  {
    id: 'arm-throttling',
    says: 'Token buckets of 250 reads, 200 writes and 200 deletes a subscription answer 429 SubscriptionRequestsThrottled with Retry-After.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Understand how Azure Resource Manager throttles requests"',
  },
  {
    id: 'preconditions',
    says: 'If-Match and If-None-Match that do not hold get 412 PreconditionFailed.',
    evidence: 'documented',
    source: 'Azure REST API reference; azure-cli PR #30309 for the text',
  },
  {
    id: 'latency',
    says: 'Requests take their recorded time (AKS PUT 6 to 8 s, ACR PUT 8 s, reads 0.1 s); the effect is there from the start.',
    evidence: 'recorded',
    source: 'azure-cli test_aks_network_isolated_cluster.yaml (when within the request it takes effect is modelled)',
  },
];
