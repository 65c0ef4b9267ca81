import { workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import type { Scenario } from '../../contract/names.ts';
import type { PlanReport, VerificationReport } from '../../contract/result.ts';
import type { LivingFacts } from '../../resources/discovery.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { azure } from '../engine/azure.ts';
import { owned } from '../engine/owner.ts';
import { runScenario } from '../engine/scenario.ts';
import { infrastructureChecks } from '../infrastructure/checks.ts';
import type { Targets } from '../infrastructure/targets.ts';
import { reimageChecks } from '../nodes/checks.ts';
import { livingChecks } from './checks.ts';
import type { CommonLivingInput, Living } from './context.ts';
import { discoverLivingCluster } from './discover.ts';
import type { LivingPlan } from './plan.ts';

export interface LivingMovements<Input> {
  /** Which resources around the cluster matter. */
  targets(input: Input, seen: LivingFacts): Targets;
  /** Whether the cluster is as it is to be, so that only its nodes can be behind. */
  settled(found: ClusterFacts, targets: Targets): boolean;
  /** Whether the registry that the cluster has is to go. */
  leavesRegistry?(input: Input): boolean;
  plan(input: Input, seen: LivingFacts, run: string): LivingPlan;
  /** Declares the planned steps. */
  apply(living: Living<Input & CommonLivingInput>): void;
}

/** Runs a scenario on a cluster that is there. As {@link runScenario}. */
export async function runLivingScenario<Input extends CommonLivingInput>(
  name: Scenario,
  schema: z.ZodType<Input>,
  given: unknown,
  movements: LivingMovements<Input>,
): Promise<VerificationReport | PlanReport> {
  // What this run creates carries its ID. A reset keeps the ID of the first run, so that it still owns what that one made.
  const runId = workflowInfo().firstExecutionRunId;
  let living: Living<Input> | undefined;
  let seen: LivingFacts | undefined;
  return runScenario(name, schema, given, {
    async discover(input) {
      seen = await discoverLivingCluster(input, {
        targets: (facts) => movements.targets(input, facts),
        settled: movements.settled,
        leavesRegistry: movements.leavesRegistry?.(input) ?? false,
      });
      return seen;
    },
    plan: (input, facts) => movements.plan(input, facts, runId),
    apply(input, plan, step, run) {
      const found = seen?.cluster;
      // A plan without a cluster has a problem, and is never applied.
      if (!seen || !found) throw new Error('No cluster to work on');
      living = {
        input,
        seen,
        found,
        plan,
        owner: owned(input, runId),
        step,
        run,
        rolePropagation: async () => undefined,
        probed: [],
      };
      movements.apply(living);
    },
    async verify({ cluster }, { infrastructure, targets, bootstrap, outbound }, run) {
      const now = await azure.reading('Read everything back').readBack({ cluster, infrastructure: targets });
      return [
        ...livingChecks(cluster, { ...bootstrap, ...outbound }, now, seen?.cluster),
        ...infrastructureChecks(infrastructure, now.infrastructure),
        ...(now.cluster ? reimageChecks(now.cluster, run.reimages.values()) : []),
        ...(living?.probed ?? []),
      ];
    },
  });
}
