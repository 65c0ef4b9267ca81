import { checkBody, checkName, checkPlace, checkVersion } from './content.ts';
import { gatewayError, typeNotFound } from './errors.ts';
import type { ArmRequest, Reply } from './exchange.ts';
import { parentPath } from './ids.ts';
import { isBody } from './json.ts';
import { underPolicies } from './policies.ts';
import type { ResourceType, StoredType } from './provider.ts';
import { normalLocation, regions } from './regions.ts';
import type { Resource } from './store.ts';
import type { ResolvedPath, TypeTable } from './typeTable.ts';

const writes = new Set(['PUT', 'PATCH', 'POST', 'DELETE']);

/** The checks of ARM itself in ARM's order, then the provider. @throws ArmError */
export function route(table: TypeTable, resolved: ResolvedPath, request: ArmRequest): Reply {
  checkVersion(resolved, request);
  checkScope(resolved, request);
  for (const guard of table.guards) guard(request, actionOf(resolved, request.method));
  const { type } = resolved;
  if (type.kind === 'computed') {
    if (resolved.id.names.length > 0) checkParent(table, resolved, request);
    const handler = { GET: type.get, POST: type.post, PUT: type.put, PATCH: type.patch, DELETE: type.delete }[
      request.method
    ];
    if (!handler) throw notSupported(request);
    return handler(request);
  }
  if (resolved.form === 'collection') return list(table, type, resolved, request);
  const resource = request.world.store.get(resolved.id.path);
  if (resolved.form === 'action') return act(type, resolved, request, resource);
  checkPreconditions(type, request, resource);
  return onResource(table, type, resolved, request, resource);
}

function onResource(
  table: TypeTable,
  type: StoredType,
  resolved: ResolvedPath,
  request: ArmRequest,
  resource: Resource | undefined,
): Reply {
  const { world } = request;
  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      if (!resource || world.isHidden(resource.id)) throw missing(table, type, resolved, request);
      if (request.method === 'HEAD') return { status: 204 };
      const body = type.view ? type.view(resource, world) : resource.body;
      return { status: 200, body, ...(type.etagHeader && { headers: { etag: etagText(resource.etag) } }) };
    }
    case 'PUT':
      if (!type.put) throw notSupported(request);
      checkPlace(table, resolved);
      checkParent(table, resolved, request);
      if (type.tracked) checkLocation(type, request, resource);
      if (!resource) checkName(table, type, request);
      checkBody(table, type, request, resource);
      return type.put(amended(type, request, undefined), resource);
    case 'PATCH':
      if (!type.patch) throw notSupported(request);
      if (!resource) throw missing(table, type, resolved, request);
      checkBody(table, type, request, resource);
      return type.patch(amended(type, request, resource), resource);
    case 'DELETE':
      if (!type.delete) throw notSupported(request);
      return resource ? type.delete(request, resource) : { status: 204 };
    default:
      throw notSupported(request);
  }
}

/** The request as Azure Policy lets it through. @throws ArmError 403 RequestDisallowedByPolicy */
function amended(type: StoredType, request: ArmRequest, before: Resource | undefined): ArmRequest {
  const { world, id, resourceId, body } = request;
  const { policies } = world.settings;
  if (policies.length === 0 || !isBody(body)) return request;
  const group = world.store.get(`/subscriptions/${id.subscriptionId}/resourceGroups/${id.resourceGroup}`);
  // Only tracked resources and groups have tags.
  const isTagged = type.tracked === true || type.type === groupType;
  const applied = policies.filter(
    ({ does }) => isTagged || does.effect !== 'modify' || !does.operations.some(({ path }) => /^tags\b/.test(path)),
  );
  return { ...request, body: underPolicies(applied, { id: resourceId, type: type.type, body }, { before, group }) };
}

const groupType = 'Microsoft.Resources/subscriptions/resourceGroups';

