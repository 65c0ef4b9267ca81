import { workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import type { Scenario } from '../../contract/names.ts';
import type { PlanReport, VerificationReport } from '../../contract/result.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { azure } from '../engine/azure.ts';
import { runMarks } from '../engine/marks.ts';
import { runScenario } from '../engine/scenario.ts';
import { infrastructureChecks } from '../infrastructure/checks.ts';
import type { WantedInfrastructure } from '../infrastructure/wanted.ts';
import { reimageChecks } from '../nodes/checks.ts';
import { existingClusterChecks } from './checks.ts';
import type { UpdateContext, UpdateInput } from './context.ts';
import { discoverExistingCluster } from './discover.ts';
import type { UpdatePlan } from './plan.ts';

export interface UpdateMovements<Input> {
  /** Which resources around the cluster matter. */
  wanted(input: Input, seen: ExistingClusterFacts): WantedInfrastructure;
  /** Whether the cluster is as it is to be, so that only its nodes can be behind. */
  clusterIsAsWanted(found: ClusterFacts, wanted: WantedInfrastructure): boolean;
  /** Whether the registry that the cluster has is to go. */
  leavesRegistry?(input: Input): boolean;
  plan(input: Input, seen: ExistingClusterFacts, run: string): UpdatePlan;
  /** Declares the planned steps. */
  apply(context: UpdateContext<Input & UpdateInput>): void;
}

/** Runs a scenario on a cluster that is there. As {@link runScenario}. */
export async function runUpdate<Input extends UpdateInput>(
  name: Scenario,
  schema: z.ZodType<Input>,
  given: unknown,
  movements: UpdateMovements<Input>,
): Promise<VerificationReport | PlanReport> {
  // What this run creates carries its ID. A reset keeps the ID of the first run, so that it still owns what that one made.
  const runId = workflowInfo().firstExecutionRunId;
  let context: UpdateContext<Input> | undefined;
  let seen: ExistingClusterFacts | undefined;
  return runScenario(name, schema, given, {
    async discover(input) {
      seen = await discoverExistingCluster(input, {
        wanted: (facts) => movements.wanted(input, facts),
        clusterIsAsWanted: movements.clusterIsAsWanted,
        leavesRegistry: movements.leavesRegistry?.(input) ?? false,
      });
      return seen;
    },
    plan: (input, facts) => movements.plan(input, facts, runId),
    apply(input, plan, step, run) {
      const found = seen?.cluster;
      // A plan without a cluster has a problem, and is never applied.
      if (!seen || !found) throw new Error('No cluster to work on');
      context = {
        input,
        seen,
        found,
        plan,
        owner: runMarks(input, runId),
        step,
        run,
        rolePropagation: async () => undefined,
        probed: [],
      };
      movements.apply(context);
    },
    async verify({ cluster }, { infrastructure, infrastructureRequest, bootstrap, outbound }, run) {
      const now = await azure
        .reading('Read everything back')
        .readBack({ cluster, infrastructure: infrastructureRequest });
      return [
        ...existingClusterChecks(cluster, { ...bootstrap, ...outbound }, now, seen?.cluster),
        ...infrastructureChecks(infrastructure, now.infrastructure),
        ...(now.cluster ? reimageChecks(now.cluster, run.reimages.values()) : []),
        ...(context?.probed ?? []),
      ];
    },
  });
}
