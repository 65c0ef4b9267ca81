import {
  type InfrastructureFacts,
  type InfrastructureRequest,
  runningOperations,
} from '../../resources/infrastructure.ts';
import type { Marks } from '../../resources/marks.ts';
import { azure } from '../engine/azure.ts';
import { ignoreIfTimedOut } from '../engine/errorText.ts';

/**
 * Operations that an earlier run began around a cluster take a minute or two. The cluster's own operation is followed by another
 * activity. After eight minutes something is stuck, and the plan says so.
 */
const earlierRun = { timeoutMinutes: 8 };

/**
 * Waits for the operations that an earlier run on the cluster has left running, as one that was terminated does.
 *
 * @returns whether it has waited, so that everything has to be looked at anew.
 */
export async function awaitEarlierRun(
  seen: InfrastructureFacts,
  request: InfrastructureRequest,
  marks: Marks,
): Promise<boolean> {
  if (runningOperations(seen, marks).length === 0) return false;
  await azure
    .waiting('Wait for what an earlier run began around the cluster')
    .awaitInfrastructure(request, marks, earlierRun)
    .catch(ignoreIfTimedOut);
  return true;
}
