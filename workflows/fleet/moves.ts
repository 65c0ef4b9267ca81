import type { FleetPhase } from '../../contract/fleet.ts';
import type { Rollout } from './rollout.ts';
import { roomFrom, startable } from './room.ts';
import { openingAt } from './windows.ts';

interface Wait {
  do: 'wait';
  phase: FleetPhase;
  /** In words: what is waited for. */
  for: string;
  /** When that ends by itself. Milliseconds since 1970. */
  until?: number;
}

/** The next thing that a rollout does. */
export type Move = { do: 'start'; member: number } | Wait | { do: 'end' };

/** Decides what comes next, having taken up what time has brought. */
export function nextMove(rollout: Rollout, now: number): Move {
  endPause(rollout, now);
  const { stop, inWork } = rollout.now;
  if (stop) return inWork.length > 0 ? forWork(rollout, 'ending') : { do: 'end' };
  const move = held(rollout, now) ?? start(rollout, now) ?? openRing(rollout, now);
  const { pausedUntil } = rollout.now;
  // A pause ends by itself, whatever else is waited for meanwhile.
  if (move.do !== 'wait' || pausedUntil === undefined) return move;
  return { ...move, until: Math.min(pausedUntil, move.until ?? pausedUntil) };
}

function endPause(rollout: Rollout, now: number): void {
  const { pausedUntil } = rollout.now;
  if (pausedUntil === undefined || now < pausedUntil) return;
  const { pauseTimeoutMinutes } = rollout.input;
  rollout.stop('pause', `it was paused, and nobody resumed it within ${pauseTimeoutMinutes} min`, now);
}

/** The wait for a decision, where more clusters have failed than may. */
function held(rollout: Rollout, now: number): Move | undefined {
  const { hold } = rollout.now;
  if (hold) {
    if (now < hold.until)
      return {
        do: 'wait',
        phase: 'waitingForOperator',
        for: 'a decision: too many clusters have failed',
        until: hold.until,
      };
    rollout.stop('budget', 'too many clusters have failed, and nobody decided in time', now);
    return nextMove(rollout, now);
  }
  if (rollout.failuresLeft >= 0) return undefined;
  const why = `${rollout.states.count('failed')} clusters have failed, more than the failure budget allows`;
  switch (rollout.input.failureBudget.whenUsedUp) {
    case 'stop':
      rollout.stop('budget', why, now);
      break;
    case 'goOn':
      rollout.forgive();
      rollout.tell(`${why}; it goes on, as asked`, now);
      break;
    case 'hold':
      rollout.hold(why, now);
      break;
  }
  return nextMove(rollout, now);
}

/** A cluster of the rings that have begun, or why none can begin; `undefined` where all are done with. */
function start(rollout: Rollout, now: number): Move | undefined {
  const { inWork, paused, putOff } = rollout.now;
  const isAnyWaiting = !rollout.states.in('waiting', rollout.openEnd).next().done;
  if (!isAnyWaiting) return inWork.length > 0 ? forWork(rollout, 'rollingOut') : undefined;
  rollout.waitNoMore();
  if (paused) return { do: 'wait', phase: 'rollingOut', for: 'the update resume' };
  const { maintenanceWindows } = rollout.input;
  const opening = maintenanceWindows && openingAt(maintenanceWindows, now);
  if (opening?.isOpen === false)
    return { do: 'wait', phase: 'awaitingWindow', for: 'the next maintenance window', until: opening.from };
  const member = startable(rollout, now);
  if (member !== undefined) return { do: 'start', member };
  const until = roomFrom(rollout, now);
  const closed = putOff.filter(([, at]) => at > now).length;
  const wait: Wait =
    inWork.length === 0 && closed > 0
      ? {
          do: 'wait',
          phase: 'awaitingWindow',
          for: `AKS's own maintenance ${closed === 1 ? 'window of 1 cluster' : `windows of ${closed} clusters`}`,
        }
      : forWork(rollout, 'rollingOut');
  return { ...wait, ...(until !== undefined && { until }) };
}

/** Soak time and gate before the next ring, then its beginning, or the end. */
function openRing(rollout: Rollout, now: number): Move {
  const next = rollout.nextRing;
  if (!next) return { do: 'end' };
  const { ring, place } = next;
  const soakUntil = rollout.soakUntil(now);
  if (now < soakUntil)
    return { do: 'wait', phase: 'soaking', for: `the soak time before ring ${ring.name}`, until: soakUntil };
  if (ring.gate && !rollout.now.approvals.some((approval) => approval.ring === ring.name)) {
    const until = rollout.gateUntil(now);
    if (now < until) return { do: 'wait', phase: 'awaitingApproval', for: `the approval of ring ${ring.name}`, until };
    rollout.stop('approval', `nobody approved ring ${ring.name} in time`, now);
    return nextMove(rollout, now);
  }
  rollout.openRing(place, now);
  return nextMove(rollout, now);
}

/** The ring whose approval is waited for. It is known to a run that goes on before it has decided anything. */
export const ringAtGate = (rollout: Rollout): string | undefined =>
  rollout.now.gateUntil === undefined ? undefined : rollout.nextRing?.ring.name;

function forWork(rollout: Rollout, phase: FleetPhase): Wait {
  const count = rollout.now.inWork.length;
  const what =
    count === 0
      ? 'clusters on which an earlier rollout works'
      : `${count} ${count === 1 ? 'cluster' : 'clusters'} in work`;
  return { do: 'wait', phase, for: what };
}
