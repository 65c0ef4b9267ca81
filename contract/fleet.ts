import { z } from 'zod';
import type { Approval } from './approval.ts';
import { clusterReference } from './inputs/cluster.ts';
import type { FleetScenario } from './inputs/rolloutFleet.ts';
import { type FleetDecision, fleetDecisions } from './names.ts';
import type { Problem } from './problem.ts';
import type { AuditVerdict } from './result.ts';

/** How a rollout stands with a cluster. */
export const memberStates = [
  'waiting',
  'inWork',
  'verified',
  /** Verified, and there was nothing to do. */
  'unchanged',
  'isolated',
  'drifted',
  'unproven',
  'failed',
  /** Its scenario took its changes back, because the rollout was cancelled. */
  'rolledBack',
  /** An operator left it out, or cancelled it before its scenario had begun. */
  'skipped',
  /** Another scenario ran on it for too long. */
  'busy',
  /** Somebody has deleted it since it was found. */
  'gone',
] as const;
export type MemberState = (typeof memberStates)[number];

/** States in which a cluster is done with. */
export type MemberOutcome = Exclude<MemberState, 'waiting' | 'inWork'>;
export const memberOutcomes = memberStates.filter(
  (state): state is MemberOutcome => state !== 'waiting' && state !== 'inWork',
);

/** The reasons for which a rollout stops before its last cluster. */
export const rolloutStops = ['budget', 'approval', 'pause', 'operator', 'cancellation'] as const;
export const rolloutEnds = ['rolledOut', ...rolloutStops] as const;
export type RolloutEnd = (typeof rolloutEnds)[number];

/** How many clusters are in each state. Those that are 0 are left out. */
export type FleetCounts = { readonly [S in MemberState]?: number };

/** A member's report to its rollout: at most 300 bytes, for a rollout has thousands. */
export interface MemberEnd {
  /** Place of the cluster in the rollout. */
  member: number;
  /** Run ID of the rollout's first run, and the number of the member's try: an answer with others is not for this one. */
  fleet: string;
  attempt: number;
  /** `putOff`: nothing was done yet, for AKS's own window of the cluster is closed. */
  outcome: MemberOutcome | 'putOff';
  seconds: number;
  /** When the window of one that is put off opens. Milliseconds since 1970. */
  from?: number;
  /** Why it failed: the failure's type, and the beginning of its message. */
  type?: string;
  why?: string;
}

/** A cluster that has failed, or was passed over. Clusters are named by subscription, resource group and name. */
export interface FleetFailure {
  cluster: string;
  /** Type of the failure, as `docs/errors.md` has it. */
  type: string;
  why: string;
  /** Where to look. */
  workflowId: string;
}

/** Something that bounds how fast a rollout goes. */
export interface FleetBound {
  /** The key of the input, or what Azure allows. */
  by: string;
  /** How many clusters of the ring it lets be in work at the same time. */
  atOnce: number;
}

export interface PlannedRing {
  name: string;
  clusters: readonly string[];
  /** How many are in work at the same time: the least of the bounds. */
  atOnce: number;
  bounds: readonly FleetBound[];
  gate: boolean;
  soakMinutes: number;
}

export interface FleetPlan {
  rings: readonly PlannedRing[];
  /** Reads that Azure refused the worker. */
  unread: readonly string[];
  /** Warnings, which stop nothing. */
  notes: readonly string[];
  /** The worker's policy wants its gates opened by somebody else than its starter. Left out: anybody may. */
  byOther?: true;
  problems: readonly Problem[];
}

/** Result of a rollout with `dryRun: true`. */
export interface FleetPlanReport {
  outcome: 'planned';
  /** Whether nothing stands against the plan. */
  applicable: boolean;
  fleet: string;
  scenario: FleetScenario;
  plan: FleetPlan;
}

/** A cluster whose verdict is another one than in the last rollout of the same schedule. */
export interface VerdictChange {
  cluster: string;
  /** Left out where it was not part of it. */
  was?: AuditVerdict;
  /** Left out where it was part of it and is no more. */
  is?: AuditVerdict;
}

/** Durations of the last 200 clusters, in seconds. */
export interface FleetDurations {
  p50: number;
  p90: number;
  most: number;
}

