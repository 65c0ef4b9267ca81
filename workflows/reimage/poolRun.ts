import { type ApplicationFailure, isCancellation, patched } from '@temporalio/workflow';
import { isFailure, sentBefore } from '../../contract/failures.ts';
import { type AgentPoolFacts, type Reimaged, raisedSurge } from '../../resources/agentPools.ts';
import { temporaryPoolName } from '../../resources/derivedNames.ts';
import { agentPoolId } from '../../resources/ids.ts';
import { hasManagedRegistry } from '../../resources/managedClusters.ts';
import {
  type KubernetesFacts,
  type Look,
  type NodeFacts,
  type PoolEvidence,
  type PoolProof,
  type PoolReimage,
  poolEvidence,
  proofOf,
} from '../../resources/nodes.ts';
import type { BusyPolicy } from '../../resources/operations.ts';
import { azure } from '../engine/azure.ts';
import { ignoreIfDeleted } from '../engine/errorText.ts';
import { type Helpers, together } from '../engine/step.ts';
import type { UpdateContext } from '../existingCluster/context.ts';
import { busyPolicyOf, undoBusyPolicy } from '../existingCluster/facts.ts';
import type { PendingRoles } from '../existingCluster/update.ts';
import { provesIsolation } from '../isolation/proof.ts';
import { Climb, climbsLadder } from './climb.ts';
import { LocalDnsRoll } from './localDns.ts';
import type { PoolMeans } from './poolSetting.ts';
import {
  hasFailed,
  hasMoved,
  isBackAgain,
  notReimagedFailure,
  provenOf,
  reimagedByAzure,
  runsOnNewAlone,
} from './proof.ts';
import { Replacement } from './replacement.ts';
import { RaisedSurge } from './surge.ts';

/** A pool that could not be looked at is not changed again before it is. Runs of version 0.1 failed, or waited for an image. */
const waitsUnseen = 'unseen-pools-wait';

/** A reimage that Azure has ended is looked at, and not sent again. Runs of version 0.1 sent it. */
const looksAtEnded = 'ended-reimages-are-looked-at';

/** Looks at the nodes as they were before any pool was reimaged. */
export type NodesBefore = () => Promise<Look<KubernetesFacts>>;

/** The reimage of one pool, and its way back. It keeps what undo has to know of what was begun. */
export class PoolRun {
  readonly #context: UpdateContext;
  readonly #facts: AgentPoolFacts;
  readonly #pool: string;
  readonly #nodesBefore: NodesBefore;
  readonly #roles: PendingRoles;
  /** The pool before this run touched it. */
  #before: PoolEvidence | undefined;
  readonly #replacement: Replacement;
  readonly #localDns: LocalDnsRoll;
  readonly #surge: RaisedSurge;
  readonly #ladder: Climb;
  /** Whether this run may have had the pool reimaged. */
  #isSent = false;
  /** The pool before a reimage that Azure has ended, and whose effect nobody could look at yet. */
  #unseenSince: PoolEvidence | undefined;
  /** Whether it is known what became of the pool, though AKS may have reimaged it by itself. */
  #isThrough = false;
  /** The pool when undo first came to it. */
  #beforeUndo: PoolEvidence | undefined;
  /** The pool as it was seen last. */
  #after: PoolEvidence | undefined;

