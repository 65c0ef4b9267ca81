import { type ApplicationFailure, isCancellation, patched } from '@temporalio/workflow';
import { isFailure, ownFailure } from '../../contract/failures.ts';
import type { AgentPoolFacts, Reimaged } from '../../resources/agentPools.ts';
import { temporaryPoolName } from '../../resources/derivedNames.ts';
import { agentPoolId } from '../../resources/ids.ts';
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
import type { UpdateContext } from '../existingCluster/context.ts';
import { busyPolicyOf, reimagesByItself, undoBusyPolicy } from '../existingCluster/facts.ts';
import type { PendingRoles } from '../existingCluster/update.ts';
import { provesIsolation } from '../isolation/proof.ts';
import { proofBySource } from './proof.ts';

/** Looks at the nodes as they were before any pool was reimaged. */
export type NodesBefore = () => Promise<Look<KubernetesFacts>>;

/** A pool's settings as Azure takes them again; a workflow only hands them on. */
type AgentPoolSettings = Awaited<ReturnType<ReturnType<typeof azure.reading>['readAgentPool']>>;

/** The reimage of one pool, and its way back. It keeps what undo has to know of what was begun. */
export class PoolRun {
  readonly #context: UpdateContext;
  readonly #facts: AgentPoolFacts;
  readonly #pool: string;
  readonly #nodesBefore: NodesBefore;
  readonly #roles: PendingRoles;
  /** The pool before this run touched it. */
  #before: PoolEvidence | undefined;
  /** Settings of the pool, once this run has begun to make it anew. */
  #settings: AgentPoolSettings | undefined;
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
  }

  /** Reimages the pool, and does what the input says where AKS did not. A retry looks first: a look may have failed, and no more. */
  async reimage(retriedByOperator = false): Promise<PoolReimage> {
    const { cluster, reimage } = this.#context.input;
    const first = this.#before;
    const before = first ?? poolEvidence(this.#facts.name, this.#facts, await this.#nodesBefore());
    this.#before = before;
    if (retriedByOperator && first && patched(provesIsolation)) {
      const proven = await this.#proof(first, await this.#lookAgain());
      if (proven.reimaged && proven.nodes.length > 0) return { ...proven, how: 'reimaged', notModified: false };
    }
    const byAzure = await this.#reimagedByAzure();
    if (byAzure) return byAzure;
    const done = await this.#reimageAndProve(before);
    if (done.reimaged) return done;
    switch (reimage.whenNotReimaged) {
      case 'fail':
        return done;
      case 'wait':
        await azure
          .awaitingNodeImage(`Wait for a newer node image than ${this.#pool} has`, reimage.newImageTimeoutHours)
          .awaitNewerNodeImage({ cluster, pool: this.#pool });
        return this.#reimageAndProve(before);
      case 'temporaryPool': {
        await this.#replace();
        const after = await this.#lookAgain();
        return { ...(await this.#proof(before, after)), how: 'replaced', notModified: done.notModified };
      }
    }
  }

  /** Undo: reimages the pool after the cluster boots nodes from where it did before. */
  async reimageBack(): Promise<void> {
    if (this.#settings) await this.#finishReplacing(this.#settings);
    const busyPolicy = undoBusyPolicy(this.#context.input);
    const now = await this.#lookAgain(busyPolicy);
    // A second attempt of undo may find the pool reimaged already. It is compared with the pool before the first attempt.
    this.#beforeUndo ??= now;
    const done = await this.#reimageAndProve(this.#beforeUndo, busyPolicy);
    const nodes = this.#after?.nodes ?? [];
    const back =
      done.nodes.length > 0 &&
      done.nodes.every(
        ({ reimaged, name }) => reimaged || nodes.some((node) => node.name === name && this.#isUntouched(node)),
      );
    if (!done.reimaged && !back) throw this.notReimaged(done);
  }

  /** The failure of a pool whose nodes are as they were, or could not be looked at. */
  notReimaged({ seen, notModified, nodes, unseen }: PoolReimage): ApplicationFailure {
    const same = nodes.filter(({ reimaged }) => !reimaged).map(({ name }) => name);
    const answer = notModified ? 'Azure answered 304, nothing to do' : 'Azure reported success';
    const which = same.length > 0 ? `; not reimaged: ${same.join(', ')}` : '';
    const id = agentPoolId(this.#context.found.id, this.#pool);
    if (unseen?.because === 'failed') {
      return ownFailure(
        'NotProven',
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
    const reimage = () => azure.operating(`Reimage node pool ${this.#pool}`).reimageAgentPool(request);
    try {
      return await reimage();
    } catch (error) {
      if (isCancellation(error)) throw error;
      const after = await this.#lookAgain(busyPolicy);
      if (after.provisioningState === 'Succeeded') {
        if (proofOf(this.#pool, before, after).reimaged) return { notModified: false, after };
        throw error;
      }
      return reimage();
    }
  }

  /** Deletes the pool and makes it anew, for new nodes boot as the cluster says now. A temporary copy takes the load meanwhile. */
  async #replace(): Promise<void> {
    const { input, marks } = this.#context;
    const { cluster } = input;
    const pool = this.#pool;
    const temporary = temporaryPoolName(this.#facts);
    const settings = await azure.reading(`Read the settings of ${pool}`).readAgentPool({ cluster, pool });
    const copy = { cluster, settings, marks };
    this.#settings = settings;
    await azure.operating(`Create temporary pool ${temporary}`).createAgentPool({ ...copy, pool: temporary });
    await azure.operating(`Delete node pool ${pool}`).deleteAgentPool({ cluster, pool, marks: {} });
    await azure.operating(`Create node pool ${pool} anew`).createAgentPool({ ...copy, pool });
    await azure.operating(`Delete temporary pool ${temporary}`).deleteAgentPool({ cluster, pool: temporary, marks });
  }

  async #finishReplacing(settings: AgentPoolSettings): Promise<void> {
    const { input, marks } = this.#context;
    const { cluster } = input;
    await azure
      .operating(`Create node pool ${this.#pool} anew`)
      .createAgentPool({ cluster, pool: this.#pool, settings, marks })
      .catch(ignoreIfNotReplacedYet);
    const temporary = { cluster, pool: temporaryPoolName(this.#facts), marks };
    await azure.operating(`Delete temporary pool ${temporary.pool}`).deleteAgentPool(temporary);
  }

  /** A node with the disk of the beginning was not reimaged, and has nothing to go back from. */
  #isUntouched(now: NodeFacts): boolean {
    const { kubernetes } = this.#context.seen;
    const atFirst = 'seen' in kubernetes ? kubernetes.seen.nodes : [];
    return [...(this.#before?.nodes ?? []), ...atFirst].some((node) => isSameDisk(node, now));
  }
}

/** A pool that does not carry the run's marks is still the one that the cluster's owner has made. */
function ignoreIfNotReplacedYet(error: unknown): void {
  if (!isFailure(error, 'NotOwned')) throw error;
}
