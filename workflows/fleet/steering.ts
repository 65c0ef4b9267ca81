import { defineUpdate, setHandler } from '@temporalio/workflow';
import {
  type FleetApprovalRequest,
  type FleetDecisionRequest,
  fleetApprovalRequest,
  fleetDecisionRequest,
  type SkipRequest,
  skipRequest,
} from '../../contract/fleet.ts';
import {
  approveUpdate,
  clusterWorkflowId,
  decideUpdate,
  fleetDecisions,
  pauseUpdate,
  resumeUpdate,
  retryFailedUpdate,
  skipUpdate,
} from '../../contract/names.ts';
import { parse } from '../../contract/parse.ts';
import { problemsText } from '../../contract/problem.ts';
import { clusterId } from '../../resources/ids.ts';
import { refuseStarter } from '../engine/starter.ts';
import { updateRefused } from '../engine/updateRefused.ts';
import { ringAtGate } from './moves.ts';
import type { Rollout } from './rollout.ts';

/** The parts of a rollout that an operator may steer. */
export interface Steered {
  /** Left out as long as the rollout looks for its clusters. */
  rollout(): Rollout | undefined;
  /** Whether its report is made: it waits for nothing but those who are told of it. */
  hasEnded(): boolean;
  startedBy(): string | undefined;
  /** Called where an update is taken. */
  taken(): void;
  /** The questions that are open, with the commands that answer them. */
  asked(): string;
}

const definitions = {
  pause: defineUpdate<string>(pauseUpdate),
  resume: defineUpdate<string>(resumeUpdate),
  skip: defineUpdate<string, [SkipRequest]>(skipUpdate),
  retryFailed: defineUpdate<string>(retryFailedUpdate),
  approve: defineUpdate<string, [FleetApprovalRequest]>(approveUpdate),
  decide: defineUpdate<string, [FleetDecisionRequest]>(decideUpdate),
};

/**
 * Takes an operator's updates. Each is answered at once, so that none is under way when the rollout continues as new: whoever sends one
 * in that moment is answered by the next run.
 */
export function takeUpdates(steered: Steered): void {
  const open = (): Rollout => {
    const rollout = steered.rollout();
    if (!rollout) throw updateRefused('The rollout still looks for its clusters.');
    if (steered.hasEnded()) throw updateRefused('The rollout has ended. Start it again for what is left.');
    if (rollout.now.stop)
      throw updateRefused(`The rollout has stopped: ${rollout.now.stop.why}. Start it again for what is left.`);
    return rollout;
  };
  const taking = (): Rollout => {
    steered.taken();
    return open();
  };
  takePause(open, taking);
  takeSkip(open, taking);
  setHandler(
    definitions.retryFailed,
    () => {
      const count = taking().retryFailed(Date.now());
      return `${count} ${count === 1 ? 'cluster is' : 'clusters are'} tried again.`;
    },
    {
      validator: () => {
        if (open().states.count('failed') === 0) throw updateRefused('No cluster has failed.');
      },
      description: 'Has the clusters that have failed tried again.',
    },
  );
  takeAnswers(open, taking, steered);
}

type Open = () => Rollout;

function takePause(open: Open, taking: Open): void {
  setHandler(
    definitions.pause,
    () => {
      const rollout = taking();
      rollout.pause(true, Date.now());
      const { pauseTimeoutMinutes } = rollout.input;
      return `No further cluster begins until update resume. Those in work go on. Without it the rollout stops in ${pauseTimeoutMinutes} min.`;
    },
    {
      validator: () => {
        if (open().now.paused) throw updateRefused('The rollout is paused already.');
      },
      description: 'Keeps further clusters from beginning. Those in work go on.',
    },
  );
  setHandler(
    definitions.resume,
    () => {
      taking().pause(false, Date.now());
      return 'The rollout goes on.';
    },
    {
      validator: () => {
        if (!open().now.paused) throw updateRefused('The rollout is not paused.');
      },
      description: 'Lets a paused rollout go on.',
    },
  );
}

function takeSkip(open: Open, taking: Open): void {
  const asked = (given: unknown, rollout: Rollout) => {
    const parsed = parse(skipRequest, given);
    if (!parsed.ok) throw updateRefused(`Not a cluster to skip:\n${problemsText(parsed.problems)}`);
    const { cluster } = parsed.value;
    const member = rollout.memberOf(cluster);
    if (member === undefined) throw updateRefused(`${clusterId(cluster)} is not part of this rollout.`);
    return { rollout, member, cluster };
  };
  setHandler(
    definitions.skip,
    (given) => {
      const { rollout, member } = asked(given, taking());
      rollout.skip(member, Date.now());
      return `${rollout.name(member)} is left out.`;
    },
    {
      validator: (given) => {
        const { rollout, member, cluster } = asked(given, open());
        const state = rollout.states.of(member);
        if (state === 'waiting' || state === 'failed') return;
        const whatToDo =
          state === 'inWork'
            ? ` To end it: temporal workflow cancel --workflow-id '${clusterWorkflowId(cluster)}'`
            : '';
        throw updateRefused(`${rollout.name(member)} cannot be skipped, for it is ${state}.${whatToDo}`);
      },
      description: 'Leaves a cluster out that has not begun, or has failed.',
    },
  );
}

function takeAnswers(open: Open, taking: Open, { asked, startedBy }: Steered): void {
  setHandler(
    definitions.approve,
    (request) => {
      taking().approve(request, Date.now());
      return `Ring ${request.ring} begins, as approved by ${request.by}.`;
    },
    {
      validator: (given) => {
        const rollout = open();
        const parsed = parse(fleetApprovalRequest, given);
        if (!parsed.ok) throw updateRefused(`Not an approval:\n${problemsText(parsed.problems)}`);
        const waiting = ringAtGate(rollout);
        if (waiting === parsed.value.ring) {
          if (rollout.now.byOther) refuseStarter(parsed.value.by, startedBy());
          return;
        }
        throw updateRefused(
          `Ring ${parsed.value.ring} does not wait for an approval; ${waiting === undefined ? 'no ring does' : `ring ${waiting} does`}. ${asked()}`,
        );
      },
      description: 'Lets a ring begin that waits at its gate. It is written down who said so.',
    },
  );
  setHandler(
    definitions.decide,
    ({ decision }) => {
      taking().decide(decision, Date.now());
      return `Decided: ${decision}.`;
    },
    {
      validator: (given) => {
        const { hold } = open().now;
        if (!hold) throw updateRefused(`Nothing to decide. ${asked()}`);
        const parsed = parse(fleetDecisionRequest, given);
        if (!parsed.ok) throw updateRefused(`Not a decision here. Use ${fleetDecisions.join(' or ')}. ${asked()}`);
        if (parsed.value.hold !== hold.id)
          throw updateRefused(`${parsed.value.hold} is not what is asked now, but hold ${hold.id}. ${asked()}`);
      },
      description: 'Answers a rollout that is held because too many clusters have failed: goOn, retryFailed or stop.',
    },
  );
}
