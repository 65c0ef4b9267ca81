import type { ParsedChangeRegistryInput, ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { resourceReference, sameResourceId } from '../../resources/ids.ts';
import { runMarks } from '../engine/marks.ts';
import { nothingPlanned, type Part } from '../engine/part.ts';
import { type PlannedInfrastructure, planInfrastructure } from '../infrastructure/plan.ts';
import { noInfrastructure } from '../infrastructure/specification.ts';
import { nothingWanted, type WantedInfrastructure } from '../infrastructure/wanted.ts';
import { mayWriteTags } from '../preflight/permissions.ts';
import { planRegistrations, type Registrations, registrationOf } from '../registrations/plan.ts';

/** Registrations and infrastructure that come before an existing cluster is changed. */
export interface Preparations {
  wanted: WantedInfrastructure;
  registrations: Part & { registrations?: Registrations };
  infrastructure: PlannedInfrastructure;
}

/** For a scenario that needs nothing around its cluster. */
export const noPreparations: Preparations = {
  wanted: nothingWanted,
  registrations: nothingPlanned,
  infrastructure: { ...nothingPlanned, infrastructure: noInfrastructure, later: [] },
};

/** Plans the registrations, the network, and a registry of one's own if that is wanted. */
export function planPreparations(
  input: ParsedIsolateClusterInput | ParsedChangeRegistryInput,
  seen: ExistingClusterFacts,
  wanted: WantedInfrastructure,
  runId: string,
): Preparations {
  const { subscriptionId } = input.cluster;
  const { cluster, discovered } = seen;
  if (!cluster || !discovered) {
    const registrations = { subscriptionId, features: [], providers: [] };
    return { ...noPreparations, wanted, registrations: { ...nothingPlanned, registrations } };
  }
  const needs = {
    subscriptionId,
    profile: input.profile,
    vnetIntegration: false,
    alreadyRegistered: cluster.artifactSource === 'Cache',
  };
  const registrations = planRegistrations(needs, discovered);
  const infrastructure = planInfrastructure({
    input,
    location: cluster.location,
    wanted,
    seen: discovered.infrastructure,
    marks: runMarks(input, runId),
    zoneLinkWaits: zoneIsManaged(seen),
    borrowed: seen.borrowed ?? [],
    mayWriteTags: (id) => mayWriteTags(id, discovered.allowances),
    needsOf: (namespace) => registrationOf(namespace, registrations),
  });
  return { wanted, registrations, infrastructure };
}

/** Whether the network of the nodes is linked to AKS's own zone for its registry, which AKS keeps in the node resource group. */
export const zoneIsManaged = ({ cluster, zoneLink }: ExistingClusterFacts): boolean =>
  sameResourceId(zoneLink && resourceReference(zoneLink.id).resourceGroup, cluster?.nodeResourceGroup);
