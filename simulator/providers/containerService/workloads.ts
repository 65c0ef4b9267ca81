import { z } from 'zod';
import { valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { makeRoom, podsPerNode, provisionedNodes } from './autoProvisioning.ts';
import { type KubernetesNode, nodesOf, takesPods } from './nodes.ts';
import { removePodsOn } from './pods.ts';
import { pullFailure } from './pulls.ts';
import { type ClusterBody, clusterBody } from './shapes.ts';

const podBody = z.object({ name: z.string(), node: z.string().optional(), ready: z.boolean() });
const deploymentBody = z.object({
  namespace: z.string(),
  name: z.string(),
  image: z.string(),
  replicas: z.number(),
  pods: z.array(podBody),
});
const budgetBody = z.object({
  namespace: z.string(),
  name: z.string(),
  /** Name of the deployment that its selector matches. */
  app: z.string(),
  minAvailable: z.number().optional(),
  maxUnavailable: z.number().optional(),
});
export type Deployment = z.infer<typeof deploymentBody>;
export type DisruptionBudget = z.infer<typeof budgetBody>;

/** Workloads are stored below their cluster, under types that Azure Resource Manager does not know. */
const types = { deployments: 'kubernetes/deployments', budgets: 'kubernetes/poddisruptionbudgets' } as const;

const idOf = (clusterId: string, kind: keyof typeof types, { namespace, name }: { namespace: string; name: string }) =>
  `${clusterId}/${types[kind]}/${namespace}.${name}`;

export const deploymentsOf = (world: World, clusterId: string): Deployment[] =>
  world.store.list(types.deployments, clusterId).map(({ body }) => deploymentBody.parse(body));

export const budgetsOf = (world: World, clusterId: string): DisruptionBudget[] =>
  world.store.list(types.budgets, clusterId).map(({ body }) => budgetBody.parse(body));

export function saveBudget(world: World, clusterId: string, budget: DisruptionBudget): void {
  world.store.put(idOf(clusterId, 'budgets', budget), types.budgets, budget);
}

export function removeWorkload(
  world: World,
  clusterId: string,
  kind: keyof typeof types,
  name: { namespace: string; name: string },
): boolean {
  return world.store.remove(idOf(clusterId, kind, name)).length > 0;
}

/** Stores a deployment and spreads its pods evenly over the nodes that take pods. Pods that find no room wait. */
export function saveDeployment(world: World, clusterId: string, wanted: Omit<Deployment, 'pods'>): void {
  world.store.remove(idOf(clusterId, 'deployments', wanted));
  const pods = Array.from({ length: wanted.replicas }, (_, index) => ({ name: `${wanted.name}-${index}` }));
  place(world, clusterId, { ...wanted, pods: pods.map((pod) => ({ ...pod, ready: false })) });
}

function store(world: World, clusterId: string, deployment: Deployment): void {
  world.store.put(idOf(clusterId, 'deployments', deployment), types.deployments, deployment);
}

/** Places a deployment's pods that have no node. Where nodes are made for pods, those come that are missing. */
function place(world: World, clusterId: string, deployment: Deployment): void {
  const stored = world.store.get(clusterId);
  if (!stored) return;
  const cluster = clusterBody.parse(stored.body);
  const first = placed(world, cluster, deployment);
  store(world, clusterId, first);
  const waiting = first.pods.filter(({ node }) => node === undefined).length;
  if (waiting === 0 || !makeRoom(world, cluster, waiting)) return;
  store(world, clusterId, placed(world, cluster, first));
}

function placed(world: World, cluster: ClusterBody, deployment: Deployment): Deployment {
  const free = freeRoom(world, cluster.id);
  const nodes = openNodes(world, cluster.id);
  let turn = deployment.pods.filter(({ node }) => node !== undefined).length;
  const pods = deployment.pods.map((pod) => {
    if (pod.node !== undefined) return pod;
    const order = [
      ...nodes.slice(turn % Math.max(1, nodes.length)),
      ...nodes.slice(0, turn % Math.max(1, nodes.length)),
    ];
    const node = order.find(({ name }) => (free.get(name) ?? 0) > 0);
    if (!node) return pod;
    turn += 1;
    free.set(node.name, (free.get(node.name) ?? 0) - 1);
    return {
      ...pod,
      node: node.name,
      ready: node.isHeard && pullFailure(world, cluster, node, deployment.image) === undefined,
    };
  });
  return { ...deployment, pods };
}

/** How many more pods each node takes. */
function freeRoom(world: World, clusterId: string): Map<string, number> {
  const free = new Map(
    nodesOf(world, clusterId).map(({ name, pool }) => {
      const maxPods = valueAt(world.store.get(`${clusterId}/agentPools/${pool}`)?.body, 'properties.maxPods');
      return [name, typeof maxPods === 'number' ? maxPods : podsPerNode] as const;
    }),
  );
  for (const { pods } of deploymentsOf(world, clusterId))
    for (const { node } of pods) if (node !== undefined) free.set(node, (free.get(node) ?? 0) - 1);
  return free;
}

/** Nodes that take pods: only those that are not of system pools if there are any. */
function openNodes(world: World, clusterId: string): KubernetesNode[] {
  const open = nodesOf(world, clusterId).filter(takesPods);
  const user = open.filter(
    ({ pool }) => valueAt(world.store.get(`${clusterId}/agentPools/${pool}`)?.body, 'properties.mode') !== 'System',
  );
  return user.length > 0 ? user : open;
}

/** Deployments as Kubernetes shows them: pods on nodes that are not ready are not ready either. */
export function shownDeployments(world: World, clusterId: string): Deployment[] {
  const all = deploymentsOf(world, clusterId);
  if (all.length === 0) return all;
  const ready = new Set(nodesOf(world, clusterId).flatMap((node) => (node.ready ? [node.name] : [])));
  return all.map((deployment) => ({
    ...deployment,
    pods: deployment.pods.map((pod) => ({ ...pod, ready: pod.ready && pod.node !== undefined && ready.has(pod.node) })),
  }));
}

/** Moves a node's pods to other nodes. Pods without a controller are gone. */
export function evict(world: World, clusterId: string, nodeName: string): void {
  removePodsOn(world, clusterId, nodeName);
  for (const deployment of deploymentsOf(world, clusterId)) {
    if (!deployment.pods.some(({ node }) => node === nodeName)) continue;
    const pods = deployment.pods.map((pod) => (pod.node === nodeName ? { name: pod.name, ready: false } : pod));
    place(world, clusterId, { ...deployment, pods });
  }
}

/** Takes nodes away that were made for pods and have none any more. */
export function removeEmptyNodes(world: World, cluster: ClusterBody): void {
  const inUse = new Set(deploymentsOf(world, cluster.id).flatMap(({ pods }) => pods.map(({ node }) => node)));
  for (const { id, name } of provisionedNodes(world, cluster)) if (!inUse.has(name)) world.remove(id);
}

/** How many of a budget's pods may be disrupted now. */
export function allowanceOf(
  world: World,
  clusterId: string,
  { namespace, app, minAvailable, maxUnavailable = 0 }: DisruptionBudget,
) {
  const deployment = shownDeployments(world, clusterId).find(
    (each) => each.namespace === namespace && each.name === app,
  );
  const expectedPods = deployment?.replicas ?? 0;
  const currentHealthy = (deployment?.pods ?? []).filter(({ ready }) => ready).length;
  const desiredHealthy = minAvailable ?? Math.max(0, expectedPods - maxUnavailable);
  return {
    expectedPods,
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed: Math.max(0, currentHealthy - desiredHealthy),
  };
}

/** A budget, as namespace/name, that keeps a node from being drained now. */
export function blockingBudget(world: World, clusterId: string, nodeName: string): string | undefined {
  const blocking = budgetsOf(world, clusterId).find((budget) => {
    const here = deploymentsOf(world, clusterId).some(
      ({ namespace, name, pods }) =>
        namespace === budget.namespace && name === budget.app && pods.some(({ node }) => node === nodeName),
    );
    return here && allowanceOf(world, clusterId, budget).disruptionsAllowed === 0;
  });
  return blocking && `${blocking.namespace}/${blocking.name}`;
}
