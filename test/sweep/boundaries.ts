import type { ActivityInterceptorsFactory } from '@temporalio/worker';

interface Awaited {
  activity: number;
  when: 'before' | 'after';
  reached: PromiseWithResolvers<void>;
  released: PromiseWithResolvers<void>;
}

/** The beginnings and ends of a worker's activities, one of which can be held. */
export class Boundaries {
  #activities = 0;
  #awaited: Awaited | undefined;
  /** IDs of the runs whose activities were carried out, but for what tells somebody of a run: also a reset one is told of. */
  readonly runs = new Set<string>();

  readonly interceptor: ActivityInterceptorsFactory = ({ info }) => ({
    inbound: {
      execute: async (input, next) => {
        if (info.activityType !== 'tell') this.runs.add(info.workflowExecution?.runId ?? '');
        this.#activities += 1;
        const isAwaited = this.#activities === this.#awaited?.activity;
        const awaited = isAwaited ? this.#awaited : undefined;
        if (awaited?.when === 'before') await hold(awaited);
        try {
          return await next(input);
        } finally {
          if (awaited?.when === 'after') await hold(awaited);
        }
      },
    },
  });

  /** Holds the n-th activity from now on, from 1, before it begins or once it has ended. */
  await(activity: number, when: 'before' | 'after'): { reached: Promise<void>; release(): void } {
    this.#activities = 0;
    const awaited = { activity, when, reached: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };
    this.#awaited = awaited;
    return { reached: awaited.reached.promise, release: () => awaited.released.resolve() };
  }
}

async function hold({ reached, released }: Awaited): Promise<void> {
  reached.resolve();
  await released.promise;
}
