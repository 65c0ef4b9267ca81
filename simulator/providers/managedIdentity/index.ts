import type { Provider } from '../../arm/provider.ts';
import { behaviours } from './behaviours.ts';
import { userAssignedIdentityTypes } from './userAssignedIdentities.ts';

/** Microsoft.ManagedIdentity. */
export const managedIdentity: Provider = { types: userAssignedIdentityTypes, behaviours };
