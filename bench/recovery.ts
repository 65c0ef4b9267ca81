import type { ScenarioHandle } from '../client/index.ts';
import type { RecordedRequest } from '../simulator/index.ts';
import type { History } from './cost.ts';
import type { Item } from './item.ts';
import { type Place, startPlace } from './place.ts';
import { clusterNamed, measuredScenarios } from './scenarios.ts';

/** A cluster takes 42 s, longer than it takes to notice that its worker is gone. */
const speed = 10;
/** Each is another moment between two heartbeats. */
const runsAtOnce = 4;
/** Azure's operations heartbeat, and a worker is gone when none has come for so long. */
const heartbeatTimeoutSeconds = 30;
const limitSeconds = heartbeatTimeoutSeconds + 2;

/** Kills a worker in the middle of clusters' creations. How long until another one goes on, and what is written again? */
export const recovery: Item = async ({ onProgress }) => {
  const place = await startPlace(speed, onProgress);
  try {
    const first = await place.startWorker();
    const runs = await Promise.all(
      Array.from({ length: runsAtOnce }, (_, index) =>
        measuredScenarios['create-byo'].start({ ...place, client: place.aks, cluster: clusterNamed(`k${index}`) }),
      ),
    );
    await untilCreating(place);
    await place.startWorker();
    const killed = Date.now();
    await first.kill();
    onProgress('A worker was killed. Another one goes on in half a minute.');
    const ends = await Promise.allSettled(runs.map((run) => run.result()));
    const lost = ends.filter((end) => end.status === 'rejected' || end.value.outcome !== 'verified');
    const delays = await Promise.all(runs.map((run) => resumedAfter(place, run, killed)));
    return [
      { name: 'until another worker goes on', unit: 's', better: 'lower', limit: limitSeconds, values: delays },
      { name: 'runs lost', unit: 'count', better: 'lower', limit: 0, values: [lost.length] },
      { name: 'writes repeated', unit: 'count', better: 'lower', limit: 0, values: [repeated(await place.requests())] },
    ];
  } finally {
    await place.close();
  }
};

/** Waits until Azure works on every cluster. */
async function untilCreating({ requests }: Place): Promise<void> {
  const isCluster = ({ method, url }: RecordedRequest) => method === 'PUT' && /\/managedClusters\/[^/?]+\?/i.test(url);
  for (;;) {
    const begun = (await requests()).filter(isCluster);
    if (begun.length >= runsAtOnce) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Seconds until the activity that was under way had its next attempt. @throws if none had one */
async function resumedAfter({ temporal }: Place, run: ScenarioHandle, killed: number): Promise<number> {
  const { events }: History = await temporal.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
  const resumed = (events ?? [])
    .filter((event) => (event.activityTaskStartedEventAttributes?.attempt ?? 1) > 1)
    .map(({ eventTime }) => Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6)
    .find((at) => at > killed);
  if (resumed === undefined) throw new Error(`${run.workflowId} was not under way when its worker was killed`);
  return (resumed - killed) / 1000;
}

/** How many writes were taken by Azure more than once: same method, same resource, same run. */
function repeated(requests: readonly RecordedRequest[]): number {
  const times = new Map<string, number>();
  for (const { method, url, headers, status } of requests) {
    const wasTaken = status === null || status < 400;
    const isWrite = method === 'PUT' || method === 'PATCH' || method === 'DELETE';
    if (!isWrite || !wasTaken) continue;
    const key = `${headers['x-ms-correlation-request-id']} ${method} ${new URL(url).pathname.toLowerCase()}`;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return [...times.values()].reduce((sum, count) => sum + count - 1, 0);
}
