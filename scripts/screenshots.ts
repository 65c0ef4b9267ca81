import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Command } from 'commander';
import { type Browser, chromium } from 'playwright-core';
import which from 'which';
import { AksIsolationClient, type ScenarioHandle } from '../client/index.ts';
import { exampleClusters, exampleSubscription } from './local/exampleClusters.ts';
import { createExistingCluster, openSubnet } from './local/existingCluster.ts';
import { controlApi } from './local/simulatorClient.ts';
import { type Stack, startStack } from './local/stack.ts';
import { startWorker } from './local/workerProcess.ts';

// Pictures of the Temporal Web UI, as people see runs in it: to be looked at, and docs/web-ui.png.
const repository = join(import.meta.dirname, '..');
const { out } = new Command('npm run screenshots --')
  .description(
    'Takes pictures of runs and of a rollout in the Temporal Web UI: running, waiting, failed, drifted, finished.',
  )
  .option('--out <folder>', 'folder of the pictures', join(repository, '.tmp/screenshots'))
  .parse()
  .opts<{ out: string }>();

const example = async (name: string) =>
  (await import(`../examples/${name}.json`, { with: { type: 'json' } })).default as never;

/** The runs, by the names of their pictures. */
async function runs(stack: Stack, aks: AksIsolationClient): Promise<Record<string, ScenarioHandle>> {
  const { ordinary } = exampleClusters;
  const fault = (path: string, operation: object) =>
    controlApi(stack.simulator, 'faults', 'POST', { method: 'PUT', path, operation });
  await createExistingCluster(stack.simulator, ordinary);
  await controlApi(stack.simulator, 'node-image', 'POST');
  await fault('/isolated/.*/managedClusters/private-link$', { held: true });
  await fault('/managedClusters/vnet-integration$', {
    status: 'Failed',
    code: 'SubnetIsFull',
    message: 'Subnet aks-subnet with address prefix 192.168.1.0/24 does not have enough capacity for 3 IP addresses.',
  });
  const gated = { cluster: ordinary.cluster, registry: { mode: 'managed' }, approvals: ['cutEgress'] };
  const [finished, failed, waiting, running] = await Promise.all([
    aks.start('createCluster', await example('create-byo-private-link')),
    aks.start('createCluster', await example('create-byo-vnet-integration')),
    aks.start('isolateCluster', gated),
    aks.start('createCluster', await example('create-managed-private-link')),
  ]);
  await Promise.all([
    finished.result(),
    failed.ending(),
    until(waiting, ({ phase }) => phase === 'awaitingApproval'),
    until(running, ({ steps }) => steps.some(({ id, state }) => id === 'cluster' && state === 'running')),
  ]);
  await openSubnet(stack.simulator, {
    subscriptionId: ordinary.cluster.subscriptionId,
    resourceGroup: 'isolated-byo',
    virtualNetwork: 'private-link-vnet',
    subnet: 'aks-subnet',
    addressPrefix: '192.168.1.0/24',
  });
  const drifted = await aks.start('auditCluster', await example('audit-byo'));
  await drifted.ending();
  return { running, waiting, failed, drifted, finished };
}

async function until<P>(
  run: { workflowId: string; watch(): AsyncIterable<P> },
  holds: (progress: P) => boolean,
): Promise<void> {
  for await (const progress of run.watch()) if (holds(progress)) return;
  throw new Error(`${run.workflowId} ended too early`);
}

/** A rollout to ten clusters: in its second ring, at the gate of its last one, and at its end. */
async function* rollout(stack: Stack, aks: AksIsolationClient): AsyncGenerator<[name: string, workflowId: string]> {
  const clusters = Array.from({ length: 10 }, (_, index) => ({
    subscriptionId: exampleSubscription,
    resourceGroup: `shop-${index + 1}`,
    name: 'shop',
  }));
  for (const cluster of clusters) {
    await createExistingCluster(stack.simulator, { cluster, pools: { system: { mode: 'System', count: 1 } } });
  }
  const held = { id: 'held', method: 'PUT', path: '/shop-3/.*managedClusters/shop$', operation: { held: true } };
  await controlApi(stack.simulator, 'faults', 'POST', held);
  const fleet = await aks.rolloutFleet({
    name: 'isolate-shops',
    scenario: 'isolateCluster',
    input: { registry: { mode: 'managed' } },
    clusters,
    rings: [
      { name: 'canary', count: 1 },
      { name: 'few', count: 3 },
      { name: 'rest', gate: true },
    ],
  });
  await until(fleet, ({ counts }) => counts.inWork === 1 && counts.waiting === 6);
  yield ['rollout-running', fleet.workflowId];
  await controlApi(stack.simulator, 'faults/held', 'DELETE');
  await until(fleet, ({ phase }) => phase === 'awaitingApproval');
  yield ['rollout-waiting', fleet.workflowId];
  await fleet.approve({ ring: 'rest', by: 'Ada' });
  await fleet.result();
  yield ['rollout-finished', fleet.workflowId];
}

/** @param ready The picture is taken once this is there, in the page or in a frame of it. */
async function picture(browser: Browser, url: string, file: string, ready: string | RegExp): Promise<void> {
  // The page scrolls within itself: what does not fit into the window is in no picture.
  const page = await browser.newPage({ viewport: { width: 1280, height: 2000 } });
  await page.goto(url);
  await Promise.any(
    [page.getByText(ready), page.frameLocator('#user-metadata-current-details').getByText(ready)].map((each) =>
      each.first().waitFor(),
    ),
  );
  // Everything under the last thing that can be seen is empty.
  const height = await page.evaluate<number>(
    `Math.max(...[...document.querySelectorAll('main *')].map((each) => each.tagName === 'IFRAME' || (!each.children.length && each.textContent.trim()) ? each.getBoundingClientRect().bottom : 0))`,
  );
  await page.screenshot({ path: file, clip: { x: 0, y: 0, width: 1280, height: Math.min(height + 40, 2000) } });
  await page.close();
}

const stack = await startStack({ speed: 600, onProgress: (line) => process.stderr.write(`${line}\n`) });
const worker = startWorker(stack.workerEnvironment);
const executablePath = process.env.CHROMIUM ?? (await which('chromium'));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  await worker.ready;
  await mkdir(out, { recursive: true });
  const connection = await Connection.connect({ address: stack.temporal.address });
  const client = new Client({ connection });
  const aks = new AksIsolationClient(client);
  const take = async (name: string, workflowId: string, runId: string, what: string | RegExp): Promise<void> => {
    const run = `${stack.temporal.uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}`;
    await picture(browser, `${run}/user-metadata`, join(out, `${name}.png`), /^[-\w]+: /);
    await picture(browser, `${run}/timeline`, join(out, `${name}-timeline.png`), what);
    process.stdout.write(`${join(out, `${name}.png`)}\n`);
  };
  for (const [name, { workflowId, runId = '' }] of Object.entries(await runs(stack, aks))) {
    await take(name, workflowId, runId, /Look at (everything|the cluster)/);
  }
  for await (const [name, workflowId] of rollout(stack, aks)) {
    const { runId } = await client.workflow.getHandle(workflowId).describe();
    await take(name, workflowId, runId, /discoverFleet|findClusters|shop/);
  }
  await copyFile(join(out, 'finished-timeline.png'), join(repository, 'docs/web-ui.png'));
} finally {
  await browser.close();
  await worker.stop();
  await stack.stop();
}
process.exit();
