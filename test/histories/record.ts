import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { ScenarioHandle } from '../../client/index.ts';
import type { ScenarioResult } from '../../contract/index.ts';
import product from '../../package.json' with { type: 'json' };
import setup from '../support/global-setup.ts';
import { faultKinds, type RequestKey, ruleFor } from '../sweep/kinds.ts';
import { ended, fresh, startSlot, undisturbed, untilHit } from '../sweep/run.ts';
import { type SweptName, scenarios, type SweptScenario, sweptScenarios } from '../sweep/scenarios.ts';

/** Writes the histories of every scenario and outcome, as this version makes them: `npm run test:record-histories`. */
const folder = join(import.meta.dirname, product.version);
await mkdir(folder, { recursive: true });
await setup();
const slot = await startSlot('recorded');
for (const name of Object.keys(scenarios) as (keyof typeof scenarios)[]) {
  const { requests } = await undisturbed(slot, name);
  const writes = requests.filter(({ kinds }) => kinds.includes('operation-failed'));
  const last = writes.findLast(({ key }) => !key.includes('runCommand'))?.key;
  await record(name, 'verified');
  if (last === undefined) continue;
  await record(name, 'failed', { on: last, fault: 'operation-failed' });
  await record(name, 'cancelled', { on: last, meanwhile: (run) => run.cancel() });
}
await slot.close({ replay: false });
await globalThis.stopSharedServices();
process.exit(0);

interface Disturbance {
  on: RequestKey;
  fault?: keyof typeof faultKinds;
  meanwhile?: (run: ScenarioHandle<ScenarioResult>) => Promise<void>;
}

async function record(name: SweptName, outcome: string, disturbance?: Disturbance): Promise<void> {
  const scenario: SweptScenario = sweptScenarios[name];
  await fresh(slot, scenario);
  if (disturbance) {
    const { on, fault } = disturbance;
    await slot.azure.fault(ruleFor(on, fault ? faultKinds[fault].effect : { delaySeconds: 1000 }));
  }
  const run = await scenario.start(slot);
  const end = ended(run.result());
  if (disturbance?.meanwhile) {
    await Promise.race([untilHit(slot), end]);
    await disturbance.meanwhile(run);
  }
  await end;
  const history = await slot.temporal.workflow.getHandle(run.workflowId).fetchHistory();
  const { events }: { events: unknown[] } = JSON.parse(historyToJSON(history), withoutThisMachine);
  const lines = events.map((event) => JSON.stringify(event)).join(',\n');
  await writeFile(join(folder, `${name}-${outcome}.json`), `{"events": [\n${lines}\n]}\n`);
  console.log(`${name}-${outcome}: ${events.length} events`);
}

/** Process, host and paths of whoever recorded it are of no use to anybody. */
function withoutThisMachine(key: string, value: unknown): unknown {
  if (key === 'identity' || key === 'stackTrace') return '';
  // Of a sticky task queue.
  return typeof value === 'string' ? value.replace(/^\d+@[^-]*-/, 'worker-') : value;
}
