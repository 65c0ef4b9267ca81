import { log, patched } from '@temporalio/workflow';
import type { EventName, RunEvent } from '../../contract/events.ts';
import type { FleetPhase, FleetProgress } from '../../contract/fleet.ts';
import { rolloutFleet } from '../../contract/names.ts';
import type { Phase } from '../../contract/progress.ts';
import { telling } from '../engine/azure.ts';
import { ringAtGate } from './moves.ts';
import type { Rollout } from './rollout.ts';
import { countsText } from './shown.ts';

/** The events of a rollout, by the phase that it enters. */
export const fleetEvents: { readonly [P in FleetPhase]?: EventName } = {
  awaitingApproval: 'awaitingApproval',
  waitingForOperator: 'waitingForOperator',
  failed: 'failed',
  cancelled: 'failed',
  succeeded: 'succeeded',
};

/** The phases of the contract for all runs that mean the same. */
const phases: { readonly [P in FleetPhase]?: Phase } = {
  awaitingApproval: 'awaitingApproval',
  waitingForOperator: 'waitingForOperator',
  succeeded: 'succeeded',
};

/** Under earlier versions a pause hid what was asked, and the end. */
export const pausesHideNothing = 'pauses-hide-nothing';

/** The question that a rollout asks people: a hold, or the wait at a gate. Each wait is another question. */
function questionOf(rollout: Rollout): string | undefined {
  const { hold, gateUntil } = rollout.now;
  return hold?.id ?? (gateUntil === undefined ? undefined : `${ringAtGate(rollout)}/${gateUntil}`);
}

/** Knows which question was told last: it is told once, though the rollout is paused, resumed or continued as new meanwhile. */
export class ToldOnce {
  #last: string | undefined;

  /** @param last What the run before has told. */
  constructor(last: string | undefined) {
    this.#last = last;
  }

  /** As the next run takes it over. */
  get state(): { told?: string } {
    return this.#last === undefined ? {} : { told: this.#last };
  }

  /** Whether somebody is to be told. @param isOther Whether another phase than before is shown: a paused rollout shows that it is. */
  isToTell(rollout: Rollout | undefined, isOther: boolean): boolean {
    const question = rollout && questionOf(rollout);
    if (question === undefined) return isOther;
    const isNew = question !== this.#last;
    this.#last = question;
    if (isNew === isOther) return isNew;
    return patched(pausesHideNothing) ? isNew : isOther;
  }
}

/**
 * Tells somebody how a rollout stands. Nothing fails by it; a receiver that is away for a minute is not waited for, nor is one when the
 * rollout is cancelled: nobody waits for this, so that a failure would fail its task.
 */
export async function tellOf(name: EventName, sequence: number, progress: FleetProgress): Promise<void> {
  const event: RunEvent = { name, sequence, time: progress.updatedAt, data: dataOf(progress) };
  try {
    await telling(`Tell ${name}`, '1 minute').tell(event);
  } catch (error) {
    log.warn('Nobody was told', { event: name, sequence, why: String(error) });
  }
}

function dataOf({
  fleet,
  of,
  phase,
  waitsFor,
  until,
  answers = [],
  startedBy,
  counts,
  clusters,
  failures,
  decisions,
}: FleetProgress): RunEvent['data'] {
  return {
    scenario: rolloutFleet,
    cluster: `fleet/${fleet}`,
    phase: phases[phase] ?? 'failed',
    reason: [
      `${of}: ${countsText(counts, clusters)}`,
      ...(waitsFor === undefined ? [] : [`Waits for ${waitsFor}`]),
      ...failures.map(({ cluster, type, why }) => `${cluster}: ${type}: ${why}`),
    ],
    whatToDo: [],
    correlationIds: [],
    ...(decisions && { decisions: [...decisions] }),
    ...(until !== undefined && { until }),
    answers: [...answers],
    ...(startedBy !== undefined && { startedBy }),
  };
}
