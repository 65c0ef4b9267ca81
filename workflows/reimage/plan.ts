import type { ParsedIsolateClusterInput, ReimageOptions } from '../../contract/inputs/existingCluster.ts';
import type { ApprovalGate } from '../../contract/names.ts';
import type { PlannedStep, PlannedTurns, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import { type AgentPoolFacts, type LeftCopy, leftCopies, raisedSurge, surgeOf } from '../../resources/agentPools.ts';
import type { AllowanceFacts } from '../../resources/allowances.ts';
import { temporaryPoolName } from '../../resources/derivedNames.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { agentPoolId, type ClusterReference } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { allowsNoDisruption, type KubernetesFacts, type Look } from '../../resources/nodes.ts';
import { planGate } from '../engine/gates.ts';
import { clusterMarks } from '../engine/marks.ts';
import { bootstrapChanges, nothingPlanned, type Part, stepIds } from '../engine/part.ts';
import type { UpdatePart } from '../existingCluster/plan.ts';
import { bootsFrom } from '../nodes/probe.ts';
import { copyStepId, isAfterReimage, isUnwell, planCopies } from './copies.ts';
import { plannedLadder } from './ladder.ts';
import { isBlindMeanwhile, planTurns, type TurnNeeds } from './turns.ts';

export interface PlannedReimages extends Part {
  /** Pools that are reimaged, in the order in which they begin. */
  reimages: readonly AgentPoolFacts[];
  /** Temporary copies of pools that earlier runs have left. */
  copies: readonly LeftCopy[];
  turns?: PlannedTurns;
}

/** Everything that decides which pools have to be reimaged, and after what. */
export interface ReimageNeeds extends Pick<TurnNeeds, 'subnets' | 'isBlind' | 'aborts'> {
  reference: ClusterReference;
  cluster: ClusterFacts;
  kubernetes: Look<KubernetesFacts>;
  options: ReimageOptions;
  /** Names of the pools that may be reimaged. Left out: all. */
  only?: readonly string[];
  /** Says why a pool is as wanted already; `undefined` where it is not, or nobody can tell. */
  current(pool: AgentPoolFacts): string | undefined;
  /** Why the others are reimaged. */
  reason: string;
  /** Why they cannot be reimaged back, if they cannot. */
  forwardOnly?: string;
  /** Steps that must be done before. */
  needs: readonly StepId[];
  /** The approval that comes before. It is planned only if any pool is reimaged. */
  gate?: PlannedStep | undefined;
  /** Permissions, locks and quota; left out where discovery has not asked. */
  allowances?: AllowanceFacts | undefined;
}

/** Nodes boot as their cluster says. While the cluster stays, they have nothing to go back to. */
export const reimageIsFinal = 'A reimage has no inverse while the cluster stays as it is';

export const reimageStepId = ({ name }: AgentPoolFacts): StepId => `reimage:${name}`;

/** Plans the reimage that follows every update of the guide. Profile row P10. */
export function planReimages(given: ReimageNeeds): PlannedReimages {
  const { cluster, options, only } = given;
  const copies = leftCopies(cluster.agentPoolProfiles, clusterMarks({ cluster: given.reference }));
  const pools = inOrder(cluster.agentPoolProfiles, options)
    .filter(({ name }) => !only || only.includes(name))
    .filter(({ name }) => !copies.some(({ copy }) => copy === name));
  const reimages = pools.filter((pool) => actionFor(pool, given).action === 'update');
  const gates = given.gate && reimages.length + copies.length > 0 ? [given.gate] : [];
  const needs = [...given.needs, ...stepIds(gates)];
  const canary = pools.find(({ name }) => name === options.canaryPool);
  const afterReimage = (left: LeftCopy) => isUnwell(left) && reimages.some(({ name }) => name === left.pool);
  const endOfCopies = planCopies(cluster, copies, (left) =>
    afterReimage(left) ? [...needs, `reimage:${left.pool}`] : needs,
  );
  const copiesBefore = (pool: AgentPoolFacts) =>
    copies.filter((left) => left.pool === pool.name && !afterReimage(left)).map(copyStepId);
  const steps = pools.map((pool): PlannedStep => {
    const ladder = reimages.includes(pool) ? plannedLadder(pool, { ...given, reimages, copies }) : [];
    return {
      id: reimageStepId(pool),
      kind: 'reimage',
      title: `Reimage node pool ${pool.name} (${pool.mode}, ${sizeOf(pool)})`,
      needs: [...needs, ...copiesBefore(pool), ...(canary && pool !== canary ? [reimageStepId(canary)] : [])],
      resourceId: agentPoolId(cluster.id, pool.name),
      ...actionFor(pool, given),
      ...(ladder.length > 0 && { ladder }),
    };
  });
  const turns = planTurns({ ...given, reimages });
  return {
    steps: [...gates, ...inRunOrder([...endOfCopies, ...steps])],
    problems: [
      ...nameProblems(given, copies),
      ...poolProblems(cluster, reimages),
      ...temporaryPoolProblems(given, reimages, copies),
      ...budgetProblems(given, [...reimages.map(({ name }) => name), ...copies.map(({ copy }) => copy)]),
      ...numberProblems(given, reimages),
    ],
    reimages,
    copies,
    ...(turns && { turns }),
  };
}

/** Each step after those that it needs. */
const inRunOrder = (steps: readonly PlannedStep[]): PlannedStep[] => [
  ...steps.filter((step) => !isAfterReimage(step)),
  ...steps.filter(isAfterReimage),
];

const nodesText = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`);

function sizeOf({ count, type, virtualMachines = [] }: AgentPoolFacts): string {
  if (type !== 'VirtualMachines') return nodesText(count);
  return ['virtual machines', virtualMachines.map((each) => `${each.count} of ${each.size}`).join(', ')]
    .filter(Boolean)
    .join(': ');
}

/** Azure refuses to reimage such a pool (Azure/azure-cli#33693). */
const isOfMachines = ({ mode }: AgentPoolFacts): boolean => /^machines$/i.test(mode);

function actionFor(
  pool: AgentPoolFacts,
  { current, reason, forwardOnly, options }: ReimageNeeds,
): Pick<PlannedStep, 'action' | 'reason' | 'forwardOnly'> {
  if (isOfMachines(pool)) return { action: 'none', reason: 'mode Machines: AKS does not reimage such pools' };
  const left = leftBehind(pool);
  const why = left.length === 0 ? current(pool) : undefined;
  if (why !== undefined) return { action: 'none', reason: why };
  return {
    action: 'update',
    reason: [reason, ...left, ...surgeText(pool, options)].join('; '),
    ...(forwardOnly !== undefined && { forwardOnly }),
  };
}

/** A pool's settings that an earlier run has changed and not put back. */
const leftBehind = ({ formerLocalDNSMode, formerMaxSurge }: AgentPoolFacts): string[] => [
  ...(formerLocalDNSMode === undefined ? [] : ['an earlier run has left its LocalDNS mode changed']),
  ...(formerMaxSurge ? [`an earlier run has left its maxSurge at ${formerMaxSurge.raised}`] : []),
];

function surgeText(pool: AgentPoolFacts, { maxSurge }: ReimageOptions): string[] {
  const raised = raisedSurge(pool, maxSurge);
  if (!raised) return [];
  const nodes = surgeOf(pool.count, raised.raised);
  return [
    `maxSurge ${raised.former} -> ${raised.raised} meanwhile: ${nodes} nodes are added and drained at a time, as far as disruption budgets let them`,
  ];
}

/** Orders pools: the canary, those that `order` names, the others. System pools come last, unless they are named. */
function inOrder(
  pools: readonly AgentPoolFacts[],
  { canaryPool, order, systemPoolsLast }: ReimageOptions,
): AgentPoolFacts[] {
  const rank = ({ name, mode }: AgentPoolFacts): number => {
    if (name === canaryPool) return -1;
    const named = order.indexOf(name);
    if (named >= 0) return named;
    return order.length + (systemPoolsLast && mode === 'System' ? 1 : 0);
  };
  return [...pools].sort((a, b) => rank(a) - rank(b));
}

function nameProblems({ cluster, options, only = [] }: ReimageNeeds, copies: readonly LeftCopy[]): Problem[] {
  // A pool that was deleted to be made anew is there again before any is reimaged.
  const known = [
    ...new Set([...cluster.agentPoolProfiles, ...copies.map((left) => ({ name: left.pool }))].map(({ name }) => name)),
  ];
  const named = [
    ...options.order.map((name, index) => [`reimage.order[${index}]`, name] as const),
    ...(options.canaryPool === undefined ? [] : [['reimage.canaryPool', options.canaryPool] as const]),
    ...only.map((name, index) => [`agentPools[${index}]`, name] as const),
  ];
  return named
    .filter(([, name]) => !known.includes(name))
    .map(([where, name]) => ({
      where,
      problem: `the cluster has no node pool ${name}`,
      whatToDo: `Use ${known.join(', ')}.`,
    }));
}

function poolProblems(cluster: ClusterFacts, pools: readonly AgentPoolFacts[]): Problem[] {
  return pools.flatMap(({ name, powerState }) => {
    if (powerState !== 'Stopped') return [];
    const problem = 'the node pool is stopped, and cannot be reimaged';
    return [{ where: agentPoolId(cluster.id, name), problem, whatToDo: 'Start or delete it, then start again.' }];
  });
}

/** The temporary copy of a pool must not be another pool. */
function temporaryPoolProblems(
  { cluster, options }: ReimageNeeds,
  pools: readonly AgentPoolFacts[],
  copies: readonly LeftCopy[],
): Problem[] {
  if (options.whenNotReimaged !== 'temporaryPool') return [];
  return pools.flatMap((pool, index) => {
    const temporary = temporaryPoolName(pool);
    const isOurs = copies.some(({ copy }) => copy === temporary);
    const isThere = !isOurs && cluster.agentPoolProfiles.some(({ name }) => name === temporary);
    const other = pools.slice(0, index).find((each) => temporaryPoolName(each) === temporary);
    if (!isThere && !other) return [];
    const problem = other
      ? `temporary copies of ${other.name} and ${pool.name} would get the same name`
      : `a node pool has the name that a temporary copy of ${pool.name} would get`;
    const whatToDo = other
      ? 'Reimage one after the other (agentPools), or set reimage.whenNotReimaged to fail or wait.'
      : 'Delete it if an earlier run has left it, or set reimage.whenNotReimaged to fail or wait.';
    return [{ where: agentPoolId(cluster.id, temporary), problem, whatToDo }];
  });
}

/** An update gives a pool as many nodes as AKS counts, and removes the others (kubernetes/autoscaler#7943). */
function numberProblems({ cluster, kubernetes }: ReimageNeeds, acting: readonly AgentPoolFacts[]): Problem[] {
  if ('unseen' in kubernetes) return [];
  return acting.flatMap(({ name, count, enableAutoScaling, type, keepsMachines }) => {
    const there = kubernetes.seen.nodes.filter(({ pool }) => pool === name).length;
    // AKS says no count of a pool of virtual machines, and does not count machines that are deallocated.
    if (there <= count || enableAutoScaling || keepsMachines || type === 'VirtualMachines') return [];
    return [
      {
        where: agentPoolId(cluster.id, name),
        problem: `it has ${nodesText(there)}, and AKS counts ${count}: an update would remove the others`,
        whatToDo: `Make them agree first (\`az aks nodepool scale --node-count ${there}\`).`,
      },
    ];
  });
}