  constructor(context: UpdateContext, pool: AgentPoolFacts, nodesBefore: NodesBefore, roles: PendingRoles) {
    this.#context = context;
    this.#facts = pool;
    this.#pool = pool.name;
    this.#nodesBefore = nodesBefore;
    this.#roles = roles;
    const names = { cluster: context.input.cluster, id: context.found.id, pool: pool.name };
    this.#localDns = new LocalDnsRoll(names, pool.formerLocalDNSMode);
    this.#surge = new RaisedSurge(names, raisedSurge(pool, context.input.reimage.maxSurge), pool.formerMaxSurge);
    this.#replacement = new Replacement({
      ...names,
      // Runs of version 0.1 may have begun a copy under the name that they gave it.
      copy: patched(provesIsolation) ? temporaryPoolName(pool) : `tmp${pool.name}`.slice(0, 12),
      marks: context.marks,
    });
    const hands = {
      pool: pool.name,
      context,
      look: (busyPolicy?: BusyPolicy) => this.#lookAgain(busyPolicy),
      proof: (before: PoolEvidence, after: PoolEvidence) => this.#proof(before, after),
      means: (busyPolicy?: BusyPolicy) => this.#means(busyPolicy),
    };
    this.#ladder = new Climb(hands, this.#localDns, this.#replacement);
  }

  /** Whether this run may have changed the pool, or made something beside it. */
  get mayHaveWritten(): boolean {
    return (
      this.#isSent ||
      this.#surge.isUnderWay ||
      this.#localDns.isUnderWay ||
      this.#replacement.isUnderWay ||
      this.#replacement.isDone
    );
  }

  /** Copies that the run has made and not yet removed, and settings that it has changed and not yet put back. */
  get helpers(): Helpers | undefined {
    const all = [this.#localDns, this.#surge].filter(({ isUnderWay }) => isUnderWay);
    return all.reduce(
      (others: Helpers | undefined, each) => together(this.#backTo(each), others),
      this.#replacement.helpers,
    );
  }

  #backTo(setting: LocalDnsRoll | RaisedSurge): Helpers {
    const remove = async () => {
      const busyPolicy = undoBusyPolicy(this.#context.input);
      // The pool may be made anew by this, and is then back.
      this.#beforeUndo ??= await this.#lookAgain(busyPolicy);
      await setting.putBack(await this.#means(busyPolicy));
    };
    return { remove: () => remove().catch(ignoreIfDeleted), remaining: () => setting.remaining() };
  }

  /** Reimages the pool, and does what the input says where AKS did not. A retry looks first: a look may have failed, and no more. */
  async reimage(retriedByOperator = false): Promise<PoolReimage> {
    return this.#ended(await this.#reimage(retriedByOperator));
  }

  /** Goes on with a pool of which nobody can tell whether it was reimaged, for a failing look shows that it was not. */
  async goOnBlindly(done: PoolReimage): Promise<PoolReimage> {
    const before = this.#before;
    if (!before) return done;
    switch (this.#context.input.reimage.whenNotReimaged) {
      case 'fail':
      case 'wait':
        return done;
      case 'ladder':
        return this.#ended(await this.#ladder.climb(before, done, undefined, hasFailed));
      case 'temporaryPool':
        return this.#ended(await this.#ladder.replace(before, done.notModified));
    }
  }

  async #ended(done: PoolReimage): Promise<PoolReimage> {
    this.#isThrough = true;
    if (done.reimaged && this.#surge.isUnderWay) await this.#surge.putBack(await this.#means());
    return done;
  }

  async #reimage(retriedByOperator: boolean): Promise<PoolReimage> {
    const { cluster, reimage } = this.#context.input;
    const first = this.#before;
    const before = first ?? poolEvidence(this.#facts.name, this.#facts, await this.#nodesBefore());
    this.#before = before;
    if (this.#replacement.isUnderWay) return this.#ladder.replace(before);
    const back = this.#localDns.isUnderWay ? await this.#ladder.putLocalDnsBack(before) : undefined;
    if (back?.reimaged || back?.unseen?.because === 'failed') return back;
    const proven = retriedByOperator && first && patched(provesIsolation) ? await this.#lookFirst(first) : undefined;
    if (proven && (proven.reimaged || proven.unseen)) return proven;
    const byAzure = await reimagedByAzure(this.#context, this.#facts, () => this.#lookAgain());
    if (byAzure) return byAzure;
    if (this.#surge.isWanted) await this.#surge.raise(await this.#means());
    const done = proven ?? (await this.#reimageAndProve(before));
    if (done.reimaged) return done;
    switch (reimage.whenNotReimaged) {
      case 'fail':
        return done;
      case 'ladder':
        // Runs of version 0.1 failed by default.
        return patched(climbsLadder) ? this.#ladder.climb(before, done) : done;
      case 'wait':
        if (done.unseen?.because === 'failed' && patched(waitsUnseen)) return done;
        await azure
          .waiting(`Wait for a newer node image than ${this.#pool} has`)
          .awaitNewerNodeImage({ cluster, pool: this.#pool, timeoutMinutes: reimage.newImageTimeoutHours * 60 });
        return this.#reimageAndProve(before);
      case 'temporaryPool':
        // Whether there is anything to replace is not known.
        if (done.unseen?.because === 'failed' && patched(provesIsolation)) return done;
        return this.#ladder.replace(before, done.notModified);
    }
  }

  /** An operator's retry: only a look may have failed. @returns `undefined` where the pool is to be reimaged. */
  async #lookFirst(first: PoolEvidence): Promise<PoolReimage | undefined> {
    const hasEnded = this.#unseenSince === first;
    const proven = await this.#proof(first, await this.#lookAgain());
    const isUnknown = proven.unseen?.because === 'failed' && this.mayHaveWritten;
    const isDone = proven.reimaged && (proven.nodes.length > 0 || this.mayHaveWritten);
    const isInVain = hasEnded && !proven.reimaged && !proven.unseen;
    if (!isUnknown && !isDone && !(isInVain && patched(looksAtEnded))) return undefined;
    return this.#seen(proven);
  }

  #seen(proven: PoolProof): PoolReimage {
    const made = this.#replacement.isDone ? 'replaced' : 'reimaged';
    return { ...proven, how: proven.reimaged ? made : 'notReimaged', notModified: false };
  }

  /** Undo: reimages the pool after the cluster boots nodes from where it did before. */
  async reimageBack(): Promise<void> {
    const isTouched = this.#isThrough || this.mayHaveWritten;
    const { input, found } = this.#context;
    const looksForMove = hasManagedRegistry(found) && patched('untouched-nodes-go-back-too');
    const isMoved = isTouched && !looksForMove ? false : await hasMoved(this.#context);
    if (!isTouched && !isMoved) return;
    // A node that was never touched boots from a registry that is gone.
    const isBack = (done: PoolProof) =>
      isBackAgain(done, this.#after?.nodes ?? [], isMoved && looksForMove ? [] : this.#atFirst);
    const busyPolicy = undoBusyPolicy(input);
    const now = await this.#lookAgain(busyPolicy);
    const before = this.#beforeUndo ?? now;
    const isAgain = this.#beforeUndo !== undefined;
    this.#beforeUndo = before;
    // A second attempt of undo may find the pool reimaged already. It is compared with the pool before the first attempt.
    const hasEnded = this.#unseenSince === before;
    const proven = isAgain && patched('undo-looks-first') ? await this.#proof(before, now) : undefined;
    if (proven && isBack(proven)) return;
    const isSeen = proven && hasEnded && patched(looksAtEnded);
    const done = isSeen ? this.#seen(proven) : await this.#reimageAndProve(before, busyPolicy);
    if (isBack(done)) return;
    const climbs = input.reimage.whenNotReimaged === 'ladder' && patched(climbsLadder);
    // Every pool was asked by then, and nodes of a registry that is gone run no command. Nodes that were made anew do.
    const isOld =
      isMoved && runsOnNewAlone(this.#context) && (isAgain || done.notModified) && patched('goes-on-blindly');
    const last = climbs
      ? await this.#ladder.climb(before, done, { busyPolicy, isBack }, isOld ? hasFailed : undefined)
      : done;
    if (!isBack(last)) throw this.notReimaged(last);
  }

  /** The failure of a pool whose nodes are as they were, or could not be looked at. */
  notReimaged = (done: PoolReimage): ApplicationFailure =>
    notReimagedFailure(agentPoolId(this.#context.found.id, this.#pool), done);

  /** Looks at the pool once nothing runs on it. */
  #lookAgain(busyPolicy = busyPolicyOf(this.#context.input)): Promise<PoolEvidence> {
    const { cluster } = this.#context.input;
    return azure.operating(`Look at node pool ${this.#pool}`).awaitPool({ cluster, pool: this.#pool, busyPolicy });
  }

  async #reimageAndProve(before: PoolEvidence, busyPolicy = busyPolicyOf(this.#context.input)): Promise<PoolReimage> {
    const { notModified, after } = await this.#reimageWithSecondTry(before, busyPolicy);
    const proven = await this.#proof(before, after);
    return { ...proven, how: proven.reimaged ? 'reimaged' : 'notReimaged', notModified };
  }

  async #proof(before: PoolEvidence, after: PoolEvidence): Promise<PoolProof> {
    this.#after = after;
    const proven = await provenOf(this.#context, this.#pool, before, after);
    if (proven.unseen?.because !== 'failed') this.#unseenSince = undefined;
    return proven;
  }

  /** A pool that ends Failed is often half done, and done by a second try (Azure/AKS#3384). */
  async #reimageWithSecondTry(before: PoolEvidence, busyPolicy: BusyPolicy): Promise<Reimaged> {
    const { cluster } = this.#context.input;
    const request = { cluster, pool: this.#pool, before, ...(await this.#means(busyPolicy)) };
    const reimage = async () => {
      const done = await azure.operating(`Reimage node pool ${this.#pool}`).reimageAgentPool(request);
      this.#isSent = true;
      this.#unseenSince = before;
      return done;
    };
    try {
      return await reimage();
    } catch (error) {
      this.#isSent ||= sentBefore(error) !== false;
      if (isCancellation(error)) throw error;
      const after = await this.#lookAgain(busyPolicy);
      if (after.provisioningState === 'Succeeded') {
        const isDone = proofOf(this.#pool, before, after).reimaged;
        // Where the request may be lost, and no node can be looked at, pools that are reimaged after this one may yet show it.
        if (isDone || (isFailure(error, 'LookFailed') && patched(waitsUnseen))) return { notModified: false, after };
        throw error;
      }
      return reimage();
    }
  }

  /** How the pool is changed. */
  async #means(busyPolicy = busyPolicyOf(this.#context.input)): Promise<PoolMeans> {
    const rolePropagation = await this.#roles();
    const { nodeResourceGroup } = this.#context.found;
    return { nodeResourceGroup, busyPolicy, ...(rolePropagation && { rolePropagation }) };
  }

  /** A node with one of these disks was not reimaged, and has nothing to go back from. */
  get #atFirst(): NodeFacts[] {
    const { kubernetes } = this.#context.seen;
    return [...(this.#before?.nodes ?? []), ...('seen' in kubernetes ? kubernetes.seen.nodes : [])];
  }
}
