import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { valueAt } from '../../arm/json.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';

export const scaleSetType = 'Microsoft.Compute/virtualMachineScaleSets';
export const instanceType = `${scaleSetType}/virtualMachines`;
export const vmType = 'Microsoft.Compute/virtualMachines';
/** The single machines of a pool of type VirtualMachines. Azure Resource Manager does not know that they belong together. */
export const machinePoolType = 'kubernetes/virtualMachinePools';

/** Image and bootstrap source of nodes that are made. An upgrade of the pool changes it, an update of the cluster does not. */
export interface NodeModel {
  readonly nodeImageVersion: string;
  /** Host and path from which nodes pull instead of mcr.microsoft.com; left out if they pull from there. */
  readonly registryServer?: string | undefined;
}

const modelBody = z.object({ nodeImageVersion: z.string(), registryServer: z.string().optional() });
const kubernetesBody = modelBody.extend({
  /** Empty for a node that is in none. */
  pool: z.string(),
  /** The subnet, where it is not that of the pool. */
  subnetId: z.string().optional(),
  bootId: z.string(),
  /** Made on the first boot of a disk: a reboot keeps it, a reimage does not. See machine-id(5). */
  machineId: z.string(),
  createdAt: z.string(),
  ready: z.boolean(),
  unschedulable: z.boolean(),
  surge: z.boolean(),
  /** Since when it tells its API server nothing, be that reached or not. */
  silentSince: z.string().optional(),
});
const machineBody = z.looseObject({
  instanceId: z.string().optional(),
  properties: z.looseObject({
    provisioningState: z.string(),
    latestModelApplied: z.boolean().optional(),
    hardwareProfile: z.looseObject({ vmSize: z.string() }).optional(),
    osProfile: z.looseObject({ computerName: z.string() }),
  }),
  /** The simulator's own notes of the node that the machine is. */
  kubernetes: kubernetesBody,
});

/** A machine that is a node: an instance of a scale set, or a virtual machine of its own. */
export interface Machine {
  readonly id: string;
  readonly type: string;
  readonly body: z.infer<typeof machineBody>;
}

const machineOf = ({ id, type, body }: Resource): Machine => ({ id, type, body: machineBody.parse(body) });

/** Every machine of a resource group that is a node. */
export const machinesIn = (world: World, group: string): Machine[] =>
  [...world.store.list(instanceType, group), ...world.store.list(vmType, group)]
    .filter(({ body }) => body.kubernetes !== undefined)
    .map(machineOf);

/** The machines of a pool, by what holds them: a scale set, or the pool of single machines. */
export function machinesOf(world: World, holder: Resource): Machine[] {
  if (holder.type === scaleSetType) return world.store.list(instanceType, holder.id).map(machineOf);
  const pool = poolOf(holder);
  return world.store
    .list(vmType, groupOf(holder.id))
    .filter(({ body }) => valueAt(body, 'tags.aks-managed-poolName') === pool)
    .map(machineOf);
}

export const poolOf = ({ body }: Pick<Resource, 'body'>): string =>
  String(valueAt(body, 'tags.aks-managed-poolName') ?? '');
const groupOf = (id: string): string => id.split('/').slice(0, 5).join('/');

export const modelOf = ({ body }: Resource): NodeModel => modelBody.parse(body.nodeModel);

export const sameModel = (one: NodeModel, other: NodeModel): boolean =>
  one.nodeImageVersion === other.nodeImageVersion && one.registryServer === other.registryServer;

/** Adds machines to a pool. They are of the pool's model. */
export function addMachines(world: World, holder: Resource, count: number, surge: boolean, vmSize?: string): void {
  const used = machinesOf(world, holder).map(({ id }) => Number(/(\d+)$/.exec(id)?.[1] ?? -1));
  // Once for all of them, for a pool may have a thousand.
  const first = used.reduce((most, number) => Math.max(most, number), -1) + 1;
  for (let number = first; number < first + count; number += 1) addMachine(world, holder, number, surge, vmSize);
}

function addMachine(world: World, holder: Resource, number: number, surge: boolean, vmSize?: string): void {
  const pool = poolOf(holder);
  if (holder.type !== scaleSetType) {
    const name = `${holder.name}${number}`;
    const tags = { 'aks-managed-poolName': pool };
    addVm(world, groupOf(holder.id), { name, tags, vmSize, model: modelOf(holder), pool, surge });
    return;
  }
  const id = `${holder.id}/virtualMachines/${number}`;
  const now = world.clock.now().toISOString();
  const body: Machine['body'] = {
    id,
    name: `${holder.name}_${number}`,
    type: instanceType,
    instanceId: String(number),
    location: holder.body.location,
    sku: holder.body.sku,
    properties: {
      provisioningState: 'Succeeded',
      latestModelApplied: true,
      vmId: randomUUID(),
      timeCreated: now,
      osProfile: { computerName: `${holder.name}${number.toString(36).padStart(6, '0')}` },
    },
    kubernetes: freshNode(world, modelOf(holder), pool, surge),
  };
  world.store.put(id, instanceType, body);
}

