import { STATUS_CODES } from 'node:http';
import { gatewayError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { keyOf, parseId } from '../../arm/ids.ts';
import type { Body } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { tenantId } from '../../arm/token.ts';
import type { Activity } from '../../arm/world.ts';

/** `/subscriptions/…/providers/Microsoft.Insights/eventtypes/management/values` */
export const activityLogTypes: readonly ResourceType[] = [
  { kind: 'computed', type: 'Microsoft.Insights/eventtypes/values', get: list },
];

/** Modelled: Microsoft documents that there are pages, and not how long they are. */
const pageSize = 200;
/** Source: Microsoft Learn, "Activity log in Azure Monitor", Retention period. */
const keptDays = 90;

interface Event {
  readonly activity: Activity;
  readonly id: string;
  readonly time: Date;
  readonly name: 'BeginRequest' | 'EndRequest';
  readonly status: 'Started' | 'Accepted' | 'Succeeded' | 'Failed';
  /** HTTP's; undefined at the beginning and at the end of an operation. */
  readonly httpStatus?: number;
  readonly error?: Activity['error'];
}

/** Newest first. */
function list({ world, id, query, origin, resourceId, apiVersion }: ArmRequest): Reply {
  const matches = filterOf(query.get('$filter') ?? '');
  const found = world.activities
    .filter(
      (activity) => parseId(activity.resourceId).subscriptionId?.toLowerCase() === id.subscriptionId?.toLowerCase(),
    )
    .flatMap(eventsOf)
    .filter(matches)
    // Several may have the same millisecond.
    .reverse()
    .sort((one, other) => other.time.getTime() - one.time.getTime());
  const from = Number(query.get('$skiptoken') ?? 0);
  const next = from + pageSize;
  const asked = new URLSearchParams(query);
  asked.set('api-version', apiVersion);
  asked.set('$skiptoken', String(next));
  const select = query
    .get('$select')
    ?.split(',')
    .map((name) => name.trim());
  return {
    status: 200,
    body: {
      value: found.slice(from, next).map((event) => selected(bodyOf(event), select)),
      ...(next < found.length && { nextLink: `${origin}${resourceId}?${asked}` }),
    },
  };
}

function eventsOf(activity: Activity): Event[] {
  const { time, status, operation, error, eventIds } = activity;
  const [began, answered, ended] = eventIds;
  const begin: Event = { activity, id: began, time, name: 'BeginRequest', status: 'Started' };
  const answer = { activity, id: answered, time, name: 'EndRequest', httpStatus: status } as const;
  if (status >= 400) return [begin, { ...answer, status: 'Failed', error }];
  if (!operation) return [begin, { ...answer, status: 'Succeeded' }];
  const accepted: Event = { ...answer, status: 'Accepted' };
  if (!operation.endedOn) return [begin, accepted];
  const end = { activity, id: ended, time: operation.endedOn, name: 'EndRequest', error: operation.error } as const;
  return [begin, accepted, { ...end, status: operation.status === 'Succeeded' ? 'Succeeded' : 'Failed' }];
}

type Matches = (event: Event) => boolean;

const same = (one: string | undefined, other: string): boolean => one?.toLowerCase() === other.toLowerCase();
/** A filter has one of these. */
const subjects: Readonly<Record<string, (event: Event, value: string) => boolean>> = {
  resourcegroupname: ({ activity }, value) => same(parseId(activity.resourceId).resourceGroup, value),
  resourceuri: ({ activity }, value) => keyOf(activity.resourceId) === keyOf(value),
  resourceid: ({ activity }, value) => keyOf(activity.resourceId) === keyOf(value),
  resourceprovider: ({ activity }, value) => same(parseId(activity.resourceId).namespace, value),
  correlationid: ({ activity }, value) => same(activity.correlationId, value),
};
/** A filter may have any of these. */
const narrowing: Readonly<Record<string, (event: Event, value: string) => boolean>> = {
  caller: ({ activity }, value) => same(activity.caller, value),
  status: (event, value) => same(event.status, value),
  eventchannels: () => true,
};

/** @throws ArmError 400 BadRequest */
function filterOf(text: string): Matches {
  const clauses = text.split(/ and /i).map((clause) => /^\s*(\w+) (ge|le|eq) '?([^']*?)'?\s*$/i.exec(clause) ?? []);
  const matches = clauses.map(([, property = '', comparison = '', value = '']): Matches | undefined => {
    const name = property.toLowerCase();
    if (name !== 'eventtimestamp') {
      const of = subjects[name] ?? narrowing[name];
      return of && comparison.toLowerCase() === 'eq' ? (event) => of(event, value) : undefined;
    }
    const moment = momentOf(value);
    if (Number.isNaN(moment)) return undefined;
    if (comparison.toLowerCase() === 'ge') return ({ time }) => time.getTime() >= moment;
    return comparison.toLowerCase() === 'le' ? ({ time }) => time.getTime() <= moment : undefined;
  });
  const known = matches.filter((one) => one !== undefined);
  const about = clauses.filter(([, property = '']) => subjects[property.toLowerCase()]).length;
  if (known.length < matches.length || about > 1)
    throw gatewayError(400, 'BadRequest', `The filter '${text}' is not supported.`);
  const since = clauses.find(([, property, comparison]) => same(property, 'eventTimestamp') && same(comparison, 'ge'));
  if (!since) throw gatewayError(400, 'BadRequest', 'The start time is required.');
  if (momentOf(since[3] ?? '') < Date.now() - keptDays * 24 * 3600 * 1000)
    throw gatewayError(400, 'BadRequest', `The start time cannot be more than ${keptDays} days in the past.`);
  return (event) => known.every((one) => one(event));
}

