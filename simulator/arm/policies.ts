import { z } from 'zod';
import { gatewayError } from './errors.ts';
import { regex } from './faults.ts';
import { keyOf, nameOf } from './ids.ts';
import { type Body, isBody, valueAt, withValueAt } from './json.ts';
import type { Resource } from './store.ts';

const condition = z.strictObject({
  /** Dotted path in the body, such as `properties.publicNetworkAccess` or `tags.team`. */
  path: z.string().min(1),
  equals: z.unknown().optional(),
  notEquals: z.unknown().optional(),
  exists: z.boolean().optional(),
});

const operation = z.strictObject({
  operation: z.enum(['add', 'addOrReplace', 'remove']),
  path: z.string().min(1),
  /** The value; left out where it comes from the resource group, or where it is removed. */
  value: z.unknown().optional(),
  from: z.literal('resourceGroup').optional(),
});

const deployment = z.strictObject({
  /** With `{id}`, `{name}` and `{group}` of the resource, as in the body. */
  path: z.string().min(1),
  body: z.record(z.string(), z.unknown()),
});

const does = z.discriminatedUnion('effect', [
  z.strictObject({ effect: z.literal('deny') }),
  z.strictObject({ effect: z.literal('modify'), operations: z.array(operation).min(1) }),
  z.strictObject({
    effect: z.literal('deployIfNotExists'),
    deploys: z.array(deployment).min(1),
    /** Simulated seconds after the resource is made. Azure says minutes; 60 s are modelled. */
    afterSeconds: z.number().nonnegative().default(60),
  }),
]);

/**
 * An assigned policy, in short: the resources that it is about and its effect.
 *
 * @see https://learn.microsoft.com/azure/governance/policy/concepts/effect-basics
 */
export const policy = z.strictObject({
  name: z.string().regex(/^[\w-]{1,64}$/),
  scope: z.string().startsWith('/').default('/'),
  /** Resource type, any case; default: all. */
  type: z.string().optional(),
  /** Regular expression on the name of the resource, any case. */
  resource: regex.default('.'),
  /** Conditions on the body, all of which hold. */
  where: z.array(condition).default([]),
  does,
});
export type Policy = z.output<typeof policy>;

/** A resource as it would be after a request. */
interface Candidate {
  readonly id: string;
  readonly type: string;
  readonly body: Body;
}

function concerns({ scope, type, resource, where }: Policy, { id, type: its, body }: Candidate): boolean {
  return (
    (scope === '/' || `${keyOf(id)}/`.startsWith(`${keyOf(scope)}/`)) &&
    (type === undefined || type.toLowerCase() === its.toLowerCase()) &&
    new RegExp(resource, 'i').test(nameOf(id)) &&
    where.every((one) => holds(one, body))
  );
}

function holds({ path, equals, notEquals, exists }: z.output<typeof condition>, body: Body): boolean {
  const value = valueAt(body, path);
  const same = (other: unknown) => String(value).toLowerCase() === String(other).toLowerCase();
  return (
    (equals === undefined || same(equals)) &&
    (notEquals === undefined || !same(notEquals)) &&
    (exists === undefined || exists === (value !== undefined && value !== null))
  );
}

/**
 * The body of a write as policies change it. They see a PATCH together with the resource that it changes.
 *
 * @throws ArmError 403 RequestDisallowedByPolicy
 */
export function underPolicies(
  policies: readonly Policy[],
  { id, type, body: sent }: Candidate,
  { before, group }: { readonly before: Resource | undefined; readonly group: Resource | undefined },
): Body {
  let body = sent;
  const whole = (): Candidate => ({ id, type, body: before ? mergedInto(before.body, body) : body });
  for (const each of policies) {
    if (each.does.effect !== 'modify' || !concerns(each, whole())) continue;
    for (const one of each.does.operations) body = modified(body, whole().body, one, group);
  }
  const refusal = policyRefusal(policies, whole());
  if (refusal !== undefined) throw gatewayError(403, 'RequestDisallowedByPolicy', refusal, { target: nameOf(id) });
  return body;
}

/** Names and IDs of a policy's assignment and definition. */
export function policyIds({ name, scope }: Policy) {
  const under = scope === '/' ? '' : scope;
  return {
    assignment: { name, id: `${under}/providers/Microsoft.Authorization/policyAssignments/${name}` },
    definition: { name, id: `/providers/Microsoft.Authorization/policyDefinitions/${name}` },
  };
}

const denying = (policies: readonly Policy[], candidate: Candidate): Policy | undefined =>
  policies.find((each) => each.does.effect === 'deny' && concerns(each, candidate));

/** The name of a policy that denies something. */
export const policyRefusalBy = (policies: readonly Policy[], candidate: Candidate): string | undefined =>
  denying(policies, candidate)?.name;

/** Why a resource is refused, if a policy denies it. */
export function policyRefusal(policies: readonly Policy[], candidate: Candidate): string | undefined {
  const by = denying(policies, candidate);
  if (!by) return undefined;
  const { assignment: policyAssignment, definition: policyDefinition } = policyIds(by);
  const identifiers = JSON.stringify([{ policyAssignment, policyDefinition }]);
  return `Resource '${nameOf(candidate.id)}' was disallowed by policy. Policy identifiers: '${identifiers}'.`;
}

function modified(
  body: Body,
  whole: Body,
  { operation: how, path, value: given, from }: z.output<typeof operation>,
  group: Resource | undefined,
): Body {
  const value = from === 'resourceGroup' ? valueAt(group?.body, path) : given;
  const present = valueAt(whole, path) !== undefined;
  switch (how) {
    case 'remove':
      return withValueAt(body, path, undefined);
    case 'add':
      return present || value === undefined ? body : withValueAt(body, path, value);
    case 'addOrReplace':
      return value === undefined ? body : withValueAt(body, path, value);
  }
}

function mergedInto(before: Body, changes: Body): Body {
  const keys = Object.entries(changes).map(([key, value]) => {
    const old = before[key];
    return [key, isBody(old) && isBody(value) ? mergedInto(old, value) : value] as const;
  });
  return { ...before, ...Object.fromEntries(keys) };
}

/** A resource that a policy deploys beside another. */
export interface PolicyDeployment {
  readonly path: string;
  readonly body: Body;
  readonly afterSeconds: number;
}

/** Deploys the resources that policies want beside one that has been written. */
export function deploymentsFor(policies: readonly Policy[], written: Candidate): PolicyDeployment[] {
  return policies.flatMap((each) => {
    if (each.does.effect !== 'deployIfNotExists' || !concerns(each, written)) return [];
    const { deploys, afterSeconds } = each.does;
    return deploys.map(({ path, body }) => ({
      path: filledIn(path, written.id),
      body: JSON.parse(filledIn(JSON.stringify(body), written.id)),
      afterSeconds,
    }));
  });
}

/** A text with `{id}`, `{name}` and `{group}` of a resource. */
export const filledIn = (text: string, id: string): string =>
  text
    .replaceAll('{id}', id)
    .replaceAll('{name}', nameOf(id))
    .replaceAll('{group}', id.split('/').slice(0, 5).join('/'));
