import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { nameOf, parentPath, subscriptionOf } from '../../arm/ids.ts';
import { type Body, valueAt } from '../../arm/json.ts';
import type { Operation, OperationStyle } from '../../arm/operations.ts';
import { deletion, type Transitions } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { aksError } from './errors.ts';
import type { ClusterBody } from './shapes.ts';

/** Simulated seconds of the steps inside of operations. All are modelled. */
export const seconds = {
  surge: 90,
  drainNode: 30,
  reimageNode: 120,
  removeSurge: 30,
  reimageNothing: 5,
  runCommand: 5,
  commandStart: 30,
  abort: 30,
  findNetworkClosed: 30,
  findNodesFailed: 240,
  findPoolFailed: 120,
  findGroupLocked: 60,
} as const;

function locations(operation: Operation): string {
  const subscription = subscriptionOf(operation.resourceId);
  return `${subscription}/providers/Microsoft.ContainerService/locations/${operation.location}`;
}

/** Operations of AKS. Recorded: the status document is pretty-printed, and the api-version of its URL is always 2016-03-30. */
export function aksStyle(headers: 'async' | 'both', result?: () => Body | undefined): OperationStyle {
  return {
    headers,
    apiVersion: '2016-03-30',
    indent: 1,
    contentType: 'application/json',
    statusPath: (operation) => `${locations(operation)}/operations/${operation.id}`,
    resultPath: (operation) => `${locations(operation)}/operationresults/${operation.id}`,
    document: ({ id, status, startTime, endTime, error }) => ({
      name: id,
      status,
      startTime: shortFraction(startTime),
      ...(endTime && { endTime: shortFraction(endTime) }),
      ...(error && { error }),
    }),
    result: () => {
      const body = result?.();
      return body ? { status: 200, body } : { status: 204 };
    },
    // az polls every 30 s.
    retryAfter: (_polls, { retryAfter }) => (retryAfter === 'none' ? undefined : Number(retryAfter)),
    bucket: (operation) => ({ key: `aks/status/${operation.resourceId.split('/')[2]}`, capacity: 200, refill: 2 }),
  };
}

const write = { ends: 'Succeeded', style: aksStyle('async') } as const;
const removal = { ...deletion, style: aksStyle('both') } as const;
const creation = { ...write, verb: 'CREATE', answers: 201, during: 'Creating' } as const;
const power = { answers: 202, ends: 'Succeeded', style: aksStyle('both'), seconds: 120 } as const;

/** Recorded in azure-cli test_aks_network_isolated_cluster.yaml; the tags, the power and the deletion are modelled. */
export const clusterTransitions = {
  createWithManagedRegistry: { ...creation, requestSeconds: 6, seconds: 569 },
  createWithOwnRegistry: { ...creation, requestSeconds: 8, seconds: 411 },
  create: { ...creation, requestSeconds: 7, seconds: 378 },
  update: { ...write, verb: 'PUT', answers: 200, during: 'Updating', requestSeconds: 6, seconds: 217 },
  updateTags: { ...write, verb: 'PATCH', answers: 200, during: 'Updating', requestSeconds: 2, seconds: 30 },
  stop: { ...power, verb: 'POST stop', during: 'Stopping' },
  start: { ...power, verb: 'POST start', during: 'Starting' },
  delete: { ...removal, requestSeconds: 1, seconds: 240 },
} as const satisfies Transitions;

/** Recorded in azure-powershell TestNodePoolMode.json; the deletion is modelled. A reimage has steps of its own (reimage.ts). */
export const poolTransitions = {
  create: { ...creation, requestSeconds: 2, seconds: 165 },
  update: { ...write, verb: 'PUT', answers: 200, during: 'Updating', requestSeconds: 2, seconds: 165 },
  delete: { ...removal, seconds: 120 },
} as const satisfies Transitions;

/** AKS trims the trailing zeros of fractions of a second. */
function shortFraction(time: Date): string {
  return time.toISOString().replace(/\.?0*Z$/, 'Z');
}

/** @throws ArmError 400 OperationNotAllowed while the cluster is stopped. */
export function refuseWhileStopped({ properties }: ClusterBody): void {
  if (valueAt(properties, 'powerState.code') !== 'Stopped') return;
  throw aksError(
    400,
    'OperationNotAllowed',
    "Operation is not allowed because the managed cluster's power state is Stopped. Please start the cluster first.",
  );
}

/** @throws ArmError 409 OperationNotAllowed while the cluster is busy or being deleted. */
export function refuseWhileClusterBusy(world: World, clusterId: string): void {
  const running = world.operations.running(clusterId);
  if (!running) return;
  if (running.verb === 'DELETE') {
    throw aksError(
      409,
      'OperationNotAllowed',
      'Operation is not allowed since deletion was issued on the managed cluster. The only allowed operation is deletion.',
    );
  }
  throw aksError(
    409,
    'OperationNotAllowed',
    `Operation is not allowed because there's an in progress ${describe(running.verb)} managed cluster operation (operation ID: ${running.id}) on the managed cluster started on UTC ${shortFraction(running.startTime)}. Please wait for it to finish before starting a new operation. You can also use 'az aks operation-abort' to abort it.`,
  );
}

/** @throws ArmError 409 OperationNotAllowed while any pool of the cluster is busy. */
export function refuseWhilePoolsBusy(world: World, clusterId: string): void {
  const running = world.operations.runningBelow(`${clusterId}/agentPools`);
  if (!running) return;
  throw aksError(
    409,
    'OperationNotAllowed',
    `Managed Cluster operation is not allowed: Another operation (${describe(running.verb)}) is in progress on agent pool (${nameOf(running.resourceId)}). Please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details.`,
  );
}

/** @throws ArmError 409 OperationNotAllowed while this pool is busy, or, as the world has it, any pool of its cluster. */
export function refuseWhilePoolBusy(world: World, poolId: string): void {
  const { poolsAtOnce } = world.settings.azure;
  const running =
    world.operations.running(poolId) ??
    (poolsAtOnce === 'one' ? world.operations.runningBelow(parentPath(poolId, 1)) : undefined);
  if (!running) return;
  throw aksError(
    409,
    'OperationNotAllowed',
    `Operation is not allowed: Another agentpool operation (${nameOf(running.resourceId)} - ${describe(running.verb)}) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details.`,
  );
}

function describe(verb: string): string {
  switch (verb) {
    case 'CREATE':
      return 'create';
    case 'DELETE':
      return 'delete';
    case 'POST upgradeNodeImageVersion':
      return 'UpgradingNodeImageVersion';
    default:
      return 'update';
  }
}

/** Begins to end the operation that runs on a cluster or pool; it will be Canceled. @throws ArmError 409 where it has ended. */
export function abortOperation({ world }: ArmRequest, id: string, location: string): Reply {
  const running = world.operations.running(id);
  if (!running) {
    throw aksError(
      409,
      'OperationNotAllowed',
      'Operation is not allowed: the latest operation has ended, and cannot be aborted.',
    );
  }
  world.setState(id, 'Canceling');
  return {
    status: 202,
    operation: {
      style: aksStyle('both'),
      resourceId: `${id}/abort`,
      verb: 'POST abort',
      location,
      seconds: seconds.abort,
      onEnd: () =>
        world.operations.end(running, 'Canceled', {
          code: 'OperationAborted',
          message: `The operation ${running.id} was aborted by its owner.`,
        }),
    },
  };
}
