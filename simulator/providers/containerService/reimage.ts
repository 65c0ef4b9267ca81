import type { AzureSwitches } from '../../arm/azureSwitches.ts';
import type { OperationControl, OperationEnd, OperationSpec } from '../../arm/operations.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { addMachines, change, machinesOf, modelOf, reimageMachine, sameModel, setModel } from '../compute/machines.ts';
import { currentModel, holderOf } from './nodes.ts';
import { aksStyle, seconds } from './operations.ts';
import { modelFailure, nodeFailure } from './pulls.ts';
import { type ClusterBody, type PoolProperties, poolBody } from './shapes.ts';
import { latestNodeImage } from './versions.ts';
import { blockingBudget, evict } from './workloads.ts';

/** Why AKS reimages a pool: a caller asked for a new image, a caller changed the pool, or the cluster has changed. */
type Cause = 'asked' | 'changed' | 'byItself';

/** Callers follow the operations that they have asked for. */
const operationOf = {
  asked: { verb: 'POST upgradeNodeImageVersion', headers: 'both' },
  changed: { verb: 'PUT', headers: 'async' },
  byItself: { verb: 'POST upgradeNodeImageVersion', headers: undefined },
} as const;

/**
 * The operation in which AKS reimages a pool: surge nodes come, then batches of nodes are cordoned, drained and reimaged,
 * then the surge nodes go. AKS leaves a pool alone whose nodes are all of the current model, unless the pool or the cluster was changed.
 */
export function reimageOperation(
  world: World,
  cluster: ClusterBody,
  pool: Resource,
  cause: Cause,
  onEnd: (status: OperationEnd) => void,
): OperationSpec {
  const holder = holderOf(world, cluster, pool.name);
  const { properties } = poolBody.parse(pool.body);
  const { verb, headers } = operationOf[cause];
  const common = {
    ...(headers && { style: aksStyle(headers, () => world.store.get(pool.id)?.body) }),
    resourceId: pool.id,
    verb,
    location: cluster.location,
  };
  const wanted = currentModel(world, cluster);
  const answer = cause === 'asked' ? newestImageAnswer(world, pool) : undefined;
  const isForAll = answer === 'reimages' || cause !== 'asked';
  const behind = holder
    ? machinesOf(world, holder).filter(({ body }) => isForAll || !sameModel(body.kubernetes, wanted))
    : [];
  if (!holder || answer === 'ignored' || (behind.length === 0 && sameModel(modelOf(holder), wanted))) {
    return { ...common, seconds: seconds.reimageNothing, onEnd };
  }
  const plan = batches(
    behind.map(({ id }) => id),
    properties,
  );
  const { length: count } = plan.nodes;
  const rounds = Math.ceil(count / plan.batch);
  const perRound = seconds.drainNode + plan.soakSeconds + seconds.reimageNode;
  const expected =
    count === 0
      ? seconds.reimageNothing
      : rounds * perRound + (plan.surge > 0 ? seconds.surge + seconds.removeSurge : 0);
  return {
    ...common,
    seconds: expected,
    process: (control) => {
      setModel(world, holder, wanted);
      new Reimage(world, cluster, pool.name, holder, plan, control).begin();
    },
    onEnd(status) {
      for (const instance of machinesOf(world, holder)) {
        const { surge, ready } = instance.body.kubernetes;
        if (surge) removeDrained(world, cluster, instance);
        // A node that was being reimaged comes back as it was.
        else if (!ready) change(world, instance, { ready: true, unschedulable: false, provisioningState: 'Succeeded' });
      }
      const stored = world.store.get(pool.id);
      if (status === 'Succeeded' && stored) {
        const { properties: now } = poolBody.parse(stored.body);
        const nodeImageVersion = latestNodeImage(world);
        world.store.put(pool.id, stored.type, { ...stored.body, properties: { ...now, nodeImageVersion } });
      }
      onEnd(status);
    },
  };
}

/** AKS drains a surge node before it goes. */
function removeDrained(world: World, { id }: ClusterBody, instance: ReturnType<typeof machinesOf>[number]): void {
  change(world, instance, { unschedulable: true });
  evict(world, id, instance.body.properties.osProfile.computerName);
  world.remove(instance.id);
}

/** The reaction of AKS when a caller asks for the newest image and the pool has it; undefined for other pools. */
export function newestImageAnswer(world: World, { body }: Pick<Resource, 'body'>): ReimageOnNewestImage | undefined {
  const isNewest = poolBody.parse(body).properties.nodeImageVersion === latestNodeImage(world);
  return isNewest ? world.settings.azure.reimageOnNewestImage : undefined;
}
type ReimageOnNewestImage = AzureSwitches['reimageOnNewestImage'];

