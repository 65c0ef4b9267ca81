import type { ScenarioHandle } from '../client/index.ts';
import type { ScenarioResult, StepProgress } from '../contract/index.ts';
import { controlApi } from '../scripts/local/simulatorClient.ts';
import type { Duration, RecordedRequest } from '../simulator/index.ts';
import { activitiesOf, costOf, type History, type RunCost } from './cost.ts';
import type { Bench } from './item.ts';
import { lowerLimit, type TimedOperation, type TimedStep } from './lowerLimit.ts';
import { type Place, startPlace } from './place.ts';
import { clusterNamed, type MeasuredName, measuredScenarios } from './scenarios.ts';
import type { Span } from './timeline.ts';

export interface MeasuredRun {
  scenario: MeasuredName;
  /** From its start to its end, in simulated seconds. */
  seconds: number;
  /** The least that it can take, in simulated seconds. */
  leastSeconds: number;
  cost: RunCost;
  /** Steps, activities, and what Azure did. */
  spans: readonly Span[];
}

/**
 * How fast simulated time passes. At 5 a run takes ten seconds to six minutes, and what an idle machine takes for it is a hundredth
 * of that.
 */
const speeds = { usual: 5, full: 2 };

/** Everything that was run so far: items share it. */
const measuredBefore: MeasuredRun[] = [];

/** Runs of these scenarios, one of each at least. Those that an item has made before are not made again. */
export async function runsOf(bench: Bench, names: readonly MeasuredName[]): Promise<MeasuredRun[]> {
  const missing = names.filter((name) => !measuredBefore.some(({ scenario }) => scenario === name));
  if (missing.length > 0) measuredBefore.push(...(await measureRuns(missing, bench)));
  return measuredBefore.filter(({ scenario }) => names.includes(scenario));
}

/** Runs these scenarios, all at once, in clusters of their own. @throws if one does not end as it should */
async function measureRuns(names: readonly MeasuredName[], { runs, full, onProgress }: Bench): Promise<MeasuredRun[]> {
  const speed = full ? speeds.full : speeds.usual;
  const place = await startPlace(speed, onProgress);
  try {
    await place.startWorker();
    await warmUp(place);
    const measured: MeasuredRun[] = [];
    for (let wave = 1; wave <= runs; wave += 1) {
      onProgress(`Runs ${names.length} scenarios at speed ${speed} (${wave} of ${runs}).`);
      measured.push(...(await measureWave({ ...place, speed }, names, `b${wave}`)));
    }
    return measured;
  } finally {
    await place.close();
  }
}

/** A worker that has just started loads and compiles code. */
async function warmUp(place: Place): Promise<void> {
  const setting = { ...place, client: place.aks, cluster: clusterNamed('warm') };
  await measuredScenarios.audit.prepare(setting);
  await ended(await measuredScenarios.audit.start(setting));
}

async function measureWave(
  place: Place & { speed: number },
  names: readonly MeasuredName[],
  prefix: string,
): Promise<MeasuredRun[]> {
  const settings = names.map((name) => ({
    scenario: name,
    setting: { ...place, client: place.aks, cluster: clusterNamed(`${prefix}-${name}`) },
  }));
  for (const { scenario, setting } of settings) await measuredScenarios[scenario].prepare(setting);
  const earlier = (await controlApi<Duration[]>(place.simulator, 'durations')).length;
  const runs = await Promise.all(
    settings.map(async ({ scenario, setting }) => {
      const run = await measuredScenarios[scenario].start(setting);
      return { scenario, setting, run, result: await ended(run) };
    }),
  );
  const durations = (await controlApi<Duration[]>(place.simulator, 'durations')).slice(earlier);
  const requests = await place.requests();
  return Promise.all(
    runs.map(async ({ scenario, setting, run, result }) => {
      const group = new RegExp(`/resourcegroups/(mc_)?${setting.cluster.resourceGroup}([/_]|$)`, 'i');
      const writes = durations.filter(({ resourceId }) => group.test(resourceId));
      return { scenario, ...(await measured(place, run, result, writes, requests)) };
    }),
  );
}

async function measured(
  { temporal, simulator, speed }: Place & { speed: number },
  run: ScenarioHandle,
  result: ScenarioResult,
  durations: readonly Duration[],
  requests: readonly RecordedRequest[],
): Promise<Omit<MeasuredRun, 'scenario'>> {
  const handle = temporal.workflow.getHandle(run.workflowId, run.runId);
  const [{ startTime, closeTime }, history] = await Promise.all([handle.describe(), handle.fetchHistory()]);
  const at = (time: string | Date | number | undefined) => simulator.clock.at(new Date(time ?? 0).getTime()) / 1000;
  const steps = result.outcome === 'verified' ? result.steps.flatMap((step) => timedStep(step, at)) : [];
  const operations = durations.map(timedOperation);
  const activities = activitiesOf(history as History).map(({ name, scheduled, end }): Span => {
    return { what: 'activity', name, begin: at(scheduled), end: at(end) };
  });
  const sent = requestsOf(requests, run.runId ?? '');
  const polls = sent.filter(isPoll).map(({ url, time }): Span => {
    const [begin, end] = [at(time), at(time)];
    return { what: 'poll', name: `poll of ${new URL(url).pathname.split('/').slice(-2)[0]}`, begin, end };
  });
  const begun = at(startTime);
  return {
    seconds: at(closeTime) - begun,
    leastSeconds: lowerLimit(steps, operations),
    cost: costOf(history as History, sent, speed),
    spans: [...steps.map(stepSpan), ...activities, ...operations.map(operationSpan), ...polls].map((span) => {
      return { ...span, begin: span.begin - begun, end: span.end - begun };
    }),
  };
}

const isPoll = ({ url }: RecordedRequest): boolean =>
  /\/(operation|privateDnsOperation|commandResults)\w*\//i.test(url);

const stepSpan = ({ step, begin, end }: TimedStep): Span => ({ what: 'step', name: step.id, begin, end });

function operationSpan({ operation, begin, end }: TimedOperation): Span {
  const name = operation.resourceId.split('/').slice(-2).join('/');
  return { what: 'Azure', name: `${operation.operation} ${name}`, begin, end };
}

function timedStep(step: StepProgress, at: (time: string) => number): TimedStep[] {
  const { startedAt, finishedAt } = step;
  return startedAt === undefined || finishedAt === undefined
    ? []
    : [{ step, begin: at(startedAt), end: at(finishedAt) }];
}

function timedOperation(operation: Duration): TimedOperation {
  const begin = Date.parse(operation.startedAt) / 1000;
  return { operation, begin, end: begin + operation.requestSeconds + operation.operationSeconds };
}

/** Every request says which run has sent it. */
const requestsOf = (requests: readonly RecordedRequest[], runId: string): RecordedRequest[] =>
  requests.filter(({ headers }) => headers['x-ms-correlation-request-id'] === runId);

/** @throws unless it is verified, or an audit */
async function ended(run: ScenarioHandle): Promise<ScenarioResult> {
  const result = await run.result();
  if (result.outcome === 'planned') throw new Error(`${run.workflowId} has only planned`);
  return result;
}
