import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { nameOf } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { instanceType, scaleSetType } from '../compute/scaleSets.ts';
import type { ClusterBody, PoolProperties } from './shapes.ts';
import { groupNamed, nodeGroupOf } from './stored.ts';
import { latestNodeImage } from './versions.ts';

/** Image and bootstrap source of a pool's nodes. An upgrade of the pool changes it, an update of the cluster does not. */
export interface NodeModel {
  readonly nodeImageVersion: string;
  /** Host and path from which nodes pull instead of mcr.microsoft.com; left out if they pull from there. */
  readonly registryServer?: string | undefined;
}

/** A node as Kubernetes knows it. */
export interface KubernetesNode {
  readonly name: string;
  readonly pool: string;
  readonly bootId: string;
  readonly createdAt: string;
  readonly nodeImageVersion: string;
  readonly registryServer: string | undefined;
  readonly ready: boolean;
  readonly unschedulable: boolean;
  readonly subnetId: string | undefined;
}

const modelBody = z.object({ nodeImageVersion: z.string(), registryServer: z.string().optional() });
const kubernetesBody = modelBody.extend({
  pool: z.string(),
  bootId: z.string(),
  createdAt: z.string(),
  ready: z.boolean(),
  unschedulable: z.boolean(),
  surge: z.boolean(),
});
const instanceBody = z.looseObject({
  instanceId: z.string(),
  properties: z.looseObject({
    provisioningState: z.string(),
    latestModelApplied: z.boolean(),
    osProfile: z.looseObject({ computerName: z.string() }),
  }),
  kubernetes: kubernetesBody,
});
type Instance = z.infer<typeof instanceBody>;

/** The model of nodes that are made now. */
export function currentModel(world: World, { properties }: ClusterBody): NodeModel {
  const { artifactSource, containerRegistryId } = properties.bootstrapProfile;
  if (artifactSource !== 'Cache' || containerRegistryId === undefined)
    return { nodeImageVersion: latestNodeImage(world) };
  const registry = world.store.get(containerRegistryId);
  const host =
    valueAt(registry?.body, 'properties.loginServer') ?? `${nameOf(containerRegistryId)}.azurecr.io`.toLowerCase();
  // Until the AKS release of 2025-03-16 nodes pulled under the source's own names.
  const server = world.edition === '2024-preview' ? String(host) : `${host}/aks-managed-repository`;
  return { nodeImageVersion: latestNodeImage(world), registryServer: server };
}

export const sameModel = (one: NodeModel, other: NodeModel): boolean =>
  one.nodeImageVersion === other.nodeImageVersion && one.registryServer === other.registryServer;

/** The scale set of a pool, once the pool is made. */
export function scaleSetOf(world: World, cluster: ClusterBody, pool: string): Resource | undefined {
  return world.store
    .list(scaleSetType, nodeGroupOf(cluster))
    .find(({ body }) => valueAt(body, 'tags.aks-managed-poolName') === pool);
}

export const modelOf = ({ body }: Resource): NodeModel => modelBody.parse(body.nodeModel);

/** Changes the model of a pool's scale set. Its instances then show that they are of the model before. */
export function setModel(world: World, scaleSet: Resource, model: NodeModel): void {
  world.store.put(scaleSet.id, scaleSetType, { ...scaleSet.body, nodeModel: model });
  for (const instance of instancesOf(world, scaleSet)) {
    change(world, instance, { latestModelApplied: sameModel(instance.body.kubernetes, model) });
  }
}

/** Every instance of a cluster's pools. */
export const scaleSetInstances = (world: World, cluster: ClusterBody): StoredInstance[] =>
  world.store.list(scaleSetType, nodeGroupOf(cluster)).flatMap((scaleSet) => instancesOf(world, scaleSet));

interface StoredInstance {
  readonly id: string;
  readonly body: Instance;
}

export function instancesOf(world: World, scaleSet: Resource): StoredInstance[] {
  return world.store.list(instanceType, scaleSet.id).map(({ id, body }) => ({ id, body: instanceBody.parse(body) }));
}

/** Adds or removes instances until there are as many as the pool wants; surge instances do not count. */
export function scale(world: World, scaleSet: Resource, pool: string, { count }: PoolProperties): void {
  const there = instancesOf(world, scaleSet).filter(({ body }) => !body.kubernetes.surge);
  for (let missing = (count ?? 1) - there.length; missing > 0; missing -= 1) addInstance(world, scaleSet, pool, false);
  for (const { id } of there.slice(count ?? 1)) world.remove(id);
}

