import { type ApplicationFailure, isCancellation, patched } from '@temporalio/workflow';
import { ownFailure, sentBefore } from '../../contract/failures.ts';
import type { AgentPoolFacts, Reimaged } from '../../resources/agentPools.ts';
import { temporaryPoolName } from '../../resources/derivedNames.ts';
import { agentPoolId, sameResourceId } from '../../resources/ids.ts';
import { hasManagedRegistry } from '../../resources/managedClusters.ts';
import {
  isSameDisk,
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
import type { Helpers } from '../engine/step.ts';
import type { UpdateContext } from '../existingCluster/context.ts';
import { busyPolicyOf, reimagesByItself, undoBusyPolicy } from '../existingCluster/facts.ts';
import type { PendingRoles } from '../existingCluster/update.ts';
import { provesIsolation } from '../isolation/proof.ts';
import { proofBySource } from './proof.ts';
import { Replacement } from './replacement.ts';

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
  /** Whether this run may have had the pool reimaged. */
  #isSent = false;
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
    this.#replacement = new Replacement({
      cluster: context.input.cluster,
      id: context.found.id,
      pool: pool.name,
      // Runs of version 0.1 may have begun a copy under the name that they gave it.
      copy: patched(provesIsolation) ? temporaryPoolName(pool) : `tmp${pool.name}`.slice(0, 12),
      marks: context.marks,
    });
  }

  /** Whether this run may have changed the pool, or made something beside it. */
  get mayHaveWritten(): boolean {
    return this.#isSent || this.#replacement.isUnderWay || this.#replacement.isDone;
  }

  /** Resources that the run has made beside the pool and not yet removed. */
  get helpers(): Helpers | undefined {
    return this.#replacement.helpers;
  }

  /** Reimages the pool, and does what the input says where AKS did not. A retry looks first: a look may have failed, and no more. */
  async reimage(retriedByOperator = false): Promise<PoolReimage> {
    const done = await this.#reimage(retriedByOperator);
    this.#isThrough = true;
    return done;
  }

  async #reimage(retriedByOperator: boolean): Promise<PoolReimage> {
    const { cluster, reimage } = this.#context.input;
    const first = this.#before;
    const before = first ?? poolEvidence(this.#facts.name, this.#facts, await this.#nodesBefore());
    this.#before = before;
    if (this.#replacement.isUnderWay) return this.#replace(before);
    const proven = retriedByOperator && first && patched(provesIsolation) ? await this.#lookFirst(first) : undefined;
    if (proven) return proven;
    const byAzure = await this.#reimagedByAzure();
    if (byAzure) return byAzure;
    const done = await this.#reimageAndProve(before);
    if (done.reimaged) return done;
    switch (reimage.whenNotReimaged) {
      case 'fail':
        return done;
      case 'wait':
        await azure
          .waiting(`Wait for a newer node image than ${this.#pool} has`)
          .awaitNewerNodeImage({ cluster, pool: this.#pool, timeoutMinutes: reimage.newImageTimeoutHours * 60 });
        return this.#reimageAndProve(before);
      case 'temporaryPool':
        // Whether there is anything to replace is not known.
        if (done.unseen?.because === 'failed' && patched(provesIsolation)) return done;
        return this.#replace(before, done.notModified);
    }
  }

  /** An operator's retry: only a look may have failed. @returns `undefined` where the pool is to be reimaged. */
  async #lookFirst(first: PoolEvidence): Promise<PoolReimage | undefined> {
    const proven = await this.#proof(first, await this.#lookAgain());
    const isUnknown = proven.unseen?.because === 'failed' && this.mayHaveWritten;
    if (!isUnknown && !(proven.reimaged && (proven.nodes.length > 0 || this.mayHaveWritten))) return undefined;
    return { ...proven, how: this.#howProven(proven), notModified: false };
  }

  #howProven({ reimaged }: PoolProof): PoolReimage['how'] {
    if (!reimaged) return 'notReimaged';
    return this.#replacement.isDone ? 'replaced' : 'reimaged';
  }

  /** Undo: reimages the pool after the cluster boots nodes from where it did before. */
  async reimageBack(): Promise<void> {
    const isTouched = this.#isThrough || this.mayHaveWritten;
    const { input, found } = this.#context;
    const looksForMove = hasManagedRegistry(found) && patched('untouched-nodes-go-back-too');
    const hasMoved = isTouched && !looksForMove ? false : await this.#hasMoved();
    if (!isTouched && !hasMoved) return;
    // A node that was never touched boots from a registry that is gone.
    const isBack = (done: Pick<PoolProof, 'reimaged' | 'nodes'>) => this.#isBack(done, hasMoved && looksForMove);
    const busyPolicy = undoBusyPolicy(input);
    const now = await this.#lookAgain(busyPolicy);
    const before = this.#beforeUndo ?? now;
    const isAgain = this.#beforeUndo !== undefined;
    this.#beforeUndo = before;
    // A second attempt of undo may find the pool reimaged already. It is compared with the pool before the first attempt.
    if (isAgain && patched('undo-looks-first') && isBack(await this.#proof(before, now))) return;
    const done = await this.#reimageAndProve(before, busyPolicy);
    if (!isBack(done)) throw this.notReimaged(done);
  }

  /** Whether the cluster has another registry than at first. A pool that was never touched boots from one that is gone. */
  async #hasMoved(): Promise<boolean> {
    const { input, found } = this.#context;
    const looking = azure.verifying('Look whether the registry is still the same');
    const { cluster: now } = await looking.lookAtCluster({ cluster: input.cluster, subscriptionIds: [] });
    return now !== undefined && !sameResourceId(now.containerRegistryId, found.containerRegistryId);
  }

  /** Whether each node was reimaged by undo, or never by this run and still has its registry. */
  #isBack({ reimaged, nodes }: Pick<PoolProof, 'reimaged' | 'nodes'>, hasMoved: boolean): boolean {
    const now = this.#after?.nodes ?? [];
    const isUntouched = (name: string) => now.some((node) => node.name === name && this.#isUntouched(node));
    return (
      reimaged || (nodes.length > 0 && nodes.every((node) => node.reimaged || (!hasMoved && isUntouched(node.name))))
    );
  }

  /** The failure of a pool whose nodes are as they were, or could not be looked at. */
  notReimaged({ seen, notModified, nodes, unseen }: PoolReimage): ApplicationFailure {
    const same = nodes.filter(({ reimaged }) => !reimaged).map(({ name }) => name);
    const answer = notModified ? 'Azure answered 304, nothing to do' : 'Azure reported success';
    const which = same.length > 0 ? `; not reimaged: ${same.join(', ')}` : '';
    const id = agentPoolId(this.#context.found.id, this.#pool);
    if (unseen?.because === 'failed') {
      return ownFailure(
        'LookFailed',
        `Node pool ${this.#pool}: whether it was reimaged is not known, ${seen} (${id})`,
        id,
      );
    }
    return ownFailure(
      'NotReimaged',
      `Node pool ${this.#pool} was not reimaged: ${answer}, but ${seen}${which} (${id})`,
      id,
    );
  }

  /** AKS may have been faster. Profile row P11. */
  async #reimagedByAzure(): Promise<PoolReimage | undefined> {
    const { plan, found, seen } = this.#context;
    if (!plan.bootstrap || !reimagesByItself(found)) return undefined;
    const before = poolEvidence(this.#facts.name, this.#facts, seen.kubernetes);
    const proven = proofOf(this.#pool, before, await this.#lookAgain());
    return proven.reimaged && proven.nodes.length > 0 ? { ...proven, how: 'byAzure', notModified: false } : undefined;
  }

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
    const { input, plan } = this.#context;
    this.#after = after;
    const proven = proofOf(this.#pool, before, after);
    if (!plan.bootstrap) return proven;
    // A new image is AKS's word. A run of version 0.1 takes it.
    if (proven.reimaged && (proven.evidence === 'nodes' || !patched(provesIsolation))) return proven;
    const bySource = await proofBySource(input.cluster, this.#pool, after);
    // AKS does not reimage nodes that boot from the wanted source: a run that was terminated may have reimaged them already.
    if (!bySource.evidence || (!bySource.reimaged && proven.evidence === 'nodes')) return proven;
    const { unseen: _before, ...pool } = proven;
    return { ...pool, ...bySource };
  }

  /** A pool that ends Failed is often half done, and done by a second try (Azure/AKS#3384). */
  async #reimageWithSecondTry(before: PoolEvidence, busyPolicy: BusyPolicy): Promise<Reimaged> {
    const { input, found } = this.#context;
    const rolePropagation = await this.#roles();
    const request = {
      cluster: input.cluster,
      pool: this.#pool,
      nodeResourceGroup: found.nodeResourceGroup,
      before,
      busyPolicy,
      ...(rolePropagation && { rolePropagation }),
    };
    const reimage = async () => {
      const done = await azure.operating(`Reimage node pool ${this.#pool}`).reimageAgentPool(request);
      this.#isSent = true;
      return done;
    };
    try {
      return await reimage();
    } catch (error) {
      this.#isSent ||= sentBefore(error) !== false;
      if (isCancellation(error)) throw error;
      const after = await this.#lookAgain(busyPolicy);
      if (after.provisioningState === 'Succeeded') {
        if (proofOf(this.#pool, before, after).reimaged) return { notModified: false, after };
        throw error;
      }
      return reimage();
    }
  }

  /** Makes the pool anew, or goes on with that. */
  async #replace(before: PoolEvidence, notModified = false): Promise<PoolReimage> {
    await this.#replacement.run();
    const after = await this.#lookAgain();
    return { ...(await this.#proof(before, after)), how: 'replaced', notModified };
  }

  /** A node with the disk of the beginning was not reimaged, and has nothing to go back from. */
  #isUntouched(now: NodeFacts): boolean {
    const { kubernetes } = this.#context.seen;
    const atFirst = 'seen' in kubernetes ? kubernetes.seen.nodes : [];
    return [...(this.#before?.nodes ?? []), ...atFirst].some((node) => isSameDisk(node, now));
  }
}
