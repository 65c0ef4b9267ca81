import type { Provider } from '../arm/provider.ts';

/** Private DNS zones, their links and A records; so far they can only be read. */
export const privateDns: Provider = {
  types: [
    { kind: 'stored', type: 'Microsoft.Network/privateDnsZones', tracked: true },
    { kind: 'stored', type: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks' },
    { kind: 'stored', type: 'Microsoft.Network/privateDnsZones/A' },
  ],
  behaviours: [],
};
