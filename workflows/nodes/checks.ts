import type { Check } from '../../contract/result.ts';
import { type AgentPoolFacts, isWindows, type LeftCopy } from '../../resources/agentPools.ts';
import type { AuditFacts } from '../../resources/discovery.ts';
import { entryOf } from '../../resources/entries.ts';
import { agentPoolId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import type {
  EvidenceKind,
  KubernetesFacts,
  Look,
  NodeFacts,
  NodeProbeResult,
  PoolReimage,
  Unseen,
} from '../../resources/nodes.ts';
import { check, unseen } from '../engine/check.ts';
import { nodesOutsidePools } from './problems.ts';

type Probe = Look<NodeProbeResult> | undefined;

/**
 * Checks of each pool that as many nodes were seen as AKS counts, where they boot from, and whether they pull their images from
 * there. New nodes of a pool without nodes boot as the cluster says.
 */
export function nodeChecks(
  { id, agentPoolProfiles, artifactSource }: ClusterFacts,
  kubernetes: Look<KubernetesFacts>,
  probes: Readonly<Record<string, Look<NodeProbeResult>>>,
  source: string,
  { machines, unread }: Pick<AuditFacts, 'machines' | 'unread'> = {},
): Check[] {
  const ofPools = agentPoolProfiles.flatMap((pool): Check[] => {
    const checks = poolChecks(agentPoolId(id, pool.name), pool, source, unread?.registry);
    if (isWindows(pool.osType)) {
      const why = 'nothing is run on Windows nodes';
      return [unseen(checks.boots(''), 'incomplete', why), unseen(checks.pulls(''), 'incomplete', why)];
    }
    if ('unseen' in kubernetes) return checks.unseen(kubernetes.unseen);
    const ofPool = kubernetes.seen.nodes.filter((node) => node.pool === pool.name);
    const nodes = ofPool.length;
    return [
      checks.count(ofPool, machines && entryOf(machines, pool.name), unread?.machines, machines !== undefined),
      ...checks.probed(nodes, entryOf(probes, pool.name), artifactSource),
    ];
  });
  return [...ofPools, ...otherNodeChecks(id, agentPoolProfiles, kubernetes), ...leftPodChecks(id, kubernetes)];
}

/** Tells the pods of earlier looks that could not be removed. They do nothing any more, and keep nothing from being isolated. */
function leftPodChecks(clusterId: string, kubernetes: Look<KubernetesFacts>): Check[] {
  const { leftPods = [] } = 'seen' in kubernetes ? kubernetes.seen : {};
  if (leftPods.length === 0) return [];
  const title = 'Pods of earlier looks, which could not be removed';
  const seen = leftPods.join(', ');
  return [{ id: 'leftPods', title, resourceId: clusterId, expected: 'none', seen, verdict: 'missed', ok: true }];
}

function otherNodeChecks(
  clusterId: string,
  pools: readonly AgentPoolFacts[],
  kubernetes: Look<KubernetesFacts>,
): Check[] {
  if ('unseen' in kubernetes) return [];
  const others = nodesOutsidePools({ agentPoolProfiles: pools }, kubernetes.seen.nodes);
  const none = check('nodes', 'Nodes in no agent pool', clusterId, 'none', 'none');
  return [others.length === 0 ? none : unseen(none, 'incomplete', others.map(({ name }) => name).join(', '))];
}

/** Machines of another kind of pool are in no scale set. */
const isScaleSet = ({ type = 'VirtualMachineScaleSets' }: AgentPoolFacts): boolean =>
  /^VirtualMachineScaleSets$/i.test(type);

const isOfHost = (seen: unknown, source: string): boolean =>
  String(seen).split('/')[0]?.toLowerCase() === source.split('/')[0]?.toLowerCase();

/** @param unreadRegistry Why the registry may not be read: the path that its rule names is then guessed. */
const poolChecks = (poolId: string, pool: AgentPoolFacts, source: string, unreadRegistry?: string) => {
  const { name, count } = pool;
  const unlessGuessed = (seen: Check): Check =>
    unreadRegistry !== undefined && seen.verdict === 'missed'
      ? unseen(seen, 'readForbidden', `${seen.seen}; ${unreadRegistry}`)
      : seen;
  const boots = (seen: unknown) => {
    const compared = check(`boots:${name}`, `Nodes of ${name} boot from`, poolId, source, seen);
    return isOfHost(seen, source) ? unlessGuessed(compared) : compared;
  };
  const pulls = (seen: unknown) =>
    unlessGuessed(check(`pulls:${name}`, `A node of ${name} pulls an image`, poolId, 'pulled', seen));
  const unseenBoth = ({ because, message }: Unseen): Check[] =>
    [boots(''), pulls('')].map((each) => unseen(each, gapOf(because), message));
  return {
    boots,
    pulls,
    unseen: unseenBoth,
    count(
      nodes: readonly NodeFacts[],
      machines: number | undefined,
      unread: string | undefined,
      areCounted: boolean,
    ): Check {
      const all = check(`nodes:${name}`, `Nodes of ${name} that were seen`, poolId, count, nodes.length);
      const idle = nodes.filter(({ ready }) => !ready).map((node) => node.name);
      const isLost =
        areCounted && unread === undefined && machines === undefined && nodes.length > 0 && isScaleSet(pool);
      const gaps = [
        ...(isLost ? ['its scale set was not found'] : []),
        ...(nodes.length === count ? [] : [`AKS counts ${count}, and ${nodes.length} were seen`]),
        ...(machines === undefined || machines === nodes.length
          ? []
          : [`its scale set has ${machines} machines, and ${nodes.length} nodes were seen`]),
        ...(idle.length === 0 ? [] : [`not ready: ${idle.join(', ')}`]),
      ];
      if (gaps.length === 0 && unread !== undefined) return unseen(all, 'readForbidden', unread);
      return gaps.length === 0 ? all : { ...unseen(all, 'incomplete', gaps.join('; ')), seen: String(nodes.length) };
    },
    probed(nodes: number, probe: Probe, artifactSource: string): Check[] {
      if (nodes === 0 && pool.powerState === 'Stopped') {
        return [unseen(boots(''), 'incomplete', 'the pool is stopped, and its machines start as they were')];
      }
      if (nodes === 0) {
        const seen = artifactSource === 'Cache' ? source : 'Direct';
        return [{ ...boots(seen), evidence: "the cluster's bootstrapProfile, for the pool has no nodes" }];
      }
      if (probe === undefined) return unseenBoth({ because: 'failed', message: 'no node was asked' });
      if ('unseen' in probe) return unseenBoth(probe.unseen);
      const { node, pulled, bootstrapSource, message } = probe.seen;
      const from = { ...boots(bootstrapSource), evidence: `containerd's configuration on ${node}` };
      return [
        bootstrapSource === undefined ? unseen(from, 'failed', message) : from,
        { ...pulls(pulled ? 'pulled' : message), evidence: `a pod on ${node}` },
      ];
    },
  };
};

/** The gap that a look from inside the cluster leaves. */
export const gapOf = (because: Unseen['because']): 'runCommandForbidden' | 'podDenied' | 'failed' =>
  because === 'notAllowed' ? 'runCommandForbidden' : because;

const evidenceTitles: Readonly<Record<EvidenceKind, string>> = {
  nodes: 'disks of the nodes, by machine ID and by when they joined',
  bootstrapSource: "containerd's configuration on the oldest node",
  nodeImageVersion: 'node image of the pool',
  madeAnew: 'the pool was gone in between',
};

/** Evidence that is Azure's word: no node was seen. */
const byWord: ReadonlySet<EvidenceKind> = new Set(['nodeImageVersion', 'madeAnew']);

/** How a pool was reimaged, where it was not by the reimage that the run asked for. */
const otherwise: Partial<Record<PoolReimage['how'], string>> = {
  byAzure: 'by AKS itself',
  settingChanged: 'by a change of its LocalDNS mode, which was put back',
  upgraded: 'by an upgrade to another patch',
  replaced: 'made anew behind a temporary pool',
};

/** Checks that each planned pool was reimaged, and says how that is known. A pool's new image is AKS's word, and no node was seen. */
export const reimageChecks = ({ id }: ClusterFacts, reimages: Iterable<PoolReimage>): Check[] =>
  [...reimages].map(({ pool, seen, reimaged, evidence, how, unseen: gap }) => {
    const promised = {
      ...check(`reimage:${pool}`, `Node pool ${pool} was reimaged`, agentPoolId(id, pool), true, reimaged),
      seen: otherwise[how] === undefined ? seen : `${seen}, ${otherwise[how]}`,
      evidence: evidenceTitles[evidence],
    };
    if (!gap || !byWord.has(evidence)) return promised;
    const { because, message } = gap;
    return { ...unseen(promised, gapOf(because), message), seen, evidence: evidenceTitles[evidence] };
  });

/**
 * Checks that no pool was added while the pools were reimaged, where all of them were to be.
 *
 * @param copies Stood for pools that this run has made anew.
 */
export const addedPoolChecks = (before: ClusterFacts, now: ClusterFacts, copies: readonly LeftCopy[] = []): Check[] =>
  now.agentPoolProfiles
    .filter(({ name }) => !copies.some(({ pool }) => pool === name))
    .filter(({ name }) => !before.agentPoolProfiles.some((pool) => pool.name === name))
    .map(({ name }) =>
      check(
        `reimage:${name}`,
        `Node pool ${name} was reimaged`,
        agentPoolId(now.id, name),
        true,
        'somebody has added it meanwhile',
      ),
    );
