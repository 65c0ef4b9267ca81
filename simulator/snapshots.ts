import diff from 'microdiff';
import { z } from 'zod';
import type { Speed } from './arm/clock.ts';
import type { Body } from './arm/json.ts';
import { World, worldSettings } from './arm/world.ts';

const resource = z.strictObject({
  id: z.string(),
  type: z.string(),
  etag: z.string(),
  body: z.record(z.string(), z.unknown()),
});

/** A whole world without its operations, as JSON that can be kept in a file. */
export const snapshotSchema = z.strictObject({
  edition: z.enum(['current', '2024-preview']),
  /** Simulated time. */
  savedAt: z.iso.datetime(),
  /** Operations that were running. A snapshot with any cannot be restored. */
  running: z.array(z.string()),
  settings: worldSettings,
  nodeImageWeeks: z.int(),
  activeFeatures: z.array(z.string()),
  principals: z.record(z.string(), z.string()),
  resources: z.array(resource),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

export function snapshotOf(world: World): Snapshot {
  return {
    edition: world.edition,
    savedAt: world.clock.now().toISOString(),
    running: world.operations.inFlight().map(({ verb, resourceId }) => `${verb} ${resourceId}`),
    settings: structuredClone(world.settings),
    nodeImageWeeks: world.nodeImageWeeks,
    activeFeatures: [...world.activeFeatures],
    principals: Object.fromEntries([...world.principals].map(([id, made]) => [id, made.toISOString()])),
    resources: world.store.all().map(({ id, type, etag, body }) => ({ id, type, etag, body: asJson(body) })),
  };
}

/** A copy without what JSON leaves out, so that a snapshot in memory differs in nothing from one that was sent. */
const asJson = (body: Body): Body => JSON.parse(JSON.stringify(body));

/** The world and the time of a snapshot. Nothing runs in it, and it has no faults. */
export function worldFrom(snapshot: Snapshot, speed: Speed): World {
  const world = new World(snapshot.edition, speed, new Date(snapshot.savedAt));
  world.settings = snapshot.settings;
  world.nodeImageWeeks = snapshot.nodeImageWeeks;
  for (const feature of snapshot.activeFeatures) world.activeFeatures.add(feature);
  for (const [id, made] of Object.entries(snapshot.principals)) world.principals.set(id, new Date(made));
  for (const { id, type, etag, body } of snapshot.resources) world.store.put(id, type, structuredClone(body), etag);
  return world;
}

/** One resource that differs between two snapshots. */
export interface Difference {
  readonly id: string;
  readonly type: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Empty unless the resource has changed. `before` is left out for a new property, `after` for one that is gone. */
  readonly properties: readonly { readonly path: string; readonly before?: unknown; readonly after?: unknown }[];
}

/** The differences between two snapshots, by resource and property. ETags do not count. */
export function compareSnapshots(before: Snapshot, after: Snapshot): Difference[] {
  const keyed = ({ resources }: Snapshot) => new Map(resources.map((each) => [each.id.toLowerCase(), each]));
  const [was, is] = [keyed(before), keyed(after)];
  const gone = [...was.values()].filter(({ id }) => !is.has(id.toLowerCase()));
  return [
    ...gone.map(({ id, type }): Difference => ({ id, type, change: 'removed', properties: [] })),
    ...[...is.values()].flatMap(({ id, type, body }): Difference[] => {
      const old = was.get(id.toLowerCase());
      if (!old) return [{ id, type, change: 'added', properties: [] }];
      const properties = changes(old.body, body);
      return properties.length === 0 ? [] : [{ id, type, change: 'changed', properties }];
    }),
  ];
}

function changes(before: Body, after: Body): Difference['properties'] {
  return diff(before, after, { cyclesFix: false }).map((change) => ({
    path: change.path.join('.'),
    ...(change.type !== 'CREATE' && { before: change.oldValue }),
    ...(change.type !== 'REMOVE' && { after: change.value }),
  }));
}
