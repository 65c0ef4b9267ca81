import type { Provider } from '../../arm/provider.ts';
import { behaviours } from './behaviours.ts';
import { machineTypes } from './scaleSets.ts';
import { skuTypes } from './skus.ts';
import { usageTypes } from './usages.ts';

/** Microsoft.Compute, as far as AKS makes its nodes of it. */
export const compute: Provider = { types: [...skuTypes, ...usageTypes, ...machineTypes], behaviours };