interface NewVm {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly vmSize?: string | undefined;
  readonly model: NodeModel;
  readonly pool: string;
  readonly subnetId?: string | undefined;
  readonly surge?: boolean;
}

/** Adds a virtual machine of its own that is a node. */
export function addVm(
  world: World,
  group: string,
  { name, tags, vmSize, model, pool, subnetId, surge }: NewVm,
): Machine {
  const id = `${group}/providers/${vmType}/${name}`;
  const location = world.store.get(group)?.body.location;
  const body: Machine['body'] = {
    id,
    name,
    type: vmType,
    location,
    tags,
    properties: {
      provisioningState: 'Succeeded',
      vmId: randomUUID(),
      timeCreated: world.clock.now().toISOString(),
      hardwareProfile: { vmSize: vmSize ?? 'Standard_D4ds_v5' },
      osProfile: { computerName: name },
    },
    kubernetes: { ...freshNode(world, model, pool, surge ?? false), ...(subnetId !== undefined && { subnetId }) },
  };
  world.store.put(id, vmType, body);
  return { id, type: vmType, body };
}

function freshNode(world: World, model: NodeModel, pool: string, surge: boolean): Machine['body']['kubernetes'] {
  const createdAt = kubernetesTime(world.clock.now());
  const machineId = randomUUID().replaceAll('-', '');
  return { ...model, pool, bootId: randomUUID(), machineId, createdAt, ready: true, unschedulable: false, surge };
}

/** Kubernetes writes times in whole seconds. */
const kubernetesTime = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');

/** Adds or removes machines until there are so many; surge machines do not count. With a size, only machines of that size do. */
export function scaleTo(world: World, holder: Resource, count: number, vmSize?: string): void {
  const there = machinesOf(world, holder).filter(
    ({ body: { kubernetes, properties } }) =>
      !kubernetes.surge && (vmSize === undefined || properties.hardwareProfile?.vmSize === vmSize),
  );
  const missing = count - there.length;
  if (missing > 0) addMachines(world, holder, missing, false, vmSize);
  for (const { id } of there.slice(count)) world.remove(id);
}

/** Changes the model of a pool. Instances of its scale set then show that they are of the model before. */
export function setModel(world: World, holder: Resource, model: NodeModel): void {
  world.store.put(holder.id, holder.type, { ...holder.body, nodeModel: model });
  if (holder.type !== scaleSetType) return;
  for (const machine of machinesOf(world, holder))
    change(world, machine, { latestModelApplied: sameModel(machine.body.kubernetes, model) });
}

interface MachineChange {
  readonly provisioningState?: string;
  readonly latestModelApplied?: boolean;
  readonly ready?: boolean;
  readonly unschedulable?: boolean;
}

export function change(world: World, { id }: { readonly id: string }, changes: MachineChange): void {
  const stored = world.store.get(id);
  if (!stored) return;
  const { body } = machineOf(stored);
  const { ready, unschedulable, ...shown } = changes;
  world.store.put(id, stored.type, {
    ...body,
    properties: { ...body.properties, ...shown },
    kubernetes: {
      ...body.kubernetes,
      ...(ready !== undefined && { ready }),
      ...(unschedulable !== undefined && { unschedulable }),
    },
  });
}

/** A reimaged node has a new disk: it boots and joins the cluster anew, under its old name. */
export function reimageMachine(world: World, { id }: { readonly id: string }, model: NodeModel): void {
  const stored = world.store.get(id);
  if (!stored) return;
  const { kubernetes, ...machine } = machineOf(stored).body;
  const { subnetId, pool, surge } = kubernetes;
  const fresh = { ...freshNode(world, model, pool, surge), ...(subnetId !== undefined && { subnetId }) };
  world.store.put(id, stored.type, { ...machine, kubernetes: fresh });
  change(
    world,
    { id },
    {
      provisioningState: 'Succeeded',
      ...(stored.type === instanceType && { latestModelApplied: true }),
    },
  );
}

/** A restarted node boots anew. Its disk and its place in the cluster stay. */
export function restartMachine(world: World, { id }: { readonly id: string }): void {
  const stored = world.store.get(id);
  if (!stored) return;
  const { body } = machineOf(stored);
  const { silentSince: _past, ...kubernetes } = body.kubernetes;
  world.store.put(id, stored.type, { ...body, kubernetes: { ...kubernetes, bootId: randomUUID() } });
}

/** Lets a node tell its API server nothing any more, as one whose kubelet has died, or again. */
export function silence(world: World, { id }: { readonly id: string }, isSilent: boolean): void {
  const stored = world.store.get(id);
  if (!stored) return;
  const { body } = machineOf(stored);
  const { silentSince: before, ...kubernetes } = body.kubernetes;
  const silentSince = before ?? world.clock.now().toISOString();
  world.store.put(id, stored.type, { ...body, kubernetes: { ...kubernetes, ...(isSilent && { silentSince }) } });
}
