import { etagText } from './gateway.ts';
import { type Body, isBody } from './json.ts';
import type { Operation, OperationStyle } from './operations.ts';
import type { Resource } from './store.ts';

function location(operation: Operation): string {
  const subscription = operation.resourceId.split('/').slice(0, 3).join('/');
  return `${subscription}/providers/Microsoft.Network/locations/${operation.location ?? 'global'}`;
}

/** Microsoft.Network: a bare `{"status"}`; a PUT gives the async header, a DELETE both. */
export function networkStyle(headers: 'async' | 'both', retryAfter: (polls: number) => number): OperationStyle {
  return {
    headers,
    statusPath: (operation) => `${location(operation)}/operations/${operation.id}`,
    resultPath: (operation) => `${location(operation)}/operationResults/${operation.id}`,
    retryAfter,
  };
}

/** Recorded on the first answer of Microsoft.Network writes. */
export const asyncNotification = { 'azure-asyncnotification': 'Enabled' } as const;

/** The body with its weak `etag`, which Microsoft.Network also sends as a header. */
export function withEtag(resource: Resource): Body {
  return { ...resource.body, etag: etagText(resource.etag) };
}

/** `properties` of a resource; empty when it has none. */
export function propertiesOf(resource: Pick<Resource, 'body'>): Body {
  return isBody(resource.body.properties) ? resource.body.properties : {};
}
