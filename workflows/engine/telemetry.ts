import { isCancellation, log, metricMeter, TemporalFailure, workflowInfo } from '@temporalio/workflow';
import { applicationFailure } from '../../contract/failures.ts';
import { type LabelOf, Measures, type runOutcomes } from '../../contract/metrics.ts';
import { errorTypes, type Scenario } from '../../contract/names.ts';
import type { StepKind } from '../../contract/plan.ts';
import type { Progress } from '../../contract/progress.ts';
import type { AuditVerdict, ScenarioResult } from '../../contract/result.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import type { Remains } from './outcome.ts';

// The SDK leaves out what a replay says and measures again. Nothing here becomes part of the history.
const measures = new Measures(metricMeter);
/** A run's workflow type is its scenario. */
const scenario = (): Scenario => workflowInfo().workflowType as Scenario;

type RunOutcome = (typeof runOutcomes)[number];

/** Logs and measures the beginning and the end of a run. @param work Calls `begins` once the input is accepted. */
export async function told<Result extends ScenarioResult>(
  work: (begins: (cluster: ClusterReference) => void) => Promise<Result>,
): Promise<Result> {
  let cluster: string | undefined;
  const begins = (given: ClusterReference): void => {
    cluster = clusterId(given);
    log.info('Scenario begins', { scenario: scenario(), cluster });
    measures.count('runsBegun', { scenario: scenario() });
  };
  try {
    const result = await work(begins);
    ends(cluster, result.outcome, result.outcome === 'audited' ? { verdict: result.verdict } : {});
    return result;
  } catch (error) {
    // Otherwise it is a defect of this code: the run waits for a corrected worker.
    if (error instanceof TemporalFailure) ends(cluster, failedOutcome(error));
    throw error;
  }
}

function ends(cluster: string | undefined, outcome: RunOutcome, more: Readonly<Record<string, string>> = {}): void {
  const labels = { scenario: scenario(), outcome };
  log.info('Scenario ends', { ...labels, ...(cluster !== undefined && { cluster }), ...more });
  measures.count('runs', labels);
  measures.took('runDuration', labels, Date.now() - workflowInfo().startTime.getTime());
}

function failedOutcome(error: TemporalFailure): RunOutcome {
  if (isCancellation(error)) return 'cancelled';
  const type = applicationFailure(error)?.type;
  // Azure's codes have no end, and each would be a time series of its own.
  return Object.values(errorTypes).find((each) => each === type) ?? 'other';
}

/** How a wait has ended; `overtaken`: the run was cancelled, or went another way. */
export type WaitEnd = LabelOf<'waitDuration', 'ended'>;

/** Logs that a run waits for people. @returns what is to be called at the end of the wait. */
export function beginWait(
  { cluster }: Pick<Progress, 'cluster'>,
  wait: LabelOf<'waitDuration', 'wait'>,
  about: Readonly<Record<string, string>>,
): (ended: WaitEnd) => void {
  const since = Date.now();
  const line = { scenario: scenario(), cluster, wait, ...about };
  log.info('Scenario waits', line);
  return (ended) => {
    log.info('Scenario waits no more', { ...line, ended });
    measures.took('waitDuration', { scenario: scenario(), wait, ended }, Date.now() - since);
  };
}

/** Measures a step, or its removal. @param since When it began, by the workflow's clock. */
export const stepTook = (kind: StepKind, state: LabelOf<'stepDuration', 'state'>, since: number): void =>
  measures.took('stepDuration', { scenario: scenario(), kind, state }, Date.now() - since);

export const countLeftovers = (remains: Remains, count: number): void =>
  measures.count('leftovers', { scenario: scenario(), remains }, count);

export const countVerdict = (verdict: AuditVerdict): void => measures.count('audits', { verdict });
