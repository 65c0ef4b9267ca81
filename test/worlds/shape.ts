import type { Rung } from '../../contract/inputs/existingCluster.ts';
import type { WayOut } from '../../contract/inputs/isolation.ts';
import type { openOutboundTypes } from '../../resources/outboundTypes.ts';
import type { FaultKind } from '../sweep/kinds.ts';
import type { Setting } from './settings.ts';

export const worldScenarios = ['create', 'isolate', 'changeRegistry', 'disable', 'reimage', 'delete', 'audit'] as const;
export type WorldScenario = (typeof worldScenarios)[number];

interface Pool {
  mode: 'System' | 'User';
  count: number;
}

/** Something that somebody else does right before the run's n-th write to the cluster. */
export const othersDoings = ['addPool', 'publicService', 'openSubnet', 'natGateway', 'closeRegistry'] as const;
export type OthersDoing = (typeof othersDoings)[number];

/** A cluster as it is found, everything around it, and what happens while a scenario runs on it. */
export interface WorldShape {
  scenario: WorldScenario;
  /** The registry that the scenario is to use, or that the cluster has. */
  registry: 'managed' | 'own';
  apiServer: 'public' | 'privateLink' | 'vnetIntegration';
  /** Version of a cluster that is there; left out for the region's default. */
  kubernetesVersion?: string;
  /** The input's; left out for the default. */
  profile?: 'preview';
  network: 'managed' | 'own';
  /** Whether the cluster is isolated already. */
  isolated: boolean;
  /** The registry that an isolated cluster has; of its own in a network of its own only. */
  has: 'managed' | 'own';
  pools: Pool[];
  /** Settings of the owner that no scenario is about. */
  settings: Setting[];
  /** Whether others have resources in the group. */
  neighbours: boolean;
  /** The input's. */
  probes: 'required' | 'ifAllowed';
  accept: WayOut[];
  /** Whether what is around the cluster carries its marks, as if createCluster had made it. */
  marked: boolean;
  /** Whether pods have a subnet of their own; in a network of one's own only. */
  pods: boolean;
  /** deleteCluster: everything that may go with the cluster. changeRegistry: the registry that the cluster leaves. */
  deletes: boolean;
  /** disableIsolation: left out for the default. */
  outboundType?: (typeof openOutboundTypes)[number];
  /** Means that are tried where AKS leaves nodes as they are; left out for the default. */
  ladder?: Rung[];
  dryRun: boolean;
  /** Whether there is a newer node image than that of the nodes. */
  newImage: boolean;
  meanwhile?: { does: OthersDoing; write: number };
  fault?: { kind: FaultKind; request: number };
}