interface Batches {
  /** IDs of the instances that are of an older model. */
  readonly nodes: readonly string[];
  readonly surge: number;
  /** How many nodes at a time. */
  readonly batch: number;
  readonly soakSeconds: number;
  readonly drainTimeoutSeconds: number;
  readonly cordonsUndrainable: boolean;
}

/** How a pool's nodes are reimaged, by its upgrade settings. AKS's defaults: 10% surge, 30 minutes to drain. */
function batches(nodes: readonly string[], { upgradeSettings }: PoolProperties): Batches {
  const share = (setting: string | null | undefined): number => {
    const value = Number.parseInt(setting ?? '0', 10);
    return setting?.endsWith('%') ? Math.ceil((nodes.length * value) / 100) : value;
  };
  const { maxSurge, maxUnavailable, drainTimeoutInMinutes, nodeSoakDurationInMinutes } = upgradeSettings ?? {};
  const surge = Math.min(share(maxSurge ?? '10%'), nodes.length);
  return {
    nodes,
    surge,
    batch: Math.max(1, surge === 0 ? share(maxUnavailable) : surge),
    soakSeconds: 60 * (nodeSoakDurationInMinutes ?? 0),
    drainTimeoutSeconds: 60 * (drainTimeoutInMinutes ?? 30),
    cordonsUndrainable: upgradeSettings?.undrainableNodeBehavior === 'Cordon',
  };
}

/** Reimages one pool, step by step. */
class Reimage {
  readonly #world: World;
  readonly #cluster: ClusterBody;
  readonly #pool: string;
  readonly #holder: Resource;
  readonly #plan: Batches;
  readonly #control: OperationControl;

  constructor(
    world: World,
    cluster: ClusterBody,
    pool: string,
    holder: Resource,
    plan: Batches,
    control: OperationControl,
  ) {
    this.#world = world;
    this.#cluster = cluster;
    this.#pool = pool;
    this.#holder = holder;
    this.#plan = plan;
    this.#control = control;
  }

  begin(): void {
    const { nodes, surge } = this.#plan;
    if (nodes.length === 0) {
      this.#control.after(seconds.reimageNothing, () => this.#control.end('Succeeded'));
    } else if (surge === 0) {
      this.#control.after(0, () => this.#drain(nodes));
    } else {
      this.#control.after(seconds.surge, () => {
        if (this.#cannotBootstrap()) return;
        addMachines(this.#world, this.#holder, surge, true);
        this.#drain(nodes);
      });
    }
  }

  #drain(remaining: readonly string[], waited = 0): void {
    const { batch, soakSeconds, drainTimeoutSeconds, cordonsUndrainable } = this.#plan;
    const nodes = remaining.slice(0, batch).map((id) => ({ id, name: this.#nameOf(id) }));
    for (const node of nodes) change(this.#world, node, { unschedulable: true });
    const budget = nodes.map(({ name }) => blockingBudget(this.#world, this.#cluster.id, name)).find((found) => found);
    if (budget !== undefined && waited >= drainTimeoutSeconds) {
      if (!cordonsUndrainable) for (const node of nodes) change(this.#world, node, { unschedulable: false });
      const names = nodes.map(({ name }) => name).join(', ');
      this.#control.end('Failed', {
        code: 'UnsatisfiablePDB',
        message: `Drain of node ${names} failed: pod disruption budget ${budget} does not allow to evict its pods.`,
      });
      return;
    }
    if (budget !== undefined) {
      this.#control.after(seconds.drainNode, () => this.#drain(remaining, waited + seconds.drainNode));
      return;
    }
    this.#control.after(seconds.drainNode + soakSeconds, () => {
      for (const node of nodes) {
        evict(this.#world, this.#cluster.id, node.name);
        change(this.#world, node, { ready: false, provisioningState: 'Updating' });
      }
      this.#control.after(seconds.reimageNode, () => this.#reimage(remaining));
    });
  }

  #reimage(remaining: readonly string[]): void {
    if (this.#cannotBootstrap()) return;
    const { batch, surge } = this.#plan;
    for (const id of remaining.slice(0, batch)) reimageMachine(this.#world, { id }, modelOf(this.#holder));
    const rest = remaining.slice(batch);
    if (rest.length > 0) this.#drain(rest);
    else this.#control.after(surge > 0 ? seconds.removeSurge : 0, () => this.#control.end('Succeeded'));
  }

  #cannotBootstrap(): boolean {
    const failure = modelFailure(this.#world, this.#cluster, this.#pool, modelOf(this.#holder));
    if (!failure) return false;
    const { code, message } = nodeFailure(failure);
    this.#control.end('Failed', { code, message });
    return true;
  }

  #nameOf(id: string): string {
    const instance = machinesOf(this.#world, this.#holder).find((each) => each.id === id);
    return instance?.body.properties.osProfile.computerName ?? '';
  }
}
