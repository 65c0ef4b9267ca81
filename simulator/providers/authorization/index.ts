import type { Provider } from '../../arm/provider.ts';
import { behaviours } from './behaviours.ts';
import { denyAssignmentTypes } from './denyAssignments.ts';
import { lockTypes, refuseLocked } from './locks.ts';
import { permissionTypes, refuseUnpermitted } from './permissions.ts';
import { policyAssignmentTypes } from './policyAssignments.ts';
import { roleAssignmentTypes } from './roleAssignments.ts';
import { roleDefinitionTypes } from './roleDefinitions.ts';

/** Microsoft.Authorization. */
export const authorization: Provider = {
  types: [
    ...roleDefinitionTypes,
    ...roleAssignmentTypes,
    ...permissionTypes,
    ...denyAssignmentTypes,
    ...policyAssignmentTypes,
    ...lockTypes,
  ],
  behaviours,
  guard(request, action) {
    refuseUnpermitted(request, action);
    refuseLocked(request);
  },
};