/** How a rollout has come out. */
export interface FleetReport {
  /** `stopped`: clusters are left that were not begun. */
  outcome: 'rolledOut' | 'stopped';
  fleet: string;
  scenario: FleetScenario;
  startedAt: string;
  finishedAt: string;
  /** Why it stopped. */
  why?: string;
  clusters: number;
  counts: FleetCounts;
  rings: readonly { name: string; clusters: number }[];
  /** The first 200 of those that failed, were busy, or are gone. `counts` has all. */
  failures: readonly FleetFailure[];
  durations?: FleetDurations;
  approvals: readonly FleetApproval[];
  unread?: readonly string[];
  /** The clusters by the verdicts of audits. */
  verdicts?: { readonly [V in AuditVerdict]: readonly string[] };
  /** Verdicts of audits on a schedule that are others than the last time. */
  changes?: { since: string; clusters: readonly VerdictChange[] };
  /** Clusters that the selection would take now, and that came since: the first 200. Nothing was done to them. */
  appeared?: readonly string[];
  /** Runs of the chain that continue-as-new made. */
  runs: number;
}

const fleetPhases = [
  'checking',
  'discovering',
  'rollingOut',
  'soaking',
  'awaitingApproval',
  'waitingForOperator',
  /** Outside of its maintenance windows, or of those that AKS keeps for its clusters. */
  'awaitingWindow',
  /** Nothing begins any more; clusters that are in work end. */
  'ending',
  'succeeded',
  'planned',
  'failed',
  'cancelled',
] as const;
export type FleetPhase = (typeof fleetPhases)[number];

/** Answer of a rollout's `progress` query. */
export interface FleetProgress {
  scenario: 'rolloutFleet';
  fleet: string;
  of: FleetScenario;
  phase: FleetPhase;
  /** Goes up with each change, over all runs of the chain. */
  revision: number;
  startedAt: string;
  updatedAt: string;
  startedBy?: string;
  clusters: number;
  counts: FleetCounts;
  /** The ring that is rolled out, or comes next. */
  ring?: { name: string; number: number; of: number; clusters: number; done: number };
  durations?: FleetDurations;
  /** In words: what is waited for. */
  waitsFor?: string;
  until?: string;
  /** The commands that answer what is asked now. */
  answers?: readonly string[];
  paused?: true;
  /** ID of the hold that a decision is about. */
  hold?: string;
  decisions?: readonly FleetDecision[];
  /** The last 20 events, the newest first. */
  events: readonly { at: string; what: string }[];
  /** Clusters in work, the longest first; 20 at most. */
  inWork: readonly { cluster: string; since: string; workflowId: string }[];
  /** Clusters whose own window is closed, with the time at which it opens; the first 20 to begin. */
  putOff?: readonly { cluster: string; until: string }[];
  /** The last 20 of the failures. */
  failures: readonly FleetFailure[];
  problems: readonly Problem[];
  runs: number;
}

const name = z
  .string()
  .trim()
  .max(200, 'too long. Use at most 200 characters.')
  .regex(/^\P{Cc}*[\p{L}\p{N}]\P{Cc}*$/u, 'nobody. Give the name of whoever approves.');

/** Argument of a rollout's `approve` update. */
export const fleetApprovalRequest = z.strictObject({
  ring: z.string().trim().min(1, 'empty. Give the name of the ring.').max(50, 'too long. Use at most 50 characters.'),
  by: name,
  note: z.string().trim().max(2000, 'too long. Use at most 2000 characters.').exactOptional(),
});
export type FleetApprovalRequest = z.output<typeof fleetApprovalRequest>;

/** Who let a ring begin, and when. */
interface FleetApproval {
  ring: string;
  by: string;
  note?: string;
  /** ISO 8601, UTC. */
  at: Approval['at'];
}

/** Argument of a rollout's `decide` update. */
export const fleetDecisionRequest = z.strictObject({
  decision: z.enum(fleetDecisions),
  hold: z.string().trim().min(1, 'empty. Give the ID that `progress` shows.').max(100, 'too long.'),
});
export type FleetDecisionRequest = z.output<typeof fleetDecisionRequest>;

/** Argument of the `skip` update. */
export const skipRequest = z.strictObject({ cluster: clusterReference });
export type SkipRequest = z.output<typeof skipRequest>;