export function addInstance(world: World, scaleSet: Resource, pool: string, surge: boolean): StoredInstance {
  const used = instancesOf(world, scaleSet).map(({ body }) => Number(body.instanceId));
  const instanceId = String(Math.max(-1, ...used) + 1);
  const id = `${scaleSet.id}/virtualMachines/${instanceId}`;
  const model = modelOf(scaleSet);
  const createdAt = world.clock.now().toISOString();
  const body: Instance = {
    id,
    name: `${scaleSet.name}_${instanceId}`,
    type: instanceType,
    instanceId,
    location: scaleSet.body.location,
    sku: scaleSet.body.sku,
    properties: {
      provisioningState: 'Succeeded',
      latestModelApplied: true,
      vmId: randomUUID(),
      timeCreated: createdAt,
      osProfile: { computerName: `${scaleSet.name}${Number(instanceId).toString(36).padStart(6, '0')}` },
    },
    kubernetes: {
      ...model,
      pool,
      bootId: randomUUID(),
      createdAt: kubernetesTime(createdAt),
      ready: true,
      unschedulable: false,
      surge,
    },
  };
  world.store.put(id, instanceType, body);
  return { id, body };
}

/** Kubernetes writes times in whole seconds. */
const kubernetesTime = (iso: string): string => iso.replace(/\.\d+Z$/, 'Z');

interface InstanceChange {
  readonly provisioningState?: string;
  readonly latestModelApplied?: boolean;
  readonly ready?: boolean;
  readonly unschedulable?: boolean;
}

export function change(world: World, { id }: { readonly id: string }, changes: InstanceChange): void {
  const stored = world.store.get(id);
  if (!stored) return;
  const instance = instanceBody.parse(stored.body);
  const { ready, unschedulable, ...shown } = changes;
  world.store.put(id, instanceType, {
    ...instance,
    properties: { ...instance.properties, ...shown },
    kubernetes: {
      ...instance.kubernetes,
      ...(ready !== undefined && { ready }),
      ...(unschedulable !== undefined && { unschedulable }),
    },
  });
}

/** A reimaged node has a new disk: it boots and joins the cluster anew, under its old name. */
export function reimageInstance(world: World, scaleSet: Resource, { id }: { readonly id: string }): void {
  const stored = world.store.get(id);
  if (!stored) return;
  const { kubernetes, ...instance } = instanceBody.parse(stored.body);
  const { registryServer: _before, ...kept } = kubernetes;
  world.store.put(id, instanceType, {
    ...instance,
    kubernetes: {
      ...kept,
      ...modelOf(scaleSet),
      bootId: randomUUID(),
      createdAt: kubernetesTime(world.clock.now().toISOString()),
      ready: true,
      unschedulable: false,
    },
  });
  change(world, { id }, { provisioningState: 'Succeeded', latestModelApplied: true });
}

/** The nodes of a cluster; none if it is gone. */
export function nodesOf(world: World, clusterId: string): KubernetesNode[] {
  const name = valueAt(world.store.get(clusterId)?.body, 'properties.nodeResourceGroup');
  if (typeof name !== 'string') return [];
  const group = groupNamed(clusterId, name);
  return world.store.list(scaleSetType, group).flatMap((scaleSet) =>
    instancesOf(world, scaleSet).map(({ body }): KubernetesNode => {
      const { registryServer, surge: _surge, ...kubernetes } = body.kubernetes;
      const subnetId = subnetOfPool(world, clusterId, group, kubernetes.pool);
      return { ...kubernetes, name: body.properties.osProfile.computerName, registryServer, subnetId };
    }),
  );
}

/** Where a pool's nodes are: in the subnet that it names, else in AKS's own. */
export function subnetOfPool(world: World, clusterId: string, group: string, pool: string): string | undefined {
  const own = valueAt(world.store.get(`${clusterId}/agentPools/${pool}`)?.body, 'properties.vnetSubnetID');
  return typeof own === 'string' ? own : managedSubnet(world, group);
}

/** The subnet for nodes in the network that AKS has made. */
export function managedSubnet(world: World, group: string): string | undefined {
  const [managed] = world.store.list('Microsoft.Network/virtualNetworks', group);
  return managed && `${managed.id}/subnets/aks-subnet`;
}
