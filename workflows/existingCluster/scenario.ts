import { patched, workflowInfo } from '@temporalio/workflow';
import type { ParsedInput } from '../../contract/inputs/index.ts';
import type { Check, PlanReport, VerificationReport } from '../../contract/result.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { azure } from '../engine/azure.ts';
import { clusterMarks, runMarks } from '../engine/marks.ts';
import { type Applied, runScenario } from '../engine/scenario.ts';
import type { StepHandle } from '../engine/step.ts';
import { infrastructureChecks } from '../infrastructure/checks.ts';
import { applyLeftMarks, borrowed, leavesSecondMarks } from '../infrastructure/secondMarks.ts';
import type { WantedInfrastructure } from '../infrastructure/wanted.ts';
import { judgedIfForbidden, type ProofOptions, proveIsolation, provesIsolation } from '../isolation/proof.ts';
import { addedPoolChecks, reimageChecks } from '../nodes/checks.ts';
import { existingClusterChecks } from './checks.ts';
import type { UpdateContext } from './context.ts';
import { discoverExistingCluster } from './discover.ts';
import type { UpdatePlan } from './plan.ts';

/** The scenarios on an existing cluster that change it. */
export type UpdateScenario = 'isolateCluster' | 'changeRegistry' | 'disableIsolation' | 'reimageNodePools';

/** Results of an update's steps that its verification and its report need. */
interface AppliedUpdate extends Required<Applied> {
  /** The checks of the pull probe; left out where the plan has none. */
  probe?: StepHandle<Check[]> | undefined;
}

/** How a scenario on an existing cluster differs from the others. */
export interface UpdateMovements<Input extends ParsedInput<UpdateScenario>> {
  /** Which infrastructure around the cluster matters. */
  wanted(input: Input, seen: ExistingClusterFacts): WantedInfrastructure;
  /** Whether the cluster is as it is to be, so that only its nodes can be behind. */
  clusterIsAsWanted(found: ClusterFacts, wanted: WantedInfrastructure): boolean;
  /** Whether the registry that the cluster has is to go. */
  leavesRegistry?(input: Input): boolean;
  /** How isolation is to be proven at the end; left out where the cluster is not to be isolated. */
  proof?(input: Input): Omit<ProofOptions, 'cluster' | 'profile'>;
  /** Whether the owner's subnets are to have the way out of the cluster. */
  needsWayOut?(input: Input): boolean;
  /** Whether it claims that every pool was reimaged. */
  reimagesAll?(input: Input): boolean;
  plan(input: Input, seen: ExistingClusterFacts, runId: string): UpdatePlan;
  /** Declares the planned steps. */
  apply(context: UpdateContext<Input>): AppliedUpdate;
}

/** Runs a scenario on an existing cluster. As {@link runScenario}. */
export async function runUpdate<S extends UpdateScenario>(
  name: S,
  given: unknown,
  movements: UpdateMovements<ParsedInput<S>>,
): Promise<VerificationReport | PlanReport> {
  // Marks carry the ID of the first run, which a reset keeps: the reset run then still owns what that one made.
  const runId = workflowInfo().firstExecutionRunId;
  return runScenario(name, given, {
    discover: (input) =>
      discoverExistingCluster(input, {
        wanted: (facts) => movements.wanted(input, facts),
        clusterIsAsWanted: movements.clusterIsAsWanted,
        leavesRegistry: movements.leavesRegistry?.(input) ?? false,
        endsIsolated: movements.proof !== undefined,
        needsWayOut: movements.needsWayOut?.(input) ?? false,
        mayLeaveMarked: name !== 'reimageNodePools',
      }),
    plan(input, seen) {
      const others = seen.discovered ? borrowed(seen.discovered.infrastructure, clusterMarks(input)) : [];
      const { turns, ...plan } = movements.plan(
        input,
        { ...seen, ...(leavesSecondMarks(others) && { borrowed: others }) },
        runId,
      );
      // Runs of version 0.1 reimaged one pool at a time, unless they were told otherwise.
      return turns && patched('pools-at-the-same-time') ? { ...plan, turns } : plan;
    },
    apply(input, plan, seen, { step, operator }) {
      const found = seen.cluster;
      // A plan without a cluster has a problem, and is never applied.
      if (!found) throw new Error('No cluster to work on');
      const applied = movements.apply({ input, seen, found, plan, marks: runMarks(input, runId), step, operator });
      applyLeftMarks(plan.leftMarks, clusterMarks(input), step);
      return applied;
    },
    async verify(input, plan, seen, { reimages, probe }) {
      const { cluster, profile } = input;
      const { infrastructure, infrastructureRequest, bootstrap, outbound } = plan;
      // Profile row P11: AKS may reimage the pools by itself after the last step.
      if (outbound && patched('waits-for-rolling-pools')) {
        await azure.operating('Wait until nothing runs on the cluster').awaitCluster(cluster);
      }
      const now = await azure
        .verifying('Read everything back')
        .readBack({ cluster, infrastructure: infrastructureRequest });
      const proof = movements.proof?.(input);
      const whenForbidden = proof?.whenForbidden ?? 'tell';
      return [
        ...existingClusterChecks(cluster, { ...bootstrap, ...outbound }, now, seen.cluster),
        ...infrastructureChecks(infrastructure, now.infrastructure),
        ...(now.cluster
          ? reimageChecks(now.cluster, reimages()).map((each) => judgedIfForbidden(each, whenForbidden))
          : []),
        ...(now.cluster && seen.cluster && movements.reimagesAll?.(input)
          ? addedPoolChecks(seen.cluster, now.cluster, plan.copies)
          : []),
        ...(proof && patched(provesIsolation)
          ? await proveIsolation({
              cluster,
              profile,
              privateDnsZoneId: infrastructureRequest.privateDnsZoneId,
              ...proof,
            })
          : ((await probe?.result) ?? [])),
      ];
    },
  });
}
