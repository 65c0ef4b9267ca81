import type { FleetPlan } from '../../contract/fleet.ts';
import { keyOfCluster, mostFleetClusters, type ParsedRolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import type { AksWindow } from '../../contract/inputs/rolloutWindows.ts';
import { strangers } from '../../contract/parseRolloutFleet.ts';
import { boundedProblems, type Problem, problemText } from '../../contract/problem.ts';
import type { FleetCluster } from '../../resources/fleet.ts';
import { clusterId, keyOf } from '../../resources/ids.ts';
import { unknownStarter } from '../engine/starter.ts';
import { budgetNote, type Limits, limitsOf } from './budget.ts';
import { allotted, mostFailures, plannedRings } from './rings.ts';

/** The result of a look into one subscription. */
export interface Seen extends Partial<Limits> {
  subscriptionId: string;
  clusters: readonly FleetCluster[];
  /** Why nobody may look. */
  forbidden?: string;
  problems: readonly Problem[];
  /** Whether the look has failed: nothing is known of its clusters. */
  isUnseen?: true;
  /** Whether the worker's policy wants approvals by somebody else than the starter. */
  byOther?: true;
  /** The events that the worker sends. */
  tells: readonly string[];
}

/** The plan of a rollout, with the clusters of each of its rings. */
export interface PlannedFleet {
  rings: FleetCluster[][];
  limits: Limits;
  plan: FleetPlan;
}

/**
 * Plans what is to be rolled out where, and names everything that stands against it. Clusters that the input names are all there, or
 * are problems; where nobody may look they are taken at their word. A selection must be complete: a subscription into which nobody may
 * look is a problem.
 *
 * @param startedBy Who starts the rollout, as far as somebody says it.
 */
export function planFleet(input: ParsedRolloutFleetInput, seen: readonly Seen[], startedBy?: string): PlannedFleet {
  const { clusters, unread, problems } = input.clusters
    ? namedClusters(input.clusters, seen)
    : selectedClusters(input.select ?? { subscriptions: [] }, seen);
  const { rings, problems: left } = allotted(clusters, input.rings);
  const isComplete = problems.length === 0;
  const keys = new Set(clusters.map(keyOfCluster));
  const limits = limitsOf(seen);
  const byOther =
    seen.some((each) => each.byOther) && input.rings.some(({ gate }, ring) => gate && rings[ring]?.length !== 0);
  return {
    rings,
    limits,
    plan: {
      rings: plannedRings(rings, input, limits),
      unread,
      notes: [...notesOn(input, rings, limits), ...(byOther && startedBy ? [othersNote(startedBy)] : [])],
      ...(byOther && { byOther }),
      problems: boundedProblems([
        // Each look tells a scenario that may not run.
        ...new Map(seen.flatMap((each) => each.problems).map((each) => [problemText(each), each])).values(),
        ...problems,
        // A cluster that no look has seen would be a stranger, too.
        ...(isComplete && !input.clusters ? strangers(keys, input) : []),
        ...(isComplete ? left : []),
        ...(byOther && !startedBy ? [unknownStarter] : []),
      ]),
    },
  };
}

interface Selected {
  clusters: FleetCluster[];
  unread: string[];
  problems: Problem[];
}

function namedClusters(named: NonNullable<ParsedRolloutFleetInput['clusters']>, seen: readonly Seen[]): Selected {
  const found = new Map(seen.flatMap(({ clusters }) => clusters.map((each) => [keyOfCluster(each), each] as const)));
  const unseen = new Set(
    seen.flatMap(({ subscriptionId, forbidden, isUnseen }) =>
      forbidden !== undefined || isUnseen ? [subscriptionId] : [],
    ),
  );
  const whatToDo = 'Correct its name, or remove it: somebody may have deleted it.';
  return {
    clusters: named.map((each) => found.get(keyOfCluster(each)) ?? { ...each, region: '' }),
    unread: seen.flatMap(({ subscriptionId, forbidden }) =>
      forbidden === undefined
        ? []
        : [`the clusters of /subscriptions/${subscriptionId}, whose regions are not known then: ${forbidden}`],
    ),
    problems: named.flatMap((each, index) =>
      found.has(keyOfCluster(each)) || unseen.has(keyOf(each.subscriptionId))
        ? []
        : [{ where: `clusters[${index}]`, problem: `there is no cluster ${clusterId(each)}`, whatToDo }],
    ),
  };
}

function selectedClusters(select: NonNullable<ParsedRolloutFleetInput['select']>, seen: readonly Seen[]): Selected {
  const clusters = seen
    .flatMap((each) => each.clusters)
    .toSorted((a, b) => (keyOfCluster(a) < keyOfCluster(b) ? -1 : 1));
  const closed: Problem[] = seen.flatMap(({ subscriptionId, forbidden }) =>
    forbidden === undefined
      ? []
      : [
          {
            where: `/subscriptions/${subscriptionId}`,
            problem: `its clusters may not be listed, so that the selection would not be complete: ${forbidden}`,
            whatToDo:
              "Give the worker's identity the role Reader there, leave the subscription out, or name the clusters.",
          },
        ],
  );
  const isComplete = closed.length === 0 && seen.every(({ isUnseen }) => !isUnseen);
  const empty: Problem = {
    where: 'select',
    problem: `no cluster is like this in ${select.subscriptions.length === 1 ? 'the subscription' : `the ${select.subscriptions.length} subscriptions`}`,
    whatToDo:
      'Look at what `az aks list` prints there: tags count with their values, resource groups by their whole name.',
  };
  const many: Problem = {
    where: 'select',
    problem: `${clusters.length} clusters are more than the ${mostFleetClusters} of a rollout`,
    whatToDo: 'Make several rollouts, each with a part of the subscriptions.',
  };
  return {
    clusters,
    unread: [],
    problems: [
      ...closed,
      ...(isComplete && clusters.length === 0 ? [empty] : []),
      ...(clusters.length > mostFleetClusters ? [many] : []),
    ],
  };
}

const othersNote = (startedBy: string): string =>
  `Somebody else than ${startedBy} lets a ring begin that waits at its gate, for the worker's policy wants it.`;

const whereNone = {
  fail: 'one without it counts as failed',
  skip: 'one without it is left out',
  begin: 'one without it begins at any time',
} as const satisfies Record<AksWindow['without'], string>;

/** Warnings for whoever lets it begin. */
function notesOn(
  input: ParsedRolloutFleetInput,
  clusters: readonly (readonly FleetCluster[])[],
  limits: Limits,
): string[] {
  const { rings, failureBudget, aksWindow } = input;
  const all = clusters.flat().length;
  const most = mostFailures(failureBudget, all);
  return [
    budgetNote(input, limits),
    ...(aksWindow
      ? [
          `Each cluster begins only within its own ${aksWindow.configuration}, which AKS is asked for when its turn comes; ${whereNone[aksWindow.without]}.`,
        ]
      : []),
    ...rings.flatMap(({ name }, index) =>
      clusters[index]?.length === 0
        ? [`Ring ${name} has no cluster, and is passed over with its gate and its soak time.`]
        : [],
    ),
    ...(most >= all && failureBudget.whenUsedUp !== 'goOn'
      ? [`The failure budget never acts: ${most} may fail of ${all} ${all === 1 ? 'cluster' : 'clusters'}.`]
      : []),
  ];
}
