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
import { scenarioInputs } from '../contract/inputs/index.ts';
import { clusterWorkflowId, type Scenario, scenarios, startedByOption } from '../contract/names.ts';
import { lookService, scenarioService } from '../contract/nexus.ts';
import { parse } from '../contract/parse.ts';
import { problemsText } from '../contract/problem.ts';
import type { AuditReport, PlanReport, VerificationReport } from '../contract/result.ts';

type WritingScenario = Exclude<Scenario, 'auditCluster'>;

/**
 * The scenarios as Nexus operations: whoever calls them needs no access to the namespace. Runs have the workflow IDs that other callers
 * give them, so that the lock on a cluster is the same. A worker that only looks offers plans and audits alone.
 */
export function nexusServices(readOnly: boolean): ServiceHandler[] {
  const looks = serviceHandler(lookService, {
    plan: operation<PlanReport>((context, given) => {
      const { scenario, input } = checked(planRequest, given);
      return start(context, scenario, { ...input, dryRun: true });
    }),
    auditCluster: operation<AuditReport>((context, given) => start(context, 'auditCluster', given)),
  });
  const writing = (scenario: WritingScenario) =>
    operation<VerificationReport>((context, given) => {
      const { dryRun } = checked<{ dryRun: boolean }>(scenarioInputs[scenario], given);
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

/** Starts a scenario on this worker's task queue. A request that Nexus sends again is the same run. */
async function start<Result>(
  context: StartOperationContext,
  scenario: Scenario,
  given: unknown,
): Promise<WorkflowHandle<Result>> {
  const { cluster, ...input } = checked<{ cluster: Parameters<typeof clusterWorkflowId>[0]; dryRun?: boolean }>(
    scenarioInputs[scenario],
    given,
  );
  const lock = clusterWorkflowId(cluster);
  const look = scenario === 'auditCluster' ? 'audit' : input.dryRun ? 'dry-run' : undefined;
  const workflowId = look ? `${lock}/${look}/${context.requestId}` : lock;
  const startedBy = callerIn(context);
  const staticSummary = `${scenario} ${cluster.name}${look === 'dry-run' ? ' (dry run)' : ''}`;
  try {
    return await startWorkflow<(given: unknown) => Promise<Result>>(context, scenario, {
      workflowId,
      staticSummary,
      args: [given],
      ...startedByOption(startedBy),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new OperationError('failed', `A scenario is running on this cluster already: workflow ${workflowId}`);
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

function checked<Input>(schema: z.ZodType<Input>, given: unknown): Input {
  const parsed = parse(schema, given);
  if (parsed.ok) return parsed.value;
  throw refused(`Invalid input:\n${problemsText(parsed.problems)}`);
}

const refused = (why: string): HandlerError => new HandlerError('BAD_REQUEST', why);
