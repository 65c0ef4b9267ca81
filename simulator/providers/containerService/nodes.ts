import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { valueAt } from '../../arm/json.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { instanceType, scaleSetType } from '../compute/scaleSets.ts';
import { pullFailureFrom } from './prerequisites.ts';
import type { ClusterBody, PoolProperties } from './shapes.ts';
import { latestNodeImage } from './versions.ts';

/** What a pool's nodes are made of. It changes with an upgrade of the pool, not with an update of the cluster. */
export interface NodeModel {
  readonly nodeImageVersion: string;
  /** Host and path that stand in for mcr.microsoft.com; left out: none does. */
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

/** The model that the cluster asks for now. */
export function currentModel(world: World, { properties }: ClusterBody): NodeModel {
  const { artifactSource, containerRegistryId } = properties.bootstrapProfile;
  if (artifactSource !== 'Cache' || containerRegistryId === undefined)
    return { nodeImageVersion: latestNodeImage(world) };
  const registry = world.store.get(containerRegistryId);
  const host =
    valueAt(registry?.body, 'properties.loginServer') ??
    `${containerRegistryId.split('/').at(-1)}.azurecr.io`.toLowerCase();
  // Until the AKS release of 2025-03-16 nodes pulled under the source's own names.
  const server = world.edition === '2024-preview' ? String(host) : `${host}/aks-managed-repository`;
  return { nodeImageVersion: latestNodeImage(world), registryServer: server };
}

export const sameModel = (one: NodeModel, other: NodeModel): boolean =>
  one.nodeImageVersion === other.nodeImageVersion && one.registryServer === other.registryServer;

/** The scale set of a pool, once the pool is made. */
export function scaleSetOf(world: World, cluster: ClusterBody, pool: string): Resource | undefined {
  return world.store
    .list(scaleSetType, nodeGroup(cluster))
    .find(({ body }) => valueAt(body, 'tags.aks-managed-poolName') === pool);
}

export const modelOf = ({ body }: Resource): NodeModel => modelBody.parse(body.nodeModel);

/** Makes a pool's scale set of another model; its instances show that they have the one before. */
export function setModel(world: World, scaleSet: Resource, model: NodeModel): void {
  world.store.put(scaleSet.id, scaleSetType, { ...scaleSet.body, nodeModel: model });
  for (const instance of instancesOf(world, scaleSet)) {
    change(world, instance, { latestModelApplied: sameModel(instance.body.kubernetes, model) });
  }
}

/** Every instance of a cluster's pools. */
export const scaleSetInstances = (world: World, cluster: ClusterBody): StoredInstance[] =>
  world.store.list(scaleSetType, nodeGroup(cluster)).flatMap((scaleSet) => instancesOf(world, scaleSet));

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
      ...defined(model),
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

/** Kubernetes counts in whole seconds. */
const kubernetesTime = (iso: string): string => iso.replace(/\.\d+Z$/, 'Z');

const defined = ({ nodeImageVersion, registryServer }: NodeModel) => ({
  nodeImageVersion,
  ...(registryServer !== undefined && { registryServer }),
});

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

/** A node comes back with another disk: it boots anew, and joins the cluster anew, under its old name. */
export function reimageInstance(world: World, scaleSet: Resource, { id }: { readonly id: string }): void {
  const stored = world.store.get(id);
  if (!stored) return;
  const { kubernetes, ...instance } = instanceBody.parse(stored.body);
  const { registryServer: _before, ...kept } = kubernetes;
  world.store.put(id, instanceType, {
    ...instance,
    kubernetes: {
      ...kept,
      ...defined(modelOf(scaleSet)),
      bootId: randomUUID(),
      createdAt: kubernetesTime(world.clock.now().toISOString()),
      ready: true,
      unschedulable: false,
    },
  });
  change(world, { id }, { provisioningState: 'Succeeded', latestModelApplied: true });
}

/** The nodes of a cluster. */
export function nodesOf(world: World, clusterId: string): KubernetesNode[] {
  const { cluster, group } = clusterAndGroup(world, clusterId);
  if (!cluster) return [];
  return world.store.list(scaleSetType, group).flatMap((scaleSet) =>
    instancesOf(world, scaleSet).map(({ body }): KubernetesNode => {
      const { registryServer, surge: _surge, ...kubernetes } = body.kubernetes;
      const { computerName } = body.properties.osProfile;
      const subnetId = subnetOf(world, clusterId, group, kubernetes.pool);
      return { ...kubernetes, name: computerName, registryServer, subnetId };
    }),
  );
}

function clusterAndGroup(world: World, clusterId: string): { cluster: Resource | undefined; group: string } {
  const cluster = world.store.get(clusterId);
  const group = String(valueAt(cluster?.body, 'properties.nodeResourceGroup'));
  return { cluster, group: `/subscriptions/${clusterId.split('/')[2]}/resourceGroups/${group}` };
}

const nodeGroup = ({ id, properties }: ClusterBody): string =>
  `/subscriptions/${id.split('/')[2]}/resourceGroups/${properties.nodeResourceGroup}`;

function subnetOf(world: World, clusterId: string, group: string, pool: string): string | undefined {
  const own = valueAt(world.store.get(`${clusterId}/agentPools/${pool}`)?.body, 'properties.vnetSubnetID');
  if (typeof own === 'string') return own;
  const [managed] = world.store.list('Microsoft.Network/virtualNetworks', group);
  return managed && `${managed.id}/subnets/aks-subnet`;
}

/** Whether a node reaches the internet, by whichever way. */
export function egressIsOpen(
  world: World,
  cluster: ClusterBody,
  { pool, subnetId }: Pick<KubernetesNode, 'pool' | 'subnetId'>,
): boolean {
  const { outboundType } = cluster.properties.networkProfile;
  if (outboundType === 'block') return false;
  if (outboundType !== 'none') return true;
  const properties = world.store.get(`${cluster.id}/agentPools/${pool}`)?.body.properties;
  if (valueAt(properties, 'enableNodePublicIP') === true) return true;
  // A subnet that does not say otherwise has Azure's default outbound access; AKS's own subnet has none.
  if (valueAt(properties, 'vnetSubnetID') === undefined || subnetId === undefined) return false;
  return valueAt(world.store.get(subnetId)?.body, 'properties.defaultOutboundAccess') !== false;
}

/** Why a node cannot pull an image; `undefined` if it can. */
export function pullFailure(
  world: World,
  cluster: ClusterBody,
  node: Pick<KubernetesNode, 'pool' | 'subnetId' | 'registryServer'>,
  image: string,
): string | undefined {
  const [host = ''] = image.split('/');
  const open = egressIsOpen(world, cluster, node);
  const timeout = `dial tcp: lookup ${host}: i/o timeout`;
  if (host.endsWith('.azurecr.io')) return registryFailure(world, cluster, node, image, open)?.why;
  if (host !== 'mcr.microsoft.com' || node.registryServer === undefined) return open ? undefined : timeout;
  const mirrored = image.replace(host, node.registryServer);
  // Containerd goes to the source where its mirror fails.
  return open ? undefined : registryFailure(world, cluster, node, mirrored, open)?.why;
}

/** Why new nodes of a model cannot be bootstrapped, with the exit status of their bootstrap. */
export function modelFailure(
  world: World,
  cluster: ClusterBody,
  pool: string,
  { registryServer }: NodeModel,
): { exitStatus: number; why: string } | undefined {
  const { group } = clusterAndGroup(world, cluster.id);
  const node = { pool, subnetId: subnetOf(world, cluster.id, group, pool), registryServer };
  const open = egressIsOpen(world, cluster, node);
  if (registryServer === undefined) {
    return open ? undefined : { exitStatus: 50, why: 'cannot reach mcr.microsoft.com: outbound connectivity failed' };
  }
  return registryFailure(world, cluster, node, `${registryServer}/bootstrap`, open);
}

function registryFailure(
  world: World,
  cluster: ClusterBody,
  { subnetId }: Pick<KubernetesNode, 'subnetId'>,
  image: string,
  open: boolean,
): { exitStatus: number; why: string } | undefined {
  const [host = '', ...path] = image.split('/');
  return pullFailureFrom(world, cluster, { host, repository: path.join('/'), subnetId, egressIsOpen: open });
}
