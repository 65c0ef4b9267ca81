/** A parsed ARM path. Names keep the caller's case; `key` is for comparing. */
export interface ResourceId {
  readonly path: string;
  readonly key: string;
  readonly subscriptionId: string | undefined;
  readonly resourceGroup: string | undefined;
  readonly namespace: string;
  /** Full type, e.g. `Microsoft.Network/virtualNetworks/subnets`, in the caller's case. */
  readonly type: string;
  readonly names: readonly string[];
  /** The segments of the type. A collection or an action has one more of them than names. */
  readonly types: readonly string[];
  /** Path of the resource, group or subscription that an extension resource (a role assignment, a lock) extends. */
  readonly scope: string;
}

/** The key under which a resource ID is compared and stored: ARM ignores case and doubled or trailing slashes. */
export function keyOf(path: string): string {
  if (path.startsWith('/') && !path.endsWith('/') && !path.includes('//')) return path.toLowerCase();
  return `/${path.split('/').filter(Boolean).join('/')}`.toLowerCase();
}

/**
 * Parses an ARM path. Paths outside any provider (`/subscriptions/…/resourceGroups/…`) belong to Microsoft.Resources;
 * `/providers/` after at least one type/name pair starts an extension resource.
 */
export function parseId(rawPath: string): ResourceId {
  const segments = rawPath.split('/').filter(Boolean).map(decode);
  let namespace = 'Microsoft.Resources';
  let start = 0;
  let index = 0;
  while (index < segments.length) {
    const follows = segments.length - index - 1;
    const last = segments.at(-1)?.toLowerCase();
    const onProviderItself = follows === 2 && (last === 'register' || last === 'unregister');
    const boundary =
      segments[index]?.toLowerCase() === 'providers' &&
      follows >= 2 &&
      !onProviderItself &&
      (index > start || index === 0);
    if (boundary) {
      namespace = segments[index + 1] ?? '';
      start = index + 2;
      index = start;
    }
    index += 2;
  }
  const own = segments.slice(start);
  const types = own.filter((_, position) => position % 2 === 0);
  const scopeSegments = segments.slice(0, Math.max(0, start - 2));
  return {
    path: `/${segments.join('/')}`,
    key: keyOf(segments.join('/')),
    subscriptionId: follower(segments, 0, 'subscriptions'),
    resourceGroup: follower(segments, 2, 'resourcegroups'),
    namespace,
    type: [namespace, ...types].join('/'),
    types,
    names: own.filter((_, position) => position % 2 === 1),
    scope: `/${scopeSegments.join('/')}`,
  };
}

/** The name at the end of an ID. */
export const nameOf = (id: string): string => id.split('/').at(-1) ?? '';

/** The `/subscriptions/…` that an ID is in. */
export const subscriptionOf = (id: string): string => id.split('/').slice(0, 3).join('/');

/** The path without its last segments. Without two, it is that of the resource's parent. */
export function parentPath(path: string, segments = 2): string {
  return path.split('/').slice(0, -segments).join('/');
}

function follower(segments: readonly string[], index: number, word: string): string | undefined {
  return segments[index]?.toLowerCase() === word ? segments[index + 1] : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
