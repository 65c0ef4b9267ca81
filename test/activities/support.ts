import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { type Activities, createActivities } from '../../activities/index.ts';
import type { ErrorDetails } from '../../contract/index.ts';
import type { ReadBack } from '../../resources/discovery.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import type { ClusterSpecification } from '../../resources/managedClusters.ts';
import { markTags } from '../../resources/marks.ts';
import { type SimulatedAzure, startSimulatedAzure, subscriptionId } from '../support/azure.ts';

export { subscriptionId };

/** The run that owns what the tests create, and whose ID Azure sees as the correlation ID. */
export const runId = 'f0000000-0000-0000-0000-000000000001';
/** The lock under which the tests write. */
export const workflowId = `aks/${subscriptionId}/rg-test/test`;
export const marks = { [markTags.workflow]: workflowId, [markTags.run]: runId };

/** A cluster in a network that AKS manages, with a managed registry, has no infrastructure of its own. */
export const nothingElse: InfrastructureRequest = {
  subscriptionId,
  location: 'westeurope',
  identityIds: {},
  roleScopes: [],
};

/** Reads a cluster without infrastructure of its own. */
export const readBack = ({ activities }: AzureUnderTest, cluster: ClusterReference): Promise<ReadBack> =>
  attempt().run(activities.readBack, { cluster, infrastructure: nothingElse });

/** The real activities against a simulated Azure of their own. */
export interface AzureUnderTest extends SimulatedAzure {
  activities: Activities;
  /** Methods and status codes of the writes to anything whose path contains this. */
  sent(part: string): Promise<string[]>;
  /** Creates the resource group of a cluster and says what the cluster is to be. */
  specification(name: string, changes?: Partial<ClusterSpecification>): Promise<ClusterSpecification>;
}

export async function startAzure(): Promise<AzureUnderTest> {
  const azure = await startSimulatedAzure();
  const { clock } = azure.connection;
  if (!clock) throw new Error('Time does not pass by demand');
  // Nobody schedules these attempts: they were scheduled so long ago as the test says.
  const at = (machineMs: number) => clock.now() - (Date.now() - machineMs);
  const activities = createActivities({ ...azure.connection, clock: { ...clock, at } });
  return {
    ...azure,
    activities,
    async sent(part) {
      const requests = (await azure.recorded()).filter(({ method, url }) => method !== 'GET' && url.includes(part));
      return requests.map(({ method, status }) => `${method} ${status}`);
    },
    async specification(name, changes = {}) {
      const group = { subscriptionId, name: `rg-${name}`, location: 'westeurope', tags: marks };
      await attempt().run(activities.createResourceGroup, group);
      return specification(name, changes);
    },
  };
}

/** A cluster with one node, in a network that AKS manages. */
export function specification(name: string, changes: Partial<ClusterSpecification> = {}): ClusterSpecification {
  return {
    cluster: { subscriptionId, resourceGroup: `rg-${name}`, name },
    location: 'westeurope',
    tags: marks,
    kubernetesVersion: '1.34',
    dnsPrefix: name,
    nodeResourceGroup: `MC_rg-${name}_${name}_westeurope`,
    identity: { type: 'SystemAssigned' },
    agentPoolProfiles: [
      { name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5', enableAutoScaling: false },
    ],
    artifactSource: 'Cache',
    outboundType: 'none',
    enablePrivateCluster: true,
    enableVnetIntegration: false,
    ...changes,
  };
}

/** One attempt of an activity; a second one gets what the first left in its last heartbeat, as the server keeps it. */
export function attempt(
  number = 1,
  lastHeartbeat?: unknown,
  log?: (message: string, meta: unknown) => void,
): MockActivityEnvironment {
  const heartbeatDetails: unknown = lastHeartbeat === undefined ? undefined : JSON.parse(JSON.stringify(lastHeartbeat));
  return new MockActivityEnvironment(
    { attempt: number, heartbeatDetails, workflowExecution: { workflowId, runId } },
    {
      logger: log ? new DefaultLogger('TRACE', ({ message, meta }) => log(message, meta)) : new DefaultLogger('ERROR'),
    },
  );
}

/** An attempt of an activity that was scheduled so long ago. */
export const attemptAfter = (agoMs: number, number = 1, heartbeatDetails?: unknown): MockActivityEnvironment =>
  new MockActivityEnvironment(
    {
      attempt: number,
      heartbeatDetails,
      scheduledTimestampMs: Date.now() - agoMs,
      currentAttemptScheduledTimestampMs: Date.now(),
      workflowExecution: { workflowId, runId },
    },
    { logger: new DefaultLogger('ERROR') },
  );

/** A later attempt of an operation that was scheduled so many days ago. */
export const attemptAfterDays = (days: number, heartbeatDetails: unknown): MockActivityEnvironment =>
  new MockActivityEnvironment(
    {
      attempt: 3,
      heartbeatDetails,
      scheduledTimestampMs: Date.now() - days * 24 * 60 * 60_000,
      currentAttemptScheduledTimestampMs: Date.now(),
      retryPolicy: { maximumAttempts: 2_880 },
      workflowExecution: { workflowId, runId },
    },
    { logger: new DefaultLogger('ERROR') },
  );

/** An attempt that Temporal has scheduled this moment, on a worker whose clock is so far ahead of Temporal's. */
export const attemptOnClockAhead = (aheadMs: number): MockActivityEnvironment =>
  new MockActivityEnvironment(
    {
      scheduledTimestampMs: Date.now() - aheadMs,
      currentAttemptScheduledTimestampMs: Date.now() - aheadMs,
      workflowExecution: { workflowId, runId },
    },
    { logger: new DefaultLogger('ERROR') },
  );

/** An attempt with this heartbeat time-out. */
export const attemptWithin = (heartbeatTimeoutMs: number): MockActivityEnvironment =>
  new MockActivityEnvironment(
    { heartbeatTimeoutMs, workflowExecution: { workflowId, runId } },
    { logger: new DefaultLogger('ERROR') },
  );

/** Resolves with the details of the first heartbeat that carries the operation: from then on, a successor can resume it. */
export function operationHeartbeat(environment: MockActivityEnvironment): Promise<unknown> {
  return new Promise((resolve) => {
    environment.on('heartbeat', (details: unknown) => {
      if (typeof details === 'object' && details !== null && 'poller' in details) resolve(details);
    });
  });
}

/** The heartbeat details that the attempt's successor would get now. */
export function lastHeartbeatOf(environment: MockActivityEnvironment): () => unknown {
  let last: unknown;
  environment.on('heartbeat', (details: unknown) => {
    last = JSON.parse(JSON.stringify(details));
  });
  return () => last;
}

/** Ends an attempt as the worker's death does: nothing of it is heard any more. Returns its last heartbeat. */
export async function killOnceSent<T>(environment: MockActivityEnvironment, work: Promise<T>): Promise<unknown> {
  const details = await Promise.race([operationHeartbeat(environment), work]);
  environment.cancel('WORKER_SHUTDOWN');
  await work.catch(() => undefined);
  return details;
}

export interface Failure {
  type: string;
  message: string;
  nonRetryable: boolean;
  nextRetryDelay: unknown;
  details: ErrorDetails;
}

/** The failure of an activity. Fails the test if the activity succeeded, or if its error is no application failure. */
export async function activityFailure(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApplicationFailure)) throw new Error(`Expected an application failure, got ${error}`);
  return {
    type: error.type ?? '',
    message: error.message,
    nonRetryable: error.nonRetryable ?? false,
    nextRetryDelay: error.nextRetryDelay,
    details: error.details?.[0] as ErrorDetails,
  };
}
