import type { Behaviour } from '../../../arm/provider.ts';

const run = 'azure-cli test_aks_network_isolated_cluster.yaml';

/** The rules of network isolated clusters, and what nodes reach. */
export const isolation: readonly Behaviour[] = [
  {
    id: 'aks-outbound-needs-cache',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'outboundType none or block without artifactSource Cache gets InvalidNetworkIsolatedClusterConfiguration.',
    evidence: 'recorded',
    source: 'hashicorp/terraform-provider-azurerm PR #29808',
    test: 'containerService/clusterRules.test.ts: Direct with egress still closed is refused',
  },
  {
    id: 'aks-combined-update',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'Current edition: Cache and none together in one update of a Direct cluster are refused. 2024-preview: accepted.',
    evidence: 'recorded',
    source: `hashicorp/terraform-provider-azurerm#32598; ${run} for the preview`,
    test: 'containerService/clusterRules.test.ts: is refused in one update, accepted as Cache first and none later',
  },
  {
    id: 'aks-registry-without-cache',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'A registry ID without artifactSource Cache is silently ignored.',
    evidence: 'recorded',
    source: 'Azure/azure-cli#31209',
    test: 'containerService/clusterRules.test.ts: a registry ID without Cache is silently ignored',
  },
  {
    id: 'aks-isolation-limits',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'Cache refuses Kubernetes below 1.30, kubenet, Windows pools, service principals, and the node OS channel Unmanaged; until July 2025 SecurityPatch too.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Network isolated clusters" (2026-06-15); Azure/AKS#5821; Azure/AKS#4962 for SecurityPatch (most error texts are modelled)',
    test: 'containerService/clusterRules.test.ts: a create with %s is refused, unwrapped',
  },
  {
    id: 'aks-egress-gateway',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'The nodes of a pool of mode Gateway leave by public addresses of their own, whatever the outbound type. Every pod on them does; in Azure those that name the gateway.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Configure Static Egress Gateway in AKS" (read 2026-11-27; that it is open without a StaticGatewayConfiguration is modelled)',
    test: 'oracle/outboundTypes.test.ts: a static egress gateway lets out what its nodes send, whatever the outbound type',
  },
  {
    id: 'aks-block',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'outboundType block needs the flag NetworkIsolatedClusterPreview and a managed virtual network.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Customize cluster egress with outbound types"',
    test: 'containerService/editions.test.ts: block is accepted with the managed network and refused with one of your own',
  },
  {
    id: 'aks-vnet-integration',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: "VNet integration cannot be switched off; its own subnet must be /28 or larger, of the nodes' network, and delegated.",
    evidence: 'documented',
    source: 'Microsoft Learn, "API Server VNet Integration"',
    test: 'containerService/clusters.test.ts: with VNet integration there is no private link, and the managed network has a delegated API server subnet',
  },
  {
    id: 'aks-outbound-moves',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'Outbound types change as the documented matrix allows; userAssignedNATGateway and userDefinedRouting need an own network, managedNATGateway a managed one.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Customize cluster egress with outbound types" (the error codes are modelled)',
    test: 'containerService/nodes.test.ts: from %s to %s get %i in a managed network',
  },
  {
    id: 'aks-cache-without-registry',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'An update with artifactSource Cache and no registry ID means the registry that AKS manages: the one that is there, else a new one.',
    evidence: 'modelled',
    source: 'the PUT is a full replace; no recording changes an own registry to a managed one',
    test: 'containerService/nodes.test.ts: with Cache and no registry mean the registry that AKS manages, which goes with another one',
  },
  {
    id: 'aks-egress',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'Nodes reach the internet unless the outbound type is block, or none in a managed network, or none in a subnet with defaultOutboundAccess false; a node public IP opens it.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Default outbound access in Azure" and "Network isolated clusters"',
    test: 'containerService/runCommand.test.ts: reaches nothing outside once egress is cut',
  },
  {
    id: 'aks-ways-out',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'AKS makes a load balancer with an outbound rule for loadBalancer, a NAT gateway on its own subnet for managedNATGateway, and takes them away with the type; its own subnets have no default outbound access.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Customize cluster egress with outbound types" (2026-08); names are modelled',
    test: 'oracle/waysOut.test.ts: of a cluster in a managed network, NAT gateway and load balancer are those of AKS',
  },
  {
    id: 'aks-pods-go-out',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: "Pods go out of the pod subnet of their pool, with that subnet's NAT gateway, routes and rules.",
    evidence: 'documented',
    source: 'Microsoft Learn, "Configure Azure CNI networking for dynamic allocation of IPs"',
    test: 'oracle/waysOut.test.ts: pods go out of the subnet that their pool has for them',
  },
  {
    id: 'aks-http-proxy',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'With httpProxyConfig nodes and pods reach hosts over http and https through a proxy at a private address, told as such or by a name, whatever rules and routes there are for the internet. They do not ask it for their API server.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "HTTP proxy support in Azure Kubernetes Service" (2025-06-17; noProxy is not modelled); effectiveNoProxy of clusters in public notes for the API server',
    test: 'oracle/waysOut.test.ts: the ways out of nodes, as the oracle sees them and as a curl in the cluster finds them',
  },
  {
    id: 'aks-pull',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: "A node pulls mcr.microsoft.com through its bootstrap registry, whose names must resolve to its endpoint in the node's network, and goes to the source where that fails and egress is open; AcrPull and the cache rule are needed.",
    evidence: 'documented',
    source: 'Azure/AgentBaker cse_config.sh (hosts.toml); containerd docs/hosts.md',
    test: 'containerService/prerequisites.test.ts: %s',
  },
  {
    id: 'aks-pull-tenants',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'The kubelet identity of a cluster may pull from no registry in a subscription of another tenant.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Authenticate from AKS to a container registry in another Microsoft Entra tenant" (2026-11-26)',
    test: 'oracle/registry.test.ts: the kubelet asks a registry in a subscription of %s',
  },
  {
    id: 'aks-api-server-name',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: "With private link, nodes find their API server by its private name: in AKS's zone, which is linked to their network alone, in the owner's, or by its public name where there is no zone. A DNS server in a hub knows the zone only if the hub is linked to it. With VNet integration they ask an address of its subnet.",
    evidence: 'documented',
    source:
      'Microsoft Learn, "Create a private AKS cluster" (hub and spoke with custom DNS), "API Server VNet Integration"; Azure/AgentBaker keeps the address in /etc/hosts of some nodes, which is not modelled',
    test: 'oracle/apiServer.test.ts: with private link',
  },
  {
    id: 'aks-first-nodes',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'First nodes fail with exit status 50 where they cannot reach Microsoft, 51 where they do not reach their API server, and 52 where they do not find it; a public API server is reached through the outbound type.',
    evidence: 'documented',
    source:
      'Azure/AgentBaker cse_helpers.sh; Microsoft Learn, "Customize cluster egress with outbound types" (2026-08); Microsoft troubleshooting "K8SAPIServerDNSLookupFailVMExtensionError"',
    test: 'oracle/apiServer.test.ts: the first nodes of a cluster',
  },
  {
    id: 'aks-own-zone',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: "For a zone of the owner's, AKS asks for the control plane's permission before it accepts the request (CustomPrivateDNSZoneMissingPermissionError), and links it to the network of the nodes, for which it needs join on that.",
    evidence: 'recorded',
    source:
      'Azure/AKS#4998, #4841 (2025); Microsoft troubleshooting "CustomPrivateDNSZoneMissingPermissionError" (the status is modelled)',
    test: 'oracle/apiServer.test.ts: AKS asks for its role first, then links it to the network of the nodes',
  },
];
