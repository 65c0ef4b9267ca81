import type { Behaviour } from '../../../arm/provider.ts';

/** Ways out of networks, and between them. */
export const ways: readonly Behaviour[] = [
  {
    id: 'nat-gateway',
    resourceType: 'Microsoft.Network/natGateways',
    says: 'A NAT gateway shows the subnets that name it, cannot be deleted while one does (CannotDeleteNatGatewayAssociatedToSubnet), and keeps its addresses.',
    evidence: 'recorded',
    source:
      'Azure-Samples/Copilot-Studio-with-Azure-AI-Search#62 (2025-05); azure-cli test_natgateway_basic.yaml (its duration is modelled)',
    test: 'network/outboundResources.test.ts: shows its subnets, keeps them and its addresses from being deleted, and goes without them',
  },
  {
    id: 'nat-gateway-one-network',
    resourceType: 'Microsoft.Network/natGateways',
    says: 'A NAT gateway serves the subnets of one network only: NatGatewayCannotBeUsedBySubnetsBelongingToDifferentVirtualNetworks.',
    evidence: 'recorded',
    source: 'microsoft/azure_arc#3288',
    test: 'network/outboundResources.test.ts: serves one network only',
  },
  {
    id: 'nat-gateway-network',
    resourceType: 'Microsoft.Network/natGateways',
    says: 'A StandardV2 gateway can serve a whole network by its sourceVirtualNetwork; the network shows it as defaultPublicNatGateway, its subnets do not.',
    evidence: 'documented',
    source: 'Azure/bicep-types-az, Microsoft.Network/natGateways@2025-09-01 (the code of the refusal is modelled)',
    test: 'oracle/waysOut.test.ts: the ways out of nodes, as the oracle sees them and as a curl in the cluster finds them',
  },
  {
    id: 'nat-gateway-addresses',
    resourceType: 'Microsoft.Network/natGateways',
    says: 'A NAT gateway takes addresses and prefixes of its own SKU that nobody else has.',
    evidence: 'documented',
    source: 'Microsoft Learn, "What is Azure NAT Gateway?" (codes and texts are modelled)',
    test: 'network/outboundResources.test.ts: with %s is refused',
  },
  {
    id: 'public-address',
    resourceType: 'Microsoft.Network/publicIPAddresses',
    says: 'A static address is drawn at the end of the PUT and kept; one in use cannot be deleted: PublicIPAddressCannotBeDeleted.',
    evidence: 'recorded',
    source: 'azure-cli test_natgateway_basic.yaml; hashicorp/terraform-provider-azurerm#2566',
    test: 'network/outboundResources.test.ts: are made through the SDK, and get their address at the end',
  },
  {
    id: 'route-table',
    resourceType: 'Microsoft.Network/routeTables',
    says: 'Routes are resources of their own and a list in their table, whose PUT drops those that it leaves out; a table in use cannot be deleted: InUseRouteTableCannotBeDeleted.',
    evidence: 'documented',
    source:
      'Azure REST API reference, "Route Tables - Create Or Update"; Microsoft troubleshooting "InUseRouteTableCannotBeDeleted" (other codes are modelled)',
    test: 'network/outboundResources.test.ts: has its routes in its body and as resources of their own, and loses those that a PUT leaves out',
  },
  {
    id: 'security-group',
    resourceType: 'Microsoft.Network/networkSecurityGroups',
    says: "A group has Azure's six default rules beside its own, whose priorities differ; a PUT drops the rules that it leaves out, and a group in use cannot be deleted.",
    evidence: 'documented',
    source: 'Microsoft Learn, "Azure network security groups overview"',
    test: 'network/outboundResources.test.ts: in use cannot be deleted, and loses the rules that a PUT leaves out',
  },
  {
    id: 'peering-states',
    resourceType: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings',
    says: 'A peering is Initiated until the other network has one too, then both are Connected; when one goes, the other is Disconnected and must be written again first: RemotePeeringIsDisconnected.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Virtual network peering"; azure-cli recordings for the states',
    test: 'network/peerings.test.ts: two networks are connected once both have a peering, and disconnected when one goes',
  },
  {
    id: 'peering-refusals',
    resourceType: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings',
    says: 'A network has one peering to another one (AnotherPeeringAlreadyReferencesRemoteVnet), and none to one whose addresses overlap (VnetAddressSpacesOverlap).',
    evidence: 'recorded',
    source: 'kyma-project/cloud-manager, Azure peering errors',
    test: 'network/peerings.test.ts: a network has one peering to another one, and none to one with its addresses',
  },
  {
    id: 'ways-out',
    resourceType: 'Microsoft.Network/virtualNetworks/subnets',
    says: 'A route to an appliance or a gateway goes before a NAT gateway, that before a public address, a load balancer with an outbound rule, and default outbound access; the longest prefix decides, then the rules of the security group by their priority.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "What is Azure NAT Gateway?", "Virtual network traffic routing", "Default outbound access in Azure" (that a NAT gateway without an address is passed over, and a subnet GatewaySubnet stands for its gateway, is modelled)',
    test: 'oracle/waysOut.test.ts: the ways out of nodes, as the oracle sees them and as a curl in the cluster finds them',
  },
  {
    id: 'appliances',
    resourceType: 'Microsoft.Network/routeTables',
    says: "A route's next hop must be in the network or in one that it is peered with; whether it passes traffic on is said by PUT /simulator/machines.",
    evidence: 'documented',
    source: 'Microsoft Learn, "Virtual network traffic routing" (custom routes)',
    test: 'oracle/waysOut.test.ts: the ways out of nodes, as the oracle sees them and as a curl in the cluster finds them',
  },
];
