import { armRefusal } from '../arm/content.ts';
import { gatewayError } from '../arm/errors.ts';
import type { Provider } from '../arm/provider.ts';
import { resourceGroups } from './resources/resourceGroups.ts';
import { subscriptions } from './resources/subscriptions.ts';

/** Microsoft.Resources. */
export const resources: Provider = {
  types: [...subscriptions.types, ...resourceGroups.types],
  behaviours: [...subscriptions.behaviours, ...resourceGroups.behaviours],
  seed: (world) => subscriptions.seed?.(world),
  refusal: (problem) =>
    problem.kind === 'name'
      ? gatewayError(
          400,
          'InvalidResourceGroup',
          `The resource group name '${problem.name}' is not valid. ${problem.rule}`,
        )
      : armRefusal(problem),
};
