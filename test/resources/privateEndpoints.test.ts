import { expect, it } from '@jest/globals';
import { endpointMismatches, type PrivateEndpointFacts } from '../../resources/privateEndpoints.ts';

const registryId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r';
const there: PrivateEndpointFacts = {
  id: '/endpoint',
  provisioningState: 'Succeeded',
  marks: {},
  subnetId: '/subnet',
  targetId: registryId.toUpperCase(),
  status: 'Approved',
  addresses: { 'r.azurecr.io': ['10.0.0.4'] },
};

it.each<[string, Partial<PrivateEndpointFacts>, RegExp | undefined]>([
  ['approved', {}, undefined],
  ['not approved yet', { status: 'Pending' }, /Pending/],
  ['of a registry that has refused it', { status: 'Rejected' }, /Rejected/],
  ['of another registry', { targetId: '/other' }, /asked .*registries\/r, got \/other/],
  ['without an address', { addresses: {} }, /asked an address for r, got none/],
])('an endpoint that is %s is as wanted, or not', (_what, changes, mismatch) => {
  const found = endpointMismatches({ registryId, records: ['r'] }, { ...there, ...changes });
  expect(found).toEqual(mismatch === undefined ? [] : [expect.stringMatching(mismatch)]);
});
