import type { Behaviour } from '../../arm/provider.ts';

export const behaviours: readonly Behaviour[] = [
  {
    id: 'resources-filter',
    resourceType: 'Microsoft.Resources/subscriptions/resources',
    says: "Resources are listed at once, and `$filter=resourceType eq '…'` finds a registry by name without its group.",
    evidence: 'recorded',
    source: 'azure-cli test_aks_network_isolated_cluster.yaml',
    test: 'resources/subscriptions.test.ts: subscriptions, tenants, locations and filtered resources are listed',
  },
  {
    id: 'group-put-synchronous',
    resourceType: 'Microsoft.Resources/subscriptions/resourceGroups',
    says: 'A resource group is created at once (201; 200 on repeat); another location is refused.',
    evidence: 'recorded',
    source: 'azure-cli test_resource_group_no_wait.yaml',
    test: 'resources/resourceGroups.test.ts: are made at once, and only in one place',
  },
  {
    id: 'group-delete',
    resourceType: 'Microsoft.Resources/subscriptions/resourceGroups',
    says: 'DELETE answers 202 with Location alone, shows Deleting, refuses writes meanwhile, and takes the content and the AKS node groups along.',
    evidence: 'recorded',
    source: 'azure-cli test_resource_group_no_wait.yaml; azure-cli#21121',
    test: 'resources/resourceGroups.test.ts: are deleted through Location alone, refusing writes meanwhile',
  },
  {
    id: 'group-delete-blocked',
    resourceType: 'Microsoft.Resources/subscriptions/resourceGroups',
    says: "A lock in the node group of a cluster keeps the cluster's group too: the deletion ends with 409 ResourceGroupDeletionBlocked.",
    evidence: 'modelled',
    source: 'the code is recorded for other reasons; Azure/AKS#3291',
    test: 'containerService/nodeGroup.test.ts: lets a deletion of the group of the cluster begin and fail',
  },
  {
    id: 'group-delete-duration',
    resourceType: 'Microsoft.Resources/subscriptions/resourceGroups',
    says: 'Deleting takes 60 s when empty, 120 s with resources, 300 s with a cluster.',
    evidence: 'modelled',
    source: 'only the empty group is measured',
    test: 'resources/resourceGroups.test.ts: %s takes %i s',
  },
  {
    id: 'tags-at-scope',
    resourceType: 'Microsoft.Resources/tags',
    says: 'A PATCH of tags/default merges, replaces or deletes the tags of a group or resource and changes nothing else; who deletes a tag names its value. 50 tags, 15 for private DNS zones.',
    evidence: 'documented',
    source: 'https://learn.microsoft.com/rest/api/resources/tags/update-at-scope (2026-11-26)',
    test: 'resources/tags.test.ts: tags are merged and deleted, and nothing else changes',
  },
];
