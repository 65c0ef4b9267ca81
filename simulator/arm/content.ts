import { type ArmError, gatewayError, typeNotFound } from './errors.ts';
import type { ArmRequest } from './exchange.ts';
import { isBody } from './json.ts';
import type { StoredType } from './provider.ts';
import { normalLocation, regions } from './regions.ts';
import { bodyProblems, type RequestProblem, supportedVersions } from './schemas.ts';
import type { Resource } from './store.ts';
import type { ResolvedPath, TypeTable } from './typeTable.ts';

/** @throws ArmError 400 NoRegisteredProviderFound, or 404 InvalidResourceType where no location is known */
export function checkVersion({ type, id }: ResolvedPath, request: ArmRequest): void {
  const supported = supportedVersions(type.type);
  if (!supported || supported.includes(request.apiVersion.toLowerCase())) return;
  const [namespace = '', ...types] = type.type.split('/');
  const dates = `The supported api-versions are '${supported.join(', ')}'.`;
  const known = request.world.store.get(id.path)?.body.location;
  const sent = isBody(request.body) ? request.body.location : undefined;
  const location = typeof known === 'string' ? known : sent;
  if (typeof location === 'string') {
    throw gatewayError(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for location '${normalLocation(location)}' and API version '${request.apiVersion}' for type '${types.join('/')}'. ${dates} The supported locations are '${[...regions.keys()].join(', ')}'.`,
    );
  }
  throw typeNotFound(namespace, types, `for api version '${request.apiVersion}'. ${dates}`);
}

/** Tracked resources and their children must be in a resource group. @throws ArmError 404 */
export function checkPlace(table: TypeTable, { type, id }: ResolvedPath): void {
  const [namespace = '', ...types] = type.type.split('/');
  const owner = table.type(`${namespace}/${types[0]}`);
  if (owner?.kind !== 'stored' || !owner.tracked || id.resourceGroup !== undefined) return;
  if (id.subscriptionId === undefined) {
    throw gatewayError(
      404,
      'MissingSubscription',
      'The request did not have a subscription or a valid tenant level resource provider.',
    );
  }
  throw typeNotFound(namespace, types, 'outside of resource groups.');
}

/** @throws ArmError in the provider's words */
export function checkName(table: TypeTable, type: StoredType, request: ArmRequest): void {
  const name = request.id.names.at(-1) ?? '';
  if (!type.names || type.names.pattern.test(name)) return;
  refuse(table, type, request, { kind: 'name', name, rule: type.names.rule });
}

/** @throws ArmError in ARM's words for the outermost properties of tracked resources, else in the provider's */
export function checkBody(
  table: TypeTable,
  type: StoredType,
  request: ArmRequest,
  existing: Resource | undefined,
): void {
  if (!isBody(request.body)) return;
  for (const name of ['id', 'name'] as const) {
    const sent = request.body[name];
    const addressed = name === 'id' ? request.resourceId : (request.id.names.at(-1) ?? '');
    if (typeof sent !== 'string' || sent === '' || sent.toLowerCase() === addressed.toLowerCase()) continue;
    throw armRefusal({ kind: 'fixed', path: name });
  }
  const present = existing && (() => type.view?.(existing, request.world) ?? existing.body);
  for (const problem of bodyProblems(type.type, request.method, request.body, present)) {
    if (type.tracked && problem.kind === 'unknown' && problem.path === problem.property)
      throw armRefusal({ ...problem, model: 'ResourceDefinition' });
    refuse(table, type, request, problem);
  }
}

function refuse(table: TypeTable, type: StoredType, request: ArmRequest, problem: RequestProblem): void {
  const provider = table.providerOf(type);
  const refusal = provider?.refusal ? provider.refusal(problem, request) : armRefusal(problem);
  if (refusal) throw refusal;
}

/** The refusal in the words of ARM itself and of the providers that are built into it. */
export function armRefusal(problem: RequestProblem): ArmError {
  const why = explain(problem);
  if (problem.kind === 'name') return gatewayError(400, 'InvalidResourceName', why);
  return gatewayError(
    400,
    'InvalidRequestContent',
    `The request content was invalid and could not be deserialized: '${why}'.`,
  );
}

/** The problem in the words of Json.NET, with which most of Azure reads its requests. */
export function explain(problem: RequestProblem): string {
  switch (problem.kind) {
    case 'unknown':
      return `Could not find member '${problem.property}' on object of type '${problem.model}'. Path '${problem.path}'`;
    case 'missing':
      return `Required property '${problem.path.split('.').at(-1)}' not found in JSON. Path '${problem.path}'`;
    case 'mistyped':
      return `Error converting value ${JSON.stringify(problem.sent)} to type '${problem.expected}'. Path '${problem.path}'`;
    case 'value':
      return `Error converting value ${JSON.stringify(problem.sent)}: allowed is ${problem.allowed}. Path '${problem.path}'`;
    case 'fixed':
      return `Property '${problem.path}' is read-only and cannot be changed. Path '${problem.path}'`;
    case 'name':
      return `Resource name ${problem.name} is invalid. ${problem.rule}`;
  }
}
