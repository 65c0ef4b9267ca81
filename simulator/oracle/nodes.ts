import type { World } from '../arm/world.ts';
import { modelOf, type NodeModel, poolOf } from '../providers/compute/machines.ts';
import { apiServerAccess, apiServerFailure } from '../providers/containerService/apiServer.ts';
import { placeOfNode, placeOfPods } from '../providers/containerService/egress.ts';
import { holdersOf, type KubernetesNode, nodesOf } from '../providers/containerService/nodes.ts';
import { modelFailure, pullFailure } from '../providers/containerService/pulls.ts';
import type { ClusterBody } from '../providers/containerService/shapes.ts';
import { type Place, type WayOut, waysOutOf } from '../providers/network/waysOut.ts';

/** Whether something holds, and else why not. */
interface Verdict {
  readonly ok: boolean;
  readonly because?: string;
}

export interface NodeTruth {
  readonly name: string;
  readonly pool: string;
  /** As Kubernetes shows it: a node that has lost its API server stays ready for some seconds. */
  readonly ready: boolean;
  readonly os: 'linux' | 'windows';
  /** From where it gets the images of AKS: what it was booted with. */
  readonly imagesFrom: string;
  /** Whether it can pull an image of AKS now. */
  readonly pulls: Verdict;
  readonly apiServer: Verdict & { readonly through: 'vnetIntegration' | 'privateLink' | 'public' };
  readonly waysOut: readonly WayOut[];
  /** Ways of its pods, where they go out of another subnet. */
  readonly waysOutOfPods?: readonly WayOut[];
}

/** Nodes that a pool would get next: when it grows, or when one is replaced. */
export interface NewNodeTruth {
  readonly pool: string;
  readonly imagesFrom: string;
  readonly bootstraps: Verdict;
}

const source = 'mcr.microsoft.com';
/** An image that every node of AKS pulls. */
const image = `${source}/oss/kubernetes/pause:3.6`;

export const nodesTruth = (world: World, cluster: ClusterBody): NodeTruth[] =>
  nodesOf(world, cluster.id).map((node) => nodeTruth(world, cluster, node));

function nodeTruth(world: World, cluster: ClusterBody, node: KubernetesNode): NodeTruth {
  const place = placeOfNode(world, cluster, node);
  const pods = placeOfPods(world, cluster, node);
  return {
    name: node.name,
    pool: node.pool,
    ready: node.ready,
    os: node.isWindows ? 'windows' : 'linux',
    imagesFrom: sourceOf(node),
    pulls: verdict(pullFailure(world, cluster, node, image)),
    apiServer: { through: apiServerAccess(cluster), ...reachesApiServer(world, cluster, place) },
    waysOut: place ? waysOutOf(world, place) : [],
    ...(pods && pods.subnetId !== place?.subnetId && { waysOutOfPods: waysOutOf(world, pods) }),
  };
}

/** The truth about nodes that come, for each pool that has nodes of its own in the node resource group. */
export const newNodesTruth = (world: World, cluster: ClusterBody): NewNodeTruth[] =>
  holdersOf(world, cluster).flatMap((holder) => {
    const pool = poolOf(holder);
    const model = modelOf(holder);
    return [{ pool, imagesFrom: sourceOf(model), bootstraps: verdict(modelFailure(world, cluster, pool, model)?.why) }];
  });

const sourceOf = ({ registryServer }: Pick<NodeModel, 'registryServer'>): string => registryServer ?? source;

const reachesApiServer = (world: World, cluster: ClusterBody, place: Place | undefined): Verdict =>
  verdict(place ? apiServerFailure(world, cluster, place) : 'it has no network');

const verdict = (because: string | undefined): Verdict =>
  because === undefined ? { ok: true } : { ok: false, because };
