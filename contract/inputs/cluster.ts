import { z } from 'zod';
import { nameRules } from '../../resources/names.ts';
import type { ApprovalGate } from '../names.ts';
import { profiles } from '../profiles.ts';
import { matching, named, notBoth } from './checks.ts';
import { guid, resourceIdOf } from './resourceIds.ts';

/** The cluster that a scenario works on. */
export const clusterReference = z
  .strictObject({
    subscriptionId: matching(
      guid,
      36,
      'not a subscription ID. Use the GUID that `az account show --query id` prints.',
    ).describe('The subscription of the cluster, a GUID.'),
    resourceGroup: named('a resource group name', nameRules.resourceGroup).describe(
      'The resource group of the cluster.',
    ),
    name: named('a cluster name', nameRules.cluster).describe('The name of the cluster.'),
  })
  .describe('The cluster that the scenario works on. Its workflow ID is made of these three.');

/** Editors find an input's schema by this key. It says nothing else, and is ignored. */
export const schemaKey = z
  .string()
  .max(2048, 'too long. Use at most 2048 characters.')
  .exactOptional()
  .describe('Where editors find this schema. It is ignored.');

export const profile = z
  .enum(profiles)
  .default('current')
  .describe('How Azure behaves: as it does today (current), or as the guide of 2024 says (preview).');

export const onFailure = z
  .enum(['rollBack', 'hold', 'leave'])
  .default('rollBack')
  .describe(
    'After a failure. rollBack: take back what was changed. hold: wait for an operator. leave: leave everything as it is, and name it.',
  );

export const dryRun = z
  .boolean()
  .default(false)
  .describe('Only plan: nothing is changed, and every problem is named. Such a run takes any workflow ID.');

export const failOnProblems = z
  .boolean()
  .default(false)
  .describe(
    'With dryRun: fail with PreflightFailed where anything stands against the plan. Default: problems are a result, as drift of an audit.',
  );

/** A bound on a wait. One of 30 days outlasts people's holidays and Azure's slowest reviews; a longer one is a mistake. */
export const minutes = (most: number, usual: number) =>
  z.number().positive('too short. Use more than 0 minutes.').max(most, tooLong(most)).default(usual);

const day = 24 * 60;

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

/** By default whoever is on duty has a day to look at the plan. */
export const approvalTimeoutMinutes = minutes(30 * day, day).describe('Bound on each wait for an approval.');

/** The gates of a scenario at which it waits. @param where In words, for each. */
export const approvalsAt = <Gate extends ApprovalGate>(gates: readonly [Gate, ...Gate[]], where: string) =>
  z
    .array(z.enum(gates))
    .max(gates.length, `too many gates. There ${gates.length === 1 ? 'is 1' : `are ${gates.length}`}.`)
    .default([])
    .describe(`Where the scenario waits for the approve update: ${where}.`);

/** A user-assigned identity: one that is there, by resource ID, or by name one that is found in the cluster's resource group or created there. */
const namedIdentity = {
  resourceId: resourceIdOf('identity').exactOptional().describe('A user-assigned identity that is there.'),
  name: named('an identity name', nameRules.identity)
    .exactOptional()
    .describe("A user-assigned identity of this name in the cluster's resource group, found or created."),
};

/** The cluster's control plane identity. Service principals cannot be used for network isolation (Azure/AKS#5821). */
export const clusterIdentity = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('SystemAssigned').describe('Azure makes the identity with the cluster.') }),
    z
      .strictObject({
        type: z.literal('UserAssigned').describe('The identity is a resource of its own.'),
        ...namedIdentity,
      })
      .check(notBoth('resourceId', 'name')),
  ],
  { error: 'not an allowed identity type. Use SystemAssigned or UserAssigned.' },
);

/** The identity with which nodes pull images. */
export const kubeletIdentity = z.strictObject(namedIdentity).check(notBoth('resourceId', 'name'));
