import type { ManagedCluster } from '@azure/arm-containerservice';
import type { Followed, LiveAzure } from './azure.ts';
import { errorCode } from './exchanges.ts';
import type { Finding } from './findings.ts';

/** A cluster that checks share. `open`: with egress. `newest`: of the newest version. `own`: in the run's own network. */
export type ClusterKey = 'open' | 'newest' | 'own';

/** A run and where it takes place. */
export interface Live {
  readonly azure: LiveAzure;
  readonly runId: string;
  readonly subscriptionId: string;
  readonly location: string;
  readonly vmSize: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Findings of earlier checks of the run. */
  readonly findings: readonly Finding[];
  /** Whether an earlier start has begun this check already: then nothing is the first of its kind. */
  readonly isRepeated: boolean;
  say(line: string): void;
}

/** All names have the run's ID in them. */
export const groupName = (runId: string): string => `aks-isolation-live-${runId}`;
export const registryName = (runId: string): string => `aksisolationlive${runId}`;
export const nodeGroupName = (runId: string, key: ClusterKey): string => `${groupName(runId)}-${key}-nodes`;
/** The run whose group has this name, or whose cluster's. */
export const runIdIn = (group: string): string | undefined =>
  /^aks-isolation-live-(r[0-9a-f]{8})(-[a-z]+-nodes)?$/i.exec(group)?.[1];
export const groupId = ({ subscriptionId, runId }: Pick<Live, 'subscriptionId' | 'runId'>): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${groupName(runId)}`;

/** A check cannot be made: Azure refused what it needs. The others go on. */
export class CheckStopped extends Error {
  /** Those of before. */
  readonly findings: Finding[] | undefined;

  constructor(message: string, findings?: Finding[]) {
    super(message);
    this.findings = findings;
  }
}

/** @throws CheckStopped unless the operation succeeded */
export function required(followed: Followed, what: string): Followed {
  const { outcome, last } = followed;
  if (outcome === 'succeeded') return followed;
  const code = [...(outcome === 'failed' ? [] : [last.status]), errorCode(last) ?? ''].join(' ').trim();
  throw new CheckStopped(`${what} ${outcome === 'refused' ? 'was refused' : `ended as ${outcome}`} (${code})`);
}

/** The smallest cluster that has what is asked about: one node, open, with its images from Microsoft. */
export const openCluster = ({ runId, location, vmSize, tags }: Live, key: ClusterKey): ManagedCluster => ({
  location,
  tags: { ...tags },
  identity: { type: 'SystemAssigned' },
  dnsPrefix: `live-${key}`,
  nodeResourceGroup: nodeGroupName(runId, key),
  agentPoolProfiles: [{ name: poolName, mode: 'System', count: 1, vmSize }],
  networkProfile: { networkPlugin: 'azure', outboundType: 'loadBalancer' },
  bootstrapProfile: { artifactSource: 'Direct' },
});

export const poolName = 'system';
