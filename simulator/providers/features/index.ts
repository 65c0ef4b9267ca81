import type { Provider } from '../../arm/provider.ts';
import { behaviours } from './behaviours.ts';
import { featureTypes } from './features.ts';
import { providerRegistrationTypes } from './providerRegistrations.ts';

/** Registration of resource providers, and of preview features (Microsoft.Features). */
export const features: Provider = {
  types: [...providerRegistrationTypes, ...featureTypes],
  behaviours,
};
