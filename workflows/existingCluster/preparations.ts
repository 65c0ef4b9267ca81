import type { ParsedChangeRegistryInput, ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { PlannedStep } from '../../contract/plan.ts';
import type { LivingFacts } from '../../resources/discovery.ts';
import { owned } from '../engine/owner.ts';
import { type InfrastructurePlan, planInfrastructure } from '../infrastructure/plan.ts';
import type { Targets } from '../infrastructure/targets.ts';
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
  { cluster, surroundings }: LivingFacts,
  targets: Targets,
  run: string,
): Prepared {
  const { subscriptionId } = input.cluster;
  if (!cluster || !surroundings) {
    const registrations = { subscriptionId, features: [], providers: [] };
    return { registrations, infrastructure: noInfrastructure, steps: [] };
  }
  const needs = {
    subscriptionId,
    profile: input.profile,
    vnetIntegration: false,
    settled: cluster.artifactSource === 'Cache',
  };
  const { registrations, steps } = planRegistrations(needs, surroundings);
  const planned = planInfrastructure(
    { ...input, location: cluster.location },
    targets,
    surroundings.infrastructure,
    owned(input, run),
    (namespace) => registrationOf(namespace, steps),
  );
  return { registrations, infrastructure: planned.plan, steps: [...steps, ...planned.steps] };
}
