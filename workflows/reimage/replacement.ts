import { isCancellation } from '@temporalio/workflow';
import { isFailure, sentBefore } from '../../contract/failures.ts';
import type { Leftover } from '../../contract/result.ts';
import { agentPoolId, type ClusterReference } from '../../resources/ids.ts';
import type { Marks } from '../../resources/marks.ts';
import { azure } from '../engine/azure.ts';
import { clusterMarks } from '../engine/marks.ts';
import type { Helpers, Remaining } from '../engine/step.ts';

/** A pool's settings as Azure takes them again; a workflow only hands them on. */
type AgentPoolSettings = Awaited<ReturnType<ReturnType<typeof azure.reading>['readAgentPool']>>;

/** A pool, and the one that takes its load while it is made anew. */
export interface PoolAndCopy {
  cluster: ClusterReference;
  /** Resource ID of the cluster. */
  id: string;
  pool: string;
  copy: string;
  /** The marks of the copy. The pool is its owner's, and carries none. */
  marks: Marks;
}

/** The next thing to do. While the copy is being made, the pool is as it was; while the copy is being removed, it is made anew. */
type Stage = 'copy' | 'delete' | 'create' | 'removeCopy';

/**
 * Makes a pool anew, for new nodes boot as the cluster says now: a copy takes the load, the pool is deleted and made again with
 * its settings, and the copy goes. It goes on where a failure has stopped it.
 */
export class Replacement {
  readonly #names: PoolAndCopy;
  #settings: AgentPoolSettings | undefined;
  #stage: Stage | undefined;
  /** Whether this run has seen its copy. */
  #isCopied = false;
  #isDone = false;
  /** The failure that says that Azure took the request for the copy, and does not show it. */
  #notShown: unknown;

  constructor(names: PoolAndCopy) {
    this.#names = names;
  }

  /** Goes on with what an earlier run has begun: the pool is gone, or made anew, and its copy is there. */
  static ofEarlierRun(names: PoolAndCopy, poolIsThere: boolean): Replacement {
    const replacement = new Replacement(names);
    replacement.#stage = poolIsThere ? 'removeCopy' : 'create';
    return replacement;
  }

  get isUnderWay(): boolean {
    return this.#stage !== undefined;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Resources that it has made and not yet removed. */
  get helpers(): Helpers | undefined {
    return this.#stage && { remove: () => this.#remove(), remaining: () => this.#remaining() };
  }

  async run(): Promise<void> {
    const { cluster, pool } = this.#names;
    if (this.#stage === undefined || this.#stage === 'copy') await this.#makeCopy();
    if (this.#stage === 'delete') {
      await azure.operating(`Delete node pool ${pool}`).deleteAgentPool({ cluster, pool, marks: {} });
      this.#stage = 'create';
    }
    if (this.#stage === 'create') await this.#makeAnew();
    await this.#removeCopy();
    this.#isDone = true;
  }

  async #readSettings(of: string): Promise<AgentPoolSettings> {
    const { cluster } = this.#names;
    this.#settings ??= await azure.reading(`Read the settings of ${of}`).readAgentPool({ cluster, pool: of });
    return this.#settings;
  }

  async #makeCopy(): Promise<void> {
    const { cluster, pool, copy, marks } = this.#names;
    const settings = await this.#readSettings(pool);
    const before = this.#stage;
    this.#stage = 'copy';
    try {
      await azure
        .operating(`Create temporary pool ${copy}`)
        .createAgentPool({ cluster, pool: copy, settings, marks, copyOf: pool });
    } catch (error) {
      if (sentBefore(error) === false) this.#stage = before;
      if (isFailure(error, 'NotShown')) this.#notShown = error;
      throw error;
    }
    this.#isCopied = true;
    this.#stage = 'delete';
  }

  async #makeAnew(): Promise<void> {
    const { cluster, pool, copy } = this.#names;
    const settings = await this.#readSettings(copy);
    await azure.operating(`Create node pool ${pool} anew`).createAgentPool({ cluster, pool, settings, marks: {} });
    this.#stage = 'removeCopy';
  }

  async #removeCopy(): Promise<void> {
    const { cluster, copy } = this.#names;
    // A policy may have stripped the marks of what this run has seen itself make.
    const marks = this.#isCopied ? {} : clusterMarks({ cluster });
    const ofThisRun = this.#stage === 'copy';
    const removed = await azure
      .operating(`Delete temporary pool ${copy}`)
      .deleteAgentPool({ cluster, pool: copy, marks, ofThisRun });
    if (removed?.unseen && this.#notShown) throw this.#notShown;
    this.#stage = undefined;
  }

  /** A pool whose deletion was begun is put back: one that is there and well is left as it is. */
  async #remove(): Promise<void> {
    if (this.#stage === 'delete' || this.#stage === 'create') await this.#makeAnew();
    await this.#removeCopy();
  }

  async #remaining(): Promise<Remaining> {
    const { id, pool, copy } = this.#names;
    const [poolIsThere, copyIsThere] = await Promise.all([this.#isThere(pool), this.#isThere(copy)]);
    const again = 'Mend the cause, then start the scenario again';
    const leftovers: Leftover[] = [
      ...(poolIsThere
        ? []
        : [
            {
              resourceId: id,
              why: `its node pool ${pool} was deleted, and could not be made anew`,
              whatToDo: copyIsThere
                ? `${again}: it makes the pool anew from its copy ${copy}.`
                : `Create ${pool} again.`,
            },
          ]),
      ...(copyIsThere || this.#notShown
        ? [
            {
              resourceId: agentPoolId(id, copy),
              why: `temporary copy of node pool ${pool}`,
              whatToDo: poolIsThere ? `${again}, which removes it, or delete it.` : `${again}, which removes it.`,
            },
          ]
        : []),
    ];
    return { leftovers, resourceIsGone: !poolIsThere };
  }

  async #isThere(pool: string): Promise<boolean> {
    const { cluster } = this.#names;
    try {
      await azure.reading(`Look whether ${pool} is there`).readAgentPool({ cluster, pool });
      return true;
    } catch (error) {
      if (isFailure(error, 'ResetRun')) throw error;
      // A resource that cannot be looked at is named.
      return isCancellation(error) || !isFailure(error, 'AgentPoolNotFound', 'ClusterNotFound');
    }
  }
}
