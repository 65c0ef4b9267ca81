import { isCancellation } from '@temporalio/workflow';
import { isFailure, sentBefore } from '../../contract/failures.ts';
import { otherMode, type PoolChange } from '../../resources/agentPools.ts';
import { formerLocalDnsTag } from '../../resources/marks.ts';
import type { PoolEvidence } from '../../resources/nodes.ts';
import { azure } from '../engine/azure.ts';
import { errorText } from '../engine/errorText.ts';
import type { Remaining } from '../engine/step.ts';
import { type PoolMeans, type PoolNames, type PoolSetting, readSetting, remainingSetting } from './poolSetting.ts';

const localDnsMode: PoolSetting = { name: 'LocalDNS mode', of: ({ localDNSProfile }) => localDNSProfile?.mode };

/**
 * Has AKS make the nodes of a pool anew by a change of its LocalDNS mode that changes no node, and puts the mode back. A tag on the
 * pool keeps the mode that it had, for the next run where this one is terminated.
 */
export class LocalDnsRoll {
  readonly #names: PoolNames;
  /** The mode that the pool had; `null`: none. Left out while it is as it was. */
  #former: string | null | undefined;

  /** @param former The mode that an earlier run has changed and not put back. */
  constructor(names: PoolNames, former?: string | null) {
    this.#names = names;
    this.#former = former;
  }

  /** Whether the mode is another one than the owner's. */
  get isUnderWay(): boolean {
    return this.#former !== undefined;
  }

  /** @returns the pool afterwards, or why its mode was not changed. */
  async change(means: PoolMeans): Promise<{ after: PoolEvidence } | { refused: string }> {
    const mode = await this.#mode();
    if (mode === 'Required') return { refused: 'its LocalDNS mode is Required' };
    const localDNSMode = otherMode(mode);
    this.#former = mode;
    try {
      return await this.#write(`LocalDNS mode ${localDNSMode}: nodes of ${this.#names.pool} are made anew`, means, {
        change: { localDNSMode, tags: { [formerLocalDnsTag]: mode ?? 'none' } },
      });
    } catch (error) {
      if (sentBefore(error) === false) this.#former = undefined;
      if (isCancellation(error) || isFailure(error, 'ResetRun', 'OperationInProgress')) throw error;
      if ((await this.#mode()) !== mode) throw error;
      this.#former = undefined;
      return { refused: errorText(error) };
    }
  }

  /** Puts the mode back. @returns the pool afterwards; `undefined` where its mode is as it was. */
  async putBack(means: PoolMeans): Promise<PoolEvidence | undefined> {
    if (this.#former === undefined) return undefined;
    const former = this.#former;
    const title = `LocalDNS mode of ${this.#names.pool} as it was`;
    const back = (localDNSMode: string | null) =>
      this.#write(title, means, {
        change: { localDNSMode, tags: { [formerLocalDnsTag]: null } },
        written: { localDNSMode: otherMode(former) },
      });
    const { after } = await back(former).catch((error: unknown) => {
      // A profile that is left out may stay as it is.
      if (former !== null || !isFailure(error, 'ReadBackMismatch')) throw error;
      return back('Disabled');
    });
    this.#former = undefined;
    return after;
  }

  /** Names the pool while its mode is another one than the owner's. */
  remaining(): Promise<Remaining> {
    const whatToDo = 'Mend the cause, then start the scenario again, which puts it back.';
    return remainingSetting(this.#names, localDnsMode, this.#former ?? null, whatToDo);
  }

  #write(title: string, means: PoolMeans, change: { change: PoolChange; written?: PoolChange }) {
    const { cluster, pool } = this.#names;
    return azure.operating(title).changeAgentPool({ cluster, pool, ...means, ...change });
  }

  #mode(): Promise<string | null> {
    return readSetting(this.#names, localDnsMode);
  }
}
