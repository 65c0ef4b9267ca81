import { randomUUID } from 'node:crypto';
import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { readKeyRing } from '../codec/keyRing.ts';
import { dataConverterOf } from '../codec/payloadEncryption.ts';
import { withVaultKeys } from '../codec/vault.ts';
import {
  type AuditClusterInput,
  type AuditReport,
  type ChangeRegistryInput,
  type ClusterReference,
  type CreateClusterInput,
  clusterWorkflowId,
  type DeleteClusterInput,
  type DisableIsolationInput,
  fleetWorkflowId,
  type IsolateClusterInput,
  type ParsedInput,
  type PlanReport,
  parse,
  parseRolloutFleet,
  type ReimageNodePoolsInput,
  type RolloutFleetInput,
  rolloutFleet,
  type Scenario,
  type ScenarioResult,
  scenarioInputs,
  taskQueue,
  type VerificationReport,
} from '../contract/index.ts';
import { startedByOption } from '../contract/names.ts';
import { temporalConfiguration } from '../temporal/configuration.ts';
import { ClusterBusyError, FleetRunningError, InvalidInputError } from './errors.ts';
import { type FleetHandle, fleetHandle } from './fleetHandle.ts';
import { openRun } from './sameRun.ts';
import { type ScenarioHandle, scenarioHandle } from './scenarioHandle.ts';
import { traceCalls } from './tracing.ts';

export * from '../contract/index.ts';
export type { Failure, ScenarioEnding } from './ending.ts';
export { ClusterBusyError, FleetRunningError, InvalidInputError } from './errors.ts';
export type { FleetEnding, FleetHandle } from './fleetHandle.ts';
export type { ScenarioHandle } from './scenarioHandle.ts';
export { traceCalls } from './tracing.ts';

/** Scenarios that hold the lock on their cluster. */
export type WritingScenario = Exclude<Scenario, 'auditCluster'>;

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
  readonly #lookQueue: string;
  #startedBy: string | undefined;

  /**
   * @param queue Task queue of the workers. Default: the contract's.
   * @param lookQueue Task queue for audits and dry runs, which workers that only look may poll. Default: the same.
   */
  constructor(client: Client, queue: string = taskQueue, lookQueue: string = queue) {
    this.#client = client;
    this.#taskQueue = queue;
    this.#lookQueue = lookQueue;
  }

  /**
   * Connects as Temporal's environment configuration says (`TEMPORAL_ADDRESS`, profiles, TLS, API key). With `PAYLOAD_KEYS` as
   * the worker has it, payloads are encrypted.
   *
   * @param queue Task queue for everything. Default: `TASK_QUEUE`, and `READ_ONLY_TASK_QUEUE` for audits and dry runs.
   * @param variables Environment that says all this. Default: that of the process.
   * @throws InvalidInputError if `PAYLOAD_KEYS` is no list of keys, nor the address of a secret that holds one, or Temporal's settings are wrong.
   */
  static async connect(queue?: string, variables: NodeJS.ProcessEnv = process.env): Promise<AksIsolationClient> {
    const env = await withVaultKeys(variables);
    const keys = Array.isArray(env) ? env : readKeyRing(env);
    const config = temporalConfiguration(variables);
    const problems = [keys, config].flatMap((each) => (Array.isArray(each) ? each : []));
    if (Array.isArray(keys) || Array.isArray(config)) throw new InvalidInputError(problems);
    const { connectionOptions, namespace } = config;
    const connection = await Connection.connect(connectionOptions);
    const options = {
      connection,
      ...(namespace === undefined ? {} : { namespace }),
      ...dataConverterOf(keys),
      interceptors: { workflow: [traceCalls] },
    };
    const { TASK_QUEUE, READ_ONLY_TASK_QUEUE } = variables;
    const looks = queue ?? (READ_ONLY_TASK_QUEUE || undefined);
    return new AksIsolationClient(new Client(options), queue ?? (TASK_QUEUE || undefined), looks);
  }

  /**
   * Says in whose name runs are started from now on, in their memo `startedBy`. A worker's policy may want approvals by somebody else.
   * Nobody checks it.
   */
  startsAs(name: string): void {
    this.#startedBy = name;
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

  /** Task queue of audits and dry runs. */
  get lookQueue(): string {
    return this.#lookQueue;
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

  /**
   * Starts `rolloutFleet`: one scenario on many clusters.
   *
   * @throws InvalidInputError or FleetRunningError. Nothing was started then.
   */
  async rolloutFleet(input: RolloutFleetInput): Promise<FleetHandle> {
    const parsed = parseRolloutFleet(input);
    if (!parsed.ok) throw new InvalidInputError(parsed.problems);
    const { name, scenario, dryRun } = parsed.value;
    const workflowId = `${fleetWorkflowId(name)}${dryRun ? `/dry-run/${randomUUID()}` : ''}`;
    // Audits need no worker that writes, and what a rollout starts runs where the rollout does.
    const looks = dryRun || scenario === 'auditCluster';
    const staticSummary = `${rolloutFleet} ${name}: ${scenario}${dryRun ? ' (dry run)' : ''}`;
    const taskQueue = looks ? this.#lookQueue : this.#taskQueue;
    try {
      const options = { taskQueue, workflowId, args: [input], staticSummary, ...startedByOption(this.#startedBy) };
      await this.#client.workflow.start(rolloutFleet, options);
      return this.fleet(workflowId);
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) throw new FleetRunningError(workflowId, error);
      throw error;
    }
  }

  /** A rollout by its workflow ID. */
  fleet(workflowId: string): FleetHandle {
    return fleetHandle(this.#client.workflow.getHandle(workflowId));
  }

  /** The scenario that runs on a cluster, or the last one that ran on it. */
  scenarioOf(cluster: ClusterReference): ScenarioHandle {
    return this.run(clusterWorkflowId(cluster));
  }

  async #startAudit(given: unknown): Promise<ScenarioHandle<AuditReport>> {
    const { cluster } = checked('auditCluster', given);
    const workflowId = `${clusterWorkflowId(cluster)}/audit/${randomUUID()}`;
    return this.#startUnder('auditCluster', workflowId, cluster, cluster.name, given);
  }

  async #start(scenario: WritingScenario, given: unknown): Promise<ScenarioHandle<VerificationReport | PlanReport>> {
    const { cluster, dryRun } = checked(scenario, given);
    const lock = clusterWorkflowId(cluster);
    const workflowId = dryRun ? `${lock}/dry-run/${randomUUID()}` : lock;
    return this.#startUnder(scenario, workflowId, cluster, `${cluster.name}${dryRun ? ' (dry run)' : ''}`, given);
  }

  async #startUnder<Result extends ScenarioResult>(
    scenario: Scenario,
    workflowId: string,
    cluster: ClusterReference,
    subject: string,
    given: unknown,
  ): Promise<ScenarioHandle<Result>> {
    try {
      const staticSummary = `${scenario} ${subject}`;
      const looks = workflowId !== clusterWorkflowId(cluster);
      const queue = looks ? this.#lookQueue : this.#taskQueue;
      const starter = startedByOption(this.#startedBy);
      const options = { taskQueue: queue, workflowId, args: [given], staticSummary, ...starter };
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
