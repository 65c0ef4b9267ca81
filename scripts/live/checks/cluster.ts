import { compareVersions } from 'compare-versions';
import { azureSwitches } from '../../../simulator/index.ts';
import { type Followed, isPassing } from '../azure.ts';
import { makeCluster } from '../clusters.ts';
import { inAnswer } from '../exchanges.ts';
import type { Finding } from '../findings.ts';
import { type Live, openCluster } from '../live.ts';

/** Makes a cluster with egress, and sees how AKS lets a client follow it. */
export async function checkCluster(live: Live): Promise<Finding[]> {
  const kubernetesVersion = await versionWhere(live, (version) => compareVersions(version, '1.37') < 0);
  const made = await makeCluster(live, 'open', {
    ...openCluster(live, 'open'),
    ...(kubernetesVersion !== undefined && { kubernetesVersion }),
  });
  if (made) return [retryAfter(live, made), operationAddresses(made)];
  const unknown = 'an earlier start of the run has made the cluster';
  return [
    { switch: 'retryAfter', unknown },
    { switch: 'operationAddresses', unknown },
  ];
}

/** The newest minor version of a region, with community support, of which this is so; one in preview only where there is no other. */
export async function versionWhere(
  { azure, location }: Live,
  fits: (version: string) => boolean,
): Promise<string | undefined> {
  const { managedClusters } = azure.clients.containerService;
  const { value } = await azure.ask(() => managedClusters.listKubernetesVersions(location));
  const supported = (value?.values ?? []).filter(
    ({ version = '0', capabilities }) => capabilities?.supportPlan?.includes('KubernetesOfficial') && fits(version),
  );
  const stable = supported.filter(({ isPreview }) => !isPreview);
  const offered = (stable.length > 0 ? stable : supported).map(({ version = '0' }) => version);
  return offered.sort(compareVersions).at(-1);
}

function retryAfter({ azure }: Live, { first, polls }: Followed): Finding {
  // Whoever is throttled is asked to wait for another reason.
  const answers = [first, ...polls].filter((exchange) => !isPassing(exchange));
  const asked = answers.find((exchange) => azure.askedSeconds(exchange) !== undefined);
  if (!asked) return { switch: 'retryAfter', position: 'none', shownBy: [first, ...polls.slice(0, 1)] };
  if (azure.isByDemand)
    return {
      switch: 'retryAfter',
      unknown: 'where time passes by demand, nothing says how long to wait',
      shownBy: [asked],
    };
  const seconds = String(azure.askedSeconds(asked));
  const position = azureSwitches.retryAfter.values.find((value) => value === seconds);
  return position
    ? { switch: 'retryAfter', position, shownBy: [asked] }
    : { switch: 'retryAfter', otherwise: `AKS asks to wait ${seconds} s`, shownBy: [asked] };
}

/** After so long the address of an operation fails, where it does not last. */
const longSeconds = 300;

function operationAddresses({ first, polls, outcome, last }: Followed): Finding {
  if (outcome === 'lost') {
    const position = azureSwitches.operationAddresses.values.find((value) => value === String(last.status));
    const finding = { switch: 'operationAddresses', shownBy: [first, last] } as const;
    if (position) return { ...finding, position };
    const answered = `the address of the operation answered ${last.status}`;
    // The operation may have come to no end in time, and its address work.
    return isPassing(last) || last.status < 400
      ? { ...finding, unknown: answered }
      : { ...finding, otherwise: answered };
  }
  // The last answer that is the operation's, not the cluster's.
  const end = polls.findLast((poll) => typeof inAnswer(poll, 'endTime') === 'string');
  const seconds = end
    ? (Date.parse(String(inAnswer(end, 'endTime'))) - Date.parse(String(inAnswer(end, 'startTime')))) / 1000
    : 0;
  return end && seconds > longSeconds
    ? { switch: 'operationAddresses', position: 'last', shownBy: [first, end] }
    : {
        switch: 'operationAddresses',
        unknown: `the operation took ${Math.round(seconds)} s, not long enough to tell`,
        shownBy: [first],
      };
}
