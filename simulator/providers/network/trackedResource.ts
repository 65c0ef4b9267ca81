import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import { type Body, withoutNulls, withoutUndefined } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { normalLocation } from '../../arm/regions.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { etagMismatch, networkNames, networkTransitions, refuseParallel, withEtag } from './style.ts';

const tags = z.record(z.string(), z.string()).nullish();
const trackedBody = z.looseObject({
  location: z.string(),
  tags,
  sku: z.looseObject({ name: z.string().nullish(), tier: z.string().nullish() }).nullish(),
  zones: z.array(z.string()).nullish(),
  properties: z.looseObject({}).nullish(),
});
type TrackedBody = z.infer<typeof trackedBody>;
const tagsBody = z.looseObject({ tags });

/** A type of Microsoft.Network that is written and read like most others. */
interface TrackedKind {
  readonly type: string;
  /** Whether its bodies have a SKU; the default is Standard. */
  readonly hasSku?: boolean;
  /** @throws ArmError for a PUT that Azure refuses */
  check?(request: ArmRequest, sent: TrackedBody, existing: Resource | undefined): void;
  /** Its properties as they are stored: a PUT resets what it leaves out, apart from what only Azure writes. */
  build(world: World, sent: Body, before: Body): Body;
  /** Other resources that a PUT writes. */
  write?(world: World, id: string, sent: Body): void;
  /** Other resources that are Updating as long as it is. */
  parts?(world: World, id: string): readonly Resource[];
  /** Properties that only Azure writes, at the end. */
  finish?(world: World, id: string): void;
  /** Properties that only readers see. */
  view?(resource: Resource, world: World): Body;
  /** Why it cannot be deleted. */
  inUse?(resource: Resource, world: World): ArmError | undefined;
}

/** A few seconds; recordings find them finished a second later. */
const transitions = networkTransitions(3);

export function trackedType(kind: TrackedKind): ResourceType {
  return {
    kind: 'stored',
    type: kind.type,
    tracked: true,
    etagHeader: true,
    mismatch: etagMismatch,
    names: networkNames(80),
    view: (resource, world) => shown(kind, resource, world),
    transitions,
    put: (request, existing) => put(kind, request, existing),
    patch: (request, resource) => patch(kind, request, resource),
    delete: (request, resource) => remove(kind, request, resource),
  };
}

function put(kind: TrackedKind, request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, trackedBody);
  const id = existing?.id ?? request.resourceId;
  const location = normalLocation(sent.location);
  refuseParallel(world, id);
  kind.check?.(request, sent, existing);
  const before = existing ? propertiesOf(existing) : {};
  const properties = withoutNulls(sent.properties ?? {}) as Body;
  const stored = world.store.put(
    id,
    kind.type,
    withoutUndefined({
      name: nameOf(id),
      id,
      type: kind.type,
      location,
      tags: sent.tags ?? undefined,
      zones: sent.zones ?? undefined,
      sku: kind.hasSku ? { name: sent.sku?.name ?? 'Standard', tier: sent.sku?.tier ?? 'Regional' } : undefined,
      properties: withoutUndefined({
        provisioningState: 'Updating',
        resourceGuid: before.resourceGuid ?? randomUUID(),
        ...kind.build(world, properties, before),
      }),
    }),
  );
  kind.write?.(world, id, properties);
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location,
    body: () => shown(kind, stored, world),
    atEnd(status) {
      for (const part of kind.parts?.(world, id) ?? []) world.setState(part.id, status);
      if (status === 'Succeeded') kind.finish?.(world, id);
    },
  });
}

/** Microsoft.Network patches tags alone, and answers at once. */
function patch(kind: TrackedKind, request: ArmRequest, resource: Resource): Reply {
  const { tags: sent } = parseBody(request, tagsBody);
  const { body } = resource;
  const stored = request.world.store.put(resource.id, kind.type, { ...body, ...(sent && { tags: sent }) });
  return { status: 200, body: shown(kind, stored, request.world) };
}

function remove(kind: TrackedKind, { world }: ArmRequest, resource: Resource): Reply {
  refuseParallel(world, resource.id);
  const refusal = kind.inUse?.(resource, world);
  if (refusal) throw refusal;
  return transit(world, transitions.delete, { id: resource.id, location: String(resource.body.location) });
}

function shown(kind: TrackedKind, resource: Resource, world: World): Body {
  const body = withEtag(resource);
  return kind.view ? { ...body, properties: { ...propertiesOf(resource), ...kind.view(resource, world) } } : body;
}

/** Resources of a type that name this one, as references for its readers; left out where there are none. */
export function usedBy(world: World, id: string, type: string): { readonly id: string }[] | undefined {
  const users = world.store.referencesTo(id).filter((user) => user.type === type);
  return users.length > 0 ? users.map((user) => ({ id: user.id })) : undefined;
}
