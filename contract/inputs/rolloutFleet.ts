import { z } from 'zod';
import { keyOf } from '../../resources/ids.ts';
import { nameRules } from '../../resources/names.ts';
import { crossCheck, eachOnce, matching, named } from './checks.ts';
import {
  approvalTimeoutMinutes,
  clusterReference,
  dryRun,
  failOnProblems,
  holdTimeoutMinutes,
  minutes,
  pauseTimeoutMinutes,
  schemaKey,
} from './cluster.ts';
import { guid } from './resourceIds.ts';
import { aksWindow, maintenanceWindows } from './rolloutWindows.ts';

/**
 * The scenarios that a fleet takes: those on clusters that are there. `deleteCluster` is none of them: what it deletes is gone for
 * good, and a selection by tag that names one cluster too many would have no way back.
 */
export const fleetScenarios = [
  'isolateCluster',
  'changeRegistry',
  'disableIsolation',
  'reimageNodePools',
  'auditCluster',
] as const;
export type FleetScenario = (typeof fleetScenarios)[number];

/** A payload of Temporal takes 2 MiB; so many clusters with the longest names that Azure has take half of it. */
export const mostFleetClusters = 5_000;
/** As many entries as a list of an input has. */
const mostNamed = 1_000;
/** Thirteen rings that double reach 5,000 clusters; the others leave room for gates between. */
const mostRings = 20;
/** Each is listed by an activity of its own, which takes three events of the history. */
const mostSubscriptions = 100;

const fleetName = matching(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  63,
  'not a name of a fleet. Use 1 to 63 lower-case letters, digits or hyphens, beginning and ending with a letter or digit.',
).describe('The name of the rollout. Its workflow ID is fleet/ and this name; a schedule adds its time.');

const scenarioInput = z.record(z.string().max(100), z.unknown());

const references = z
  .array(clusterReference)
  .min(1, 'no cluster. Name at least one.')
  .max(mostNamed, `too many clusters. Name at most ${mostNamed}, or use select.`)
  .check(
    crossCheck(z.array(clusterReference), (all, report) => {
      const keys = all.map(keyOfCluster);
      keys.forEach((key, index) => {
        if (keys.indexOf(key) < index) report([index], 'a cluster that is named twice. Remove one.');
      });
    }),
  );

/** A cluster, as Azure tells clusters apart. */
export const keyOfCluster = ({
  subscriptionId,
  resourceGroup,
  name,
}: {
  subscriptionId: string;
  resourceGroup: string;
  name: string;
}): string => `${subscriptionId}/${resourceGroup}/${name}`.toLowerCase();

/** Two ways to say the same, of which one may be used, whatever they hold. */
const oneOf = (one: string, other: string): z.core.$ZodCheck<object> =>
  crossCheck(z.looseObject({ [one]: z.unknown(), [other]: z.unknown() }), (given, report) => {
    if (given[one] === undefined || given[other] === undefined) return;
    report([other], `given beside ${one}, which says it already. Remove one of them.`);
  });

const select = z.strictObject({
  subscriptions: z
    .array(matching(guid, 36, 'not a subscription ID. Use the GUID that `az account show --query id` prints.'))
    .min(1, 'no subscription. Name at least one.')
    .max(mostSubscriptions, `too many subscriptions. Use at most ${mostSubscriptions}.`)
    .check(eachOnce(keyOf))
    .describe('The subscriptions whose clusters are taken.'),
  resourceGroup: named('a resource group name', nameRules.resourceGroup)
    .exactOptional()
    .describe('Only clusters in resource groups of this name.'),
  tags: z
    .record(z.string().min(1).max(512), z.string().max(256))
    .refine((all) => Object.keys(all).length <= 15, 'too many tags. Use at most 15.')
    .exactOptional()
    .describe('Only clusters with all of these tags.'),
});

/** Azure's limits let far fewer be in work in one subscription, and a worker takes 500 activities at the same time. */
export const mostAtOnce = 300;
const atOnce = (usual: number) =>
  z
    .int()
    .min(1, `too few. Use 1 to ${mostAtOnce}.`)
    .max(mostAtOnce, `too many. Use 1 to ${mostAtOnce}.`)
    .default(usual);

const parallel = z
  .strictObject({
    clusters: atOnce(50).describe('How many clusters are in work at the same time.'),
    perRegion: atOnce(50).describe('How many of them in one region.'),
    perSubscription: atOnce(50).describe('How many of them in one subscription.'),
  })
  .prefault({})
  .describe('How much is done at the same time.');

const percent = z.number().positive('too little. Use more than 0.').max(100, 'too much. Use at most 100.');

const ring = z
  .strictObject({
    name: z
      .string()
      .trim()
      .max(50, 'too long. Use at most 50 characters.')
      // A command with it is pasted into a shell.
      .regex(
        /^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u,
        'not a name of a ring. Use letters, digits, spaces, dots, hyphens and underscores.',
      )
      .describe('The name of the ring. An approval names it.'),
    count: z
      .int()
      .min(1, 'a ring without a cluster. Use 1 or more, or remove the ring.')
      .max(mostFleetClusters, `too many. Use at most ${mostFleetClusters}.`)
      .exactOptional()
      .describe('So many clusters.'),
    percent: percent.exactOptional().describe('So many of each hundred clusters of the fleet, rounded up.'),
    clusters: references.exactOptional().describe('These clusters of the fleet.'),
    atOnce: z
      .int()
      .min(1, `too few. Use 1 to ${mostAtOnce}.`)
      .max(mostAtOnce, `too many. Use 1 to ${mostAtOnce}.`)
      .exactOptional()
      .describe('How many clusters of this ring are in work at the same time. Default: parallel.clusters.'),
    gate: z.boolean().default(false).describe('Whether the ring begins only after an approve update that names it.'),
    soakMinutes: z
      .number()
      .min(0, 'negative. Use 0 or more minutes.')
      .max(30 * 24 * 60, 'too long. Use at most 43200 minutes, which are 30 days.')
      .default(0)
      .describe('How long nothing begins after this ring has ended.'),
  })
  .check(oneOf('count', 'percent'))
  .check(oneOf('count', 'clusters'))
  .check(oneOf('percent', 'clusters'));

