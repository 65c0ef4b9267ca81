import { z } from 'zod';
import type { AzureIdentity } from '../../contract/aboutWorker.ts';
import type { MemberOutcome } from '../../contract/fleet.ts';
import type {
  Approval,
  Check,
  FailureDetails,
  Leftover,
  Plan,
  PoolReimage,
  Problem,
  StepProgress,
} from '../../contract/index.ts';
import { cancellationMemo, startedByMemo } from '../../contract/index.ts';
import { withoutSecrets } from '../../contract/withoutSecrets.ts';
import { allPrintable } from '../text/printable.ts';
import type { Act, RunCost, RunRecord, Span } from './history.ts';

/** Everything that an auditor asks about one run. */
export interface Evidence {
  scenario: string;
  /** Resource ID, or the workflow ID where the run did not get as far. */
  cluster: string;
  /** In words: verified, failed, … */
  outcome: string;
  /** The same for colours: whether what was promised has been seen. */
  verdict: 'good' | 'bad' | 'unproven' | 'open';
  workflowId: string;
  runId: string;
  taskQueue: string;
  startedBy: string;
  /** The starter as Temporal has authenticated it, where it does. */
  principal?: string;
  /** As whom the workers acted in Azure. Empty where the history does not say it. */
  actsAs: readonly AzureIdentity[];
  startedAt: string;
  endedAt?: string;
  input: unknown;
  profile?: string;
  /** The correlation ID of every request of this run in Azure's activity log, then those that failures name. */
  correlationIds: readonly string[];
  problems: readonly Problem[];
  failure?: { type?: string; message: string; whatToDo?: string };
  leftovers: readonly Leftover[];
  /** Resources that the run had deleted and that are not back. */
  deleted: readonly Leftover[];
  unproven: readonly string[];
  /** Events that no receiver has taken. */
  untold: readonly string[];
  /** Reads that Azure refused the worker before the first write. */
  unread: readonly string[];
  /** First the checks that could not be made, then those that were not as promised. */
  checks: readonly Check[];
  steps: readonly Partial<StepProgress>[];
  approvals: readonly Approval[];
  acts: readonly Act[];
  reimages: readonly PoolReimage[];
  spans: readonly Span[];
  events: number;
  cost: Omit<RunCost, 'events'>;
}

/** The evidence in the result, the failure or the cancellation of a run. A part that is not there was not known. */
const said = z.looseObject({
  outcome: z.string().optional(),
  verdict: z.enum(['Isolated', 'Drifted', 'Unproven']).optional(),
  cluster: z.string().optional(),
  nothingToDo: z.boolean().optional(),
});
type Said = z.infer<typeof said> &
  Partial<
    Pick<
      FailureDetails,
      'checks' | 'steps' | 'approvals' | 'reimages' | 'leftovers' | 'deleted' | 'unproven' | 'untold' | 'error'
    >
  > & {
    plan?: Plan;
  };

/** Makes the evidence of a run. Texts are without secrets and without control characters. */
export function evidenceOf(record: RunRecord): Evidence {
  const { end, memo, type, workflowId } = record;
  const { events, ...cost } = record.cost;
  const words = saidBy(
    end?.how === 'completed' ? end.result : end?.how === 'failed' ? end.failure.details : memo[cancellationMemo],
  );
  const failure = end?.how === 'failed' ? end.failure : undefined;
  const { error, plan, cluster = workflowId } = words;
  const correlationIds = [record.originalRunId, error?.correlationId, ...record.spans.map(correlationOf)];
  return clean({
    scenario: type,
    cluster,
    outcome: outcomeOf(record, words),
    verdict: verdictOf(record, words),
    workflowId,
    runId: record.runId,
    taskQueue: record.taskQueue,
    startedBy: starterOf(record),
    ...(record.principal !== undefined && { principal: record.principal }),
    actsAs: record.actsAs,
    startedAt: record.startedAt,
    ...(end && { endedAt: end.at }),
    input: record.input,
    ...(plan && { profile: plan.profile }),
    correlationIds: [...new Set(correlationIds.filter((id) => id !== undefined))],
    problems: problemsOf(failure?.details) ?? plan?.problems ?? [],
    ...(failure && {
      failure: {
        ...(failure.type && { type: failure.type }),
        message: failure.message,
        ...(error && { whatToDo: error.whatToDo }),
      },
    }),
    leftovers: words.leftovers ?? [],
    deleted: words.deleted ?? [],
    unproven: words.unproven ?? [],
    untold: words.untold ?? [],
    unread: plan?.unread ?? [],
    checks: (words.checks ?? []).map(withVerdict).sort((a, b) => rank(a) - rank(b)),
    steps: words.steps ?? plan?.steps ?? [],
    approvals: words.approvals ?? [],
    acts: record.acts,
    reimages: words.reimages ?? [],
    spans: record.spans,
    events,
    cost,
  });
}

