import type { Provider } from '../../arm/provider.ts';
import { behaviours } from './behaviours.ts';
import { federatedIdentityCredentialTypes } from './federatedIdentityCredentials.ts';
import { userAssignedIdentityTypes } from './userAssignedIdentities.ts';

/** Microsoft.ManagedIdentity. */
export const managedIdentity: Provider = {
  types: [...userAssignedIdentityTypes, ...federatedIdentityCredentialTypes],
  behaviours,
};
