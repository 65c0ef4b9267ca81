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
import { begun, nextOf, type Reimaging } from './ledger.ts';
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

/** A request that may have taken effect is not repeated unseen. Runs of version 0.1 sent it again, failed, or waited for an image. */
const keepsLedger = 'reimages-by-ledger';

/** Looks at the nodes as they were before any pool was reimaged. */
export type NodesBefore = () => Promise<Look<KubernetesFacts>>;

/** The reimage of one pool, and its way back. It keeps what undo has to know of what was begun. */
export class PoolRun {
  readonly #context: UpdateContext;
  readonly #facts: AgentPoolFacts;
  readonly #nodesBefore: NodesBefore;
  readonly #roles: PendingRoles;
  readonly #replacement: Replacement;
  readonly #localDns: LocalDnsRoll;
  readonly #surge: RaisedSurge;
  readonly #ladder: Climb;
  #forward: Reimaging | undefined;
  /** Begins when undo first comes to the pool. */
  #back: Reimaging | undefined;
  /** Whether it is known what became of the pool, though AKS may have reimaged it by itself. */
  #isThrough = false;
  /** The pool as it was seen last. */
  #after: PoolEvidence | undefined;

  constructor(context: UpdateContext, pool: AgentPoolFacts, nodesBefore: NodesBefore, roles: PendingRoles) {
    this.#context = context;
    this.#facts = pool;
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
    const access = {
      pool: pool.name,
      context,
      look: (busyPolicy?: BusyPolicy) => this.#lookAgain(busyPolicy),
      proof: (of: Reimaging, after: PoolEvidence) => this.#proof(of, after),
      means: (busyPolicy?: BusyPolicy) => this.#means(busyPolicy),
    };
    this.#ladder = new Climb(access, this.#localDns, this.#replacement);
  }