/** The name that the client gave, and the client itself. */
function starterOf({ startedBy, memo }: RunRecord): string {
  const name = memo[startedByMemo];
  return typeof name === 'string' ? `${name} (${startedBy})` : startedBy;
}

const saidBy = (value: unknown): Said => (said.safeParse(value).data ?? {}) as Said;

/** Version 0.1 knew no verdicts. */
function withVerdict(check: Omit<Check, 'verdict'> & { verdict?: Check['verdict'] }): Check {
  return { ...check, verdict: check.verdict ?? (check.ok ? 'met' : 'missed') } as Check;
}

const rank = ({ verdict, ok }: Check): number => (verdict === 'unproven' ? 0 : verdict === 'missed' ? (ok ? 2 : 1) : 3);

function outcomeOf({ end }: RunRecord, { outcome, verdict, nothingToDo, leftovers = [], deleted = [] }: Said): string {
  switch (end?.how) {
    case undefined:
      return 'still running';
    case 'completed':
      if (outcome === 'verified') return nothingToDo ? 'verified: there was nothing to do' : 'verified';
      return verdict ?? outcome ?? 'completed';
    case 'failed':
      return verdict ?? `failed${end.failure.type ? `: ${end.failure.type}` : ''}`;
    case 'cancelled':
      return leftovers.length + deleted.length > 0
        ? 'cancelled, and not everything was taken back'
        : 'cancelled, and taken back';
    case 'terminated':
      return 'terminated: nothing was taken back';
    case 'timedOut':
      return 'ended by a time-out of Temporal: nothing was taken back';
    case 'continued':
      return 'continued in another run';
  }
}

/** A member of a rollout completes whatever became of its cluster. */
const badEnds: ReadonlySet<string> = new Set<MemberOutcome>(['drifted', 'failed', 'rolledBack', 'busy', 'gone']);

function verdictOf({ end }: RunRecord, { outcome, verdict, unproven = [] }: Said): Evidence['verdict'] {
  if (!end || end.how === 'continued') return 'open';
  if (verdict === 'Drifted' || end.how !== 'completed' || badEnds.has(outcome ?? '')) return 'bad';
  if (verdict === 'Unproven' || outcome === 'unproven' || unproven.length > 0) return 'unproven';
  return outcome === 'planned' ? 'open' : 'good';
}

const problemList = z.array(z.object({ where: z.string(), problem: z.string(), whatToDo: z.string() }));
const problemsOf = (details: unknown): Problem[] | undefined => problemList.safeParse(details).data;

const correlated = z.object({ correlationId: z.string() });
const correlationOf = ({ error }: Span): string | undefined => correlated.safeParse(error?.details).data?.correlationId;

/** Nobody needs a secret for proof, whatever Azure's words repeat. */
function clean<T>(value: T): T {
  const redacted: unknown = JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
    typeof each === 'string' ? withoutSecrets(each) : each,
  );
  return allPrintable(redacted as T);
}
