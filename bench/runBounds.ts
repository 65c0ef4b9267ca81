/**
 * The most that a run takes, undisturbed and with roles that take effect at once, in clusters of two small pools. Numbers of polls and
 * workflow tasks differ with what happens to overlap.
 */
export interface RunBound {
  /** For people. */
  title: string;
  /** Requests to Azure that only look: before the first step, in the steps, and after the last one. */
  discovery: number;
  steps: number;
  verification: number;
  /** Requests to Azure that change something. */
  writes: number;
  /** Temporal's billable actions but for heartbeats. */
  actions: number;
  events: number;
  /** Size of the history. */
  kilobytes: number;
}

const bound = (
  title: string,
  [discovery, steps, verification, writes]: readonly [number, number, number, number],
  [actions, events, kilobytes]: readonly [number, number, number],
): RunBound => ({ title, discovery, steps, verification, writes, actions, events, kilobytes });

/** Held by `test/scenarios/requests.test.ts`; `npm run fix` writes the table of `docs/reference/costs.md`. */
export const runBounds = {
  'create-managed': bound('createCluster, registry by AKS', [15, 8, 27, 2], [16, 90, 45]),
  'create-own': bound('createCluster, own registry', [16, 18, 29, 15], [30, 180, 95]),
  'create-byo': bound('createCluster, own registry, VNet integration', [16, 18, 28, 16], [31, 185, 100]),
  'isolate-managed': bound('isolateCluster, registry by AKS', [32, 72, 33, 4], [32, 190, 90]),
  'isolate-byo': bound('isolateCluster, own registry', [39, 76, 33, 13], [42, 245, 125]),
  'change-registry': bound('changeRegistry', [49, 66, 49, 11], [42, 245, 125]),
  disable: bound('disableIsolation', [28, 38, 2, 3], [17, 90, 40]),
  reimage: bound('reimageNodePools', [20, 29, 2, 2], [14, 66, 32]),
  audit: bound('auditCluster', [33, 0, 0, 0], [12, 60, 30]),
  delete: bound('deleteCluster', [12, 8, 2, 1], [11, 45, 15]),
  'delete-byo': bound('deleteCluster, with all that was made for it', [44, 105, 12, 15], [24, 140, 45]),
} as const satisfies Record<string, RunBound>;

export type BoundRun = keyof typeof runBounds;