function list(table: TypeTable, type: StoredType, resolved: ResolvedPath, request: ArmRequest): Reply {
  if (request.method !== 'GET') throw notSupported(request);
  checkParent(table, resolved, request);
  if (type.list) return type.list(request);
  const { world } = request;
  const below = parentPath(resolved.id.path, resolved.id.scope === '/' || resolved.id.names.length > 0 ? 1 : 3);
  const found = world.store.list(type.type, below).filter(({ id }) => !world.isHidden(id));
  return { status: 200, body: { value: found.map((one) => (type.view ? type.view(one, world) : one.body)) } };
}

function act(type: StoredType, resolved: ResolvedPath, request: ArmRequest, resource: Resource | undefined): Reply {
  const name = Object.keys(type.actions ?? {}).find((known) => known.toLowerCase() === resolved.action?.toLowerCase());
  const action = name === undefined ? undefined : type.actions?.[name];
  if (!action) {
    const { namespace, types } = resolved.id;
    throw typeNotFound(namespace, [...types, resolved.action ?? ''], `for api version '${request.apiVersion}'.`);
  }
  if (request.method !== 'POST') throw notSupported(request);
  if (!resource) throw type.notFound?.(request) ?? resourceNotFound(resolved);
  return action(request, resource);
}

function checkScope(resolved: ResolvedPath, request: ArmRequest): void {
  const { world } = request;
  const { subscriptionId, resourceGroup, namespace } = resolved.id;
  if (subscriptionId && !world.store.get(`/subscriptions/${subscriptionId}`)) {
    throw gatewayError(404, 'SubscriptionNotFound', `The subscription '${subscriptionId}' could not be found.`);
  }
  const isGroup = resolved.type.type === groupType;
  const group = world.store.get(`/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`);
  if (resourceGroup && !group && !(isGroup && resolved.form === 'resource')) {
    throw gatewayError(404, 'ResourceGroupNotFound', `Resource group '${resourceGroup}' could not be found.`);
  }
  if (!writes.has(request.method)) return;
  const properties = group?.body.properties;
  if (isBody(properties) && properties.provisioningState === 'Deleting' && !(isGroup && request.method === 'DELETE')) {
    throw gatewayError(
      409,
      'ResourceGroupBeingDeleted',
      `The resource group '${resourceGroup}' is in deprovisioning state and cannot perform this operation.`,
    );
  }
  const unregistered = subscriptionId && world.registrationState(subscriptionId, namespace) === 'NotRegistered';
  if (unregistered && request.method !== 'DELETE') {
    const message = `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.`;
    throw gatewayError(409, 'MissingSubscriptionRegistration', message, {
      details: [{ code: 'MissingSubscriptionRegistration', target: namespace, message }],
    });
  }
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'read',
  HEAD: 'read',
  PUT: 'write',
  PATCH: 'write',
  DELETE: 'delete',
};

/** The action of a request, as Azure's roles name it: `Microsoft.Network/virtualNetworks/write`. */
export function actionOf({ type, form, action, id }: ResolvedPath, method: string): string {
  if (method !== 'POST') return `${type.type}/${verbs[method]}`;
  // Registering a provider is the provider's action, not that of Microsoft.Resources.
  if (type.type === 'Microsoft.Resources/subscriptions/providers') return `${id.names[1]}/${action}/action`;
  if (form === 'action') return `${type.type}/${action}/action`;
  return `${type.type}/${type.kind === 'computed' && type.countsAsRead ? 'read' : 'action'}`;
}

/** The action of a look at an operation, such as `Microsoft.Network/locations/operations/read`. Those of groups have no provider. */
export function pollAction(path: string): string {
  const [, namespace, rest] = /.*\/providers\/([^/]+)\/(.*)/i.exec(path) ?? [];
  if (namespace === undefined || rest === undefined) return 'Microsoft.Resources/subscriptions/operationresults/read';
  const types = rest.split('/').filter((_, position) => position % 2 === 0);
  return `${[namespace, ...types].join('/')}/read`;
}