/** AKS cannot drain a node whose pods may not be evicted (its error is `UnsatisfiablePDB`). It drains no node of other pools. */
function budgetProblems({ cluster, kubernetes, options }: ReimageNeeds, acting: readonly string[]): Problem[] {
  if (acting.length === 0 || options.ignoreDisruptionBudgets || 'unseen' in kubernetes) return [];
  const { nodes, disruptionBudgets } = kubernetes.seen;
  const drained = nodes.filter(({ pool }) => acting.includes(pool)).map(({ name }) => name);
  return disruptionBudgets
    .filter((budget) => allowsNoDisruption(budget) && (budget.nodes?.some((node) => drained.includes(node)) ?? true))
    .map(({ namespace, name, expectedPods }) => ({
      where: cluster.id,
      problem: `disruption budget ${namespace}/${name} allows no disruption now (${expectedPods} pods), so that nodes cannot be drained`,
      whatToDo: 'Relax it or add replicas, or set reimage.ignoreDisruptionBudgets.',
    }));
}

/**
 * Plans the reimages that an update of the cluster makes necessary, and the approval before them if that is asked for.
 *
 * @param update The change of the cluster, and the link that goes for it.
 */
export function planReimagesAfter(
  before: readonly PlannedStep[],
  input: Pick<ParsedIsolateClusterInput, 'cluster' | 'reimage' | 'abortOperations'> & {
    approvals: readonly ApprovalGate[];
  },
  seen: ExistingClusterFacts,
  update: Pick<UpdatePart, 'bootstrap' | 'unlink'>,
): PlannedReimages {
  const { cluster, kubernetes, imageSource = 'Direct' } = seen;
  if (!cluster) return { ...nothingPlanned, reimages: [], copies: [] };
  const changes = bootstrapChanges(before);
  const needs = stepIds(before);
  // Where nodes are to boot from is known only while the cluster stays as it is.
  const current = changes ? () => undefined : bootsFrom(seen, imageSource);
  const planned = planReimages({
    reference: input.cluster,
    cluster,
    kubernetes,
    options: input.reimage,
    current,
    reason: changes ? 'the bootstrap of its nodes changes' : 'its nodes are not known to boot as the cluster says',
    ...(changes ? {} : { forwardOnly: reimageIsFinal }),
    needs,
    gate: planGate('reimage', input, seen.discovered?.allowances, needs)[0],
    allowances: seen.discovered?.allowances,
    subnets: seen.dependencies?.subnets,
    aborts: input.abortOperations,
    isBlind: changes && isBlindMeanwhile(cluster, update.bootstrap ?? {}, update.unlink !== undefined),
  });
  const stay = cluster.agentPoolProfiles.filter((pool) => isOfMachines(pool) && current(pool) === undefined);
  return { ...planned, problems: [...planned.problems, ...machineProblems(cluster, stay, kubernetes)] };
}

/** Nodes of such a pool would go on booting as before, with what the update takes away. */
const machineProblems = (
  { id }: ClusterFacts,
  pools: readonly AgentPoolFacts[],
  kubernetes: Look<KubernetesFacts>,
): Problem[] =>
  pools
    .filter(({ name }) => 'unseen' in kubernetes || kubernetes.seen.nodes.some(({ pool }) => pool === name))
    .map(({ name }) => ({
      where: agentPoolId(id, name),
      problem: 'AKS does not reimage pools of mode Machines, so that its nodes would go on booting as before',
      whatToDo: 'Delete its machines (`az aks nodepool delete-machines`), and add others after the run.',
    }));
