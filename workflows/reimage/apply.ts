import { ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { errorDetails } from '../../contract/errors.ts';
import type { AgentPoolSettings, Reimaged } from '../../resources/agentPools.ts';
import { type ClusterReference, sameResourceId } from '../../resources/ids.ts';
import { type PoolEvidence, type PoolProof, type PoolReimage, proofOf } from '../../resources/nodes.ts';
import { azure } from '../engine/azure.ts';
import { ignoreIfDeleted, rootCause } from '../engine/errorText.ts';
import { ConcurrencyLimit } from '../engine/steps.ts';
import type { UpdateContext } from '../existingCluster/context.ts';
import { busyPolicyOf, reimagesByItself, undoBusyPolicy } from '../existingCluster/facts.ts';
import { evidence, oldestNode } from '../nodes/probe.ts';
import { reimageStepId, temporaryPool } from './plan.ts';

/**
 * Declares the reimage of each planned pool: so many at a time, each proven by its nodes before it counts.
 *
 * @param undoneAfter The steps that change what nodes boot from: once they are taken back, the pools are reimaged again.
 * None where nothing else changes, so that there is nothing to go back to.
 */
export function applyReimages(context: UpdateContext, undoneAfter: readonly string[]): void {
  const { plan, input, step, run } = context;
  const changes = plan.steps.some(({ id, action }) => undoneAfter.includes(id) && action !== 'none');
  const turns = new ConcurrencyLimit(input.reimage.maxParallelPools);
  for (const pool of plan.reimages) {
    const begun: Begun = {};
    step(reimageStepId(pool), {
      turns,
      act: async () => {
        const done = await reimagePool(context, pool, begun);
        run.reimages.set(pool, done);
        if (!done.reimaged) throw notReimaged(context, done);
      },
      ...(changes && { undoneAfter, undo: () => reimageBack(context, pool, begun).catch(ignoreIfDeleted) }),
      waitsFor: 'AKS, some minutes for each node',
    });
  }
}

/** What undo has to know of what was begun. */
interface Begun {
  /** What the pool showed before. */
  before?: PoolEvidence;
  /** Where the pool was, or was to be, made anew. */
  settings?: AgentPoolSettings;
  /** What the pool showed when it was first to be taken back. */
  beforeUndo?: PoolEvidence;
}

async function reimagePool(context: UpdateContext, pool: string, begun: Begun): Promise<PoolReimage> {
  const { cluster, reimage } = context.input;
  const before = await evidenceBefore(context, pool);
  begun.before = before;
  const byItself = await reimagedByAzure(context, pool);
  if (byItself) return byItself;
  const done = await reimageAndProve(context, pool, before);
  if (done.reimaged) return done;
  switch (reimage.whenNotReimaged) {
    case 'fail':
      return done;
    case 'wait':
      await azure
        .awaitingNodeImage(`Wait for a newer node image than ${pool} has`, reimage.newImageTimeoutHours)
        .awaitNewerNodeImage({ cluster, pool });
      return reimageAndProve(context, pool, before);
    case 'temporaryPool': {
      await replacePool(context, pool, begun);
      const after = await lookAgain(context, pool);
      return { ...(await proof(context, pool, before, after)), how: 'replaced', notModified: done.notModified };
    }
  }
}

/**
 * What the pool shows before. One look serves all pools: a node that joins after it is new. It comes after the update of the
 * cluster, for a node that joined before that boots as it said then.
 */
async function evidenceBefore(context: UpdateContext, pool: string): Promise<PoolEvidence> {
  const changed = context.plan.steps.some(({ id, action }) => id === 'bootstrap' && action !== 'none');
  if (changed) context.kubernetes ??= azure.operating('Look at the nodes').lookInside(context.input.cluster);
  const kubernetes = (await context.kubernetes) ?? context.seen.kubernetes;
  const facts = context.found.agentPoolProfiles.find(({ name }) => name === pool);
  return evidence(kubernetes, pool, facts);
}

/** Profile row P11: AKS may have been faster. */
async function reimagedByAzure(context: UpdateContext, pool: string): Promise<PoolReimage | undefined> {
  const { plan, found, seen } = context;
  if (!plan.bootstrap || !reimagesByItself(found)) return undefined;
  const facts = found.agentPoolProfiles.find(({ name }) => name === pool);
  const proven = proofOf(pool, evidence(seen.kubernetes, pool, facts), await lookAgain(context, pool));
  return proven.reimaged && proven.nodes.length > 0 ? { ...proven, how: 'byAzure', notModified: false } : undefined;
}

/** Once nothing runs on the pool. */
function lookAgain({ input }: UpdateContext, pool: string, busyPolicy = busyPolicyOf(input)): Promise<PoolEvidence> {
  const request = { cluster: input.cluster, pool, busyPolicy };
  return azure.operating(`Look at node pool ${pool}`).awaitPool(request);
}

async function reimageAndProve(context: UpdateContext, pool: string, before: PoolEvidence): Promise<PoolReimage> {
  const { notModified, after } = await reimageWithSecondTry(context, pool, before);
  const proven = await proof(context, pool, before, after);
  return { ...proven, how: proven.reimaged ? 'reimaged' : 'notReimaged', notModified };
}

async function proof(
  { input: { cluster }, plan }: UpdateContext,
  pool: string,
  before: PoolEvidence,
  after: PoolEvidence,
): Promise<PoolProof> {
  const proven = proofOf(pool, before, after);
  if (proven.reimaged || !plan.bootstrap) return proven;
  const bySource = await proofBySource(cluster, pool, after);
  // AKS leaves nodes alone that boot as they are to: a run that was terminated may have reimaged them.
  return bySource.reimaged || proven.evidence !== 'nodes' ? { ...proven, ...bySource } : proven;
}

/** What the oldest boots from, all do. */
async function proofBySource(
  cluster: ClusterReference,
  pool: string,
  { nodes = [] }: PoolEvidence,
): Promise<Partial<PoolProof>> {
  const node = oldestNode(nodes, pool)?.name;
  if (node === undefined) return {};
  const imageSource = await azure.reading('Read where nodes are to boot from').readImageSource(cluster);
  const probe = await azure
    .operating(`Have ${node} pull an image`)
    .probeNode({ cluster, node, ...(imageSource !== undefined && { imageSource }) });
  if ('unseen' in probe) return {};
  const { bootstrapSource } = probe.seen;
  const reimaged = sameResourceId(bootstrapSource, imageSource ?? 'Direct');
  return { evidence: 'bootstrapSource', reimaged, seen: `${node}, its oldest node, boots from ${bootstrapSource}` };
}

/** A pool that ends Failed is often half done, and done by a second try (Azure/AKS#3384). */
async function reimageWithSecondTry(context: UpdateContext, pool: string, before: PoolEvidence): Promise<Reimaged> {
  const { input, found } = context;
  const rolePropagation = await context.rolePropagation();
  const request = {
    cluster: input.cluster,
    pool,
    nodeResourceGroup: found.nodeResourceGroup,
    before,
    busyPolicy: busyPolicyOf(input),
    ...(rolePropagation && { rolePropagation }),
  };
  const reimage = () => azure.operating(`Reimage node pool ${pool}`).reimageAgentPool(request);
  try {
    return await reimage();
  } catch (error) {
    if (isCancellation(error)) throw error;
    const after = await lookAgain(context, pool);
    if (after.provisioningState === 'Succeeded') {
      if (proofOf(pool, before, after).reimaged) return { notModified: false, after };
      throw error;
    }
    return reimage();
  }
}

/** A temporary copy takes the load while the pool is deleted and made anew: new nodes boot from what the cluster says now. */
async function replacePool({ input: { cluster }, owner }: UpdateContext, pool: string, begun: Begun): Promise<void> {
  const temporary = temporaryPool(pool);
  const settings = await azure.reading(`Read the settings of ${pool}`).readAgentPool({ cluster, pool });
  const copy = { cluster, settings, owner };
  begun.settings = settings;
  await azure.operating(`Create temporary pool ${temporary}`).createAgentPool({ ...copy, pool: temporary });
  await azure.operating(`Delete node pool ${pool}`).deleteAgentPool({ cluster, pool, owner: {} });
  await azure.operating(`Create node pool ${pool} anew`).createAgentPool({ ...copy, pool });
  await azure.operating(`Delete temporary pool ${temporary}`).deleteAgentPool({ cluster, pool: temporary, owner });
}

/** After the cluster boots nodes from where it did before. */
async function reimageBack(context: UpdateContext, pool: string, begun: Begun): Promise<void> {
  const { before, settings } = begun;
  const { input, owner } = context;
  const { cluster } = input;
  if (settings) {
    await azure
      .operating(`Create node pool ${pool} anew`)
      .createAgentPool({ cluster, pool, settings, owner })
      .catch(unlessThere);
    const temporary = { cluster, pool: temporaryPool(pool), owner };
    await azure.operating(`Delete temporary pool ${temporary.pool}`).deleteAgentPool(temporary);
  }
  const now = await lookAgain(context, pool, undoBusyPolicy(input));
  // A second attempt may find it done, and AKS then does nothing more.
  begun.beforeUndo ??= now;
  const done = await reimageAndProve(context, pool, begun.beforeUndo);
  // A node that has not booted since the beginning was not reimaged, and has nothing to go back from.
  const atFirst = 'seen' in context.seen.kubernetes ? context.seen.kubernetes.seen.nodes : [];
  const untouched = new Set([...(before?.nodes ?? []), ...atFirst].map(({ bootId }) => bootId));
  const back = done.nodes.length > 0 && done.nodes.every(({ reimaged, after }) => reimaged || untouched.has(after));
  if (!done.reimaged && !back) throw notReimaged(context, done);
}

/** Nobody but the cluster's owner has made a pool that was not replaced yet. */
function unlessThere(error: unknown): void {
  const cause = rootCause(error);
  if (!(cause instanceof ApplicationFailure) || cause.type !== 'NotOwned') throw error;
}

function notReimaged({ found }: UpdateContext, { pool, seen, notModified, nodes }: PoolReimage): ApplicationFailure {
  const same = nodes.filter(({ reimaged }) => !reimaged).map(({ name }) => name);
  const answer = notModified ? 'Azure answered 304, nothing to do' : 'Azure reported success';
  const which = same.length > 0 ? `; not reimaged: ${same.join(', ')}` : '';
  const id = `${found.id}/agentPools/${pool}`;
  return ApplicationFailure.create({
    type: 'NotReimaged',
    message: `Node pool ${pool} was not reimaged: ${answer}, but ${seen}${which} (${id})`,
    nonRetryable: true,
    details: [errorDetails('NotReimaged', id)],
  });
}
