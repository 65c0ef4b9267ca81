import type { Provider } from './arm/provider.ts';
import { authorization } from './providers/authorization.ts';
import { compute } from './providers/compute.ts';
import { containerRegistry } from './providers/containerRegistry.ts';
import { containerService } from './providers/containerService.ts';
import { features } from './providers/features.ts';
import { managedIdentity } from './providers/managedIdentity.ts';
import { network } from './providers/network.ts';
import { resources } from './providers/resources.ts';

/** Every resource provider of the simulated Azure; a new one is added here and nowhere else. */
export const providers: readonly Provider[] = [
  resources,
  features,
  authorization,
  managedIdentity,
  compute,
  network,
  containerRegistry,
  containerService,
];
