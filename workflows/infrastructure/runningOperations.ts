import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import type { Marks } from '../../resources/marks.ts';
import type { ResourceGroupReference } from '../../resources/subscriptions.ts';
import { azure } from '../engine/azure.ts';
import { ignoreIfTimedOut } from '../engine/errorText.ts';

/**
 * Operations around a cluster take a minute or two. The cluster's own operation is followed by another activity. After eight minutes
 * something is stuck, and the plan says so.
 */
const bound = { timeoutMinutes: 8 };

/**
 * Waits for the operations that run around the cluster: an earlier run that was terminated leaves them, on resources of others as
 * well, and somebody else may be at work.
 */
export const awaitOperations = (
  request: InfrastructureRequest & { group?: ResourceGroupReference },
  marks: Marks,
): Promise<void> =>
  azure
    .operating('Wait for the operations that run around the cluster')
    .awaitInfrastructure(request, marks, bound)
    .catch(ignoreIfTimedOut);
