import { randomUUID } from 'node:crypto';
import { Client, Connection, WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readKeyRing } from '../codec/keyRing.ts';
import { dataConverterOf } from '../codec/payloadEncryption.ts';
import {
  type ApprovalRequest,
  type AuditClusterInput,
  type AuditReport,
  approvalUpdateId,
  approveUpdate,
  type ChangeRegistryInput,
  type ClusterReference,
  type CreateClusterInput,
  clusterWorkflowId,
  type Decision,
  type DecisionRequest,
  type DeleteClusterInput,
  type DisableIsolationInput,
  decideUpdate,
  decisionUpdateId,
  type IsolateClusterInput,
  type ParsedInput,
  type PlanReport,
  type Problem,
  type Progress,
  parse,
  pauseUpdate,
  problemsText,
  progressQuery,
  type ReimageNodePoolsInput,
  resumeUpdate,
  type Scenario,
  type ScenarioResult,
  scenarioInputs,
  taskQueue,
  type VerificationReport,
} from '../contract/index.ts';
import { openRun } from './sameRun.ts';
import { watch } from './watch.ts';

/** The input breaks its schema. Nothing was started. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(`Invalid input:\n${problemsText(problems)}`);
    this.problems = problems;
  }
}

/** Another scenario runs on this cluster, and holds its lock: the workflow ID. */
export class ClusterBusyError extends Error {
  override readonly name = 'ClusterBusyError';
  readonly workflowId: string;
  constructor(workflowId: string, cause?: unknown) {
    super(`A scenario is running on this cluster already. Wait for workflow ${workflowId}, or cancel it.`, { cause });
    this.workflowId = workflowId;
  }
}

/** Scenarios that hold the lock on their cluster. */
export type WritingScenario = Exclude<Scenario, 'auditCluster'>;

/** One run of a scenario. It stays that run, even if other scenarios are started on the cluster afterwards. */
export interface ScenarioHandle<Result extends ScenarioResult = ScenarioResult> {
  readonly workflowId: string;
  /** Left out where the handle follows whichever run of the workflow ID is the last. */
  readonly runId?: string;
  /** The scenario's progress now. */
  progress(): Promise<Progress>;
  /**
   * Yields the progress whenever it changes, until the scenario ends. Waits while no worker is up.
   *
   * @param intervalMs Least time between two looks. Default: 500.
   * @throws Temporal's `ServiceError` if Temporal can no longer be reached, `WorkflowNotFoundError` if there is no such run.
   */
  watch(intervalMs?: number): AsyncGenerator<Progress, void, undefined>;
  /**
   * Waits for the end of the scenario.
   *
   * @throws Temporal's `WorkflowFailedError`. The type of its cause is one of the contract's `errorTypes`.
   */
  result(): Promise<Result>;
  /**
   * Answers a scenario that waits for an operator's decision. Throws if it waits for none, or asks something else by then. An
   * answer that is sent again changes nothing.
   *
   * @param hold The hold that is answered, as `progress()` showed it. Default: the one that is there now.
   */
  decide(decision: Decision, hold?: string): Promise<void>;
  /**
   * Lets a scenario pass a gate. Throws if the gate does not wait. `wait` in the request binds it to what `progress()` showed;
   * default: the wait that is there now.
   */
  approve(approval: ApprovalRequest): Promise<void>;
  /** Keeps further steps from starting. Operations that run in Azure go on. Throws if the scenario is paused, or takes its changes back. */
  pause(): Promise<void>;
  /** Lets a paused scenario go on. Throws if the scenario is not paused. */
  resume(): Promise<void>;
  /** Asks the scenario to stop and to take its changes back. */
  cancel(): Promise<void>;
}

/**
 * Starts and follows scenarios.
 *
 * ```ts
 * const aks = await AksIsolationClient.connect();
 * const run = await aks.createCluster({ cluster, location: 'westeurope', registry: { mode: 'managed' }, apiServerAccess: 'privateLink' });
 * for await (const { phase } of run.watch()) console.log(phase);
 * console.log((await run.result()).outcome);
 * ```
 */
