import type { Provider } from './arm/provider.ts';
import { authorization } from './providers/authorization/index.ts';
import { compute } from './providers/compute/index.ts';
import { containerRegistry } from './providers/containerRegistry/index.ts';
import { containerService } from './providers/containerService/index.ts';
import { features } from './providers/features/index.ts';
import { insights } from './providers/insights/index.ts';
import { kubernetesConfiguration } from './providers/kubernetesConfiguration/index.ts';
import { managedIdentity } from './providers/managedIdentity/index.ts';
import { network } from './providers/network/index.ts';
import { resources } from './providers/resources/index.ts';

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
  kubernetesConfiguration,
  insights,
];
