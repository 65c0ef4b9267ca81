import { armRefusal } from '../../arm/content.ts';
import { gatewayError } from '../../arm/errors.ts';
import type { Provider } from '../../arm/provider.ts';
import { behaviours } from './behaviours.ts';
import { resourceGroupTypes } from './resourceGroups.ts';
import { seedSubscriptions, subscriptionTypes } from './subscriptions.ts';
import { tagTypes } from './tags.ts';

/** Microsoft.Resources. */
export const resources: Provider = {
  types: [...subscriptionTypes, ...resourceGroupTypes, ...tagTypes],
  behaviours,
  seed: seedSubscriptions,
  refusal: (problem) =>
    problem.kind === 'name'
      ? gatewayError(
          400,
          'InvalidResourceGroup',
          `The resource group name '${problem.name}' is not valid. ${problem.rule}`,
        )
      : armRefusal(problem),
};
