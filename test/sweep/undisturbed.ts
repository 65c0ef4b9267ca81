import type { Duration, RecordedRequest } from '../../simulator/index.ts';
import { type Right, rightsIn } from './leastRights.ts';
import { type SweptRequest, sweptRequests } from './requests.ts';
import { resetPoints } from './resets.ts';
import { type Slot, type SweptName, type SweptScenario, sweptScenarios } from './scenarios.ts';
import { ended, fresh } from './slot.ts';
import { type Accepted, acceptedWrites, type State, stateOf } from './state.ts';

/** A run that nothing disturbs. */
export interface Undisturbed {
  requests: SweptRequest[];
  accepted: Accepted;
  /** Azure's actions that the worker's identity needs. */
  needs: ReadonlySet<string>;
  /** The same, each with the kind of scope at which it is needed. */
  rights: readonly Right[];
  /** How many activities it has. */
  activities: number;
  /** To how many points Temporal resets it. */
  resetPoints: number;
  after: State;
}

export async function undisturbed(slot: Slot, name: SweptName): Promise<Undisturbed> {
  const scenario: SweptScenario = sweptScenarios[name];
  await fresh(slot, scenario);
  const types = new Set(Object.values(await slot.azure.state()).map(({ type }) => type.toLowerCase()));
  const before = await slot.azure.recordedBytes();
  const writesBefore = (await durations(slot)).length;
  const [run, other] = await Promise.all([scenario.start(slot), scenario.beside?.(slot)]);
  await Promise.all([ended(run.result()), other && ended(other.result())]);
  const { events } = await slot.temporal.workflow.getHandle(run.workflowId).fetchHistory();
  const operations = (await durations(slot)).slice(writesBefore).filter(({ operationSeconds }) => operationSeconds > 0);
  const recorded = await slot.azure.recorded(before);
  const requests = sweptRequests({
    requests: recorded,
    operations: new Set(operations.map(({ operation, resourceId }) => operationKey(operation, resourceId))),
    types,
    undoFrom: scenario.failsOf ? firstAfter(recorded, scenario.failsOf) : 0,
  });
  return {
    requests,
    accepted: acceptedWrites(recorded),
    needs: new Set(recorded.flatMap(({ needs }) => needs)),
    rights: rightsIn(recorded),
    activities: (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes).length,
    resetPoints: (await resetPoints(slot, run.workflowId)).length,
    after: await stateOf(slot),
  };
}

/** Undo begins once the request has been answered that fails the run. */
function firstAfter(
  recorded: readonly RecordedRequest[],
  { method, path, after = 0 }: NonNullable<SweptScenario['failsOf']>,
): number {
  const matching = recorded.flatMap((request, position) =>
    request.method === method && new RegExp(path, 'i').test(new URL(request.url).pathname) ? [position] : [],
  );
  const failed = matching[after];
  if (failed === undefined) throw new Error(`The run does not send ${method} ${path}`);
  return failed + 1;
}

const durations = async ({ azure }: Slot): Promise<Duration[]> =>
  (await azure.send('GET', '/simulator/durations')).body as Duration[];

/** As requests are recorded: the action is part of the path. */
function operationKey(operation: string, resourceId: string): string {
  const [method, action] = operation.split(' ');
  return `${method} ${[resourceId, action].filter(Boolean).join('/')}`.toLowerCase();
}
