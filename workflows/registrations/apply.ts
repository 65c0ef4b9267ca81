import { azure } from '../engine/azure.ts';
import type { Step } from '../engine/step.ts';
import type { Registrations } from './plan.ts';

/**
 * Declares the registrations of preview features and resource providers. Guide: "Before you begin".
 *
 * @param minutes Bound on the wait for each.
 */
export function applyRegistrations(
  { subscriptionId, features, providers }: Registrations,
  minutes: number,
  step: Step,
): void {
  const waitsFor = `state Registered, at most ${minutes} minutes`;
  for (const feature of features) {
    step(`feature:${feature}`, {
      act: async () => {
        await azure.writing(`Register ${feature}`).registerFeature({ subscriptionId, feature });
        await azure.awaitingRegistration(`Wait for ${feature}`, minutes).awaitFeature({ subscriptionId, feature });
      },
      wrote: () => true,
      waitsFor,
    });
  }
  for (const namespace of providers) {
    step(`provider:${namespace}`, {
      act: async () => {
        await azure.writing(`Register ${namespace}`).registerProvider({ subscriptionId, namespace });
        await azure.awaitingRegistration(`Wait for ${namespace}`, minutes).awaitProvider({ subscriptionId, namespace });
      },
      wrote: () => true,
      waitsFor,
    });
  }
}
