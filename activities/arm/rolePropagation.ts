import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { builtInRoles, type RoleHolder, type RolePropagation } from '../../resources/roles.ts';
import { permanentFailure, retryable } from './errors.ts';

/**
 * Proves by effect that roles have reached Azure: a call that fails for lack of one is made again until the bound.
 *
 * @throws ApplicationFailure with Azure's error code, which then says which role is missing where.
 */
export async function awaitingRoles(
  propagation: RolePropagation | undefined,
  resourceId: string,
  call: () => Promise<unknown>,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!propagation || !(error instanceof ApplicationFailure)) throw error;
    const missing = missingRoles(error, propagation);
    if (missing.length === 0) throw error;
    const { timeoutMinutes } = propagation;
    // Up to when this attempt began: a cluster's own creation may take longer than the bound.
    const { currentAttemptScheduledTimestampMs, scheduledTimestampMs } = activityInfo();
    const waitedMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs;
    if (waitedMs < timeoutMinutes * 60_000) throw retryable(error, delayMs(waitedMs));
    const names = missing.map(({ role, scope }) => `${builtInRoles[role].name} on ${scope}`).join(', ');
    throw permanentFailure(
      error.type ?? 'AuthorizationFailed',
      `${names} did not take effect within ${timeoutMinutes} min: ${error.message}`,
      resourceId,
      { advice: 'Start the scenario again, with a larger rolePropagationTimeoutMinutes.' },
    );
  }
}

/** A tenth of the time waited so far: a role that comes late delays the run by a tenth at most. */
const delayMs = (waitedMs: number): number => Math.min(30_000, Math.max(250, waitedMs / 10));

/** Which roles an error may be the lack of; none if it is something else. */
function missingRoles({ type, message, details }: ApplicationFailure, propagation: RolePropagation) {
  const { roles, principals } = propagation;
  const heldBy = (holder: RoleHolder) => roles.filter((role) => role.holder === holder);
  switch (type) {
    // AKS looks at this role before it accepts the request.
    case 'CustomKubeletIdentityMissingPermissionError':
      return heldBy('controlPlane').filter(({ role }) => role === 'managedIdentityOperator');
    case 'AuthorizationFailed':
    case 'LinkedAuthorizationFailed': {
      // What is refused before an operation has begun is the worker's own lack, unless it names the cluster's identity.
      const refused: { status?: number } | undefined = details?.[0] ?? undefined;
      const named = principals.controlPlane !== undefined && message.includes(principals.controlPlane);
      if (refused?.status !== undefined && !named) return [];
      const about = heldBy('controlPlane').filter(({ scope }) => message.toLowerCase().includes(scope.toLowerCase()));
      return about.length > 0 ? about : heldBy('controlPlane');
    }
    default:
      // Nodes that may not pull end their bootstrap with 212. Source: Azure/AgentBaker, cse_helpers.sh.
      return /exit status=212\b/.test(message) ? heldBy('kubelet') : [];
  }
}
