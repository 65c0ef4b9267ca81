import type { Difference } from '../resources/mismatch.ts';
import type { BuiltInRole } from '../resources/roles.ts';
import type { SubnetUse } from '../resources/virtualNetworks.ts';
import type { Rung } from './inputs/existingCluster.ts';
import type { ApprovalGate } from './names.ts';
import type { Problem } from './problem.ts';
import type { Profile, ProfileDifference } from './profiles.ts';

/**
 * The effect of a step on its resource. `check`: it looks or waits, and changes nothing. `none`: the resource is as wanted
 * already, or stays.
 */
export type Action = 'create' | 'update' | 'delete' | 'check' | 'none';

const removableKinds = [
  'privateEndpoint',
  'record',
  'zoneLink',
  'privateDnsZone',
  'registry',
  'virtualNetwork',
  'identity',
] as const;

/** Resources around a cluster that can be deleted with it. */
export type RemovableKind = (typeof removableKinds)[number];

export const stepKinds = [
  ...removableKinds,
  'feature',
  'provider',
  'resourceGroup',
  'subnet',
  'cacheRule',
  /** One role at one scope. */
  'role',
  /** Every role of an identity that was assigned for the cluster. */
  'roles',
  /** The mark of a second user on what was made for another cluster. */
  'secondMark',
  'cluster',
  /** Where nodes get their images from. */
  'bootstrap',
  'outboundType',
  'reimage',
  /** The copy of a node pool that an earlier run has left. */
  'temporaryPool',
  'approval',
  'pullProbe',
] as const;
/** The resource, or the act, that a step is about. */
export type StepKind = (typeof stepKinds)[number];

/** Names a step within its plan. `old:` stands before what a cluster leaves behind. */
export type StepId =
  | `feature:${string}`
  | `provider:${string}`
  | 'resourceGroup'
  | 'virtualNetwork'
  | `subnet:${SubnetUse}`
  | `subnet:${SubnetUse}:${string}`
  | 'registry'
  | 'cacheRule'
  | 'privateEndpoint'
  | 'privateDnsZone'
  | 'zoneLink'
  | 'unlink'
  | `role:${BuiltInRole}:${string}`
  | `roles:${string}`
  | `secondMark:${string}`
  | `${RemovableKind}:${string}`
  | `old:${RemovableKind}:${string}`
  | 'cluster'
  | 'bootstrap'
  | 'outboundType'
  | `reimage:${string}`
  | `temporaryPool:${string}`
  | `approve:${ApprovalGate}`
  | 'pullProbe';

/** A means of the ladder that is tried where a reimage leaves the nodes of a pool as they are. */
export interface PlannedRung {
  by: Rung;
  /** Its effect on nodes and workloads, and its cost. For people. */
  says: string;
  /** Why the pool does without it. Left out where it is tried. */
  without?: string;
}

export interface PlannedStep {
  id: StepId;
  kind: StepKind;
  title: string;
  action: Action;
  /** Why this action: what discovery saw. */
  reason: string;
  /** The properties that an update changes, with their present values. Left out where that is not known beforehand. */
  changes?: readonly Difference[];
  /** IDs of the steps that must be done before this one starts. */
  needs: readonly StepId[];
  /** The resource that the step changes or looks at. A role's step names the scope until the role is assigned. */
  resourceId: string;
  /** Why this step cannot be taken back, if it cannot. */
  forwardOnly?: string;
  /** Means that are tried, in this order, where a reimage leaves the nodes as they are. Left out where there are none. */
  ladder?: readonly PlannedRung[];
}

/** Node pools that are reimaged together, or apart, and why. */
export interface PoolGroup {
  /** Names of the pools. */
  pools: readonly string[];
  /** For people. */
  because: string;
}

/** Which node pools are reimaged at the same time. */
export interface PlannedTurns {
  /** How many at most. */
  atATime: number;
  /** Why no more. For people. */
  because: string;
  /** In their order: the pools of one begin once those of the one before are through. */
  waves: readonly PoolGroup[];
  /** Groups whose pools are reimaged one at a time. */
  apart: readonly PoolGroup[];
}

/** Everything that a scenario is going to do, computed from its input and what discovery saw. Nothing has been changed yet. */
export interface Plan {
  /** Parts that Azure did not let the worker read beforehand, so that the plan says nothing about them. Left out where all was read. */
  unread?: readonly string[];
  profile: Profile;
  /** Every difference between the profiles that acts in this run. */
  differences: readonly ProfileDifference[];
  steps: readonly PlannedStep[];
  /** Left out where fewer than two pools are reimaged, and where the input says how many at a time. */
  turns?: PlannedTurns;
  /** Everything that would stop the run later. A plan with problems is never applied. */
  problems: readonly Problem[];
  /** The worker's policy wants approvals by somebody else than whoever started the run. Left out where it does not. */
  byOther?: true;
}
