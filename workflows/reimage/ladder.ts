import type { ReimageOptions, Rung } from '../../contract/inputs/existingCluster.ts';
import type { PlannedRung, PlannedStep } from '../../contract/plan.ts';
import { type AgentPoolFacts, isWindows, type LeftCopy } from '../../resources/agentPools.ts';
import type { AllowanceFacts } from '../../resources/allowances.ts';
import { temporaryPoolName } from '../../resources/derivedNames.ts';
import { agentPoolId, type ClusterReference } from '../../resources/ids.ts';
import { isAtLeast } from '../../resources/kubernetesVersions.ts';
import { type ClusterFacts, nodeGroupId } from '../../resources/managedClusters.ts';
import type { KubernetesFacts, Look } from '../../resources/nodes.ts';
import { denialProblems } from '../preflight/denials.ts';
import { lockProblems, permissionProblems } from '../preflight/permissions.ts';
import { planPolicyProblems } from '../preflight/policy.ts';
import { copyGap, copyNeed, surgeNeed } from '../preflight/quota.ts';

/** The facts that decide by which means AKS can be made to renew a pool's nodes. */
export interface LadderNeeds {
  reference: ClusterReference;
  cluster: ClusterFacts;
  kubernetes: Look<KubernetesFacts>;
  options: ReimageOptions;
  allowances?: AllowanceFacts | undefined;
  /** The pools that are reimaged. */
  reimages: readonly AgentPoolFacts[];
  copies: readonly LeftCopy[];
}

/**
 * Plans what is tried, and in which order, where a reimage leaves the nodes of a pool as they are: each means with what it does to
 * nodes and workloads and what it costs, or why it is not there for the pool.
 */
export function plannedLadder(pool: AgentPoolFacts, needs: LadderNeeds): PlannedRung[] {
  const { options } = needs;
  if (options.whenNotReimaged !== 'ladder') return [];
  return options.ladder.map((by) => {
    const without = gapOf(by, pool, needs);
    return { by, says: saysOf(by, pool, needs), ...(without !== undefined && { without }) };
  });
}

function saysOf(by: Rung, pool: AgentPoolFacts, { cluster, allowances }: LadderNeeds): string {
  const { vmSizes = {} } = allowances ?? {};
  const surge = `${surgeNeed(pool, vmSizes)} at a time beside the pool`;
  switch (by) {
    case 'localDNS':
      return `LocalDNS mode ${pool.localDNSMode === 'Preferred' ? 'Disabled' : 'Preferred'}, which changes no resolution of names, and back: AKS drains and makes every node anew for each, so that workloads move twice, in the time of two reimages, with ${surge}`;
    case 'patchUpgrade':
      return `Kubernetes ${cluster.currentKubernetesVersion}, which the control plane runs: AKS drains and makes every node anew once, with ${surge}; the version stays when the run is taken back`;
    case 'temporaryPool':
      return `a copy of the pool takes the load (${copyNeed(pool, vmSizes)} more for as long as it takes to make two pools), the pool is deleted and made anew: workloads move twice, and what they keep on nodes is lost; nodes get other names`;
  }
}

/** Why a means is not there for a pool; `undefined` where it is. */
function gapOf(by: Rung, pool: AgentPoolFacts, needs: LadderNeeds): string | undefined {
  switch (by) {
    case 'localDNS':
      return localDnsGap(pool, needs) ?? blindGap(needs) ?? forbiddenGap(pool, ['write'], needs);
    case 'patchUpgrade':
      return patchGap(pool, needs) ?? blindGap(needs) ?? forbiddenGap(pool, ['write'], needs);
    case 'temporaryPool':
      return nameGap(pool, needs) ?? quotaGap(pool, needs) ?? forbiddenGap(pool, ['write', 'delete'], needs);
  }
}

/** The requirements of LocalDNS. Source: AKS docs, localdns-custom.md, "Prerequisites" (2026-07-06). */
function localDnsGap(pool: AgentPoolFacts, { cluster, allowances }: LadderNeeds): string | undefined {
  const { localDNSMode, osType, vmSize, currentOrchestratorVersion = cluster.currentKubernetesVersion } = pool;
  if (localDNSMode === 'Required') return 'LocalDNS is Required there, and another mode would resolve names otherwise';
  if (isWindows(osType)) return 'LocalDNS needs Linux';
  if (!isAtLeast(currentOrchestratorVersion, '1.31'))
    return `LocalDNS needs Kubernetes 1.31, and the pool runs ${currentOrchestratorVersion}`;
  const vCPUs = allowances?.vmSizes?.[vmSize]?.vCPUs;
  return vCPUs !== undefined && vCPUs < 4 ? `LocalDNS needs 4 vCPUs, and ${vmSize} has ${vCPUs}` : undefined;
}

function patchGap({ currentOrchestratorVersion: runs }: AgentPoolFacts, { cluster }: LadderNeeds): string | undefined {
  const { currentKubernetesVersion: offered } = cluster;
  const minor = (version: string) => version.split('.').slice(0, 2).join('.');
  if (runs === undefined) return 'the version of the pool is not known';
  if (minor(runs) !== minor(offered)) return `the control plane runs ${offered}, another minor version than ${runs}`;
  return runs === offered ? `the pool runs ${runs}, as the control plane does` : undefined;
}

/** Nobody could tell whether a change has had an effect. */
const blindGap = ({ kubernetes }: LadderNeeds): string | undefined =>
  'unseen' in kubernetes && kubernetes.unseen.because === 'notAllowed'
    ? 'nobody may look at the nodes, so that nobody could tell whether they are new'
    : undefined;

/** A temporary copy must not be another pool. */
function nameGap(pool: AgentPoolFacts, { cluster, reimages, copies }: LadderNeeds): string | undefined {
  const name = temporaryPoolName(pool);
  const isOurs = copies.some(({ copy }) => copy === name);
  const isThere = !isOurs && cluster.agentPoolProfiles.some((each) => each.name === name);
  const other = reimages.find((each) => each.name !== pool.name && temporaryPoolName(each) === name);
  if (isThere) return `another pool is called ${name}, as the copy would be`;
  return other && `a copy of ${other.name} would be called ${name}, too`;
}

const quotaGap = (pool: AgentPoolFacts, { allowances, reimages, options }: LadderNeeds): string | undefined =>
  allowances && copyGap(pool, reimages, allowances, options.maxParallelPools ?? 1);

/** Actions that the worker may not take, or that a deny assignment, a lock or the worker's policy would refuse in the middle. */
function forbiddenGap(
  { name }: AgentPoolFacts,
  verbs: readonly ('write' | 'delete')[],
  { cluster, reference, allowances }: LadderNeeds,
): string | undefined {
  if (!allowances) return undefined;
  const resourceId = agentPoolId(cluster.id, name);
  const steps = verbs.map(
    (verb): PlannedStep => ({
      id: `temporaryPool:${name}`,
      kind: 'temporaryPool',
      title: `node pool ${name}`,
      action: verb === 'delete' ? 'delete' : 'update',
      reason: '',
      needs: [],
      resourceId,
    }),
  );
  const actions = verbs.map((verb) => ({
    resourceId,
    action: `Microsoft.ContainerService/managedClusters/agentPools/${verb}`,
  }));
  const [first] = [
    ...permissionProblems(actions, allowances),
    ...denialProblems(actions, allowances),
    ...lockProblems(steps, allowances, false, nodeGroupId(cluster)),
    ...planPolicyProblems(steps, allowances, false, reference, []),
  ];
  return first && `${first.problem} (${first.where})`;
}
