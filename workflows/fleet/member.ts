import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  patched,
  setHandler,
  startChild,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { z } from 'zod';
import { applicationFailure } from '../../contract/failures.ts';
import { type MemberEnd, type MemberOutcome, memberOutcomes } from '../../contract/fleet.ts';
import { clusterReference } from '../../contract/inputs/cluster.ts';
import { fleetScenarios } from '../../contract/inputs/rolloutFleet.ts';
import { aksWindow, maintenanceWindows } from '../../contract/inputs/rolloutWindows.ts';
import {
  clusterWorkflowId,
  errorTypes,
  memberEndedSignal,
  type Scenario,
  searchAttributes,
  startedByMemo,
  startedByOption,
  wrapUpSignal,
} from '../../contract/names.ts';
import { boundedProblems, type Problem } from '../../contract/problem.ts';
import type { AuditReport, AuditVerdict, ScenarioError, ScenarioResult } from '../../contract/result.ts';
import { shortened } from '../../contract/shortened.ts';
import { azure } from '../engine/azure.ts';
import { decodedInput, takesAnything } from '../engine/givenInput.ts';
import { turnOf } from './aksWindows.ts';
import { openingAt } from './windows.ts';

/** The task that a rollout gives a member. */
export const memberTask = z.strictObject({
  rollout: z.string().describe('Workflow ID of the rollout.'),
  fleet: z.string().describe("Run ID of the rollout's first run."),
  name: z.string().describe('Name of the rollout.'),
  member: z.int(),
  attempt: z.int(),
  resetFrom: z.string().optional().describe('Run ID of the run that the one which starts this was reset from.'),
  cluster: clusterReference,
  scenario: z.enum(fleetScenarios),
  input: z.record(z.string(), z.unknown()),
  audits: z.enum(['beforeAndAfter', 'after', 'none']),
  busy: z.strictObject({ everyMinutes: z.number(), times: z.int() }),
  /** AKS's own window of the cluster and those of the rollout, as far as they count. */
  window: z.strictObject({ aks: aksWindow.exactOptional(), own: maintenanceWindows.exactOptional() }).exactOptional(),
});
export type MemberTask = z.output<typeof memberTask>;

const memberEnded = defineSignal<[MemberEnd]>(memberEndedSignal);

/** As it is heard. A signal stays in the history: one that could not be read would fail each task of the rollout from then on. */
export const heardEnd = defineSignal<unknown[]>(memberEndedSignal, takesAnything);
const memberEnd: z.ZodType<MemberEnd> = z.object({
  member: z.int(),
  fleet: z.string(),
  attempt: z.int(),
  outcome: z.enum([...memberOutcomes, 'putOff']),
  seconds: z.number(),
  from: z.number().exactOptional(),
  type: z.string().max(1_000).exactOptional(),
  why: z.string().max(1_000).exactOptional(),
});

/** The end that a member has told; `undefined` where somebody else has sent something else. */
export function endIn(given: unknown): MemberEnd | undefined {
  const decoded = decodedInput(given);
  return 'value' in decoded ? memberEnd.safeParse(decoded.value).data : undefined;
}
/** Has a member begin nothing more, and go on with what it has begun. */
export const wrapUp = defineSignal(wrapUpSignal, takesAnything);

/** The signal must fit into 300 bytes: a rollout gets thousands. */
const mostWhyBytes = 120;

type End = Pick<MemberEnd, 'outcome' | 'type' | 'why' | 'from'>;

/** The work of a rollout on one cluster. */
export class Member {
  readonly #task: MemberTask;
  readonly #lock: string;
  #isWrappedUp = false;
  /** Whether something may have been changed. */
  #hasBegun = false;
  #children = 0;

  constructor(task: MemberTask) {
    this.#task = task;
    this.#lock = clusterWorkflowId(task.cluster);
    setHandler(wrapUp, () => {
      this.#isWrappedUp = true;
    });
  }

