import type { Provider } from '../../arm/provider.ts';
import { behaviours } from './behaviours.ts';
import { cacheRuleTypes } from './cacheRules.ts';
import { nameTypes } from './names.ts';
import { registryTypes } from './registries.ts';
import { replicationTypes } from './replications.ts';

/** Microsoft.ContainerRegistry; the connections of its private endpoints are with the endpoints, in network/. */
export const containerRegistry: Provider = {
  types: [...registryTypes, ...cacheRuleTypes, ...replicationTypes, ...nameTypes],
  behaviours,
};
