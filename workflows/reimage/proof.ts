import { type ApplicationFailure, patched } from '@temporalio/workflow';
import { ownFailure } from '../../contract/failures.ts';
import type { AgentPoolFacts } from '../../resources/agentPools.ts';
import { type ClusterReference, sameResourceId } from '../../resources/ids.ts';
import { hasManagedRegistry } from '../../resources/managedClusters.ts';
import {
  isSameDisk,
  type NodeFacts,
  type PoolEvidence,
  type PoolProof,
  type PoolReimage,
  poolEvidence,
  proofOf,
  type TriedMeans,
} from '../../resources/nodes.ts';
import { cutsEgress } from '../../resources/outboundTypes.ts';
import { azure } from '../engine/azure.ts';
import type { UpdateContext } from '../existingCluster/context.ts';
import { reimagesByItself } from '../existingCluster/facts.ts';
import { provesIsolation } from '../isolation/proof.ts';
import { oldestNode } from '../nodes/probe.ts';

/** Proves a reimage by what nodes boot from: if the pool's oldest node boots from the new source, all newer ones do. */
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
    .probeNode({ cluster, node, isPatient: true, ...(imageSource !== undefined && { imageSource }) });
  if ('unseen' in probe) return {};
  const { bootstrapSource } = probe.seen;
  const reimaged = sameResourceId(bootstrapSource, imageSource ?? 'Direct');
  return { evidence: 'bootstrapSource', reimaged, seen: `${node}, its oldest node, boots from ${bootstrapSource}` };
}

/** Whether the nodes are as they were for all that is known, since nobody may look at them. */
export const isPlainlyUnseen = ({ reimaged, unseen }: PoolProof): boolean =>
  !reimaged && unseen?.because === 'notAllowed';

/** Whether a look has failed, or nobody may look any more: there may be nothing more to do to the nodes. */
export const isUnknown = (before: PoolEvidence, { unseen }: PoolProof): boolean =>
  unseen !== undefined && (unseen.because === 'failed' || before.nodes !== undefined);

/** The same, with what a means has shown, after those before it. */
export const withTried = (
  done: PoolReimage,
  by: TriedMeans['by'],
  before: readonly TriedMeans[] = [],
): PoolReimage & { tried: readonly TriedMeans[] } => {
  const { reimaged, evidence, refused } = done;
  const seen = by === 'upgradeNodeImageVersion' && refused !== undefined ? refused : done.seen;
  return { ...done, tried: [...before, { by, reimaged, evidence, seen }] };
};

/** Whether a look has failed, and nobody forbids one. */
export const hasFailed = ({ unseen }: Pick<PoolProof, 'unseen'>): boolean => unseen?.because === 'failed';

/**
 * Whether only nodes that were made anew run commands: all did before, and the others get the image of commands from nowhere, for there is
 * no egress, and AKS's registry is gone or never was theirs.
 */
export const runsOnNewAlone = ({ found, seen, plan: { bootstrap, outbound } }: UpdateContext): boolean => {
  const isCutFirst = cutsEgress(bootstrap?.outboundType ?? '');
  const isCut = cutsEgress(found.outboundType) && bootstrap?.outboundType === undefined && outbound === undefined;
  return (isCutFirst || (isCut && hasManagedRegistry(found))) && 'seen' in seen.kubernetes;
};

/** The failure of a pool whose nodes are as they were, or could not be looked at. @param id Resource ID of the pool. */
export function notReimagedFailure(
  id: string,
  { pool, seen, notModified, refused, nodes, unseen, tried = [] }: PoolReimage,
): ApplicationFailure {
  const same = nodes.filter(({ reimaged }) => !reimaged).map(({ name }) => name);
  const nothing = refused === undefined ? 'Azure answered 304, nothing to do' : `Azure had nothing to do (${refused})`;
  const answer = notModified ? nothing : 'Azure took the request';
  const which = same.length > 0 ? `; not reimaged: ${same.join(', ')}` : '';
  if (unseen?.because === 'failed') {
    return ownFailure('LookFailed', `Node pool ${pool}: whether it was reimaged is not known, ${seen} (${id})`, id);
  }
  const after = tried.slice(1).map((each) => `; ${each.by}: ${each.seen}`);
  return ownFailure(
    'NotReimaged',
    `Node pool ${pool} was not reimaged: ${answer}, but ${seen}${which}${after.join('')} (${id})`,
    id,
  );
}

/** Compares a pool with what it was, and where nodes boot from where that says nothing. */
export async function provenOf(
  { input, plan }: UpdateContext,
  pool: string,
  before: PoolEvidence,
  after: PoolEvidence,
): Promise<PoolProof> {
  const proven = proofOf(pool, before, after);
  if (!plan.bootstrap) return proven;
  // A new image is AKS's word. A run of version 0.1 takes it.
  if (proven.reimaged && (proven.evidence === 'nodes' || !patched(provesIsolation))) return proven;
  const bySource = await proofBySource(input.cluster, pool, after);
  // AKS does not reimage nodes that boot from the wanted source: a run that was terminated may have reimaged them already.
  if (!bySource.evidence || (!bySource.reimaged && proven.evidence === 'nodes')) return proven;
  const { unseen: _before, ...rest } = proven;
  return { ...rest, ...bySource };
}

/** Whether the cluster has another registry than at first. A pool that was never touched boots from one that is gone. */
export async function hasMoved({ input, found }: UpdateContext): Promise<boolean> {
  const looking = azure.verifying('Look whether the registry is still the same');
  const { cluster: now } = await looking.lookAtCluster({ cluster: input.cluster, subscriptionIds: [] });
  return now !== undefined && !sameResourceId(now.containerRegistryId, found.containerRegistryId);
}

/**
 * Whether each node was reimaged by undo, or never by this run.
 *
 * @param now The nodes. @param atFirst Those with which a node may stay; none where it boots from a registry that is gone.
 */
export function isBackAgain(
  { reimaged, nodes }: PoolProof,
  now: readonly NodeFacts[],
  atFirst: readonly NodeFacts[],
): boolean {
  const isUntouched = (name: string) =>
    now.some((node) => node.name === name && atFirst.some((each) => isSameDisk(each, node)));
  return reimaged || (nodes.length > 0 && nodes.every((node) => node.reimaged || isUntouched(node.name)));
}

/** AKS may have been faster. Profile row P11. @returns `undefined` where it was not. */
export async function reimagedByAzure(
  { plan, found, seen }: UpdateContext,
  pool: AgentPoolFacts,
  look: () => Promise<PoolEvidence>,
): Promise<PoolReimage | undefined> {
  if (!plan.bootstrap || !reimagesByItself(found)) return undefined;
  const before = poolEvidence(pool.name, pool, seen.kubernetes);
  const proven = proofOf(pool.name, before, await look());
  return proven.reimaged && proven.nodes.length > 0 ? { ...proven, how: 'byAzure', notModified: false } : undefined;
}
