import type { Behaviour } from '../../../arm/provider.ts';

/** Networks and subnets. */
export const subnets: readonly Behaviour[] = [
  {
    id: 'vnet-updating',
    resourceType: 'Microsoft.Network/virtualNetworks',
    says: 'A network or subnet PUT answers 201 (200 on update) in state Updating, not Creating, and takes up to 10 s.',
    evidence: 'recorded',
    source: 'azure-cli test_aks_network_isolated_cluster.yaml',
    test: 'network/virtualNetworks.test.ts: an update answers 200, Updating until its end ten seconds later; a deletion both headers',
  },
  {
    id: 'subnet-put-replaces',
    resourceType: 'Microsoft.Network/virtualNetworks/subnets',
    says: 'A subnet PUT replaces the whole subnet; defaultOutboundAccess is echoed only when sent.',
    evidence: 'recorded',
    source: 'azure-cli test_aks_network_isolated_cluster.yaml; azure-cli network recordings',
    test: 'network/virtualNetworks.test.ts: a subnet PUT replaces the subnet and changes every ETag of the network',
  },
  {
    id: 'subnet-writes-serial',
    resourceType: 'Microsoft.Network/virtualNetworks/subnets',
    says: 'A second write under one network gets 409 AnotherOperationInProgress while the first is running.',
    evidence: 'recorded',
    source: 'hashicorp/terraform-provider-azurerm#8135 (the status is modelled)',
    test: 'network/virtualNetworks.test.ts: writes under one network are serial',
  },
  {
    id: 'subnet-ranges',
    resourceType: 'Microsoft.Network/virtualNetworks/subnets',
    says: 'Overlapping subnets get NetcfgInvalidSubnet, those outside the network NetcfgSubnetRangeOutsideVnet.',
    evidence: 'recorded',
    source: 'Azure/azure-rest-api-specs#14202',
    test: 'network/virtualNetworks.test.ts: an %s range is refused',
  },
  {
    id: 'subnet-in-use',
    resourceType: 'Microsoft.Network/virtualNetworks/subnets',
    says: 'A subnet that holds an interface, a node pool or an API server cannot be deleted: InUseSubnetCannotBeDeleted.',
    evidence: 'modelled',
    source: "the code is Azure's; its status and text are ours",
    test: 'network/virtualNetworks.test.ts: a subnet in use stays, and keeps its delegation',
  },
  {
    id: 'vnet-etags',
    resourceType: 'Microsoft.Network/virtualNetworks',
    says: 'Every change of a child changes the ETag of the network and of all its subnets.',
    evidence: 'recorded',
    source: 'azure-cli network recordings',
    test: 'network/virtualNetworks.test.ts: a subnet PUT replaces the subnet and changes every ETag of the network',
  },
  {
    id: 'network-etag-mismatch',
    resourceType: 'Microsoft.Network',
    says: 'A stale If-Match gets 412 PreconditionFailed with the detail PreconditionFailedEtagMismatch, whatever the body says.',
    evidence: 'recorded',
    source:
      'hashicorp/terraform-provider-azurerm#13886 (a load balancer; that networks and subnets answer so is modelled)',
    test: 'arm/gateway.test.ts: ETags guard writes',
  },
  {
    id: 'vnet-put-lists',
    resourceType: 'Microsoft.Network/virtualNetworks',
    says: 'A network PUT resets what it leaves out, its DNS servers too; but without a list of subnets or peerings all stay, and with one those go that it leaves out.',
    evidence: 'documented',
    source:
      'Microsoft, "Azure Virtual Network now supports updates without subnet property"; Azure/arm-template-whatif#314, #439 (2026-09) for peerings',
    test: 'network/peerings.test.ts: a network PUT without lists keeps subnets and peerings; with lists it drops what they leave out',
  },
  {
    id: 'subnet-private-by-default',
    resourceType: 'Microsoft.Network/virtualNetworks/subnets',
    says: 'Subnets of a network that was made with API version 2025-07-01 or later have defaultOutboundAccess false unless they say otherwise; those of older networks have default outbound access.',
    evidence: 'documented',
    source:
      'Microsoft, "Private subnets by default in Azure virtual networks" (2026-04); what a later PUT without the property does is modelled',
    test: 'network/outboundResources.test.ts: of a network made since July 2025 is private unless it says otherwise',
  },
  {
    id: 'subnet-references',
    resourceType: 'Microsoft.Network/virtualNetworks/subnets',
    says: 'A NAT gateway, route table or security group that a subnet names must be there, and each subnet PUT needs their join action.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Permissions for virtual networks"; that it is asked again without a change is modelled',
    test: 'network/outboundResources.test.ts: names no %s that is not there',
  },
  {
    id: 'network-request-format',
    resourceType: 'Microsoft.Network',
    says: 'A body that does not fit gets 400 InvalidRequestFormat with InvalidJson and its place in `details`; a bad name InvalidResourceName.',
    evidence: 'recorded',
    source: 'Azure/azure-cli#16205 for unknown properties (the other texts are modelled)',
    test: 'arm/validation.test.ts: %s is InvalidJson, with its place',
  },
];
