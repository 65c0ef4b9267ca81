import { ArmError } from '../../arm/errors.ts';
import { etagText } from '../../arm/gateway.ts';
import { subscriptionOf } from '../../arm/ids.ts';
import type { Body } from '../../arm/json.ts';
import type { Operation, OperationStyle } from '../../arm/operations.ts';
import type { NameRule } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { deletion, type Transitions } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';

function location(operation: Operation): string {
  const subscription = subscriptionOf(operation.resourceId);
  return `${subscription}/providers/Microsoft.Network/locations/${operation.location ?? 'global'}`;
}

/** Operations of Microsoft.Network: the status document is a bare `{"status"}`; a PUT has the async header, a DELETE both. */
function networkStyle(headers: 'async' | 'both', retryAfter: (polls: number) => number): OperationStyle {
  return {
    headers,
    statusPath: (operation) => `${location(operation)}/operations/${operation.id}`,
    resultPath: (operation) => `${location(operation)}/operationResults/${operation.id}`,
    retryAfter,
  };
}

/** Recorded on the first answer to writes. */
const asyncNotification = { 'azure-asyncnotification': 'Enabled' } as const;

/** The body with its weak `etag`, which Microsoft.Network also sends as a header. */
export function withEtag(resource: Resource): Body {
  return { ...resource.body, etag: etagText(resource.etag) };
}

/** Microsoft.Network's words for a stale ETag (hashicorp/terraform-provider-azurerm#13886, pasted). */
export function etagMismatch(ifMatch: string, { id, etag }: Resource): ArmError {
  const message = `Etag provided in if-match header ${ifMatch} does not match etag ${etagText(etag)} of resource ${id} in NRP data store.`;
  return new ArmError(412, 'PreconditionFailed', 'Precondition failed.', {
    details: [{ code: 'PreconditionFailedEtagMismatch', message }],
  });
}

/** Most of Microsoft.Network names its resources alike; the lengths differ. */
export function networkNames(longest: number): NameRule {
  return {
    pattern: new RegExp(`^[A-Za-z0-9]([\\w.-]{0,${longest - 2}}\\w)?$`),
    rule: `The name can be up to ${longest} characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'.`,
  };
}

/** How Microsoft.Network writes and deletes: the state is Updating from the start, never Creating. */
export function networkTransitions(seconds: number, retryAfter: (polls: number) => number = () => 10) {
  const headers = asyncNotification;
  const write = {
    verb: 'PUT',
    during: 'Updating',
    ends: 'Succeeded',
    style: networkStyle('async', retryAfter),
    headers,
  };
  return {
    create: { ...write, answers: 201, seconds },
    update: { ...write, answers: 200, seconds },
    delete: {
      ...deletion,
      seconds: 10,
      style: networkStyle('both', () => 10),
      headers,
    },
  } as const satisfies Transitions;
}

/** Azure writes a resource and its parts one after the other. @throws ArmError 409 AnotherOperationInProgress */
export function refuseParallel(world: World, id: string): void {
  const running = world.operations.runningBelow(id);
  if (!running) return;
  throw new ArmError(
    409,
    'AnotherOperationInProgress',
    `Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: ${running.style?.statusPath?.(running) ?? running.id}.`,
    { details: [] },
  );
}

/** @throws ArmError 400 InvalidResourceReference for a resource that is not there */
export function refuseMissing(world: World, id: string, type: string, from: string): void {
  if (world.store.get(id)?.type === type) return;
  throw new ArmError(
    400,
    'InvalidResourceReference',
    `Resource ${id} referenced by resource ${from} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
    { details: [] },
  );
}