export class AksIsolationClient {
  readonly #client: Client;
  readonly #taskQueue: string;

  /** @param queue Task queue of the workers. Default: the contract's. */
  constructor(client: Client, queue: string = taskQueue) {
    this.#client = client;
    this.#taskQueue = queue;
  }

  /**
   * Connects as Temporal's environment configuration says (`TEMPORAL_ADDRESS`, profiles, TLS, API key). With `PAYLOAD_KEYS` as
   * the worker has it, payloads are encrypted.
   *
   * @throws InvalidInputError if `PAYLOAD_KEYS` is no list of keys.
   */
  static async connect(queue?: string): Promise<AksIsolationClient> {
    const keys = readKeyRing(process.env);
    if (Array.isArray(keys)) throw new InvalidInputError(keys);
    const { connectionOptions, namespace } = loadClientConnectConfig();
    const connection = await Connection.connect(connectionOptions);
    const options = { connection, ...(namespace === undefined ? {} : { namespace }), ...dataConverterOf(keys) };
    return new AksIsolationClient(new Client(options), queue);
  }

  async close(): Promise<void> {
    await this.#client.connection.close();
  }

  /** Temporal's own client, for whatever this one does not do. */
  get temporal(): Client {
    return this.#client;
  }

  get taskQueue(): string {
    return this.#taskQueue;
  }

  /** Starts a scenario by its name, as the method of that name does. The input is checked. */
  start(scenario: Scenario, given: unknown): Promise<ScenarioHandle> {
    return scenario === 'auditCluster' ? this.#startAudit(given) : this.#start(scenario, given);
  }

  /**
   * As {@link start}. If the same scenario runs on the cluster already with the same input, follows that run: for callers
   * that were restarted.
   *
   * @throws InvalidInputError, or ClusterBusyError where something else runs.
   */
  async startOrAttach(
    scenario: WritingScenario,
    given: unknown,
  ): Promise<ScenarioHandle & { readonly attached: boolean }> {
    try {
      return { ...(await this.start(scenario, given)), attached: false };
    } catch (error) {
      const running = error instanceof ClusterBusyError ? await this.runningWith(scenario, given) : undefined;
      if (!running) throw error;
      return { ...running, attached: true };
    }
  }

  /**
   * The open run on the input's cluster, if it is this scenario with this input.
   *
   * @throws InvalidInputError, or ClusterBusyError where something else runs.
   */
  async runningWith(scenario: WritingScenario, given: unknown): Promise<ScenarioHandle | undefined> {
    const workflowId = clusterWorkflowId(checked(scenario, given).cluster);
    const open = await openRun(this.#client, workflowId, scenario, given);
    if (open && !open.isSame) throw new ClusterBusyError(workflowId);
    return open && this.run(workflowId, open.runId);
  }

  /** A run by its IDs. Without a run ID it is the last one of the workflow ID. */
  run(workflowId: string, runId?: string): ScenarioHandle {
    return scenarioHandle(this.#client.workflow.getHandle(workflowId, runId), runId);
  }

  /**
   * Starts `createCluster`.
   *
   * @throws InvalidInputError or ClusterBusyError. Nothing was started then.
   */
  createCluster(input: CreateClusterInput): Promise<ScenarioHandle<VerificationReport | PlanReport>> {
    return this.#start('createCluster', input);
  }

  /** As {@link createCluster}: starts `isolateCluster`. */
  isolateCluster(input: IsolateClusterInput): Promise<ScenarioHandle<VerificationReport | PlanReport>> {
    return this.#start('isolateCluster', input);
  }

  /** As {@link createCluster}: starts `changeRegistry`. */
  changeRegistry(input: ChangeRegistryInput): Promise<ScenarioHandle<VerificationReport | PlanReport>> {
    return this.#start('changeRegistry', input);
  }

  /** As {@link createCluster}: starts `disableIsolation`. */
  disableIsolation(input: DisableIsolationInput): Promise<ScenarioHandle<VerificationReport | PlanReport>> {
    return this.#start('disableIsolation', input);
  }

  /** As {@link createCluster}: starts `reimageNodePools`. */
  reimageNodePools(input: ReimageNodePoolsInput): Promise<ScenarioHandle<VerificationReport | PlanReport>> {
    return this.#start('reimageNodePools', input);
  }

  /** As {@link createCluster}: starts `deleteCluster`. */
  deleteCluster(input: DeleteClusterInput): Promise<ScenarioHandle<VerificationReport | PlanReport>> {
    return this.#start('deleteCluster', input);
  }

  /**
   * Starts `auditCluster`, which may run beside other scenarios on the cluster.
   *
   * @throws InvalidInputError. Nothing was started then.
   */
  auditCluster(input: AuditClusterInput): Promise<ScenarioHandle<AuditReport>> {
    return this.#startAudit(input);
  }

  /** The scenario that runs on a cluster, or the last one that ran on it. */
  scenarioOf(cluster: ClusterReference): ScenarioHandle {
    return this.run(clusterWorkflowId(cluster));
  }

  async #startAudit(given: unknown): Promise<ScenarioHandle<AuditReport>> {
    const { cluster } = checked('auditCluster', given);
    return this.#startUnder('auditCluster', `${clusterWorkflowId(cluster)}/audit/${randomUUID()}`, cluster.name, given);
  }

  async #start(scenario: WritingScenario, given: unknown): Promise<ScenarioHandle<VerificationReport | PlanReport>> {
    const { cluster, dryRun } = checked(scenario, given);
    const lock = clusterWorkflowId(cluster);
    const workflowId = dryRun ? `${lock}/dry-run/${randomUUID()}` : lock;
    return this.#startUnder(scenario, workflowId, `${cluster.name}${dryRun ? ' (dry run)' : ''}`, given);
  }

