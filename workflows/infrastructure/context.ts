import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { StepId } from '../../contract/plan.ts';
import type { Profile } from '../../contract/profiles.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import type { Marks } from '../../resources/marks.ts';
import type { WantedInfrastructure } from './wanted.ts';

/** Everything that decides what is planned around a cluster. */
export interface InfrastructureContext {
  input: { cluster: ClusterReference; profile: Profile; tags: Record<string, string> };
  /** Region of the cluster. */
  location: string;
  wanted: WantedInfrastructure;
  seen: InfrastructureFacts;
  /** The marks of what this run creates. */
  marks: Marks;
  /** Input of createCluster; left out for a cluster that exists already. */
  newCluster?: Pick<ParsedCreateClusterInput, 'apiServerAccess' | 'serviceCidr' | 'agentPoolProfiles'>;
  /** Whether the network is linked to AKS's own zone. It takes one zone of a name, so the cluster has to leave that one first. */
  zoneLinkWaits: boolean;
  /** Resources that were made for other clusters and get the mark of their second user. Default: none. */
  borrowed?: readonly { id: string; marks: Marks }[];
  /** Whether the worker may write tags of a resource. Default: it may. */
  mayWriteTags?: (id: string) => boolean;
  /** Steps that come before any resource of this provider. */
  needsOf(namespace: string): StepId[];
}
