import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { InvalidInputError } from '../../client/index.ts';
import {
  type AuditReport,
  errorTypes,
  type FailureDetails,
  type Problem,
  type ScenarioResult,
  type VerificationReport,
} from '../../contract/index.ts';
import type { RecordedRequest, Truth } from '../../simulator/index.ts';
import { withoutMadeUp } from '../sweep/requests.ts';
import type { Slot } from '../sweep/scenarios.ts';
import { stateOf } from '../sweep/state.ts';
import { arrange, disturb, idsOf, startScenario } from './arrange.ts';
import { asBefore, type Kept, unannounced } from './kept.ts';
import { readNodeGroup, type WorldIds } from './oddities.ts';
import { explained, oddsExplain, type Reasons } from './reasons.ts';
import type { DrawnWorld } from './world.ts';

/** The claim of a run in the end. */
export const claims = [
  'verified',
  'unproven',
  'planned',
  'refused',
  'rolledBack',
  'incomplete',
  'isolated',
  'notIsolated',
  'unknown',
] as const;
export type Claim = (typeof claims)[number];

export interface Judgement {
  claim: Claim;
  /** Why the claim is false; none where it is true. */
  refuted: string[];
}

/** A run takes a second or two: what takes as long as this on a busy machine hangs. */
const longestRunMs = 300_000;

/** Makes a world, runs its scenario, and holds what it claims against what is so. */
export async function judge(slot: Slot, world: DrawnWorld): Promise<Judgement> {
  const ids = idsOf(slot);
  await arrange(slot, world);
  const before = await stateOf(slot);
  const truthBefore = await truthOf(slot, ids);
  const nodeGroup = world.scenario === 'create' ? '' : await readNodeGroup(slot, ids);
  const from = await slot.azure.recordedBytes();
  const fault = await disturb(slot, ids, world);
  const run = await startScenario(slot, world);
  const end = await Promise.race([ended(run.result()), delay(longestRunMs, undefined, { ref: false })]);
  if (!end) {
    await slot.temporal.workflow.getHandle(run.workflowId).terminate('by the sweep of worlds');
    return { claim: 'unknown', refuted: [`still running after ${longestRunMs / 1000} s`] };
  }
  const others = await isHit(slot, 'others');
  const faulty = fault !== undefined && (await isHit(slot, 'faults', fault));
  await slot.azure.send('DELETE', '/simulator/faults');
  const seen: Seen = {
    cluster: withoutMadeUp(ids.cluster.toLowerCase()),
    world,
    before,
    after: await stateOf(slot),
    nodeGroup: withoutMadeUp(nodeGroup.toLowerCase()),
    writes: (await slot.azure.recorded(from)).filter(isWrite),
    fault: faulty ? world.fault?.kind : undefined,
    others: others ? world.meanwhile?.does : undefined,
    truthBefore,
    truth: await truthOf(slot, ids),
  };
  const judged = 'failure' in end ? judgeFailure(end.failure, seen) : judgeResult(end.result, seen);
  return { ...judged, refuted: [...judged.refuted, ...leftBehind(seen)] };
}

/** Whether a rule has acted. */
async function isHit({ azure }: Slot, of: 'others' | 'faults', id?: string): Promise<boolean> {
  const rules = (await azure.send('GET', `/simulator/${of}`)).body as { id: string; hits: number }[];
  return rules.some((rule) => (id === undefined || rule.id === id) && rule.hits > 0);
}

/** Pods that the run has started and nobody keeps. */
function leftBehind({ truthBefore, truth }: Seen): string[] {
  const before = truthBefore?.pods ?? [];
  return (truth?.pods ?? []).filter((pod) => !before.includes(pod)).map((pod) => `pod ${pod} is left behind`);
}

interface Seen extends Kept, Reasons {
  writes: readonly RecordedRequest[];
  /** Left out where the cluster was not there, or is gone. */
  truth: Truth | undefined;
}

async function truthOf({ azure }: Slot, { cluster }: WorldIds): Promise<Truth | undefined> {
  const { status, body } = await azure.send('GET', `/simulator/truth?cluster=${cluster}`);
  return status === 200 ? (body as Truth) : undefined;
}

async function ended(result: Promise<ScenarioResult>): Promise<{ result: ScenarioResult } | { failure: unknown }> {
  try {
    return { result: await result };
  } catch (error) {
    return { failure: error instanceof WorkflowFailedError ? error.cause : error };
  }
}

/** Runs in clusters and questions are no writes. */
const isWrite = ({ method, url, status }: RecordedRequest): boolean =>
  method !== 'GET' && !/runCommand|checkName|listCluster/i.test(url) && status !== null && status < 300;

function judgeResult(result: ScenarioResult, seen: Seen): Judgement {
  switch (result.outcome) {
    case 'planned':
      return {
        claim: 'planned',
        refuted: [...unwritten(seen), ...explained(result.plan.problems.map(textOf), seen, 'a problem in the plan')],
      };
    case 'audited':
      return judgeAudit(result, seen);
    case 'verified':
      return {
        claim: result.unproven.length > 0 ? 'unproven' : 'verified',
        refuted: [
          ...promised(result, seen),
          ...unannounced(result.plan, seen),
          ...explained(result.unproven, seen, 'an unproven check'),
        ],
      };
  }
}

const textOf = ({ where, problem, whatToDo }: Problem): string => `${where}: ${problem}. ${whatToDo}`;

