import { explain } from '../arm/content.ts';
import { ArmError } from '../arm/errors.ts';
import type { Provider } from '../arm/provider.ts';
import { privateDns } from './network/privateDns.ts';
import { privateDnsZoneGroups } from './network/privateDnsZoneGroups.ts';
import { privateEndpoints } from './network/privateEndpoints.ts';
import { virtualNetworks } from './network/virtualNetworks.ts';

const parts = [virtualNetworks, privateEndpoints, privateDnsZoneGroups, privateDns];

/** Microsoft.Network. */
export const network: Provider = {
  types: parts.flatMap(({ types }) => types),
  behaviours: [
    ...parts.flatMap(({ behaviours }) => behaviours),
    {
      id: 'network-request-format',
      resourceType: 'Microsoft.Network',
      says: 'A body that does not fit gets 400 InvalidRequestFormat with InvalidJson and its place in `details`; a bad name InvalidResourceName.',
      evidence: 'recorded',
      source: 'Azure/azure-cli#16205 for unknown properties (the other texts are modelled)',
      test: 'validation.test.ts: %s is InvalidJson, with its place',
    },
  ],
  refusal(problem) {
    const message = explain(problem);
    if (problem.kind === 'name') return new ArmError(400, 'InvalidResourceName', message, { details: [] });
    return new ArmError(400, 'InvalidRequestFormat', 'Cannot parse the request.', {
      details: [{ code: 'InvalidJson', message: `${message}.` }],
    });
  },
};
