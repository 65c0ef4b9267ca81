import { metricMeter } from '@temporalio/workflow';
import type { MemberOutcome, RolloutEnd } from '../../contract/fleet.ts';
import type { FleetScenario } from '../../contract/inputs/rolloutFleet.ts';
import { Measures } from '../../contract/metrics.ts';

// The SDK leaves out what a replay measures again.
const measures = new Measures(metricMeter);

export const countCluster = (scenario: FleetScenario, outcome: MemberOutcome): void =>
  measures.count('rolloutClusters', { scenario, outcome });

export const countRollout = (scenario: FleetScenario, ended: RolloutEnd): void =>
  measures.count('rollouts', { scenario, ended });
