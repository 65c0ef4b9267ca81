import { AsyncLocalStorage } from 'node:async_hooks';
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import type { Context } from '@temporalio/activity';
import { nowAtMachinePace } from './clock.ts';
import { currentContext, isUnhurried } from './currentContext.ts';

/** Azure's newest answer about something, and when it was asked for. */
interface Answer {
  response: Promise<PipelineResponse>;
  askedAt: number;
  /** Runs and types of the activities that have seen it. A second look of the same type in a run asks again. */
  seenBy: Set<string>;
}

/** A look at many resources, in which each is asked for once. */
interface Look {
  readonly mostAgeMs: number;
  readonly asked: Map<string, Promise<PipelineResponse>>;
  /** Groups that Azure has answered are not there, in lower case: nothing can be in them. */
  readonly absentGroups: Map<string, PipelineResponse>;
}

const looks = new AsyncLocalStorage<Look | undefined>();

/** A look takes seconds, and what the look before it has just seen need not be asked again. */
const mostAgeMs = 10_000;

/** Nothing that a run does changes what a subscription and its regions have. A rollout's runs take it from each other. */
const lastingMs = 20 * 60_000;
const lasting =
  /^\/subscriptions\/[^/]+(\/locations|\/providers\/Microsoft\.ContainerService\/locations\/[^/]+\/kubernetesVersions)?$/i;

/**
 * Looks at many resources, and asks Azure for each once. An answer that an activity of another type got seconds ago, in the same run,
 * serves again, unless the run has written or polled an operation since, or this look is tried again. Everything in a group that the
 * look has found absent is absent.
 *
 * For looks alone: whoever is about to write, waits for a change or reads back a write asks anew.
 */
export const asOneLook = <T>(look: () => Promise<T>): Promise<T> =>
  looks.run({ mostAgeMs, asked: new Map(), absentGroups: new Map() }, look);

/** Asks Azure anew, within a look too. */
export const outsideOfLooks = <T>(ask: () => Promise<T>): Promise<T> => looks.run(undefined, ask);

/**
 * Reads with the answer to a request that has just been made for the same: it is not sent again. Azure answers a write
 * with the same body as a read, and another status.
 */
const withAnswer = <T>(response: PipelineResponse | undefined, read: () => Promise<T>): Promise<T> =>
  response === undefined
    ? read()
    : looks.run(
        {
          mostAgeMs: 0,
          asked: new Map([[keyOf(response.request), Promise.resolve({ ...response, status: 200 })]]),
          absentGroups: new Map(),
        },
        read,
      );

/** A read whose first call needs no request, for its answer is there already. */
export function answeredOnce<T>(response: PipelineResponse | undefined, read: () => Promise<T>): () => Promise<T> {
  let given = response;
  return () => {
    const answer = given;
    given = undefined;
    return withAnswer(answer, read);
  };
}

/** The answers of Azure that the looks of each run share, in this worker. */
export function shareReads(asksOnly: (request: PipelineRequest) => boolean): PipelinePolicy {
  const runs = new Map<string, Map<string, Answer>>();
  const ofRollouts = new Map<string, Answer>();
  return {
    name: 'shareReads',
    async sendRequest(request, next) {
      const context = currentContext();
      if (!context) return next(request);
      const known = answersOf(runs, context);
      if (!asksOnly(request)) {
        forget(known);
        return next(request).finally(() => forget(known));
      }
      const path = pathOf(request);
      // Answers from before the end of an operation may be out of date after it. A command changes nothing.
      if (isState.test(path)) return next(request).finally(() => isCommand.test(path) || forget(known));
      if (request.method !== 'GET') return next(request);
      const look = looks.getStore();
      const key = keyOf(request);
      if (!look) {
        // A read by itself wants the newest answer.
        return send(request, next, known, context);
      }
      const absent = absentGroup(look, request);
      if (absent) return copyOf(absent, request);
      const answers = isLasting(request) && isUnhurried(context) ? ofRollouts : known;
      const ask = () => send(request, next, answers, context);
      // Another run's question may have been cancelled.
      const response = look.asked.get(key) ?? usable(answers.get(key), request, look, context)?.catch(ask) ?? ask();
      look.asked.set(key, response);
      const answer = await response.catch((error: unknown) => {
        look.asked.delete(key);
        throw error;
      });
      if (answer.status !== 200 && answer.status !== 404) look.asked.delete(key);
      if (answer.status === 404 && groupPath.test(pathOf(request))) look.absentGroups.set(pathOf(request), answer);
      return copyOf(answer, request);
    },
  };
}

