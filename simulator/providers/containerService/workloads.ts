import { z } from 'zod';
import { valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { type KubernetesNode, nodesOf } from './nodes.ts';
import { pullFailure } from './pulls.ts';
import { clusterBody } from './shapes.ts';

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

/** Stores a deployment and spreads its pods evenly over the nodes that take pods. */
export function saveDeployment(world: World, clusterId: string, wanted: Omit<Deployment, 'pods'>): void {
  const pods = Array.from({ length: wanted.replicas }, (_, index) => ({
    name: `${wanted.name}-${index}`,
    ready: false,
  }));
  store(world, clusterId, {
    ...wanted,
    pods: pods.map((pod, index) => placed(world, clusterId, wanted.image, pod, index)),
  });
}

function store(world: World, clusterId: string, deployment: Deployment): void {
  world.store.put(idOf(clusterId, 'deployments', deployment), types.deployments, deployment);
}

function placed(world: World, clusterId: string, image: string, pod: { name: string }, turn: number) {
  const nodes = openNodes(world, clusterId);
  const node = nodes[turn % Math.max(1, nodes.length)];
  return node
    ? { name: pod.name, node: node.name, ready: canPull(world, clusterId, node, image) }
    : { name: pod.name, ready: false };
}

/** Nodes that take pods: ready and schedulable ones, and only those of user pools if there are any. */
function openNodes(world: World, clusterId: string): KubernetesNode[] {
  const open = nodesOf(world, clusterId).filter(({ ready, unschedulable }) => ready && !unschedulable);
  const user = open.filter(
    ({ pool }) => valueAt(world.store.get(`${clusterId}/agentPools/${pool}`)?.body, 'properties.mode') === 'User',
  );
  return user.length > 0 ? user : open;
}

function canPull(world: World, clusterId: string, node: KubernetesNode, image: string): boolean {
  const cluster = world.store.get(clusterId);
  return cluster !== undefined && pullFailure(world, clusterBody.parse(cluster.body), node, image) === undefined;
}

/** How many of a budget's pods may be disrupted now. */
export function allowanceOf(
  world: World,
  clusterId: string,
  { namespace, app, minAvailable, maxUnavailable = 0 }: DisruptionBudget,
) {
  const deployment = deploymentsOf(world, clusterId).find((each) => each.namespace === namespace && each.name === app);
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

/** Moves a node's pods to other nodes. */
export function evict(world: World, clusterId: string, nodeName: string): void {
  for (const deployment of deploymentsOf(world, clusterId)) {
    const pods = deployment.pods.map((pod, index) =>
      pod.node === nodeName ? placed(world, clusterId, deployment.image, pod, index) : pod,
    );
    store(world, clusterId, { ...deployment, pods });
  }
}
