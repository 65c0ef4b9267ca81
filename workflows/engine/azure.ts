import type { Duration } from '@temporalio/common';
import { type ActivityOptions, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { isUnhurried, priorityOf, type Urgency } from './priority.ts';

/** Temporal gives the activity of a killed worker to another one after this time. */
const noticed = { heartbeatTimeout: '10 seconds' } satisfies ActivityOptions;

/**
 * The place of the run's activities in the queue. Asked where they are called, for each run is of its own subscription.
 *
 * A rollout's go through the queue: handed out eagerly, all of a run's would be one worker's, however many wait there for Azure's limits,
 * of which each worker has the same part.
 */
const placed = (urgency: Urgency): Pick<ActivityOptions, 'priority' | 'allowEagerDispatch'> => ({
  priority: priorityOf(urgency, workflowInfo()),
  ...(isUnhurried(workflowInfo()) && { allowEagerDispatch: false }),
});

/** The place of short ones. A rollout's wait for Azure's limits as long as the runs before them ask, which may be an hour. */
const placedShort = (): Pick<ActivityOptions, 'priority' | 'allowEagerDispatch' | 'startToCloseTimeout'> => ({
  ...placed('short'),
  ...(isUnhurried(workflowInfo()) && { startToCloseTimeout: '3 hours' }),
});

/**
 * Short ones are not behind operations of hours in the queue. Operations that wait in a worker keep their slots all the same, so
 * that no bound may contain the time in the queue: a full worker would make healthy clusters fail. Attempts are bounded, by number
 * and each by itself; a failure that ends the last one is Azure's own, with its code and advice.
 *
 * Reads answer in a second. An attempt's bound is longer than the client's 90 s for one answer, than a wait for Azure's limits, and than
 * the two minutes for which an attempt looks until ARM's regions agree, before a deletion and after it. 35 attempts take a quarter of
 * an hour where Azure is down: that outlasts throttling, which asks for minutes.
 */
export const read = {
  ...noticed,
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 35 },
} satisfies ActivityOptions;

/**
 * Looks from inside a cluster run a pod there, and change nothing. Azure's own client gives up after five minutes
 * (azure-cli, acs/custom.py, `_aks_command_result_in_progress_helper`, read 2026-11-26). 15 attempts take a quarter of an hour.
 */
export const look = {
  ...read,
  retry: { initialInterval: '1 second', maximumInterval: '2 minutes', maximumAttempts: 15 },
} satisfies ActivityOptions;

/**
 * As many attempts as two days have minutes. The activities themselves end a wait after two days; this is for those that no
 * worker survives.
 */
const patient = {
  initialInterval: '1 second',
  maximumInterval: '1 minute',
  maximumAttempts: 2 * 24 * 60,
} satisfies ActivityOptions['retry'];

/** Verification is as patient as operations are: a read that Azure refuses for hours says nothing about a cluster. */
export const verification = { ...read, retry: patient } satisfies ActivityOptions;

/**
 * A cancelled write must have ended before it is undone, or it takes effect after the undo. The SDK documents this type as
 * its default, but does not wait where none is given.
 */
const waitForCancelled = { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } satisfies ActivityOptions;

/** Calls that Azure answers at once. An hour, which 125 attempts take, outlasts most outages of a region. */
export const write = {
  ...read,
  ...waitForCancelled,
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 125 },
} satisfies ActivityOptions;

/**
 * Most operations take minutes. A pool of a hundred nodes that drain slowly takes a day, and the cluster may have been busy
 * for as long before. A worker that is starved for half a minute still counts as alive: its successor would only look on, and
 * three heartbeats of ten seconds fit in.
 */
export const operation = {
  ...waitForCancelled,
  heartbeatTimeout: '30 seconds',
  startToCloseTimeout: '24 hours',
  retry: patient,
} satisfies ActivityOptions;

/** The retry policy is the wait: each attempt asks once, and a wait of hours leaves no trace in history. The activity ends it. */
export const wait = { ...noticed, startToCloseTimeout: '2 minutes' } satisfies ActivityOptions;

/** An hour of attempts; the activity bounds each. Nothing waits for it as long as it runs, so that it comes last. */
const told: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  cancellationType: 'TRY_CANCEL',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 65 },
};

/** The activity that tells somebody outside. @param atMost Bound on all its attempts, and on the time in the queue. */
export const telling = (summary: string, atMost?: Duration) =>
  proxyActivities<Activities>({
    ...told,
    ...placed('told'),
    summary,
    ...(atMost && { scheduleToCloseTimeout: atMost }),
  });

/** The activities of each kind; `summary` is what the Web UI's timeline shows. */
export const azure = {
  reading: (summary: string) => proxyActivities<Activities>({ ...read, ...placedShort(), summary }),
  looking: (summary: string) => proxyActivities<Activities>({ ...look, ...placedShort(), summary }),
  verifying: (summary: string) => proxyActivities<Activities>({ ...verification, ...placedShort(), summary }),
  writing: (summary: string) => proxyActivities<Activities>({ ...write, ...placedShort(), summary }),
  operating: (summary: string) => proxyActivities<Activities>({ ...operation, ...placed('operation'), summary }),
  /** Operations of undo: whoever waits for the end of a failed run is not behind those of others. */
  undoing: (summary: string) => proxyActivities<Activities>({ ...operation, ...placed('undo'), summary }),
  waiting: (summary: string) => proxyActivities<Activities>({ ...wait, ...placedShort(), summary }),
};
