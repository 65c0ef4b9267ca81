import type { ReimageOptions } from '../../contract/inputs/existingCluster.ts';
import type { PlannedTurns, PoolGroup } from '../../contract/plan.ts';
import type { AgentPoolFacts } from '../../resources/agentPools.ts';
import type { AllowanceFacts } from '../../resources/allowances.ts';
import { type ClusterChange, type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import type { DisruptionBudgetFacts, KubernetesFacts, Look } from '../../resources/nodes.ts';
import { cutsEgress } from '../../resources/outboundTypes.ts';
import type { SubnetFacts } from '../../resources/virtualNetworks.ts';
import { atOnceByAddresses, atOnceByQuota } from '../preflight/quota.ts';

/**
 * AKS names no limit, and `az aks upgrade --node-image-only` asks for all pools at once. Four bound what is unfinished after a failure, and
 * the looks into the cluster that come together.
 */
const mostAtOnce = 4;

/** Everything that decides which pools may be reimaged at the same time. */
export interface TurnNeeds {
  /** The pools that are reimaged, in the order in which they begin. */
  reimages: readonly AgentPoolFacts[];
  kubernetes: Look<KubernetesFacts>;
  options: ReimageOptions;
  cluster: Pick<ClusterFacts, 'agentPoolProfiles'>;
  allowances?: AllowanceFacts | undefined;
  /** The subnets of its nodes, where they are the owner's and were looked at. */
  subnets?: readonly SubnetFacts[] | undefined;
  /** Whether commands run on nodes alone that are reimaged already. */
  isBlind?: boolean;
  /** Whether operations are aborted that run on the cluster, whoever has begun them. */
  aborts?: boolean;
}

/** Decides which pools may be reimaged at the same time; `undefined` where there are no two, or the input says it. */
export function planTurns(needs: TurnNeeds): PlannedTurns | undefined {
  const { reimages, options } = needs;
  if (options.maxParallelPools !== undefined || reimages.length < 2) return undefined;
  const because = oneByOne(needs);
  if (because !== undefined) return { atATime: 1, because, waves: [], apart: [] };
  const { atATime, because: bound } = bounded(needs);
  if (atATime === 1) return { atATime, because: bound, waves: [], apart: [] };
  const waves = wavesOf(reimages, options);
  return { atATime, because: bound, waves, apart: waves.flatMap((wave) => apartIn(wave, needs)) };
}

/** Why pools are reimaged one by one; `undefined` where nothing stands against several. */
function oneByOne({ kubernetes, options, isBlind, aborts }: TurnNeeds): string | undefined {
  if (aborts) return 'abortOperations might abort one for another';
  if (isBlind) return 'commands that prove a reimage run on nodes alone that are new';
  if (options.ignoreDisruptionBudgets) return undefined;
  if ('unseen' in kubernetes) return `disruption budgets were not seen: ${kubernetes.unseen.message}`;
  const unknown = kubernetes.seen.disruptionBudgets.find(({ pools, expectedPods }) => !pools && expectedPods > 0);
  return unknown && `where the pods of disruption budget ${nameOf(unknown)} are was not seen`;
}

function bounded({ reimages, cluster, options, allowances, subnets = [] }: TurnNeeds) {
  const most = { atATime: mostAtOnce, because: 'more only by reimage.maxParallelPools' };
  const { agentPoolProfiles: all } = cluster;
  const byQuota = atOnceByQuota(reimages, options, allowances, mostAtOnce) ?? most;
  const byAddresses = atOnceByAddresses(reimages, all, options.maxSurge, subnets, mostAtOnce) ?? most;
  return byAddresses.atATime < byQuota.atATime ? byAddresses : byQuota;
}

/** The canary, each pool that `order` names, the others, and then system pools. */
function wavesOf(
  reimages: readonly AgentPoolFacts[],
  { canaryPool, order, systemPoolsLast }: ReimageOptions,
): PoolGroup[] {
  const waves = new Map<string, { pools: string[]; because: string }>();
  for (const { name, mode } of reimages) {
    const isNamed = name === canaryPool || order.includes(name);
    const isLast = !isNamed && mode === 'System' && systemPoolsLast;
    const key = isNamed ? `pool ${name}` : isLast ? 'system' : 'others';
    const because = name === canaryPool ? 'canary' : isNamed ? 'order' : isLast ? 'system pools last' : 'the others';
    const wave = waves.get(key) ?? { pools: [], because };
    wave.pools.push(name);
    waves.set(key, wave);
  }
  return [...waves.values()];
}

/** Pools of one wave that are never reimaged at the same time. */
function apartIn({ pools }: PoolGroup, { reimages, kubernetes, options }: TurnNeeds): PoolGroup[] {
  const system = reimages.filter(({ name, mode }) => mode === 'System' && pools.includes(name));
  const budgets = options.ignoreDisruptionBudgets || 'unseen' in kubernetes ? [] : kubernetes.seen.disruptionBudgets;
  const groups = [
    { pools: system.map(({ name }) => name), because: 'system pools' },
    ...budgets.map((budget) => ({
      pools: pools.filter((name) => budget.expectedPods > 0 && budget.pools?.includes(name)),
      because: `disruption budget ${nameOf(budget)}`,
    })),
  ].filter((group) => group.pools.length > 1);
  // A group within a larger one says nothing more.
  const isWithin = (one: PoolGroup, other: PoolGroup) => one.pools.every((name) => other.pools.includes(name));
  return groups.filter(
    (group, index) =>
      !groups.some((other, at) => {
        const isSame = isWithin(other, group);
        return isWithin(group, other) && (isSame ? at < index : true);
      }),
  );
}

const nameOf = ({ namespace, name }: DisruptionBudgetFacts): string => `${namespace}/${name}`;

/** Where pools stand in a run. */
export interface Standing {
  running: readonly string[];
  /** Others that have come for their turn. */
  waiting: readonly string[];
}

/** Whether it is the turn of a pool. Pools of two waves never run at the same time, also in undo, which begins with the last. */
export function mayBegin(
  pool: string,
  { running, waiting }: Standing,
  { atATime, waves, apart }: Pick<PlannedTurns, 'atATime' | 'waves' | 'apart'>,
): boolean {
  const waveOf = (name: string) => waves.findIndex(({ pools }) => pools.includes(name));
  const isBeside = (other: string) =>
    waveOf(other) === waveOf(pool) && !apart.some(({ pools }) => pools.includes(other) && pools.includes(pool));
  return running.length < atATime && running.every(isBeside) && waiting.every((other) => waveOf(other) >= waveOf(pool));
}

/**
 * Whether commands run on new nodes alone while pools are reimaged: there is no egress, and what the others were made to boot from is out
 * of reach.
 *
 * @param bootstrap The change of the cluster that comes before. @param unlinks Whether the zone of its registry is unlinked for it.
 */
export function isBlindMeanwhile(found: ClusterFacts, bootstrap: ClusterChange, unlinks: boolean): boolean {
  const keepsRegistry = found.artifactSource === 'Cache' && !hasManagedRegistry(found) && !unlinks;
  const { outboundType } = bootstrap;
  return outboundType === undefined ? cutsEgress(found.outboundType) && !keepsRegistry : cutsEgress(outboundType);
}
