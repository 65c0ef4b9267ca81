import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { startWorkflow, type WorkflowHandle, WorkflowRunOperationHandler } from '@temporalio/nexus';
import {
  HandlerError,
  OperationError,
  type ServiceHandler,
  type StartOperationContext,
  serviceHandler,
} from 'nexus-rpc';
import { z } from 'zod';
import type { FleetPlanReport, FleetReport } from '../contract/fleet.ts';
import { scenarioInputs } from '../contract/inputs/index.ts';
import {
  clusterWorkflowId,
  fleetWorkflowId,
  rolloutFleet,
  type Scenario,
  scenarios,
  startedByOption,
} from '../contract/names.ts';
import { lookService, scenarioService } from '../contract/nexus.ts';
import { type Parsed, parse } from '../contract/parse.ts';
import { parseRolloutFleet } from '../contract/parseRolloutFleet.ts';
import { problemsText } from '../contract/problem.ts';
import type { AuditReport, PlanReport, VerificationReport } from '../contract/result.ts';
import type { ClusterReference } from '../resources/ids.ts';

type WritingScenario = Exclude<Scenario, 'auditCluster'>;

/**
 * The scenarios as Nexus operations: whoever calls them needs no access to the namespace. Runs have the workflow IDs that other callers
 * give them, so that the lock on a cluster is the same. A worker that only looks offers plans and audits alone.
 */
export function nexusServices(readOnly: boolean): ServiceHandler[] {
  const looks = serviceHandler(lookService, {
    plan: operation<PlanReport>((context, given) => {
      const { scenario, input } = checked(parse(planRequest, given));
      return start(context, scenario, { ...input, dryRun: true });
    }),
    planRollout: operation<FleetPlanReport>((context, given) =>
      startRollout(context, { ...(given as object), dryRun: true }),
    ),
    auditCluster: operation<AuditReport>((context, given) => start(context, 'auditCluster', given)),
  });
  const writing = (scenario: WritingScenario) =>
    operation<VerificationReport>((context, given) => {
      const schema: z.ZodType<{ dryRun: boolean }> = scenarioInputs[scenario];
      const { dryRun } = checked(parse(schema, given));
      if (dryRun) throw refused('dryRun: a dry run is a plan. Use the operation plan of service aks-isolation.looks.');
      return start(context, scenario, given);
    });
  const scenariosThatWrite = serviceHandler(scenarioService, {
    createCluster: writing('createCluster'),
    isolateCluster: writing('isolateCluster'),
    changeRegistry: writing('changeRegistry'),
    disableIsolation: writing('disableIsolation'),
    reimageNodePools: writing('reimageNodePools'),
    deleteCluster: writing('deleteCluster'),
    rolloutFleet: operation<FleetReport>((context, given) => {
      if (checked(parseRolloutFleet(given)).dryRun)
        throw refused('dryRun: a dry run is a plan. Use the operation planRollout of service aks-isolation.looks.');
      return startRollout(context, given);
    }),
  });
  return readOnly ? [looks] : [looks, scenariosThatWrite];
}

const planRequest = z.strictObject({
  scenario: z.enum(scenarios).exclude(['auditCluster']),
  input: z.looseObject({}),
});

/** Temporal sends whatever the caller has given. */
const operation = <Result>(
  begin: (context: StartOperationContext, given: unknown) => Promise<WorkflowHandle<Result>>,
): WorkflowRunOperationHandler<unknown, Result> => new WorkflowRunOperationHandler(begin);

async function start<Result>(
  context: StartOperationContext,
  scenario: Scenario,
  given: unknown,
): Promise<WorkflowHandle<Result>> {
  const schema: z.ZodType<{ cluster: ClusterReference; dryRun?: boolean }> = scenarioInputs[scenario];
  const { cluster, ...input } = checked(parse(schema, given));
  const lock = clusterWorkflowId(cluster);
  const look = scenario === 'auditCluster' ? 'audit' : input.dryRun ? 'dry-run' : undefined;
  return startRun<Result>(context, scenario, given, {
    workflowId: look ? `${lock}/${look}/${context.requestId}` : lock,
    staticSummary: `${scenario} ${cluster.name}${look === 'dry-run' ? ' (dry run)' : ''}`,
    isThere: 'A scenario is running on this cluster already',
  });
}

async function startRollout<Result>(context: StartOperationContext, given: unknown): Promise<WorkflowHandle<Result>> {
  const { name, scenario, dryRun } = checked(parseRolloutFleet(given));
  const workflowId = fleetWorkflowId(name);
  return startRun<Result>(context, rolloutFleet, given, {
    workflowId: dryRun ? `${workflowId}/dry-run/${context.requestId}` : workflowId,
    staticSummary: `${rolloutFleet} ${name}: ${scenario}${dryRun ? ' (dry run)' : ''}`,
    isThere: 'A rollout of this name is running already',
  });
}

/** Starts a run on this worker's task queue. A request that Nexus sends again is the same run. */
async function startRun<Result>(
  context: StartOperationContext,
  type: string,
  given: unknown,
  { workflowId, staticSummary, isThere }: { workflowId: string; staticSummary: string; isThere: string },
): Promise<WorkflowHandle<Result>> {
  try {
    return await startWorkflow<(given: unknown) => Promise<Result>>(context, type, {
      workflowId,
      staticSummary,
      args: [given],
      ...startedByOption(callerIn(context)),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new OperationError('failed', `${isThere}: workflow ${workflowId}`);
  }
}

/** The workflow that calls, as Temporal says: a caller cannot give a memo. `undefined` where it is none. */
function callerIn({ inboundLinks }: StartOperationContext): string | undefined {
  for (const { url } of inboundLinks) {
    const [, namespace, workflowId] = /^\/namespaces\/([^/]+)\/workflows\/([^/]+)\//.exec(url.pathname) ?? [];
    if (namespace && workflowId) {
      return `workflow ${decodeURIComponent(workflowId)} in namespace ${decodeURIComponent(namespace)}`;
    }
  }
  return undefined;
}

function checked<Input>(parsed: Parsed<Input>): Input {
  if (parsed.ok) return parsed.value;
  throw refused(`Invalid input:\n${problemsText(parsed.problems)}`);
}

const refused = (why: string): HandlerError => new HandlerError('BAD_REQUEST', why);
