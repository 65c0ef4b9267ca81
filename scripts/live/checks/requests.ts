import { settled, stateOf } from '../clusters.ts';
import type { Exchange } from '../exchanges.ts';
import type { Finding } from '../findings.ts';
import { groupName, type Live } from '../live.ts';

/** Sends an update under an ETag that is not the cluster's, and the cluster as it is: whether that changes its ETag. */
export async function checkEtags(live: Live): Promise<Finding[]> {
  const { managedClusters } = live.azure.clients.containerService;
  const { eTag: before, ...cluster } = await settled(live, 'open');
  const write = (ifMatch?: string) =>
    live.azure.follow('containerService', () =>
      managedClusters.createOrUpdate(groupName(live.runId), 'open', cluster, ifMatch === undefined ? {} : { ifMatch }),
    );
  await write('"00000000-0000-0000-0000-000000000000"');
  await settled(live, 'open');
  await write();
  const { eTag: after } = await settled(live, 'open');
  const shown =
    before === undefined
      ? 'the cluster shows no ETag'
      : `an update without a change ${before === after ? 'keeps' : 'changes'} the ETag`;
  live.say(`  ${shown}`);
  return [];
}

/** The limit on reads of one cluster, which nobody else reads, is 60 at once. Source: Learn, "Quotas, SKUs and regions in AKS". */
const reads = { atOnce: 40, bursts: 3 };

/** Reads one cluster as fast as it can until AKS throttles it. */
export async function checkThrottling(live: Live): Promise<Finding[]> {
  const { managedClusters } = live.azure.clients.containerService;
  let throttled: Exchange | undefined;
  for (let burst = 0; burst < reads.bursts && !throttled; burst += 1) {
    const answers = await Promise.all(
      Array.from({ length: reads.atOnce }, () =>
        live.azure.ask(() => managedClusters.get(groupName(live.runId), 'open')),
      ),
    );
    throttled = answers.map(({ last }) => last).find(({ status }) => status === 429);
  }
  if (!throttled) {
    const unknown = `${reads.atOnce * reads.bursts} reads of one cluster were not throttled`;
    return [{ switch: 'gatewayErrors', unknown, shownBy: [(await stateOf(live, 'open')).last] }];
  }
  await live.azure.wait(live.azure.askedSeconds(throttled) ?? 60);
  const isJson = /\bjson\b/i.test(throttled.answer.headers['content-type'] ?? '');
  return [{ switch: 'gatewayErrors', position: isJson ? 'json' : 'text', shownBy: [throttled] }];
}