/** The promises of a verified run about the cluster. */
function promised({ unproven, checks }: VerificationReport, { world, truth, nodeGroup, after }: Seen): string[] {
  switch (world.scenario) {
    case 'create':
    case 'isolate':
    case 'changeRegistry': {
      if (!truth) return ['verified, and the cluster is not there'];
      const { because } = truth.isolated;
      const accepted = because.filter((reason) => isAccepted(reason, world));
      // A gap that the input accepts, and that the report tells first.
      const open = because.filter((reason) => !accepted.includes(reason) && !(unproven.length > 0 && isInside(reason)));
      return [
        ...open.map((reason) => `verified, but ${reason}`),
        ...(accepted.length > 0 && !checks.some((each) => each.accepted)
          ? accepted.map((reason) => `no check says that this is accepted: ${reason}`)
          : []),
      ];
    }
    case 'disable':
    case 'reimage':
      return (truth?.nodes ?? []).flatMap(({ name, pulls, apiServer }) => [
        ...(pulls.ok || oddsExplain(world, pulls.because ?? '')
          ? []
          : [`verified, but ${name} cannot pull: ${pulls.because}`]),
        ...(apiServer.ok || oddsExplain(world, apiServer.because ?? '')
          ? []
          : [`verified, but ${name} does not reach its API server: ${apiServer.because}`]),
      ]);
    case 'delete':
      return [
        ...(truth ? ['verified, and the cluster is there'] : []),
        ...[...after.keys()]
          .filter((path) => path.startsWith(`${nodeGroup} `))
          .slice(0, 1)
          .map((path) => `verified, and ${path} is there`),
      ];
    case 'audit':
      return [];
  }
}

/** Whether it can be seen from inside the cluster alone. */
const isInside = (reason: string): boolean =>
  /gets? images from|cannot pull|do not bootstrap|does not reach its API server|by proxy/.test(reason);

/** Whether a way out is one that the input accepts by name. */
function isAccepted(reason: string, { accept }: DrawnWorld): boolean {
  const ways = {
    natGateway: /by natGateway/,
    defaultRoute: /by route/,
    publicAddresses: /by (loadBalancer|publicAddress)/,
    nodePublicAddresses: /by publicAddress/,
    defaultOutboundAccess: /by defaultOutboundAccess/,
  };
  return accept.some((way) => ways[way].test(reason));
}

function judgeAudit({ isolated, unproven, checks }: AuditReport, seen: Seen): Judgement {
  const { truth, world } = seen;
  const because = truth?.isolated.because.filter((reason) => !isAccepted(reason, world)) ?? ['it is not there'];
  const failed = checks.flatMap(({ ok, title, seen: found, evidence = '', unproven: gap = '', id }) =>
    ok ? [] : [`${id} ${title}: ${found} ${evidence} ${gap}`],
  );
  if (isolated)
    return {
      claim: 'isolated',
      refuted: [...unwritten(seen), ...because.map((reason) => `isolated, but ${reason}`)],
    };
  if (failed.length === 0)
    return { claim: 'unknown', refuted: [...unwritten(seen), ...explained(unproven, seen, 'a gap')] };
  return {
    claim: 'notIsolated',
    refuted: [...unwritten(seen), ...(because.length > 0 ? [] : explained(failed, seen, 'a failed check'))],
  };
}

/** A run that takes everything back leaves nodes that do what they did: the registry that AKS manages may have come back as another. */
function brokenNodes({ truthBefore, truth, others }: Seen): string[] {
  const pulled = (truthBefore?.nodes ?? []).every(({ pulls }) => pulls.ok);
  if (!pulled || others !== undefined) return [];
  return (truth?.nodes ?? []).flatMap(({ name, pulls }) =>
    pulls.ok ? [] : [`taken back, and ${name} cannot pull: ${pulls.because}`],
  );
}

/** Nothing was written. */
const unwritten = ({ writes }: Seen): string[] =>
  writes.slice(0, 3).map(({ method, url, status }) => `wrote ${method} ${new URL(url).pathname} ${status}`);

function judgeFailure(failure: unknown, seen: Seen): Judgement {
  if (failure instanceof InvalidInputError) return { claim: 'refused', refuted: [`input refused: ${failure.message}`] };
  if (!(failure instanceof ApplicationFailure)) {
    const isCancelled = failure instanceof CancelledFailure;
    return { claim: 'unknown', refuted: [isCancelled ? 'cancelled by nobody' : `failed with ${String(failure)}`] };
  }
  const text = `${failure.type}: ${failure.message}`;
  if (failure.type === errorTypes.preflightFailed) {
    const problems = (failure.details?.[0] ?? []) as Problem[];
    return {
      claim: 'refused',
      refuted: [...unwritten(seen), ...explained(problems.map(textOf), seen, 'a problem')],
    };
  }
  const details = failure.details?.[0] as FailureDetails | undefined;
  const left = details?.leftovers ?? [];
  const deleted = details?.deleted ?? [];
  return {
    claim: left.length + deleted.length > 0 ? 'incomplete' : 'rolledBack',
    refuted: [
      ...explained([text], seen, 'a failure'),
      ...(seen.world.scenario === 'delete' ? [] : asBefore(left, deleted, seen)),
      ...(left.length + deleted.length === 0 ? brokenNodes(seen) : []),
    ],
  };
}