  async #startUnder<Result extends ScenarioResult>(
    scenario: Scenario,
    workflowId: string,
    subject: string,
    given: unknown,
  ): Promise<ScenarioHandle<Result>> {
    try {
      const staticSummary = `${scenario} ${subject}`;
      const options = { taskQueue: this.#taskQueue, workflowId, args: [given], staticSummary };
      const { firstExecutionRunId } = await this.#client.workflow.start(scenario, options);
      // The handle that start() returns follows the workflow ID, which the cluster's next scenario uses again.
      return scenarioHandle(this.#client.workflow.getHandle(workflowId, firstExecutionRunId), firstExecutionRunId);
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) throw new ClusterBusyError(workflowId, error);
      throw error;
    }
  }
}

function checked<S extends Scenario>(scenario: S, given: unknown): ParsedInput<S> {
  const parsed = parse(scenarioInputs[scenario], given);
  if (!parsed.ok) throw new InvalidInputError(parsed.problems);
  return parsed.value;
}

function scenarioHandle<Result extends ScenarioResult>(handle: WorkflowHandle, runId?: string): ScenarioHandle<Result> {
  const progress = () => handle.query<Progress>(progressQuery);
  return {
    workflowId: handle.workflowId,
    ...(runId !== undefined && { runId }),
    progress,
    watch: (intervalMs) => watch(handle, runId, progress, intervalMs),
    result: () => handle.result() as Promise<Result>,
    async decide(decision, given) {
      const hold = given ?? (await progress()).hold;
      const bound = hold !== undefined && { updateId: decisionUpdateId(hold, decision) };
      const request: DecisionRequest = hold === undefined ? decision : { decision, hold };
      await handle.executeUpdate<void, [DecisionRequest]>(decideUpdate, { args: [request], ...bound });
    },
    async approve(approval) {
      const wait = approval.wait ?? (await progress()).waits?.[approval.gate];
      const bound = wait !== undefined && { updateId: approvalUpdateId(wait) };
      const request = wait === undefined ? approval : { ...approval, wait };
      await handle.executeUpdate<void, [ApprovalRequest]>(approveUpdate, { args: [request], ...bound });
    },
    pause: () => handle.executeUpdate<void, []>(pauseUpdate),
    resume: () => handle.executeUpdate<void, []>(resumeUpdate),
    cancel: async () => {
      await handle.cancel();
    },
  };
}
