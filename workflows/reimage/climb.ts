import { patched } from '@temporalio/workflow';
import type { Rung } from '../../contract/inputs/existingCluster.ts';
import type { PoolEvidence, PoolProof, PoolReimage } from '../../resources/nodes.ts';
import type { BusyPolicy } from '../../resources/operations.ts';
import type { UpdateContext } from '../existingCluster/context.ts';
import type { Reimaging } from './ledger.ts';
import type { LocalDnsRoll } from './localDns.ts';
import type { PoolMeans } from './poolSetting.ts';
import { isPlainlyUnseen, isUnknown, withTried } from './proof.ts';
import type { Replacement } from './replacement.ts';
import { upgradePool } from './upgrade.ts';

/** Runs of version 0.1 tried nothing more where a reimage had left the nodes as they were. */
export const climbsLadder = 'climbs-reimage-ladder';

/** How undo climbs the ladder. */
interface UndoMeans {
  busyPolicy: BusyPolicy;
  isBack(done: PoolProof): boolean;
}

type IsBlind = (seen: Pick<PoolProof, 'unseen'>) => boolean;

/** A climb's access to the run of its pool. */
interface PoolAccess {
  pool: string;
  context: UpdateContext;
  /** Looks at the pool once nothing runs on it. */
  look(busyPolicy?: BusyPolicy): Promise<PoolEvidence>;
  proof(of: Reimaging, after: PoolEvidence): Promise<PoolProof>;
  /** How the pool is changed. */
  means(busyPolicy?: BusyPolicy): Promise<PoolMeans>;
}

/** Has AKS make the nodes of a pool anew by other means than a reimage. */
export class Climb {
  readonly #access: PoolAccess;
  readonly #localDns: LocalDnsRoll;
  readonly #replacement: Replacement;

  constructor(access: PoolAccess, localDns: LocalDnsRoll, replacement: Replacement) {
    this.#access = access;
    this.#localDns = localDns;
    this.#replacement = replacement;
  }

  /**
   * Tries one means after the other until the nodes are new, or nobody knows any more whether they are.
   *
   * @param undo Given by undo, which leaves nothing behind that the pool had not.
   * @param isBlind Whether a look that fails shows nodes that are as they were.
   */
  async climb(
    of: Reimaging,
    first: PoolReimage,
    undo?: UndoMeans,
    isBlind: IsBlind = () => false,
  ): Promise<PoolReimage> {
    const { steps } = this.#access.context.plan;
    const { ladder = [] } = steps.find(({ id }) => id === `reimage:${this.#access.pool}`) ?? {};
    let done = withTried(first, 'upgradeNodeImageVersion', []);
    for (const { by, without } of ladder) {
      if (done.reimaged || undo?.isBack(done) || (isUnknown(of.before, done) && !isBlind(done))) break;
      if (without !== undefined || (undo && by === 'patchUpgrade')) continue;
      done = withTried(await this.#rung(by, of, done, isBlind, undo), by, done.tried);
    }
    return done;
  }

  async #rung(by: Rung, of: Reimaging, done: PoolReimage, isBlind: IsBlind, undo?: UndoMeans): Promise<PoolReimage> {
    switch (by) {
      case 'localDNS': {
        const changed = await this.#localDns.change(await this.#access.means(undo?.busyPolicy));
        if ('refused' in changed) return { ...done, seen: changed.refused };
        const proven = await this.#access.proof(of, changed.after);
        if (proven.unseen?.because === 'failed' && !isBlind(proven)) return { ...done, ...proven };
        const back = await this.putLocalDnsBack(of, undo);
        return { ...done, ...back, notModified: done.notModified };
      }
      case 'patchUpgrade':
        return this.#upgrade(of, done);
      case 'temporaryPool':
        return this.replace(of, done.notModified, undo?.busyPolicy);
    }
  }

  async #upgrade(of: Reimaging, done: PoolReimage): Promise<PoolReimage> {
    const { input, found } = this.#access.context;
    const { currentKubernetesVersion: version } = found;
    const upgraded = await upgradePool(
      { cluster: input.cluster, pool: this.#access.pool },
      version,
      await this.#access.means(),
    );
    if ('refused' in upgraded) return { ...done, seen: upgraded.refused };
    const proven = await this.#access.proof(of, upgraded.after);
    return { ...done, ...proven, how: proven.reimaged ? 'upgraded' : 'notReimaged' };
  }

  /** AKS may make the nodes anew for this, too: what counts is how they are at the end. */
  async putLocalDnsBack(of: Reimaging, undo?: UndoMeans): Promise<PoolReimage> {
    if (of.requests === 'unsent') of.requests = 'sent';
    const after = await this.#localDns.putBack(await this.#access.means(undo?.busyPolicy));
    const proven = await this.#access.proof(of, after ?? (await this.#access.look(undo?.busyPolicy)));
    return { ...proven, how: proven.reimaged ? 'settingChanged' : 'notReimaged', notModified: false };
  }

  /** Makes the pool anew, or goes on with that. */
  async replace(of: Reimaging, notModified = false, busyPolicy?: BusyPolicy): Promise<PoolReimage> {
    const make = () => this.#replacement.run();
    await (this.#access.context.copies?.run(make) ?? make());
    const after = await this.#access.look(busyPolicy);
    const proven = await this.#access.proof(of, after);
    // Nobody may look, and Azure has shown that the pool was gone in between.
    const isAnew = isPlainlyUnseen(proven) && patched(climbsLadder);
    return {
      ...proven,
      ...(isAnew && { reimaged: true, evidence: 'madeAnew', seen: 'the pool was deleted and made anew' }),
      how: 'replaced',
      notModified,
    };
  }
}
