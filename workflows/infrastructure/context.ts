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
  /** Whether AKS's own zone is linked to the network: it takes one zone of a name, so the cluster has to leave that zone first. */
  zoneLinkWaits: boolean;
  /** Steps before anything of this resource provider. */
  needsOf(namespace: string): StepId[];
}
