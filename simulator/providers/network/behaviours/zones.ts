import type { Behaviour } from '../../../arm/provider.ts';

/** Private DNS zones. */
export const zones: readonly Behaviour[] = [
  {
    id: 'zone-group',
    resourceType: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
    says: "A private DNS zone group writes the endpoint's A records into its zones and takes them away with it or the endpoint; meanwhile the endpoint shows no customDnsConfigs.",
    evidence: 'documented',
    source:
      'Microsoft Learn, "Azure private endpoint private DNS zone values"; Terraform, azurerm_private_endpoint (10 s, and its records only once, are modelled)',
    test: 'network/privateEndpoints.test.ts: a private DNS zone group writes the records, hides the addresses, and takes the records away again',
  },
  {
    id: 'zone-group-one',
    resourceType: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
    says: 'An endpoint has one private DNS zone group at most.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Manage DNS records of private endpoints" (the code is modelled)',
    test: 'network/privateEndpoints.test.ts: a private DNS zone group writes the records, hides the addresses, and takes the records away again',
  },
  {
    id: 'dns-operations',
    resourceType: 'Microsoft.Network/privateDnsZones',
    says: 'Zones and links answer 202 {} with both headers; their operations answer 202 while running, re-signed, and 200 after 30 s.',
    evidence: 'recorded',
    source:
      'azure-cli test_aks_network_isolated_cluster.yaml; privatedns test_DeleteLink_LinkExists_ExpectLinkDeleted.yaml',
    test: 'network/privateDns.test.ts: of a %s %s answers 202 until it has ended, and 200 without headers then',
  },
  {
    id: 'dns-link-lower-case',
    resourceType: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
    says: 'The name of a link is put into lower case.',
    evidence: 'recorded',
    source: 'azure-cli test_aks_network_isolated_cluster.yaml',
    test: 'network/privateDns.test.ts: are found in any case, and updated under the name they have',
  },
  {
    id: 'dns-records',
    resourceType: 'Microsoft.Network/privateDnsZones/A',
    says: 'A record set is written in one answer (201, 200 on update), with an etag and an fqdn that ends in a dot.',
    evidence: 'recorded',
    source:
      'azure-cli test_aks_network_isolated_cluster.yaml; privatedns test_CrudRecordSet_ARecord_ExpectCrudSuccessful.yaml',
    test: 'network/privateDns.test.ts: are written in one answer and get a new etag each time',
  },
  {
    id: 'dns-zone-with-links',
    resourceType: 'Microsoft.Network/privateDnsZones',
    says: 'A zone with links cannot be deleted.',
    evidence: 'documented',
    source: 'Azure REST API reference, "Private Zones - Delete" (code and status are modelled)',
    test: 'network/privateDns.test.ts: keep their zone',
  },
  {
    id: 'dns-one-zone-of-a-name',
    resourceType: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
    says: 'A network can be linked to one zone of a name only.',
    evidence: 'documented',
    source: 'Microsoft Learn, "What is a virtual network link?" (code and status are modelled)',
    test: 'network/privateDns.test.ts: tie a network to one zone of a name only',
  },
  {
    id: 'dns-not-there-yet',
    resourceType: 'Microsoft.Network/privateDnsZones',
    says: 'A zone or link is not found until its operation has ended.',
    evidence: 'modelled',
    source: 'no recording reads one meanwhile',
    test: 'network/privateDns.test.ts: of a %s %s answers 202 until it has ended, and 200 without headers then',
  },
];
