/** Operations that no swept scenario sends, each with what sends it. */
export const rareOperations: Readonly<Record<string, string>> = {
  'Microsoft.ContainerService/managedClusters/abort/action': 'abortOperations, of a cluster that is busy',
  'Microsoft.ContainerService/managedClusters/agentPools/abort/action': 'abortOperations, of a node pool that is busy',
  'Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles/read':
    'whenNotReimaged wait, and a reimage whose request was lost while no node could be looked at',
  'Microsoft.ContainerService/managedClusters/maintenanceConfigurations/read': 'aksWindow, of a rollout',
  'Microsoft.Network/natGateways/join/action': 'an update of a subnet that has a NAT gateway',
  'Microsoft.Network/natGateways/read': 'the proof of isolation, in a network with a NAT gateway',
  'Microsoft.Network/networkInterfaces/read': 'the addresses of a private endpoint whose DNS is managed elsewhere',
  'Microsoft.Network/networkSecurityGroups/join/action': 'an update of a subnet that has a network security group',
  'Microsoft.Network/publicIPAddresses/read': 'outbound addresses that disableIsolation gives back',
  'Microsoft.Network/publicIPPrefixes/read': 'outbound address prefixes that disableIsolation gives back',
  'Microsoft.Network/routeTables/join/action': 'an update of a subnet that has a route table',
  'Microsoft.Network/routeTables/read': 'the proof of isolation, in a network with a route table',
  'Microsoft.Network/virtualNetworks/subnets/delete': 'undo of a subnet that was made in a network that was there',
};