const rings = z
  .array(ring)
  .min(1, 'no ring. Leave the key out for the usual ones.')
  .max(mostRings, `too many rings. Use at most ${mostRings}.`)
  .check(
    crossCheck(z.array(ring), (all, report) => {
      all.forEach(({ name, ...size }, index) => {
        if (all.findIndex((each) => each.name === name) < index)
          report([index, 'name'], 'a name that another ring has. Use another one.');
        if (!takesRest(size) || index === all.length - 1) return;
        report([index], 'takes all clusters that are left, so that the rings after it have none. Give it a count.');
      });
      const own = all.flatMap(({ clusters = [] }, index) => clusters.map((each, at) => ({ each, index, at })));
      const keys = own.map(({ each }) => keyOfCluster(each));
      own.forEach(({ index, at }, place) => {
        const first = own[keys.indexOf(keys[place] ?? '')];
        if (first && first.index < index)
          report([index, 'clusters', at], 'a cluster that an earlier ring has. Remove one.');
      });
    }),
  )
  .default([
    { name: 'canary', count: 1, gate: false, soakMinutes: 0 },
    { name: 'few', count: 5, gate: false, soakMinutes: 0 },
    { name: 'tenth', percent: 10, gate: false, soakMinutes: 0 },
    { name: 'rest', gate: false, soakMinutes: 0 },
  ])
  .describe('The rings, one after the other. Default: 1 cluster, 5, a tenth of the fleet, the rest.');

/** Whether a ring takes all clusters that no other ring has. */
export const takesRest = ({ count, percent: share, clusters }: Pick<FleetRing, 'count' | 'percent' | 'clusters'>) =>
  count === undefined && share === undefined && clusters === undefined;

const failureBudget = z
  .strictObject({
    count: z
      .int()
      .min(0, 'negative. Use 0 or more.')
      .max(mostFleetClusters, `too many. Use at most ${mostFleetClusters}.`)
      .default(1)
      .describe('So many clusters may fail.'),
    percent: percent.default(5).describe('So many of each hundred clusters of the fleet may fail, but one always.'),
    whenUsedUp: z
      .enum(['hold', 'stop', 'goOn'])
      .default('hold')
      .describe(
        'When more have failed than either of them says. hold: wait for an operator. stop: begin no further cluster and fail. goOn: only tell it.',
      ),
  })
  .prefault({})
  .describe('How many clusters may fail.');

const busy = z
  .strictObject({
    everyMinutes: minutes(24 * 60, 15).describe('After how long it is tried again.'),
    times: z
      .int()
      .min(0, 'negative. Use 0 or more.')
      .max(100, 'too often. Use at most 100 times.')
      .default(8)
      .describe('How often it is tried again. Then the cluster is skipped.'),
  })
  .prefault({})
  .describe('What is done about a cluster on which another scenario runs.');

/** Input of `rolloutFleet`. Its template for the scenario is checked by {@link parseRolloutFleet}. */
export const rolloutFleetInput = z
  .strictObject({
    $schema: schemaKey,
    name: fleetName,
    scenario: z.enum(fleetScenarios).describe('The scenario that runs on each cluster.'),
    input: scenarioInput.default({}).describe("The scenario's own input, without cluster and dryRun."),
    overrides: z
      .array(
        z.strictObject({
          cluster: clusterReference.describe('A cluster of the fleet.'),
          input: scenarioInput.describe('Keys that replace those of the template for this cluster.'),
        }),
      )
      .max(mostNamed, `too many. Use at most ${mostNamed}.`)
      .default([])
      .describe('What is other on some clusters.'),
    clusters: references.exactOptional().describe('The clusters of the fleet.'),
    select: select.exactOptional().describe('How the clusters of the fleet are found when the rollout starts.'),
    rings,
    parallel,
    failureBudget,
    maintenanceWindows: maintenanceWindows.exactOptional(),
    aksWindow: aksWindow.exactOptional(),
    audits: z
      .enum(['beforeAndAfter', 'after', 'none'])
      .default('beforeAndAfter')
      .describe('When each cluster is audited. One that was isolated before and is not after counts as failed.'),
    busy,
    onCancel: z
      .enum(['rollBackClusters', 'finishClusters'])
      .default('rollBackClusters')
      .describe(
        'What becomes of clusters that are in work when the rollout is cancelled. rollBackClusters: their scenarios are cancelled, and take their changes back. finishClusters: they go on to their end, and are waited for.',
      ),
    approvalTimeoutMinutes,
    holdTimeoutMinutes,
    pauseTimeoutMinutes: pauseTimeoutMinutes.describe(
      'Bound on each pause. After it no further cluster begins, and the rollout fails with FleetStopped once those in work have ended.',
    ),
    dryRun,
    failOnProblems,
  })
  .check(oneOf('clusters', 'select'));

/** As callers send it: defaults may be left out. */
export type RolloutFleetInput = z.input<typeof rolloutFleetInput>;
/** As the workflow gets it: defaults are filled in. */
export type ParsedRolloutFleetInput = z.output<typeof rolloutFleetInput>;
export type FleetRing = z.output<typeof ring>;
