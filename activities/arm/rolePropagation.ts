import { type ApplicationFailure, activityInfo } from '@temporalio/activity';
import { applicationFailure, azureFailure, isFailure, retryable } from '../../contract/failures.ts';
import { builtInRoles, type RoleHolder, type RolePropagation, type RoleSpecification } from '../../resources/roles.ts';
import { elapsedBeforeMs } from './clock.ts';
import { httpStatus } from './errors.ts';

/**
 * Makes a call that needs roles which were assigned a moment ago. Lets it be tried again, up to the bound, while it fails
 * for lack of one: its success is the only proof that Azure acts on the roles.
 *
 * @throws ApplicationFailure with Azure's error code. After the bound, its message names the missing roles and their scopes.
 */
export async function awaitingRoles(
  propagation: RolePropagation | undefined,
  resourceId: string,
  call: () => Promise<unknown>,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    const failure = applicationFailure(error);
    if (!propagation || !failure) throw error;
    const missing = missingRoles(failure, propagation);
    if (missing.length === 0) throw error;
    const { timeoutMinutes } = propagation;
    // Counted up to the beginning of this attempt, for the creation of a cluster may take longer than the bound.
    if (elapsedBeforeMs() < timeoutMinutes * 60_000) {
      // It is Temporal that waits, by the machine's clock.
      const { currentAttemptScheduledTimestampMs, scheduledTimestampMs } = activityInfo();
      throw retryable(failure, delayMs(currentAttemptScheduledTimestampMs - scheduledTimestampMs));
    }
    const names = missing.map(({ role, scope }) => `${builtInRoles[role].name} on ${scope}`).join(', ');
    throw azureFailure(
      failure.type ?? 'AuthorizationFailed',
      `${names} did not take effect within ${timeoutMinutes} min: ${failure.message}`,
      resourceId,
      { whatToDo: 'Start the scenario again, with a larger rolePropagationTimeoutMinutes.' },
    );
  }
}

/**
 * A tenth of the time waited so far, so that a role's effect is noticed within 10 %. At least 250 ms, about what two requests
 * take. At most 30 s, for Azure documents up to ten minutes, and the bound may be longer.
 */
const delayMs = (waitedMs: number): number => Math.min(30_000, Math.max(250, waitedMs / 10));

/** The roles whose lack an error may be; none if it is something else. */
function missingRoles(failure: ApplicationFailure, { roles, principals }: RolePropagation): RoleSpecification[] {
  const heldBy = (holder: RoleHolder) => roles.filter((role) => role.holder === holder);
  // AKS checks this role before it accepts the request.
  if (isFailure(failure, 'CustomKubeletIdentityMissingPermissionError')) {
    return heldBy('controlPlane').filter(({ role }) => role === 'managedIdentityOperator');
  }
  if (isFailure(failure, 'AuthorizationFailed', 'LinkedAuthorizationFailed')) {
    // Azure refuses a request at once for lack of the worker's own roles, unless it names the cluster's identity.
    const named = principals.controlPlane !== undefined && failure.message.includes(principals.controlPlane);
    if (httpStatus(failure) !== undefined && !named) return [];
    const message = failure.message.toLowerCase();
    const about = heldBy('controlPlane').filter(({ scope }) => message.includes(scope.toLowerCase()));
    return about.length > 0 ? about : heldBy('controlPlane');
  }
  // The bootstrap of nodes that may not pull ends with 212. Source: Azure/AgentBaker, cse_helpers.sh.
  return /exit status=212\b/.test(failure.message) ? heldBy('kubelet') : [];
}