  /** Does the work, and tells the rollout how it came out: by a signal, for its end reaches no run that has continued as new. */
  async run(): Promise<MemberEnd> {
    const { member, fleet, attempt, rollout } = this.#task;
    const since = Date.now();
    const end = await this.#endOfWork();
    const seconds = Math.round((Date.now() - since) / 1000);
    const told: MemberEnd = { member, fleet, attempt, seconds, ...end };
    await CancellationScope.nonCancellable(() => getExternalWorkflowHandle(rollout).signal(memberEnded, told)).catch(
      // The rollout is gone. The member's work on the cluster stands.
      (error: unknown) => log.info('Nobody waits for this member any more', { rollout, why: String(error) }),
    );
    return told;
  }

  /** A rollout that was reset starts members by what it knew then: its next ones, or those that have ended since once more. */
  async #endOfWork(): Promise<End> {
    const { resetFrom } = this.#task;
    if (resetFrom !== undefined) {
      return { outcome: 'failed', type: errorTypes.resetRun, why: `the rollout was reset from run ${resetFrom}` };
    }
    return this.#work().catch((error: unknown) => this.#endOf(error));
  }

  async #work(): Promise<End> {
    const { audits, scenario } = this.#task;
    const putOff = await this.#putOff();
    if (putOff) return putOff;
    const before = audits === 'beforeAndAfter' ? await this.#audit() : undefined;
    const done = await this.#scenario();
    if (audits === 'none' || (done.outcome !== 'verified' && done.outcome !== 'unchanged')) return done;
    const after = await this.#audit().catch((error: unknown) => {
      // The scenario has ended before the rollout was cancelled, and stands.
      if (isCancellation(error) && isCancelled()) return undefined;
      throw error;
    });
    if (after === undefined) return done;
    const isWorse = before === 'Isolated' && after !== 'Isolated' && scenario !== 'disableIsolation';
    return isWorse ? { outcome: 'failed', type: 'DriftFound', why: `isolated before, ${after} after` } : done;
  }

  /** Whether the windows are open; AKS is asked for the cluster's own. @returns the end where they are not. */
  async #putOff(): Promise<End | undefined> {
    const { window, cluster, scenario } = this.#task;
    if (!window?.aks) {
      const opening = window?.own && openingAt(window.own, Date.now());
      return opening?.isOpen === false ? { outcome: 'putOff', from: opening.from } : undefined;
    }
    const read = azure.reading(`Read when AKS may maintain ${cluster.name}`).readMaintenanceConfigurations;
    const look = await read({ cluster, scenario });
    if ('forbidden' in look)
      return { outcome: 'failed', type: 'AuthorizationFailed', why: short(`maintenance windows: ${look.forbidden}`) };
    const turn = turnOf(look.seen, window.aks, window.own, Date.now());
    switch (turn.is) {
      case 'now':
        return undefined;
      case 'later':
        return { outcome: 'putOff', from: turn.from };
      case 'never':
        return { outcome: turn.outcome, type: 'NoMaintenanceWindow', why: short(turn.why) };
    }
  }

  async #audit(): Promise<AuditVerdict> {
    const { cluster, scenario } = this.#task;
    const { result } = await this.#start<AuditReport>('auditCluster', `${this.#lock}/audit/${this.#unique}`, {
      cluster,
    });
    const { verdict } = await result();
    log.debug('Audited', { scenario, verdict });
    return verdict;
  }

  /** Runs the scenario, once no other one runs on the cluster. */
  async #scenario(): Promise<End> {
    const { scenario, cluster, input, busy } = this.#task;
    const workflowId = scenario === 'auditCluster' ? `${this.#lock}/audit/${this.#unique}` : this.#lock;
    for (let tries = 0; !this.#isWrappedUp; tries += 1) {
      try {
        const { result } = await this.#start<ScenarioResult>(scenario, workflowId, { ...input, cluster });
        this.#hasBegun = scenario !== 'auditCluster';
        return endOfResult(await result());
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        if (tries >= busy.times) return { outcome: 'busy', type: 'ClusterBusy', why: `${workflowId} runs already` };
        const summary = `Wait until ${workflowId} has ended`;
        await condition(() => this.#isWrappedUp, busy.everyMinutes * 60_000, { summary });
        const never = patched('busy-members-keep-to-windows') && (await this.#untilOpen());
        if (never) return never;
      }
    }
    // The rollout begins no further cluster, and this one has not begun.
    return { outcome: 'putOff', from: Date.now() };
  }

  /** Waits where the windows have closed while another scenario ran. @returns the end where they do not open again. */
  async #untilOpen(): Promise<End | undefined> {
    while (!this.#isWrappedUp) {
      const closed = await this.#putOff();
      if (closed?.outcome !== 'putOff') return closed;
      const summary = 'Wait for the next maintenance window';
      await condition(() => this.#isWrappedUp, Math.max(1, (closed.from ?? 0) - Date.now()), { summary });
    }
    return undefined;
  }

  /** If this member is terminated, what it has started goes on: it takes its own changes back, or verifies them. */
  async #start<Result>(scenario: Scenario, workflowId: string, input: object): Promise<{ result(): Promise<Result> }> {
    const { cluster, name } = this.#task;
    const startedBy = workflowInfo().memo?.[startedByMemo];
    const run = await startChild(scenario, {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `${scenario} ${cluster.resourceGroup}/${cluster.name}, of rollout ${name}`,
      typedSearchAttributes: [
        { key: searchAttributes.fleet, value: name },
        { key: searchAttributes.scenario, value: scenario },
        { key: searchAttributes.cluster, value: cluster.name.toLowerCase() },
        { key: searchAttributes.resourceGroup, value: cluster.resourceGroup.toLowerCase() },
      ],
      ...startedByOption(startedBy),
    });
    return { result: () => run.result() as Promise<Result> };
  }

  get #unique(): string {
    this.#children += 1;
    // A member that was reset has another run ID, and would not replay what it has started before.
    return `${workflowInfo().originalExecutionRunId}-${this.#children}`;
  }

  /** @throws what is a defect of this code: the task fails, and waits for a corrected worker. */
  #endOf(error: unknown): End {
    if (!(error instanceof TemporalFailure)) throw error;
    if (isCancellation(error) && isCancelled()) return { outcome: this.#hasBegun ? 'rolledBack' : 'skipped' };
    return endOfFailure(error);
  }
}

