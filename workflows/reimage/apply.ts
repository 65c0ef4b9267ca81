import { patched } from '@temporalio/workflow';
import type { StepId } from '../../contract/plan.ts';
import { type AgentPoolFacts, isWindows } from '../../resources/agentPools.ts';
import { hasManagedRegistry } from '../../resources/managedClusters.ts';
import type { PoolReimage } from '../../resources/nodes.ts';
import { cutsEgress } from '../../resources/outboundTypes.ts';
import { azure } from '../engine/azure.ts';
import { ConcurrencyLimit } from '../engine/concurrencyLimit.ts';
import { ignoreIfDeleted } from '../engine/errorText.ts';
import { bootstrapChanges } from '../engine/part.ts';
import type { Limit } from '../engine/step.ts';
import type { UpdateContext } from '../existingCluster/context.ts';
import type { PendingRoles } from '../existingCluster/update.ts';
import { provesIsolation } from '../isolation/proof.ts';
import { applyCopies } from './copies.ts';
import { reimageStepId } from './plan.ts';
import { PoolQueue } from './poolQueue.ts';
import { type NodesBefore, PoolRun } from './poolRun.ts';
import { hasFailed, runsOnNewAlone } from './proof.ts';

/**
 * Declares the reimage of each planned pool, in the turns that are planned, each proven by its nodes before it counts.
 *
 * @param undoneAfter The steps that change what nodes boot from: once they are taken back, the pools are reimaged again.
 * None where nothing else changes, so that there is nothing to go back to.
 * @param roles Roles that nodes need and that were assigned a moment ago. Default: none.
 * @returns what became of each pool so far.
 */
export function applyReimages(
  given: UpdateContext,
  undoneAfter: readonly StepId[],
  roles: PendingRoles = async () => undefined,
): () => readonly PoolReimage[] {
  const { plan, input, step } = given;
  // The quota that pools at the same time were counted against has room for one copy.
  const context = plan.turns ? { ...given, copies: new ConcurrencyLimit(1) } : given;
  const changes = plan.steps.some(({ id, action }) => undoneAfter.includes(id) && action !== 'none');
  // AKS deletes the registry that it manages once the cluster leaves it, and makes another one for its return.
  const losesItsRegistry = changes && hasManagedRegistry(context.found);
  const isBlind = changes && runsOnNewAlone(context);
  const queue = new PoolQueue(plan.turns, input.reimage.maxParallelPools ?? 1);
  const nodesBefore = lookOnceAtNodes(context);
  const reimages = new Map<string, PoolReimage>();
  const later = new LaterProofs(plan.reimages, input.reimage.canaryPool, reimages);
  applyCopies(context, 'before');
  for (const pool of plan.reimages) {
    const run = new PoolRun(context, pool, nodesBefore, roles);
    const turn = queue.turnOf(pool.name);
    step(reimageStepId(pool), {
      limit: turn,
      wrote: () => run.mayHaveWritten,
      helpers: () => run.helpers,
      act: async (retriedByOperator, isHalted) => {
        let done = await queue.orAlone(pool.name, isHalted, (again) => run.reimage(retriedByOperator || again));
        const isLast = !done.reimaged && !later.mayWait(pool, done);
        // Tainted nodes, which run no command, may be new: others show it once they are new, too.
        const isOld = isBlind && hasFailed(done) && (done.notModified || later.isAlone(pool));
        if (isLast && isOld && patched('goes-on-blindly')) done = await run.goOnBlindly(done);
        reimages.set(pool.name, done);
        if (isLast && !done.reimaged) throw run.notReimaged(done);
        await later.prove(pool, run);
        return done;
      },
      said: ({ tried }) => (tried ? { reason: tried.map(({ by, seen }) => `${by}: ${seen}`).join('; ') } : undefined),
      ...(changes && {
        undoneAfter,
        isAffected: () => losesItsRegistry && patched('reimages-untouched-pools-back'),
        undo: () => takingTurns(turn, () => run.reimageBack()).catch(ignoreIfDeleted),
      }),
      waitsFor: 'AKS, some minutes for each node',
    });
  }
  applyCopies(context, 'after');
  return () => [...reimages.values()];
}

