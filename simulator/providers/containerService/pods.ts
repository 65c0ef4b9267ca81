import { z } from 'zod';
import { policyRefusalBy } from '../../arm/policies.ts';
import type { World } from '../../arm/world.ts';

const podBody = z.object({
  namespace: z.string(),
  name: z.string(),
  image: z.string(),
  /** Left out as long as no node takes it. */
  node: z.string().optional(),
  phase: z.enum(['Pending', 'Running', 'Succeeded', 'Failed']),
  labels: z.record(z.string(), z.string()),
  /** Whether it mounts a folder of its node. */
  hostPath: z.boolean(),
  logs: z.string(),
  /** Why it does not run, as Kubernetes says it. Left out where it ran. */
  waits: z.object({ reason: z.string(), message: z.string() }).optional(),
  /** Simulated seconds that its command takes. */
  seconds: z.number(),
  createdAt: z.string(),
});
/** A pod that no controller keeps: somebody started it, and it stays until somebody deletes it. */
export type Pod = z.infer<typeof podBody>;
type PodName = Pick<Pod, 'namespace' | 'name'>;

/** A pod that is asked for. */
export type WantedPod = Omit<Pod, 'node' | 'phase' | 'logs' | 'waits' | 'seconds' | 'createdAt'>;

const podType = 'kubernetes/pods';
const idOf = (clusterId: string, { namespace, name }: PodName): string =>
  `${clusterId}/${podType}/${namespace}.${name}`;

export const podsOf = (world: World, clusterId: string): Pod[] =>
  world.store.list(podType, clusterId).map(({ body }) => podBody.parse(body));

export const findPod = (world: World, clusterId: string, pod: PodName): Pod | undefined => {
  const stored = world.store.get(idOf(clusterId, pod));
  return stored && podBody.parse(stored.body);
};

export function savePod(world: World, clusterId: string, pod: Pod): void {
  world.store.put(idOf(clusterId, pod), podType, pod);
}

export const removePod = (world: World, clusterId: string, pod: PodName): boolean =>
  world.store.remove(idOf(clusterId, pod)).length > 0;

export function removePodsOn(world: World, clusterId: string, node: string): void {
  for (const pod of podsOf(world, clusterId)) if (pod.node === node) removePod(world, clusterId, pod);
}

/**
 * Why a pod is not admitted: a policy denies its like. Azure Policy acts in clusters through Gatekeeper's webhook. Source: the text
 * in Azure/aks-baseline-automation PR #37.
 */
export function admissionDenial(world: World, clusterId: string, pod: WantedPod): string | undefined {
  const by = policyRefusalBy(world.settings.policies, { id: idOf(clusterId, pod), type: podType, body: pod });
  return by === undefined
    ? undefined
    : `admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-${by}] pod <${pod.name}> is not allowed`;
}