/** Whether this member was, and not a run that it has started. */
const isCancelled = (): boolean => CancellationScope.current().consideredCancelled;

function endOfResult(result: ScenarioResult): End {
  switch (result.outcome) {
    case 'verified':
      return { outcome: result.nothingToDo ? 'unchanged' : 'verified' };
    case 'audited':
      return { outcome: verdictOutcomes[result.verdict] };
    case 'planned':
      return { outcome: 'unchanged' };
  }
}

const verdictOutcomes = {
  Isolated: 'isolated',
  Drifted: 'drifted',
  Unproven: 'unproven',
} as const satisfies Record<AuditVerdict, MemberOutcome>;

/** Tells a rollout what a scenario's failure means. A cluster that somebody has deleted meanwhile has not failed. */
function endOfFailure(error: unknown): End {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  if (isCancellation(error)) return { outcome: 'failed', type: 'Cancelled', why: 'somebody cancelled it' };
  const failure = applicationFailure(cause);
  if (!failure)
    return { outcome: 'failed', type: cause instanceof Error ? cause.name : 'Error', why: short(String(cause)) };
  const details: unknown = failure.details?.[0];
  const problems = Array.isArray(details) ? boundedProblems(details as Problem[]) : [];
  const { error: own }: { error?: ScenarioError } = isObject(details) ? details : {};
  const isGone =
    failure.type === gone || own?.type === gone || problems.some(({ problem }) => problem.startsWith(gone));
  const [first] = problems;
  return {
    outcome: isGone ? 'gone' : 'failed',
    type: isGone ? gone : (failure.type ?? 'Error'),
    why: short(first?.problem ?? failure.message),
  };
}

const gone = 'ClusterNotFound';
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const short = (text: string): string => shortened(text.replace(/\s+/g, ' '), mostWhyBytes);