/** A child cannot be written or listed without its parent. */
function checkParent(table: TypeTable, resolved: ResolvedPath, request: ArmRequest): void {
  const { types, names, path } = resolved.id;
  if (types.length < 2 || names.length === 0) return;
  const parent = table.type(resolved.type.type.split('/').slice(0, -1).join('/'));
  const owner = parentPath(path, resolved.form === 'resource' ? 2 : 1);
  if (parent?.kind !== 'stored' || request.world.store.get(owner)) return;
  if (request.method === 'GET')
    throw resourceNotFound({ ...resolved, id: { ...resolved.id, types: types.slice(0, -1) } });
  throw gatewayError(
    404,
    'ParentResourceNotFound',
    `Failed to perform '${request.method === 'PUT' ? 'write' : 'read'}' on resource(s) of type '${types.join('/')}', because the parent resource '${owner}' could not be found.`,
  );
}

function checkLocation(type: ResourceType, request: ArmRequest, existing: Resource | undefined): void {
  const sent = isBody(request.body) ? request.body.location : undefined;
  if (typeof sent !== 'string' || sent === '') {
    throw gatewayError(400, 'LocationRequired', 'The location property is required for this definition.');
  }
  const location = normalLocation(sent);
  if (location !== 'global' && !regions.has(location)) {
    throw gatewayError(
      400,
      'LocationNotAvailableForResourceType',
      `The provided location '${sent}' is not available for resource type '${type.type}'. List of available regions for the resource type is '${[...regions.keys()].join(',')}'.`,
    );
  }
  const present = existing?.body.location;
  if (typeof present === 'string' && normalLocation(present) !== location) {
    throw gatewayError(
      409,
      'InvalidResourceLocation',
      `The resource '${existing?.name}' already exists in location '${present}' in resource group '${request.id.resourceGroup}'. A resource with the same name cannot be created in location '${sent}'. Please select a new resource name.`,
    );
  }
}

function checkPreconditions(type: StoredType, request: ArmRequest, resource: Resource | undefined): void {
  if (!writes.has(request.method)) return;
  type.checkHeaders?.(request);
  const ifMatch = request.headers['if-match'];
  const ifNoneMatch = request.headers['if-none-match'];
  const matches = (header: string) =>
    header === '*' || header.split(',').some((tag) => bareTag(tag) === bareTag(resource?.etag ?? ''));
  if (ifNoneMatch !== undefined && resource && matches(ifNoneMatch)) {
    throw preconditionFailed(
      `The condition '${ifNoneMatch}' in the If-None-Match header was not satisfied: the resource exists.`,
    );
  }
  if (ifMatch === undefined || (resource && matches(ifMatch))) return;
  // A deletion of an absent resource succeeds, whatever its ETag was.
  if (!resource && request.method === 'DELETE') return;
  if (resource && type.mismatch) throw type.mismatch(ifMatch, resource);
  throw preconditionFailed(
    resource
      ? `The condition '${ifMatch}' in the If-Match header was not satisfied. The current etag is '${resource.etag}'.`
      : 'Resource not found but ETag header is provided. If this is a request to create, please do not provide ETag.',
  );
}

/** Microsoft.Network writes ETags weakly, `W/"guid"`; others bare. */
export function etagText(etag: string): string {
  return `W/"${etag}"`;
}

function bareTag(tag: string): string {
  return tag.trim().replace(/^W\//, '').replaceAll('"', '');
}

function preconditionFailed(message: string) {
  return gatewayError(412, 'PreconditionFailed', message);
}

function missing(table: TypeTable, type: StoredType, resolved: ResolvedPath, request: ArmRequest) {
  checkParent(table, resolved, request);
  return type.notFound?.(request) ?? resourceNotFound(resolved);
}

function resourceNotFound(resolved: Pick<ResolvedPath, 'id' | 'type'>) {
  const { types, names, resourceGroup } = resolved.id;
  if (resolved.type.type === groupType) {
    return gatewayError(404, 'ResourceGroupNotFound', `Resource group '${resourceGroup}' could not be found.`);
  }
  const full = [`${resolved.type.type.split('/')[0]}`, ...types.flatMap((type, index) => [type, names[index] ?? ''])];
  return gatewayError(
    404,
    'ResourceNotFound',
    `The Resource '${full.filter(Boolean).join('/')}' under resource group '${resourceGroup ?? '<null>'}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

function notSupported(request: ArmRequest) {
  return gatewayError(
    405,
    'MethodNotAllowed',
    `The request type '${request.method}' is not allowed on '${request.id.type}'.`,
  );
}
