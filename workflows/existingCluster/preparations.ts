import type { ParsedChangeRegistryInput, ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { PlannedStep } from '../../contract/plan.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { runMarks } from '../engine/marks.ts';
import { type InfrastructurePlan, planInfrastructure } from '../infrastructure/plan.ts';
import type { WantedInfrastructure } from '../infrastructure/wanted.ts';
import { planRegistrations, type Registrations, registrationOf } from '../registrations/plan.ts';

export interface Prepared {
  registrations: Registrations;
  infrastructure: InfrastructurePlan;
  steps: PlannedStep[];
}

export const noInfrastructure: InfrastructurePlan = {
  subnets: [],
  records: [],
  identities: {},
  roles: [],
  found: { identities: {} },
};

/** Registrations, and a registry of one's own with what makes it reachable. */
export function prepare(
  input: ParsedIsolateClusterInput | ParsedChangeRegistryInput,
  { cluster, discovered }: ExistingClusterFacts,
  wanted: WantedInfrastructure,
  run: string,
): Prepared {
  const { subscriptionId } = input.cluster;
  if (!cluster || !discovered) {
    const registrations = { subscriptionId, features: [], providers: [] };
    return { registrations, infrastructure: noInfrastructure, steps: [] };
  }
  const needs = {
    subscriptionId,
    profile: input.profile,
    vnetIntegration: false,
    alreadyRegistered: cluster.artifactSource === 'Cache',
  };
  const { registrations, steps } = planRegistrations(needs, discovered);
  const planned = planInfrastructure(
    { ...input, location: cluster.location },
    wanted,
    discovered.infrastructure,
    runMarks(input, run),
    (namespace) => registrationOf(namespace, steps),
  );
  return { registrations, infrastructure: planned.plan, steps: [...steps, ...planned.steps] };
}
