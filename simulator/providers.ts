import type { Provider } from './arm/provider.ts';
import { authorization } from './providers/authorization.ts';
import { compute } from './providers/compute.ts';
import { containerRegistry } from './providers/containerRegistry.ts';
import { features } from './providers/features.ts';
import { locks } from './providers/locks.ts';
import { managedClusters } from './providers/managedClusters.ts';
import { managedIdentity } from './providers/managedIdentity.ts';
import { privateDns } from './providers/privateDns.ts';
import { privateDnsZoneGroups } from './providers/privateDnsZoneGroups.ts';
import { privateEndpoints } from './providers/privateEndpoints.ts';
import { resourceGroups } from './providers/resourceGroups.ts';
import { subscriptions } from './providers/subscriptions.ts';
import { virtualNetworks } from './providers/virtualNetworks.ts';

/** Every resource provider of the simulated Azure; a new one is added here and nowhere else. */
export const providers: readonly Provider[] = [
  subscriptions,
  resourceGroups,
  features,
  authorization,
  locks,
  managedIdentity,
  compute,
  virtualNetworks,
  privateEndpoints,
  privateDnsZoneGroups,
  privateDns,
  containerRegistry,
  managedClusters,
];
