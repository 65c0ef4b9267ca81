import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  sleep,
  startChild,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { isFailure } from '../../contract/failures.ts';
import type { MemberEnd } from '../../contract/fleet.ts';
import { keyOfCluster } from '../../contract/inputs/rolloutFleet.ts';
import { fleetMember, searchAttributes, startedByMemo, startedByOption } from '../../contract/names.ts';
import { azure } from '../engine/azure.ts';
import { type MemberTask, wrapUp } from './member.ts';
import type { Rollout } from './rollout.ts';
import { lookDue, nextLook } from './silence.ts';

/** The workflow ID of a rollout's work on a cluster. */
const memberWorkflowId = (rollout: Rollout, member: number): string =>
  `${workflowInfo().workflowId}/${rollout.name(member)}`.toLowerCase();

/**
 * Starts a member. It goes on whatever becomes of the rollout.
 *
 * @returns `false` where an earlier one of that name still works.
 */
export async function startMember(rollout: Rollout, member: number, attempt: number): Promise<boolean> {
  const { name, scenario } = rollout.input;
  const task = taskOf(rollout, member, attempt);
  const { cluster } = task;
  const startedBy = workflowInfo().memo?.[startedByMemo];
  const options = {
    workflowId: memberWorkflowId(rollout, member),
    args: [task],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `${scenario} ${cluster.resourceGroup}/${cluster.name}`,
    // An operator's single run comes first, and no subscription waits behind a larger one.
    priority: { priorityKey: 4, fairnessKey: cluster.subscriptionId },
    typedSearchAttributes: [
      { key: searchAttributes.fleet, value: name },
      { key: searchAttributes.cluster, value: cluster.name.toLowerCase() },
      { key: searchAttributes.resourceGroup, value: cluster.resourceGroup.toLowerCase() },
    ],
    ...startedByOption(startedBy),
  };
  try {
    // A cancelled rollout decides itself what becomes of its members.
    await CancellationScope.nonCancellable(() => startChild(fleetMember, options));
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

function taskOf(rollout: Rollout, member: number, attempt: number): MemberTask {
  const { name, scenario, audits, busy, input, overrides, aksWindow, maintenanceWindows } = rollout.input;
  const { region: _region, ...cluster } = rollout.cluster(member);
  const key = keyOfCluster(cluster);
  const own = overrides.find((each) => keyOfCluster(each.cluster) === key);
  const { workflowId, runId, originalExecutionRunId } = workflowInfo();
  return {
    rollout: workflowId,
    // Only what is handed on depends on it: a command that did would not replay.
    ...(runId !== originalExecutionRunId && { resetFrom: originalExecutionRunId }),
    fleet: rollout.now.fleet,
    name,
    member,
    attempt,
    cluster,
    scenario,
    input: { ...input, ...own?.input },
    // A rollout of audits has nothing to audit beside.
    audits: scenario === 'auditCluster' ? 'none' : audits,
    busy,
    ...((aksWindow || maintenanceWindows) && {
      window: { ...(aksWindow && { aks: aksWindow }), ...(maintenanceWindows && { own: maintenanceWindows }) },
    }),
  };
}

/** Has all members in work take back what they do, or begin nothing more and end. */
export async function endMembers(rollout: Rollout, how: 'cancel' | 'wrapUp'): Promise<void> {
  const told = rollout.inWork.map(async ({ member }) => {
    const handle = getExternalWorkflowHandle(memberWorkflowId(rollout, member));
    await (how === 'cancel' ? handle.cancel() : handle.signal(wrapUp)).catch((error: unknown) =>
      log.info('A member has ended meanwhile', { why: String(error) }),
    );
  });
  await Promise.all(told);
}

/** How members are looked at of which nothing is heard. */
interface Watch {
  /** Least time between two looks. */
  silentMs: number;
  /** Whether there are no looks while nothing is in work, and fewer the longer a member is silent; else one each `silentMs`, as before. */
  isPaced: boolean;
}

const summary = 'Wait until members are looked at that were not heard';

/** Asks for members of which nothing was heard for long, until its scope is cancelled. @param failed Called with what ends it before. */
export function lookAround(
  rollout: Rollout,
  watch: Watch,
  look: () => Promise<void>,
  failed: (error: unknown) => void,
): CancellationScope {
  const scope = new CancellationScope({ cancellable: true });
  const looks = async (): Promise<never> => {
    for (;;) {
      if (watch.isPaced) await untilLook(rollout, watch.silentMs);
      else await sleep(watch.silentMs, { summary });
      await look();
    }
  };
  void scope.run(looks).catch((error: unknown) => {
    if (!isCancellation(error)) failed(error);
  });
  return scope;
}

/** A timer that only looks whether there is anything to look at would cost a rollout that waits for months its history. */
async function untilLook(rollout: Rollout, silentMs: number): Promise<void> {
  for (;;) {
    await condition(() => rollout.inWork.length > 0);
    const decidedAt = Date.now();
    const next = nextLook(rollout.inWork, silentMs, decidedAt);
    // A member that begins meanwhile is looked at sooner than one that has long been silent.
    const isSooner = () => nextLook(rollout.inWork, silentMs, decidedAt) < next;
    if (!(await condition(isSooner, next - decidedAt, { summary }))) return;
  }
}

/** As many as one activity asks for in a second or two; the others are asked for the next time. */
const mostLooks = 50;

/** Looks at members of which nothing was heard for so long. @param hear Called with what was not heard. */
export async function lookAtSilent(
  rollout: Rollout,
  { silentMs, isPaced }: Watch,
  hear: (end: MemberEnd) => void,
): Promise<void> {
  const due = (each: Rollout['inWork'][number]) => (isPaced ? lookDue(each, silentMs) : each.lookedAt + silentMs);
  const silent = rollout.inWork.filter((each) => due(each) <= Date.now()).slice(0, mostLooks);
  if (silent.length === 0) return;
  const members = silent.map(({ member }) => ({ member, workflowId: memberWorkflowId(rollout, member) }));
  try {
    for (const look of await azure.reading('Look at members that were not heard').lookAtMembers({ members })) {
      const asked = silent.find(({ member }) => member === look.member);
      if (look.is === 'ended') hear(look.end);
      else if (look.is === 'lost' && asked) hear(lost(rollout, asked));
    }
    rollout.lookedAt(
      silent.map(({ member }) => member),
      Date.now(),
    );
  } catch (error) {
    // There is another time. A rollout that was reset is told so.
    if (isCancellation(error) || !(error instanceof TemporalFailure) || isFailure(error, 'ResetRun')) throw error;
    log.warn('Members could not be looked at', { why: String(error) });
  }
}

const lost = (rollout: Rollout, { member, attempt, since }: Rollout['inWork'][number]): MemberEnd => ({
  member,
  fleet: rollout.now.fleet,
  attempt,
  outcome: 'failed',
  seconds: Math.round((Date.now() - since) / 1000),
  type: 'FleetMemberLost',
  why: 'its workflow ended without a word',
});
