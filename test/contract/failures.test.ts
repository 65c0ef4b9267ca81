import { expect, it } from '@jest/globals';
import {
  ActivityFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import proto from '@temporalio/proto';
import { errorPage } from '../../contract/errors.ts';
import {
  applicationFailure,
  azureFailure,
  isFailure,
  isNotFound,
  ownFailure,
  retryable,
} from '../../contract/failures.ts';

const id = '/subscriptions/s/resourceGroups/g';

it("a failure of the product's own is final and carries what the catalog says", () => {
  const { type, nonRetryable, details } = ownFailure('NotOwned', `Created by somebody else (${id})`, id);
  expect({ type, nonRetryable }).toEqual({ type: 'NotOwned', nonRetryable: true });
  expect(details).toEqual([
    { resourceId: id, whatToDo: expect.stringMatching(/^Somebody else/), page: errorPage('NotOwned') },
  ]);
});

it.each([
  ['NotFound', true],
  ['ResourceNotFound', true],
  ['ParentResourceNotFound', true],
  ['ResourceGroupNotFound', true],
  ['SubscriptionNotFound', true],
  // An answer about a type that Azure does not know is no proof that something is gone.
  ['InvalidResourceType', false],
  ['AuthorizationFailed', false],
])('gone is gone, in each of Azure’s words: %s, %p', (code, gone) => {
  expect(isNotFound(azureFailure(code, 'No.', id, { status: 404 }))).toBe(gone);
});

it('a failure that is to be tried again keeps its type, message and details', () => {
  const failure = azureFailure('EtagMismatch', 'changed since', id, { status: 412, correlationId: 'c' });
  const again = retryable(failure, '2 seconds');
  expect(again).toMatchObject({ type: 'EtagMismatch', message: 'changed since', nonRetryable: false });
  expect(again).toMatchObject({ nextRetryDelay: '2 seconds', details: failure.details });
});

it('a failure is found within what Temporal wraps around it', () => {
  const failure = ownFailure('NotYetRegistered', 'Registering', id, { retryable: true });
  const { SCHEDULE_TO_CLOSE } = TimeoutType;
  const timeout = Object.assign(new TimeoutFailure('too long', undefined, SCHEDULE_TO_CLOSE), { cause: failure });
  const wrapped = new ActivityFailure('failed', 'awaitFeature', '1', RetryState.TIMEOUT, 'worker', timeout);
  expect(applicationFailure(wrapped)).toBe(failure);
  expect(isFailure(wrapped, 'NotOwned', 'NotYetRegistered')).toBe(true);
  expect(isFailure(wrapped, 'NotOwned')).toBe(false);
  expect(isFailure(new Error('NotOwned'), 'NotOwned')).toBe(false);
});

it('a failure is found within a time-out as the SDK reads it, which leaves its cause out', () => {
  const failure = azureFailure('SubscriptionRequestsThrottled', 'Slow down', id, { retryable: true });
  const timeout = new TimeoutFailure('too long', undefined, TimeoutType.SCHEDULE_TO_CLOSE);
  const sent = {
    ...defaultFailureConverter.errorToFailure(timeout, defaultPayloadConverter),
    cause: defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter),
  };
  const read = defaultFailureConverter.failureToError(sent, defaultPayloadConverter);
  expect(applicationFailure(read)).toMatchObject({
    type: 'SubscriptionRequestsThrottled',
    message: 'Slow down',
    details: failure.details,
  });
});

it('a type that nobody knows does not compile', () => {
  // @ts-expect-error: a typo of NotOwned.
  expect(isFailure(undefined, 'NotOwnde')).toBe(false);
});

it('a failure that is tried again stays within what Temporal keeps of it', () => {
  const long = `${'Die Richtlinie verbietet es, 東京. '.repeat(1000)}`;
  const failures = [
    azureFailure('C'.repeat(500), long, `${id}/${'x'.repeat(2000)}`, {
      retryable: true,
      whatToDo: long,
      correlationId: long,
    }),
    retryable(azureFailure('EtagMismatch', long, id)),
  ];
  for (const failure of failures) {
    const sent = defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter);
    expect(proto.temporal.api.failure.v1.Failure.encode(sent).finish().length).toBeLessThan(4000);
    expect(failure.message).toMatch(/^Die Richtlinie.*… \(\d+ more characters\)$/);
  }
});

it('a failure that is final keeps more', () => {
  const failure = azureFailure('RequestDisallowedByPolicy', 'm'.repeat(10_000), id);
  expect(failure.message).toHaveLength(10_000);
  expect(azureFailure('RequestDisallowedByPolicy', 'm'.repeat(1e6), id).message.length).toBeLessThan(12_001);
});

it.each(['constructor', '__proto__', 'toString'])('a code %s of Azure is as any other', (code) => {
  expect(azureFailure(code, 'odd', id).details).toEqual([
    expect.objectContaining({ page: 'docs/errors.md#other-azure-codes', whatToDo: expect.stringMatching(/message/) }),
  ]);
});
