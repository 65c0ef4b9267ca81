import { createHash } from 'node:crypto';
import { valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { addVm, machinesIn, machinesOf, modelOf, scaleTo, vmType } from '../compute/machines.ts';
import { makesNodes } from './isolationRules.ts';
import { currentModel, holderOf } from './nodes.ts';
import { modelFailure } from './pulls.ts';
import type { ClusterBody } from './shapes.ts';
import { nodeGroupOf, poolsOf } from './stored.ts';

/** Pods for which a node has room, unless its pool says otherwise. */
export const podsPerNode = 30;

/**
 * Makes nodes for so many pods that find no room: Karpenter, where a cluster has node auto-provisioning, or the autoscaler of a
 * pool. AKS's own `count` of the pool does not follow. @returns whether there are more nodes now
 */
export function makeRoom(world: World, cluster: ClusterBody, pods: number): boolean {
  const missing = Math.ceil(pods / podsPerNode);
  return makesNodes(cluster.properties) ? provision(world, cluster, missing) : growPool(world, cluster, missing);
}

/** Karpenter's nodes are virtual machines that are in no agent pool. They are of the model of now, where the cluster's first pool is. */
function provision(world: World, cluster: ClusterBody, count: number): boolean {
  const [first] = poolsOf(world, cluster.id);
  const model = currentModel(world, cluster);
  if (!first || modelFailure(world, cluster, first.name, model)) return false;
  const group = nodeGroupOf(cluster);
  const tags = { 'karpenter.sh_nodepool': 'default', 'karpenter.azure.com_cluster': cluster.name };
  const subnetId = first.properties.vnetSubnetID;
  for (let made = 0; made < count; made += 1) {
    const name = `aks-default-${suffix(world, group)}`;
    addVm(world, group, { name, tags, model, pool: '', ...(subnetId && { subnetId }) });
  }
  return true;
}

/** A name like Karpenter's, and the same in every run. */
function suffix(world: World, group: string): string {
  const used = new Set(world.store.list(vmType, group).map(({ name }) => name));
  for (let number = used.size; ; number += 1) {
    const found = createHash('sha256').update(`${group}/${number}`).digest('hex').slice(0, 5);
    if (!used.has(`aks-default-${found}`)) return found;
  }
}

/** Nodes that Karpenter has made. */
export const provisionedNodes = (world: World, cluster: ClusterBody): { id: string; name: string }[] =>
  machinesIn(world, nodeGroupOf(cluster))
    .filter(({ body }) => body.kubernetes.pool === '')
    .map(({ id, body }) => ({ id, name: body.properties.osProfile.computerName }));

function growPool(world: World, cluster: ClusterBody, count: number): boolean {
  for (const { name, properties } of poolsOf(world, cluster.id)) {
    const holder = holderOf(world, cluster, name);
    const most = valueAt(properties, 'maxCount');
    if (!holder || properties.enableAutoScaling !== true || typeof most !== 'number') continue;
    const there = machinesOf(world, holder).length;
    const wanted = Math.min(most, there + count);
    if (wanted <= there || modelFailure(world, cluster, name, modelOf(holder))) continue;
    world.store.put(holder.id, holder.type, { ...holder.body, sku: { ...Object(holder.body.sku), capacity: wanted } });
    scaleTo(world, holder, wanted);
    return true;
  }
  return false;
}
