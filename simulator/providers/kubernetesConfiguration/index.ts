import type { Provider } from '../../arm/provider.ts';
import { behaviours } from './behaviours.ts';
import { extensionTypes } from './extensions.ts';

/** Microsoft.KubernetesConfiguration. */
export const kubernetesConfiguration: Provider = { types: extensionTypes, behaviours };
