import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';

/** Temporal gives the activity of a killed worker to another one after this time. */
const noticed = { heartbeatTimeout: '10 seconds' } satisfies ActivityOptions;

/**
 * Reads answer in a second. An attempt's bound is longer than the client's 90 s for one answer. All attempts together are
 * bounded for an Azure that is down: a quarter of an hour outlasts throttling, which asks for minutes.
 */
const read: ActivityOptions = {
  ...noticed,
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '15 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
};

/**
 * Looks from inside a cluster run a pod there, and change nothing. Azure's own client gives up after five minutes
 * (azure-cli, acs/custom.py, `_aks_command_result_in_progress_helper`, read 2026-11-26).
 */
const look: ActivityOptions = {
  ...read,
  startToCloseTimeout: '10 minutes',
  scheduleToCloseTimeout: '30 minutes',
};

/** Verification is as patient as operations are: a read that Azure refuses for hours says nothing about a cluster. */
const verification: ActivityOptions = {
  ...read,
  startToCloseTimeout: '10 minutes',
  scheduleToCloseTimeout: '48 hours',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
};

/**
 * A cancelled write must have ended before it is undone, or it takes effect after the undo. The SDK documents this type as
 * its default, but does not wait where none is given.
 */
const waitForCancelled = { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } satisfies ActivityOptions;

/** Calls that Azure answers at once. An hour outlasts most outages of a region. */
const write: ActivityOptions = { ...read, ...waitForCancelled, scheduleToCloseTimeout: '1 hour' };

/**
 * Most operations take minutes. A pool of a hundred nodes that drain slowly takes a day, and the cluster may have been busy
 * for as long before.
 */
const operation: ActivityOptions = {
  ...waitForCancelled,
  ...noticed,
  startToCloseTimeout: '24 hours',
  scheduleToCloseTimeout: '48 hours',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
};

/**
 * The retry policy is the wait: each attempt asks once, and a wait of hours leaves no trace in history. A registration may
 * end in a second (a provider) or in half a day (a feature). Growth by a tenth notices the end within 10 %; from five minutes
 * on there is a look every 30 s, where Azure allows 25 reads a second (Learn, "Understand how Azure Resource Manager throttles
 * requests", 2024).
 */
const registration = (minutes: number): ActivityOptions => ({
  ...noticed,
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: `${minutes} minutes`,
  retry: { initialInterval: '250 milliseconds', backoffCoefficient: 1.1, maximumInterval: '30 seconds' },
});

/**
 * Operations that an earlier run began around a cluster take a minute or two. The cluster's own operation is followed by
 * another activity. After eight minutes something is stuck, and the plan says so.
 */
const earlierRun: ActivityOptions = {
  ...noticed,
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '8 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '15 seconds' },
};

/** Node images come weekly: a wait for one is long, and asks seldom. */
const nodeImage = (hours: number): ActivityOptions => ({
  ...noticed,
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: `${hours} hours`,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '15 minutes' },
});

/** The activities of each kind; `summary` is what the Web UI's timeline shows. */
export const azure = {
  reading: (summary: string) => proxyActivities<Activities>({ ...read, summary }),
  looking: (summary: string) => proxyActivities<Activities>({ ...look, summary }),
  verifying: (summary: string) => proxyActivities<Activities>({ ...verification, summary }),
  writing: (summary: string) => proxyActivities<Activities>({ ...write, summary }),
  operating: (summary: string) => proxyActivities<Activities>({ ...operation, summary }),
  awaitingEarlierRun: (summary: string) => proxyActivities<Activities>({ ...earlierRun, summary }),
  /** @param hours Bound on the wait. */
  awaitingNodeImage: (summary: string, hours: number) => proxyActivities<Activities>({ ...nodeImage(hours), summary }),
  /** @param minutes Bound on the wait. */
  awaitingRegistration: (summary: string, minutes: number) =>
    proxyActivities<Activities>({ ...registration(minutes), summary }),
};