/** Sends a request, and keeps its answer for other looks of the run: what is there, or a group that is not. */
function send(
  request: PipelineRequest,
  next: (request: PipelineRequest) => Promise<PipelineResponse>,
  known: Map<string, Answer>,
  context: Context,
): Promise<PipelineResponse> {
  const key = keyOf(request);
  const answer: Answer = { response: next(request), askedAt: nowAtMachinePace(), seenBy: new Set([lookerOf(context)]) };
  known.set(key, answer);
  const drop = () => {
    if (known.get(key) === answer) known.delete(key);
  };
  answer.response.then(({ status }) => {
    if (status !== 200 && !(status === 404 && groupPath.test(pathOf(request)))) drop();
  }, drop);
  // Later nobody takes it any more, and a worker has hundreds of runs.
  setTimeout(drop, isLasting(request) ? lastingMs : mostAgeMs).unref();
  return answer.response;
}

function usable(
  answer: Answer | undefined,
  request: PipelineRequest,
  look: Look,
  context: Context,
): Promise<PipelineResponse> | undefined {
  const looker = lookerOf(context);
  if (!answer || context.info.attempt > 1 || answer.seenBy.has(looker)) return undefined;
  if (nowAtMachinePace() - answer.askedAt > (isLasting(request) ? lastingMs : look.mostAgeMs)) return undefined;
  answer.seenBy.add(looker);
  return answer.response;
}

const lookerOf = ({ info: { workflowExecution, activityType } }: Context): string =>
  `${workflowExecution?.runId} ${activityType}`;

/** More than a worker has in flight. */
const mostRuns = 2_000;

function answersOf(runs: Map<string, Map<string, Answer>>, { info }: Context): Map<string, Answer> {
  const { workflowExecution, activityId } = info;
  const id = workflowExecution?.runId ?? activityId;
  const known = runs.get(id) ?? new Map<string, Answer>();
  // The run that was asked for last comes last.
  runs.delete(id);
  runs.set(id, known);
  const [oldest] = runs.keys();
  if (runs.size > mostRuns && oldest !== undefined) runs.delete(oldest);
  return known;
}

/** After a write, all that was known may be otherwise, but for what no run changes. */
function forget(known: Map<string, Answer>): void {
  for (const key of known.keys()) if (!lasting.test(new URL(key).pathname)) known.delete(key);
}

/** The state of an operation or a command, which each poll asks anew. */
const isState = /\/(operations|operationresults|operationstatuses|privatednsoperation\w+|commandresults)\//;
const isCommand = /\/commandresults\//;

const isLasting = (request: PipelineRequest): boolean => lasting.test(pathOf(request));
const keyOf = ({ url }: PipelineRequest): string => url;
const pathOf = ({ url }: PipelineRequest): string => new URL(url).pathname.toLowerCase();
const groupPath = /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+$/;

const absentGroup = ({ absentGroups }: Look, request: PipelineRequest): PipelineResponse | undefined => {
  const [group] = /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+(?=\/)/.exec(pathOf(request)) ?? [];
  return group === undefined ? undefined : absentGroups.get(group);
};

/** The SDK writes into the answers that it gets. */
const copyOf = (response: PipelineResponse, request: PipelineRequest): PipelineResponse => ({
  request,
  status: response.status,
  headers: response.headers,
  ...(response.bodyAsText !== undefined && { bodyAsText: response.bodyAsText }),
});
