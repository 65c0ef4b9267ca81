import { randomUUID } from 'node:crypto';
import { gatewayError } from './errors.ts';
import type { Operation, OperationStyle } from './operations.ts';
import { retryAfterHeaders } from './throttling.ts';
import type { World } from './world.ts';

/** A client that is not told how long to wait polls as it likes. Modelled. */
const unaskedSeconds = 5;

export function askedDelay({ clock, settings }: World, style: OperationStyle, polls: number): Record<string, string> {
  const seconds = style.retryAfter(polls, settings.azure);
  if (seconds === undefined) return {};
  return retryAfterHeaders(seconds, settings.clientsClock === 'simulated' ? { speed: 1, isIdle: clock.isIdle } : clock);
}

/** Signed addresses of operations work so long, where they do not last. Modelled. */
const addressSeconds = 300;

/** @throws ArmError with the status that an address gets whose signature is too old */
export function refuseOldAddress({ clock, settings }: World, { startTime, style }: Operation): void {
  const { operationAddresses: status } = settings.azure;
  if (status === 'last' || style?.unsigned || clock.now().getTime() < startTime.getTime() + addressSeconds * 1000)
    return;
  throw gatewayError(Number(status), 'InvalidOperationAddress', 'The address of the operation is not valid any more.');
}

/** Notes for how long the client of a poll waits: for the end of the operation, or for the reason of its failure to pass. */
export function awaitOperation({ clock, settings }: World, { status, style, polls, passesAt }: Operation): void {
  if (status !== 'InProgress') {
    if (passesAt !== undefined) clock.notYet('any', passesAt);
    return;
  }
  // Where no event is due, another client has to release it; time passes as its client was told to wait.
  const told = clock.now().getTime() + (style?.retryAfter(polls, settings.azure) ?? unaskedSeconds) * 1000;
  clock.notYet('any', clock.isIdle ? told : undefined);
}

/** The URLs at which an operation can be followed. Azure signs most of them, with another signature each time. */
export function operationHeaders(operation: Operation, origin: string, world: World): Record<string, string> {
  const { style } = operation;
  if (!style) return {};
  const seconds = operation.polls === 0 ? askedDelay(world, style, 0) : {};
  const link = (path: string) => {
    const signature = randomUUID().replaceAll('-', '');
    const query = `api-version=${style.apiVersion ?? operation.apiVersion}`;
    const signed = `&t=${Date.now()}&c=MIIH&s=${signature}&h=${signature.slice(0, 8)}`;
    return `${origin}${path}?${query}${style.unsigned ? '' : signed}`;
  };
  return {
    ...seconds,
    ...(style.headers !== 'location' &&
      style.statusPath && { 'azure-asyncoperation': link(style.statusPath(operation)) }),
    ...(style.headers !== 'async' && style.resultPath && { location: link(style.resultPath(operation)) }),
  };
}