/** azure-cli sends times without their zone, which is UTC. */
const momentOf = (text: string): number => Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);

const named = (value: string, localizedValue = value): Body => ({ value, localizedValue });

function bodyOf({ activity, id, time, name, status, httpStatus, error }: Event): Body {
  const { action, resourceId, caller, correlationId, clientRequestId, method, eventIds } = activity;
  const { namespace, type, resourceGroup, subscriptionId } = parseId(resourceId);
  const code = (httpStatus === undefined ? undefined : STATUS_CODES[httpStatus])?.replaceAll(' ', '') ?? '';
  const ticks = BigInt(time.getTime()) * 10_000n + 621_355_968_000_000_000n;
  return {
    authorization: { action, scope: resourceId },
    caller,
    category: named('Administrative'),
    channels: 'Operation',
    claims: {
      'http://schemas.microsoft.com/identity/claims/objectidentifier': caller,
      'http://schemas.microsoft.com/identity/claims/tenantid': tenantId,
    },
    correlationId,
    description: '',
    eventDataId: id,
    eventName: named(name, name.replace('R', ' r')),
    eventTimestamp: time.toISOString(),
    httpRequest: { clientIpAddress: '127.0.0.1', method, ...(clientRequestId && { clientRequestId }) },
    id: `${resourceId}/events/${id}/ticks/${ticks}`,
    level: status === 'Failed' ? 'Error' : 'Informational',
    operationId: eventIds[0],
    operationName: named(action),
    properties: {
      eventCategory: 'Administrative',
      ...(code && { statusCode: code }),
      ...(error && { statusMessage: JSON.stringify({ error }) }),
    },
    resourceGroupName: resourceGroup ?? '',
    resourceId,
    resourceProviderName: named(namespace),
    resourceType: named(type),
    status: named(status),
    subStatus: named(code, code && `${STATUS_CODES[httpStatus ?? 0]} (HTTP Status Code: ${httpStatus})`),
    submissionTimestamp: time.toISOString(),
    subscriptionId: subscriptionId ?? '',
    tenantId,
  };
}

const selected = (body: Body, select: readonly string[] | undefined): Body =>
  select ? Object.fromEntries(Object.entries(body).filter(([name]) => select.includes(name))) : body;
