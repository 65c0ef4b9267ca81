import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import type { Marks } from '../../resources/marks.ts';
import { azure } from '../engine/azure.ts';
import { ignoreIfTimedOut } from '../engine/errorText.ts';

/**
 * Operations that an earlier run began around a cluster take a minute or two. The cluster's own operation is followed by another
 * activity. After eight minutes something is stuck, and the plan says so.
 */
const earlierRun = { timeoutMinutes: 8 };

/** Waits for the operations that an earlier run on the cluster has left running, as one that was terminated does. */
export const awaitEarlierRun = (request: InfrastructureRequest, marks: Marks): Promise<void> =>
  azure
    .waiting('Wait for what an earlier run began around the cluster')
    .awaitInfrastructure(request, marks, earlierRun)
    .catch(ignoreIfTimedOut);
