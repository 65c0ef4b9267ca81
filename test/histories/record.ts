import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { ScenarioHandle } from '../../client/index.ts';
import type { ScenarioResult } from '../../contract/index.ts';
import product from '../../package.json' with { type: 'json' };
import setup from '../support/global-setup.ts';
import { faultKinds } from '../sweep/kinds.ts';
import { type RequestKey, ruleFor } from '../sweep/requests.ts';
import { type SweptName, type SweptScenario, successfulScenarios, sweptScenarios } from '../sweep/scenarios.ts';
import { ended, fresh, startSlot, untilHit } from '../sweep/slot.ts';
import { undisturbed } from '../sweep/undisturbed.ts';
import { recordRollouts } from './rollouts.ts';
import { type WaitingRun, waitingRuns } from './waiting.ts';

/**
 * Writes the histories of every scenario and outcome, and of what waits when a new version comes, as this version makes
 * them: `npm run test:record-histories`, or some of them: `npm run test:record-histories -- create-byo reimage-gated`. The
 * name of a file ends with how its run ended, or with what it waits for.
 */
const folder = join(import.meta.dirname, product.version);
await mkdir(folder, { recursive: true });
await setup();
const slot = await startSlot('recorded');
const asked = new Set(process.argv.slice(2));
const isAsked = (name: string): boolean => asked.size === 0 || asked.has(name);
const preview = await startSlot('recorded', { edition: '2024-preview' });
for (const name of Object.keys(successfulScenarios) as (keyof typeof successfulScenarios)[]) {
  if (!isAsked(name)) continue;
  const { requests } = await undisturbed(slot, name);
  const writes = requests.filter(({ kinds }) => kinds.includes('operation-failed'));
  const last = writes.findLast(({ key }) => !key.includes('runCommand'))?.key;
  await record(name);
  if (last === undefined) continue;
  await record(name, { on: last, fault: 'operation-failed' });
  await record(name, { on: last, meanwhile: (run) => run.cancel() });
}
for (const name of ['climb', 'undo-climb'] as const) if (isAsked(name)) await record(name);
for (const [name, run] of Object.entries(waitingRuns)) if (isAsked(name)) await recordWaiting(name, run);
if (isAsked('create-managed-reset')) await recordReset('create-managed');
if (isAsked('rollout')) await recordRollouts(slot, write);
for (const each of [slot, preview]) await each.close({ replay: false });
await globalThis.stopSharedServices();
process.exit(0);

interface Disturbance {
  on: RequestKey;
  fault?: keyof typeof faultKinds;
  meanwhile?: (run: ScenarioHandle<ScenarioResult>) => Promise<void>;
}

async function record(name: SweptName, disturbance?: Disturbance): Promise<void> {
  const scenario: SweptScenario = sweptScenarios[name];
  await fresh(slot, scenario);
  let release: () => Promise<void> = async () => undefined;
  if (disturbance) {
    const { on, fault } = disturbance;
    release = await slot.azure.fault(ruleFor(on, fault ? faultKinds[fault].effect : { held: true }));
  }
  const run = await scenario.start(slot);
  const end = ended(run.result());
  if (disturbance?.meanwhile) {
    await Promise.race([untilHit(slot), end]);
    await disturbance.meanwhile(run);
    // A query is answered once the run knows of it.
    await run.progress();
    await release();
  }
  await end;
  const { status } = await slot.temporal.workflow.getHandle(run.workflowId).describe();
  const outcomes: Partial<Record<typeof status.name, string>> = {
    // A fault that does not keep the run from its end was got over.
    COMPLETED: disturbance ? 'recovered' : 'verified',
    FAILED: 'failed',
    CANCELLED: 'cancelled',
  };
  await write(`${name}-${outcomes[status.name]}`, run.workflowId);
}

async function recordWaiting(name: string, given: WaitingRun): Promise<void> {
  const place = given.edition ? preview : slot;
  await fresh(place, given);
  for (const fault of given.faults ?? []) await place.azure.fault(fault);
  const run = await given.start(place);
  await given.meanwhile?.(place, run);
  for await (const progress of run.watch(25)) if (given.waits(progress)) break;
  await write(name, run.workflowId);
  if (given.goesOn) {
    await given.goesOn.by(run, place);
    await ended(run.result());
    await write(given.goesOn.name, run.workflowId);
  } else {
    await place.temporal.workflow.getHandle(run.workflowId).terminate('recorded');
  }
}

/** An operator resets a run to its last task but one, and it ends once more. */
async function recordReset(name: SweptName): Promise<void> {
  await fresh(slot, sweptScenarios[name]);
  const scenario: SweptScenario = sweptScenarios[name];
  const run = await scenario.start(slot);
  await ended(run.result());
  const { workflow, workflowService } = slot.temporal;
  const { events = [] } = await workflow.getHandle(run.workflowId).fetchHistory();
  const tasks = (events ?? []).filter(({ workflowTaskCompletedEventAttributes: task }) => task);
  const { eventId } = tasks.at(-2) ?? {};
  if (!eventId) throw new Error(`${name} has one task only`);
  await workflowService.resetWorkflowExecution({
    namespace: slot.temporal.options.namespace,
    workflowExecution: { workflowId: run.workflowId },
    workflowTaskFinishEventId: eventId,
    requestId: randomUUID(),
    reason: 'recorded',
  });
  await ended(workflow.getHandle(run.workflowId).result());
  await write(`${name}-reset`, run.workflowId);
}

/** @param runId Default: the last run. */
async function write(name: string, workflowId: string, runId?: string): Promise<void> {
  const history = await slot.temporal.workflow.getHandle(workflowId, runId).fetchHistory();
  const { events }: { events: unknown[] } = JSON.parse(historyToJSON(history), withoutThisMachine);
  const lines = events.map((event) => JSON.stringify(event)).join(',\n');
  await writeFile(join(folder, `${name}.json`), `{"events": [\n${lines}\n]}\n`);
  console.log(`${name}: ${events.length} events`);
}

/** Process, host and paths of the machine that recorded it are of no use to anybody. */
function withoutThisMachine(key: string, value: unknown): unknown {
  if (key === 'identity' || key === 'stackTrace') return '';
  // The name of a sticky task queue begins with process and host.
  return typeof value === 'string' ? value.replace(/^\d+@[^-]*-/, 'worker-') : value;
}
