import { z } from 'zod';
import { nameRules } from '../../resources/names.ts';
import { matching, named, notBoth } from './checks.ts';
import { guid, resourceIdOf } from './resourceIds.ts';

/** The cluster that a scenario works on. */
export const clusterReference = z.strictObject({
  subscriptionId: matching(guid, 36, 'not a subscription ID. Use the GUID that `az account show --query id` prints.'),
  resourceGroup: named('a resource group name', nameRules.resourceGroup),
  name: named('a cluster name', nameRules.cluster),
});

/** A bound on a wait. One of 30 days outlasts people's holidays and Azure's slowest reviews; a longer one is a mistake. */
export const minutes = (most: number, usual: number) =>
  z.number().positive('too short. Use more than 0 minutes.').max(most, tooLong(most)).default(usual);

export const day = 24 * 60;

const tooLong = (most: number): string =>
  `too long. Use at most ${most} minutes${most % day === 0 ? `, which are ${most / day} days` : ''}.`;

/** A day outlasts the 12 to 20 hours that people have reported for features. */
export const registrationTimeoutMinutes = minutes(30 * day, day).describe(
  'Bound on each wait for a feature or resource provider registration. They have been seen to take 12 to 20 hours.',
);

/** Half as long again as Azure documents. A role without effect after two hours is missing, not slow. */
export const rolePropagationTimeoutMinutes = minutes(120, 15).describe(
  'Bound on the wait until role assignments take effect. Azure documents up to 10 minutes.',
);

/** By default a run that fails on a Friday evening waits until Monday. */
export const holdTimeoutMinutes = minutes(30 * day, 3 * day).describe(
  'With onFailure hold: bound on each wait for a decision. After it the scenario does as without hold.',
);

/** By default a run that is paused on a Friday evening waits until Monday. */
export const pauseTimeoutMinutes = minutes(30 * day, 3 * day).describe(
  'Bound on each pause. After it the scenario does not go on, but fails with PauseTimedOut, and onFailure decides.',
);

/** A user-assigned identity: one that is there, by resource ID, or by name one that is found in the cluster's resource group or created there. */
const namedIdentity = {
  resourceId: resourceIdOf('identity').exactOptional(),
  name: named('an identity name', nameRules.identity).exactOptional(),
};

/** The cluster's control plane identity. Service principals cannot be used for network isolation (Azure/AKS#5821). */
export const clusterIdentity = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('SystemAssigned') }),
    z.strictObject({ type: z.literal('UserAssigned'), ...namedIdentity }).check(notBoth('resourceId', 'name')),
  ],
  { error: 'not an allowed identity type. Use SystemAssigned or UserAssigned.' },
);

/** The identity with which nodes pull images. */
export const kubeletIdentity = z.strictObject(namedIdentity).check(notBoth('resourceId', 'name'));
