import type { ClusterPart } from '../../contract/inputs/deleteCluster.ts';
import type { PlannedStep, RemovableKind, StepId } from '../../contract/plan.ts';
import { parseResourceId, resourceReference } from '../../resources/ids.ts';

/** A resource that goes, with the step that removes it. */
export interface Removal {
  step: StepId;
  id: string;
  kind: RemovableKind;
  /** Names of the subnets that may go with a network. */
  subnets?: readonly string[];
}

/** A resource around the cluster, and whether it goes. */
export interface PlannedRemoval {
  removal: Removal;
  /** Name of the resource, or its ID where another one of its kind has the same name. */
  label: string;
  step: PlannedStep;
}

interface Kind {
  title: string;
  part: ClusterPart;
  /** Kinds that must be gone before: Azure refuses to delete a resource that is in use. */
  after: readonly RemovableKind[];
}

/** In the order of the steps: each kind stands after those that must be gone before. */
export const removableKinds: Readonly<Record<RemovableKind, Kind>> = {
  privateEndpoint: { title: 'Private endpoint', part: 'privateEndpoint', after: [] },
  record: { title: 'Record', part: 'privateDnsZone', after: [] },
  zoneLink: { title: 'Link of the zone', part: 'privateDnsZone', after: [] },
  privateDnsZone: { title: 'Private DNS zone', part: 'privateDnsZone', after: ['record', 'zoneLink'] },
  registry: { title: 'Registry', part: 'registry', after: ['privateEndpoint'] },
  virtualNetwork: { title: 'Virtual network', part: 'virtualNetwork', after: ['privateEndpoint', 'zoneLink'] },
  identity: { title: 'Identity', part: 'identities', after: [] },
};

const kindsByType: Readonly<Record<string, RemovableKind>> = {
  'microsoft.network/privateendpoints': 'privateEndpoint',
  'microsoft.network/privatednszones/a': 'record',
  'microsoft.network/privatednszones/virtualnetworklinks': 'zoneLink',
  'microsoft.network/privatednszones': 'privateDnsZone',
  'microsoft.containerregistry/registries': 'registry',
  'microsoft.network/virtualnetworks': 'virtualNetwork',
  'microsoft.managedidentity/userassignedidentities': 'identity',
};

/** The kind of a resource; `undefined` where it is none that goes with a cluster. */
export const kindOf = (id: string): RemovableKind | undefined =>
  kindsByType[parseResourceId(id)?.type.toLowerCase() ?? ''];

/** A resource that goes, with its name, or its ID where another one of its kind before it has the same name. */
export type LabelledRemoval = Removal & { label: string };

/**
 * Gives each resource that can go a step of its own. Groups may hold namesakes, such as the endpoints of two clusters with one
 * registry.
 *
 * @param prefix Of the steps: `old:` for what the cluster has left.
 */
export function labelledRemovals(resourceIds: readonly string[], prefix: '' | 'old:' = ''): LabelledRemoval[] {
  const removals: LabelledRemoval[] = [];
  for (const id of resourceIds) {
    const kind = kindOf(id);
    if (kind === undefined) continue;
    const { name } = resourceReference(id);
    const label = removals.some((other) => other.kind === kind && other.label === name) ? id : name;
    removals.push({ step: `${prefix}${kind}:${label}`, id, kind, label });
  }
  return removals;
}

export const deletionIsFinal = 'What is deleted cannot be brought back';
