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
        await azure.waiting(`Wait for ${feature}`).awaitFeature({ subscriptionId, feature, timeoutMinutes: minutes });
      },
      wrote: () => true,
      waitsFor,
    });
  }
  for (const namespace of providers) {
    step(`provider:${namespace}`, {
      act: async () => {
        await azure.writing(`Register ${namespace}`).registerProvider({ subscriptionId, namespace });
        await azure
          .waiting(`Wait for ${namespace}`)
          .awaitProvider({ subscriptionId, namespace, timeoutMinutes: minutes });
      },
      wrote: () => true,
      waitsFor,
    });
  }
}
