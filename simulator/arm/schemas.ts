import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import apiVersions from '../schemas/apiVersions.json' with { type: 'json' };
import authorization from '../schemas/authorization.json' with { type: 'json' };
import containerRegistry from '../schemas/containerregistry.json' with { type: 'json' };
import containerService from '../schemas/containerservice.json' with { type: 'json' };
import managedIdentity from '../schemas/managedidentity.json' with { type: 'json' };
import network from '../schemas/network.json' with { type: 'json' };
import resources from '../schemas/resources.json' with { type: 'json' };
import { type Body, isBody, valueAt, withoutNulls } from './json.ts';

/** A problem with a request's body or name, before its provider puts it into words. */
export type RequestProblem =
  | { readonly kind: 'unknown'; readonly path: string; readonly property: string; readonly model: string }
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'mistyped'; readonly path: string; readonly expected: string; readonly sent: unknown }
  | { readonly kind: 'value'; readonly path: string; readonly allowed: string; readonly sent: unknown }
  | { readonly kind: 'fixed'; readonly path: string }
  | { readonly kind: 'name'; readonly name: string; readonly rule: string };

/** Every type answers with these, whatever its schema says, and clients may send back what they have read. */
const envelope = ['id', 'name', 'type', 'etag', 'systemData', 'kind'];
/** Azure refuses a change of these read-only properties. It ignores changes of others, which change by themselves. */
const fixed = new Set(['resourceGuid', 'principalId', 'clientId', 'tenantId', 'loginServer', 'creationDate', 'fqdn']);

const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, addUsedSchema: false });
/** An enumeration, which Azure compares without case. */
ajv.addKeyword({
  keyword: 'values',
  type: 'string',
  schemaType: 'array',
  validate: (values: readonly string[], sent: string) => values.some((one) => one.toLowerCase() === sent.toLowerCase()),
});

const schemas: Readonly<Record<string, object>> = {
  ...resources,
  ...authorization,
  ...managedIdentity,
  ...network,
  ...containerRegistry,
  ...containerService,
};

interface Compiled {
  readonly validate: ValidateFunction;
  readonly fixedPaths: readonly string[];
}
const compiled = new Map<string, Compiled>();

/** Compiles a schema when it is first needed: few worlds see every type. */
function compiledFor(type: string): Compiled | undefined {
  const schema = schemas[type];
  if (!schema) return undefined;
  const known = compiled.get(type) ?? { validate: ajv.compile(schema), fixedPaths: fixedPathsIn(schema) };
  compiled.set(type, known);
  return known;
}

/**
 * The problems that the published schema of a type finds in a body. A PATCH may leave anything out. Types without a schema take
 * everything. `present` gives the body that readers see now, if the resource is there.
 */
export function bodyProblems(type: string, method: string, body: Body, present?: () => Body): RequestProblem[] {
  const known = compiledFor(type);
  if (!known) return [];
  const sent = withoutNulls(body);
  if (!isBody(sent)) return [];
  const checked = Object.fromEntries(Object.entries(sent).filter(([name]) => !envelope.includes(name)));
  known.validate(checked);
  const errors = (known.validate.errors ?? []).filter(({ keyword }) => method === 'PUT' || keyword !== 'required');
  return [...errors.flatMap(problem), ...(present ? fixedProblems(known, checked, present) : [])];
}

const versions = new Map<string, readonly string[]>(Object.entries(apiVersions));

/** The API versions of a type: its own, else those of its parent or namespace. @returns undefined for a namespace without a list */
export function supportedVersions(type: string): readonly string[] | undefined {
  for (let owner = type; owner !== ''; owner = owner.slice(0, Math.max(0, owner.lastIndexOf('/')))) {
    const found = versions.get(owner);
    if (found) return found;
  }
  return undefined;
}

/** The newest API version of a type that is no preview. */
export const newestVersion = (type: string): string =>
  supportedVersions(type)?.findLast((version) => !version.includes('preview')) ?? '2024-11-01';

function problem(error: ErrorObject): RequestProblem[] {
  const path = dotted(error.instancePath);
  const at = (property: string) => [path, property].filter(Boolean).join('.');
  switch (error.keyword) {
    case 'additionalProperties': {
      const property = String(error.params.additionalProperty);
      const model = isBody(error.parentSchema) ? String(error.parentSchema.title ?? 'ResourceDefinition') : '';
      return [{ kind: 'unknown', path: at(property), property, model }];
    }
    case 'required':
      return [{ kind: 'missing', path: at(String(error.params.missingProperty)) }];
    case 'type':
      return [{ kind: 'mistyped', path, expected: String(error.params.type), sent: error.data }];
    case 'values':
      return [{ kind: 'value', path, allowed: (error.schema as readonly string[]).join(', '), sent: error.data }];
    case 'minimum':
    case 'maximum':
      return [{ kind: 'value', path, allowed: error.message ?? '', sent: error.data }];
    default:
      return [];
  }
}

/** `/properties/subnets/0/name` as Azure writes it: `properties.subnets[0].name`. */
function dotted(pointer: string): string {
  const unescaped = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~');
  const parts = pointer.split('/').slice(1).map(unescaped);
  return parts.map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : `${index > 0 ? '.' : ''}${part}`)).join('');
}

function fixedProblems({ fixedPaths }: Compiled, sent: Body, present: () => Body): RequestProblem[] {
  const told = fixedPaths.filter((path) => typeof valueAt(sent, path) === 'string');
  if (told.length === 0) return [];
  const existing = present();
  return told.flatMap((path): RequestProblem[] => {
    const before = valueAt(existing, path);
    return typeof before === 'string' && before !== valueAt(sent, path) ? [{ kind: 'fixed', path }] : [];
  });
}

function fixedPathsIn(schema: unknown, path = ''): string[] {
  const properties = isBody(schema) && isBody(schema.properties) ? schema.properties : {};
  return Object.entries(properties).flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`;
    if (!isBody(child) || child.readOnly !== true) return fixedPathsIn(child, at);
    return fixed.has(name) ? [at] : [];
  });
}