/**
 * The command of a look runs on a node without taints that gets its image. After a change of the registry, only nodes that are
 * reimaged do, so that a pool that comes first may have to wait for others to be looked at.
 */
class LaterProofs {
  readonly #canary: string | undefined;
  readonly #reimages: Map<string, PoolReimage>;
  /** Names of the pools that are not yet through. */
  readonly #open: Set<string>;
  readonly #waiting = new Map<string, PoolRun>();

  constructor(pools: readonly AgentPoolFacts[], canary: string | undefined, reimages: Map<string, PoolReimage>) {
    this.#open = new Set(pools.map(({ name }) => name));
    this.#canary = canary;
    this.#reimages = reimages;
  }

  /** Whether a pool that Azure has reimaged, and that could not be looked at, can be proven after others. A canary is there to be proven first. */
  mayWait({ name }: AgentPoolFacts, { unseen, notModified }: PoolReimage): boolean {
    const hasOthers = [...this.#open].some((other) => other !== name);
    const isLookOnly = unseen?.because === 'failed' && !notModified;
    return isLookOnly && hasOthers && name !== this.#canary && patched('proves-pools-later');
  }

  /** Whether every other pool is through: Azure has been asked to reimage all. */
  isAlone = ({ name }: AgentPoolFacts): boolean => [...this.#open].every((other) => other === name);

  /** Takes note that a pool is through. The last one proves those that have waited. @throws ApplicationFailure `LookFailed` or `NotReimaged`. */
  async prove(pool: AgentPoolFacts, run: PoolRun): Promise<void> {
    const { name } = pool;
    if (!this.#reimages.get(name)?.reimaged) this.#waiting.set(name, run);
    if (!this.isAlone(pool)) {
      this.#open.delete(name);
      return;
    }
    for (const [waiting, each] of this.#waiting) {
      const done = await each.reimage(true);
      this.#reimages.set(waiting, done);
      if (!done.reimaged) throw each.notReimaged(done);
      this.#waiting.delete(waiting);
    }
    this.#open.delete(name);
  }
}

/** Undo, too, has pools take turns. Runs of version 0.1 took them back all at once. */
const takingTurns = (limit: Limit, work: () => Promise<void>): Promise<void> =>
  patched(provesIsolation) ? limit.run(work) : work();

/**
 * The nodes before any pool is reimaged. One look serves all pools, for a node that joins after it is new. It comes after
 * the update of the cluster, for a node that joined before the update boots as the cluster said then. Where no node could run its
 * command, it is left out: what the nodes boot from once they are reimaged is proof enough.
 */
function lookOnceAtNodes(context: UpdateContext): NodesBefore {
  const { plan, input, seen } = context;
  const changed = bootstrapChanges(plan.steps);
  let look: ReturnType<NodesBefore> | undefined;
  return async () => {
    if (!changed) return seen.kubernetes;
    if (losesItsSource(context) && canShowSources(context) && patched('looks-once-nodes-get-images'))
      return { unseen: { because: 'failed', message: 'its nodes got no images before they were reimaged' } };
    look ??= azure.looking('Look at the nodes').lookInside(input.cluster);
    // After a failure an operator may ask for another look.
    return look.catch((error: unknown) => {
      look = undefined;
      throw error;
    });
  };
}

/**
 * Whether nodes get no images between the update of the cluster and their reimage: egress is cut, and what they were made to boot
 * from is out of reach. AKS deletes its own registry once the cluster has left it.
 */
function losesItsSource({ plan, found }: UpdateContext): boolean {
  const keepsRegistry = found.artifactSource === 'Cache' && !hasManagedRegistry(found) && !plan.unlink;
  return cutsEgress(plan.bootstrap?.outboundType ?? found.outboundType) && !keepsRegistry;
}

/** Whether each pool can show what it boots from, once it is reimaged: by a pod, and on Linux. */
const canShowSources = ({ plan, seen: { kubernetes } }: UpdateContext): boolean =>
  'seen' in kubernetes &&
  kubernetes.seen.podDenied === undefined &&
  plan.reimages.every(({ osType }) => !isWindows(osType));
