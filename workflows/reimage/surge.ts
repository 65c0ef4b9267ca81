import { isCancellation } from '@temporalio/workflow';
import { isFailure, sentBefore } from '../../contract/failures.ts';
import { type FormerSurge, formerSurgeText } from '../../resources/agentPools.ts';
import { formerMaxSurgeTag } from '../../resources/marks.ts';
import { azure } from '../engine/azure.ts';
import type { Remaining } from '../engine/step.ts';
import { type PoolMeans, type PoolNames, type PoolSetting, remainingSetting } from './poolSetting.ts';

const maxSurge: PoolSetting = { name: 'maxSurge', of: ({ upgradeSettings }) => upgradeSettings?.maxSurge };

/**
 * Raises the surge of a pool for its reimage, and puts it back. A tag on the pool keeps the surge that it had, for the next run where
 * this one is terminated.
 */
export class RaisedSurge {
  readonly #names: PoolNames;
  /** The change to make; left out where the pool's own surge serves. */
  readonly #wanted: FormerSurge | undefined;
  /** The change that was made and is not put back. */
  #raised: FormerSurge | undefined;

  /** @param left What an earlier run has raised and not put back. */
  constructor(names: PoolNames, wanted: FormerSurge | undefined, left: FormerSurge | undefined) {
    this.#names = names;
    this.#wanted = wanted;
    this.#raised = left;
  }

  /** Whether the surge is another one than the owner's. */
  get isUnderWay(): boolean {
    return this.#raised !== undefined;
  }

  get isWanted(): boolean {
    return this.#wanted !== undefined && !this.isUnderWay;
  }

  /** The reimage goes on without it where Azure refuses it. */
  async raise(means: PoolMeans): Promise<void> {
    const wanted = this.#wanted;
    if (!wanted || this.#raised) return;
    const { cluster, pool } = this.#names;
    this.#raised = wanted;
    const change = { maxSurge: wanted.raised, tags: { [formerMaxSurgeTag]: formerSurgeText(wanted) } };
    try {
      await azure
        .operating(`Raise maxSurge of ${pool} to ${wanted.raised}`)
        .changeAgentPool({ cluster, pool, ...means, change });
    } catch (error) {
      if (sentBefore(error) === false) this.#raised = undefined;
      if (this.#raised || isCancellation(error) || isFailure(error, 'ResetRun', 'OperationInProgress')) throw error;
    }
  }

  async putBack(means: PoolMeans): Promise<void> {
    const raised = this.#raised;
    if (!raised) return;
    const { cluster, pool } = this.#names;
    await azure.operating(`maxSurge of ${pool} as it was`).changeAgentPool({
      cluster,
      pool,
      ...means,
      change: { maxSurge: raised.former, tags: { [formerMaxSurgeTag]: null } },
      written: { maxSurge: raised.raised },
    });
    this.#raised = undefined;
  }

  /** Names the pool while its surge is another one than the owner's. */
  remaining(): Promise<Remaining> {
    const { former = null } = this.#raised ?? {};
    const whatToDo = `Put it back (\`az aks nodepool update --max-surge ${former}\`).`;
    return remainingSetting(this.#names, maxSurge, former, whatToDo);
  }
}
