import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { parentPath, subscriptionOf } from '../../arm/ids.ts';
import { type Body, valueAt, withValueAt } from '../../arm/json.ts';
import type { Operation, OperationStyle } from '../../arm/operations.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { deletion, type Transitions, transit } from '../../arm/transitions.ts';
import {
  instanceType,
  type Machine,
  machinesOf,
  modelOf,
  reimageMachine,
  restartMachine,
  scaleSetType,
  scaleTo,
  vmType,
} from './machines.ts';

const style: OperationStyle = {
  headers: 'both',
  statusPath: (operation) => `${locations(operation)}/operations/${operation.id}`,
  resultPath: (operation) => `${locations(operation)}/operations/${operation.id}/result`,
  result: () => ({ status: 200 }),
  retryAfter: () => 10,
};
const locations = ({ resourceId, location }: Operation): string =>
  `${subscriptionOf(resourceId)}/providers/Microsoft.Compute/locations/${location}`;

/** All are modelled. */
const transitions = {
  update: { verb: 'PATCH', answers: 200, during: 'Updating', ends: 'Succeeded', seconds: 60, style },
  restart: { verb: 'POST restart', answers: 202, during: 'Updating', ends: 'Succeeded', seconds: 60, style },
  reimage: { verb: 'POST reimage', answers: 202, during: 'Updating', ends: 'Succeeded', seconds: 120, style },
  delete: { ...deletion, seconds: 60, style },
} as const satisfies Transitions;

/** AKS makes them and changes them with their pools. Others can do so behind its back: it does not notice. */
export const machineTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: scaleSetType,
    tracked: true,
    view: withoutNotes,
    transitions,
    patch,
    actions: {
      restart: (request, set) => onMachines(request, set, 'restart', machinesOf(request.world, set)),
      reimage: (request, set) => onMachines(request, set, 'reimage', machinesOf(request.world, set)),
    },
  },
  ...[instanceType, vmType].map(
    (type): ResourceType => ({
      kind: 'stored',
      type,
      tracked: type === vmType,
      view: withoutNotes,
      transitions,
      delete: remove,
      actions: {
        restart: (request, machine) => onMachines(request, machine, 'restart', [machine]),
        reimage: (request, machine) => onMachines(request, machine, 'reimage', [machine]),
      },
    }),
  ),
];

/** The body that callers see. `kubernetes` and `nodeModel` are the simulator's own notes. */
function withoutNotes({ body }: Resource): Body {
  const { kubernetes: _kubernetes, nodeModel: _model, ...shown } = body;
  return shown;
}

const patchBody = z.looseObject({
  tags: z.record(z.string(), z.string()).optional(),
  sku: z.looseObject({ capacity: z.int().nonnegative().optional() }).optional(),
});

/** Another capacity means other machines. The `count` of AKS's pool stays as it is (https://github.com/kubernetes/autoscaler/issues/7943). */
function patch(request: ArmRequest, set: Resource): Reply {
  const { world } = request;
  const { tags, sku } = parseBody(request, patchBody);
  const tagged = tags ? { ...set.body, tags: { ...Object(set.body.tags), ...tags } } : set.body;
  const capacity = sku?.capacity;
  world.store.put(
    set.id,
    scaleSetType,
    capacity === undefined ? tagged : withValueAt(tagged, 'sku.capacity', capacity),
  );
  return transit(world, transitions.update, {
    id: set.id,
    location: String(set.body.location),
    body: () => withoutNotes(set),
    atEnd(status) {
      if (status === 'Succeeded' && capacity !== undefined) scaleTo(world, set, capacity);
    },
  });
}

function onMachines(
  { world }: ArmRequest,
  resource: Resource,
  what: 'restart' | 'reimage',
  machines: readonly Pick<Machine, 'id'>[],
): Reply {
  return transit(world, transitions[what], {
    id: resource.id,
    location: String(resource.body.location),
    atEnd(status) {
      if (status !== 'Succeeded') return;
      const holder = resource.type === instanceType ? world.store.get(parentPath(resource.id)) : resource;
      for (const machine of machines) {
        if (what === 'restart') restartMachine(world, machine);
        else if (holder?.body.nodeModel !== undefined) reimageMachine(world, machine, modelOf(holder));
      }
    },
  });
}

function remove({ world }: ArmRequest, machine: Resource): Reply {
  return transit(world, transitions.delete, {
    id: machine.id,
    location: String(machine.body.location),
    atEnd(status) {
      const set = world.store.get(parentPath(machine.id));
      const capacity = valueAt(set?.body, 'sku.capacity');
      if (status === 'Succeeded' && set?.type === scaleSetType && typeof capacity === 'number')
        world.store.put(set.id, scaleSetType, withValueAt(set.body, 'sku.capacity', capacity - 1));
    },
  });
}
