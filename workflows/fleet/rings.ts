import type { FleetBound, PlannedRing } from '../../contract/fleet.ts';
import {
  type FleetRing,
  keyOfCluster,
  type ParsedRolloutFleetInput,
  takesRest,
} from '../../contract/inputs/rolloutFleet.ts';
import type { Problem } from '../../contract/problem.ts';
import type { FleetCluster } from '../../resources/fleet.ts';
import { azureBound, type Limits, mostOfSubscription } from './budget.ts';

export interface Allotted {
  /** One for each ring of the input. */
  rings: FleetCluster[][];
  problems: Problem[];
}

/**
 * Gives each cluster its ring. Clusters that a ring names are that ring's; the others are taken in their order. A ring for which no
 * cluster is left is empty.
 */
export function allotted(clusters: readonly FleetCluster[], rings: readonly FleetRing[]): Allotted {
  const byKey = new Map(clusters.map((cluster) => [keyOfCluster(cluster), cluster]));
  const named = rings.map(({ clusters: own = [] }) => own.flatMap((each) => byKey.get(keyOfCluster(each)) ?? []));
  const reserved = new Set(named.flat());
  const free = clusters.filter((each) => !reserved.has(each));
  const all = rings.map((ring, index) => {
    if (ring.clusters) return named[index] ?? [];
    return free.splice(0, sizeOf(ring, clusters.length));
  });
  const problems: Problem[] =
    free.length === 0
      ? []
      : [
          {
            where: 'rings',
            problem: `${free.length} of ${clusters.length} clusters are in no ring`,
            whatToDo: 'Add a ring without count, percent and clusters: it takes all that are left.',
          },
        ];
  return { rings: all, problems };
}

function sizeOf(ring: FleetRing, all: number): number {
  if (takesRest(ring)) return all;
  return ring.count ?? Math.ceil((all * (ring.percent ?? 0)) / 100);
}

/** Everything that bounds how many clusters of a ring are in work at the same time. */
function boundsOf(
  clusters: readonly FleetCluster[],
  ring: Pick<FleetRing, 'atOnce'>,
  asked: Pick<ParsedRolloutFleetInput, 'scenario' | 'parallel'>,
  limits: Limits,
): FleetBound[] {
  const { parallel } = asked;
  const within = (most: number, keyOf: (cluster: FleetCluster) => string): number =>
    [...counted(clusters, keyOf).values()].reduce((sum, count) => sum + Math.min(count, most), 0);
  return [
    { by: 'clusters of the ring', atOnce: clusters.length },
    { by: 'parallel.clusters', atOnce: parallel.clusters },
    ...(ring.atOnce === undefined ? [] : [{ by: 'atOnce of the ring', atOnce: ring.atOnce }]),
    { by: 'parallel.perSubscription', atOnce: within(parallel.perSubscription, (each) => each.subscriptionId) },
    { by: 'parallel.perRegion', atOnce: within(parallel.perRegion, (each) => each.region) },
    ...(limits.withinLimits === undefined
      ? []
      : [
          {
            by: azureBound(asked, limits),
            atOnce: within(mostOfSubscription(asked, limits), (each) => each.subscriptionId),
          },
        ]),
  ];
}

const leastOf = (bounds: readonly FleetBound[]): number => Math.min(...bounds.map(({ atOnce }) => atOnce));

function counted<T>(all: readonly T[], keyOf: (each: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const each of all) counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1);
  return counts;
}

/** The rings of a plan. @param clusters Those of each ring of the input. */
export const plannedRings = (
  clusters: readonly (readonly FleetCluster[])[],
  { rings, ...asked }: Pick<ParsedRolloutFleetInput, 'scenario' | 'rings' | 'parallel'>,
  limits: Limits,
): PlannedRing[] =>
  rings.map((ring, index) => {
    const own = clusters[index] ?? [];
    const bounds = boundsOf(own, ring, asked, limits);
    const { name, gate, soakMinutes } = ring;
    return { name, clusters: own.map(keyOfCluster), atOnce: leastOf(bounds), bounds, gate, soakMinutes };
  });

/** How many clusters may fail. Never less than one by percentage, unless the count says so. */
export function mostFailures(
  { count, percent }: Pick<ParsedRolloutFleetInput['failureBudget'], 'count' | 'percent'>,
  clusters: number,
): number {
  return Math.min(count, Math.max(1, Math.floor((clusters * percent) / 100)));
}
