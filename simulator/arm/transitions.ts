import type { Reply } from './exchange.ts';
import type { Body } from './json.ts';
import type { OperationEnd, OperationSpec, OperationStyle } from './operations.ts';
import type { World } from './world.ts';

/** How a request that takes time changes a resource's state. A type declares it, {@link transit} carries it out. */
export interface Transition {
  /** Name of the operation in GET /simulator/durations, and in refusals while it runs. */
  readonly verb: string;
  /** HTTP status of the answer. */
  readonly answers: number;
  /** The state while it runs; left out where the resource is not there yet. */
  readonly during?: string;
  /** The state once it has succeeded; `gone`: the resource is removed. */
  readonly ends: string;
  /** The state once it has failed or was canceled; default: `Failed` or `Canceled`. */
  readonly otherwise?: string;
  /** Where the state is; default `properties.provisioningState`. */
  readonly state?: string;
  /** Simulated seconds until the answer; default 0.5. */
  readonly requestSeconds?: number;
  /** Simulated seconds from the answer to the end. */
  readonly seconds: number;
  /** How clients follow it; left out where they can only read the resource. */
  readonly style?: OperationStyle;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Transitions = Readonly<Record<string, Transition>>;

/** All of Azure deletes slow resources like this. */
export const deletion = { verb: 'DELETE', answers: 202, during: 'Deleting', ends: 'gone' } as const;

/** Whether a resource, or what it shows of its parts, is on its way to another state: `Creating`, `UpgradingNodeImageVersion`. */
export function isUnfinished(shown: unknown): boolean {
  if (typeof shown !== 'object' || shown === null) return false;
  return Object.entries(shown).some(([key, value]) =>
    typeof value === 'string' ? /State$|^state$/.test(key) && /^[A-Z][a-z]+ing/.test(value) : isUnfinished(value),
  );
}

/** One resource on its way through a transition. */
interface Passage extends Pick<OperationSpec, 'findings'> {
  readonly id: string;
  readonly location?: string;
  /** The body of the answer; read once the state is `during`. */
  body?(): Body | null;
  /** In place of the transition's. */
  readonly seconds?: number;
  readonly requestSeconds?: number;
  /** The other effects of the end. It runs once the state has changed, and before the resource is removed. */
  atEnd?(status: OperationEnd): void;
}

/** Sets the state to `during`, answers, and sets it again when the operation ends. */
export function transit(world: World, transition: Transition, passage: Passage): Reply {
  const { verb, answers, during, ends, otherwise, state, style, headers } = transition;
  const { id, location, body, findings, atEnd } = passage;
  const requestSeconds = passage.requestSeconds ?? transition.requestSeconds;
  if (during !== undefined) world.setState(id, during, state);
  return {
    status: answers,
    ...(body && { body: body() }),
    ...(headers && { headers }),
    ...(requestSeconds !== undefined && { seconds: requestSeconds }),
    operation: {
      ...(style && { style }),
      resourceId: id,
      verb,
      ...(location !== undefined && { location }),
      seconds: passage.seconds ?? transition.seconds,
      ...(findings && { findings }),
      onEnd(status) {
        if (status !== 'Succeeded') world.setState(id, otherwise ?? status, state);
        else if (ends !== 'gone') world.setState(id, ends, state);
        atEnd?.(status);
        if (status === 'Succeeded' && ends === 'gone') world.remove(id);
      },
    },
  };
}