  /** Whether this run may have changed the pool, or made something beside it. */
  get mayHaveWritten(): boolean {
    return (
      [this.#forward, this.#back].some((each) => each && each.requests !== 'unsent') ||
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
      this.#back ??= begun(await this.#lookAgain(busyPolicy));
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
    const of = this.#forward;
    if (!of) return done;
    // A request that was lost has not arrived, then.
    const last = of.requests === 'sent' ? await this.#reimageAndProve(of) : done;
    if (last.reimaged) return this.#ended(last);
    switch (this.#context.input.reimage.whenNotReimaged) {
      case 'fail':
      case 'wait':
        return last;
      case 'ladder':
        return this.#ended(await this.#ladder.climb(of, last, undefined, hasFailed));
      case 'temporaryPool':
        return this.#ended(await this.#ladder.replace(of, last.notModified));
    }
  }

  async #ended(done: PoolReimage): Promise<PoolReimage> {
    this.#isThrough = true;
    if (done.reimaged && this.#surge.isUnderWay) await this.#surge.putBack(await this.#means());
    return done;
  }

  async #reimage(retriedByOperator: boolean): Promise<PoolReimage> {
    const { cluster, reimage } = this.#context.input;
    const first = this.#forward;
    const of = first ?? begun(poolEvidence(this.#facts.name, this.#facts, await this.#nodesBefore()));
    this.#forward = of;
    if (this.#replacement.isUnderWay) return this.#ladder.replace(of);
    const back = this.#localDns.isUnderWay ? await this.#ladder.putLocalDnsBack(of) : undefined;
    if (back && (back.reimaged || hasFailed(back))) return back;
    const proven = retriedByOperator && first && patched(provesIsolation) ? await this.#lookFirst(first) : undefined;
    if (proven && (proven.reimaged || proven.unseen)) return proven;
    const byAzure = await reimagedByAzure(this.#context, this.#facts, () => this.#lookAgain());
    if (byAzure) return byAzure;
    if (this.#surge.isWanted) await this.#surge.raise(await this.#means());
    const done = proven ?? (await this.#reimageAndProve(of));
    if (done.reimaged) return done;
    switch (reimage.whenNotReimaged) {
      case 'fail':
        return done;
      case 'ladder':
        // Runs of version 0.1 failed by default.
        return patched(climbsLadder) ? this.#ladder.climb(of, done) : done;
      case 'wait':
        if (hasFailed(done) && patched(keepsLedger)) return done;
        await azure
          .waiting(`Wait for a newer node image than ${this.#facts.name} has`)
          .awaitNewerNodeImage({ cluster, pool: this.#facts.name, timeoutMinutes: reimage.newImageTimeoutHours * 60 });
        return this.#reimageAndProve(of);
      case 'temporaryPool':
        // Whether there is anything to replace is not known.
        if (hasFailed(done) && patched(provesIsolation)) return done;
        return this.#ladder.replace(of, done.notModified);
    }
  }

  /** An operator's retry: only a look may have failed. @returns `undefined` where the pool is to be reimaged. */
  async #lookFirst(of: Reimaging): Promise<PoolReimage | undefined> {
    const { requests } = of;
    const proven = await this.#proof(of, await this.#lookAgain());
    // An empty pool that nobody has touched is asked for as well.
    const isDone = proven.reimaged && (proven.nodes.length > 0 || this.mayHaveWritten);
    const next = nextOf(requests, isDone, hasFailed(proven));
    if (next === 'send' || (next === 'inVain' && !patched(keepsLedger))) return undefined;
    return this.#asSeen(proven);
  }

  #asSeen(proven: PoolProof): PoolReimage {
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
    const isAgain = this.#back !== undefined;
    const of = this.#back ?? begun(now);
    this.#back = of;
    const { requests } = of;
    // A second attempt of undo may find the pool reimaged already. It is compared with the pool before the first attempt.
    const proven = isAgain && patched('undo-looks-first') ? await this.#proof(of, now) : undefined;
    if (proven && isBack(proven)) return;
    // Nodes of a registry that is gone run no command. Nodes that were made anew do.
    const showsOld = isMoved && runsOnNewAlone(this.#context);
    const next = proven && nextOf(requests, false, hasFailed(proven) && !showsOld);
    const isKept = proven && next !== 'send' && patched(keepsLedger);
    const done = isKept ? this.#asSeen(proven) : await this.#reimageAndProve(of, busyPolicy);
    if (isBack(done)) return;
    const climbs = input.reimage.whenNotReimaged === 'ladder' && patched(climbsLadder);
    // Every pool was asked by then.
    const isOld = showsOld && (isAgain || done.notModified) && patched('goes-on-blindly');
    const last = climbs
      ? await this.#ladder.climb(of, done, { busyPolicy, isBack }, isOld ? hasFailed : undefined)
      : done;
    if (!isBack(last)) throw this.notReimaged(last);
  }

  /** The failure of a pool whose nodes are as they were, or could not be looked at. */
  notReimaged = (done: PoolReimage): ApplicationFailure =>
    notReimagedFailure(agentPoolId(this.#context.found.id, this.#facts.name), done);

  /** Looks at the pool once nothing runs on it. */
  #lookAgain(busyPolicy = busyPolicyOf(this.#context.input)): Promise<PoolEvidence> {
    const { cluster } = this.#context.input;
    return azure
      .operating(`Look at node pool ${this.#facts.name}`)
      .awaitPool({ cluster, pool: this.#facts.name, busyPolicy });
  }

  async #reimageAndProve(of: Reimaging, busyPolicy = busyPolicyOf(this.#context.input)): Promise<PoolReimage> {
    const { after, ...answer } = await this.#reimageWithSecondTry(of, busyPolicy);
    const proven = await this.#proof(of, after);
    return { ...proven, how: proven.reimaged ? 'reimaged' : 'notReimaged', ...answer };
  }

  async #proof(of: Reimaging, after: PoolEvidence): Promise<PoolProof> {
    this.#after = after;
    const proven = await provenOf(this.#context, this.#facts.name, of.before, after);
    if (of.requests !== 'unsent' && !hasFailed(proven)) of.requests = 'seen';
    return proven;
  }

  /** A pool that ends Failed is often half done, and done by a second try (Azure/AKS#3384). */
  async #reimageWithSecondTry(of: Reimaging, busyPolicy: BusyPolicy, isSecond = false): Promise<Reimaged> {
    try {
      return await this.#send(of, busyPolicy);
    } catch (error) {
      // The nodes tell, sooner or later, what came of a request that was lost, or whose operation Azure has forgotten.
      const isTold = isFailure(error, 'LookFailed', 'NotShown') && patched(keepsLedger);
      if (isCancellation(error) || (isSecond && !isTold)) throw error;
      const after = await this.#lookAgain(busyPolicy);
      const isWell = after.provisioningState === 'Succeeded';
      if (isWell && isFailure(error, 'NotShown')) of.requests = 'ended';
      const isDone = isTold || proofOf(this.#facts.name, of.before, after).reimaged;
      if (isWell && isDone) return { notModified: false, after };
      if (isWell || isSecond) throw error;
      return this.#reimageWithSecondTry(of, busyPolicy, true);
    }
  }

  async #send(of: Reimaging, busyPolicy: BusyPolicy): Promise<Reimaged> {
    const { cluster } = this.#context.input;
    const request = { cluster, pool: this.#facts.name, before: of.before, ...(await this.#means(busyPolicy)) };
    try {
      const done = await azure.operating(`Reimage node pool ${this.#facts.name}`).reimageAgentPool(request);
      of.requests = 'ended';
      return done;
    } catch (error) {
      if (sentBefore(error) !== false) of.requests = 'sent';
      throw error;
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
    return [...(this.#forward?.before.nodes ?? []), ...('seen' in kubernetes ? kubernetes.seen.nodes : [])];
  }
}
