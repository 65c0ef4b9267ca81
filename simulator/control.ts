import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type AzureSwitches, azureSwitchMoves, withMoves } from './arm/azureSwitches.ts';
import type { Speed } from './arm/clock.ts';
import type { Answered } from './arm/doings.ts';
import { faultRule } from './arm/faults.ts';
import { type Doing, othersRule } from './arm/others.ts';
import { type World, worldSettings } from './arm/world.ts';
import { changeNodes, nodeChange, requestList } from './arranging.ts';
import { durations } from './durations.ts';
import { truthOf } from './oracle/truth.ts';
import { compareSnapshots, type Snapshot, snapshotOf, snapshotSchema } from './snapshots.ts';

const registrationState = z.enum(['NotRegistered', 'Registering', 'Registered', 'Unregistered']);
const featureState = z.enum(['NotRegistered', 'Pending', 'Registering', 'Registered', 'Unregistered']);

/**
 * Body of POST /simulator/reset. Unnamed providers are Registered, unnamed features NotRegistered; the caller may do
 * everything, or only what `callerPermissions` say; vCPU limits are 350, or what `quotas` say by family or for `cores`;
 * machines do what is usual, or what `machines` say by address.
 */
const resetRequest = worldSettings.extend({
  providers: z.record(z.string(), registrationState).optional(),
  features: z.record(z.string().regex(/^[^/]+\/[^/]+$/, 'is not {namespace}/{feature}'), featureState).optional(),
  /** Tenant by subscription, for those that are not in the simulated tenant. */
  tenants: z.record(z.string(), z.string()).default({}),
  /** Switches that are moved from where the simulator was started with. */
  azure: azureSwitchMoves.default({}),
});
export const emptySeed: Seed = resetRequest.parse({});
export type ResetRequest = z.input<typeof resetRequest>;
export type Seed = z.output<typeof resetRequest>;

const advance = z.strictObject({ advanceSeconds: z.number().nonnegative() });

/** GET /simulator/state. */
interface SimulatorState {
  readonly edition: 'current' | '2024-preview';
  readonly speed: Speed;
  /** The simulated time. */
  readonly now: string;
  readonly azure: AzureSwitches;
}

/** The world in use and the way to a fresh one. */
export interface Worlds {
  current(): World;
  reset(seed: Seed): void;
  restore(snapshot: Snapshot): void;
  /** Does what somebody else does. */
  carryOut(doing: Doing): Answered[];
}

/** The control API: not part of ARM, no token needed, http or https. */
export function addControlRoutes(app: FastifyInstance, worlds: Worlds): void {
  app.post('/simulator/reset', async (request, reply) => {
    const parsed = resetRequest.safeParse(json(request.body) ?? {});
    if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
    worlds.reset(parsed.data);
    return reply.code(204).send();
  });
  addSettingRoutes(app, worlds);
  app.post('/simulator/node-image', async (_request, reply) => {
    worlds.current().nodeImageWeeks += 1;
    return reply.code(204).send();
  });
  app.post('/simulator/clock', async (request, reply): Promise<unknown> => {
    const parsed = advance.safeParse(json(request.body));
    if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
    await worlds.current().clock.advance(parsed.data.advanceSeconds);
    return state(worlds);
  });
  app.post('/simulator/requests', async (request, reply) => {
    const parsed = requestList.safeParse(json(request.body));
    if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
    return parsed.data.does.flatMap((doing) => worlds.carryOut(doing));
  });
  app.post('/simulator/nodes', async (request, reply) => {
    const parsed = nodeChange.safeParse(json(request.body));
    if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
    const nodes = changeNodes(worlds.current(), parsed.data);
    return nodes.length > 0 ? { nodes } : reply.code(404).send({ problems: ['There is no such node.'] });
  });
  addSnapshotRoutes(app, worlds);
  app.get<{ Querystring: { cluster?: string } }>('/simulator/truth', async ({ query: { cluster } }, reply) => {
    if (cluster === undefined) return reply.code(400).send({ problems: ['cluster: give the ID of a cluster'] });
    const truth = truthOf(worlds.current(), cluster);
    return truth ?? reply.code(404).send({ problems: [`There is no cluster ${cluster}.`] });
  });
  app.get('/simulator/durations', async () => durations(worlds.current()));
  app.get('/simulator/resources', async () =>
    worlds
      .current()
      .store.all()
      .map(({ id, type, body }) => ({ ...body, id, type })),
  );
  // The answer of a proxy may be as large as a test wants it.
  app.post('/simulator/faults', { bodyLimit: 64 * 1024 * 1024 }, async (request, reply) => {
    const parsed = faultRule.safeParse(json(request.body));
    if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
    return reply.code(201).send(worlds.current().faults.add(parsed.data));
  });
  app.get('/simulator/faults', async () => worlds.current().faults.list());
  app.delete<{ Params: { id: string } }>('/simulator/faults/:id', async (request, reply) => {
    worlds.current().faults.remove(request.params.id);
    return reply.code(204).send();
  });
  app.delete('/simulator/faults', async (_request, reply) => {
    worlds.current().faults.clear();
    return reply.code(204).send();
  });
  addOthersRoutes(app, worlds);
  app.get('/simulator/state', async () => state(worlds));
}

/** Settings that may change while a world goes on. */
function addSettingRoutes(app: FastifyInstance, worlds: Worlds): void {
  for (const key of ['callerPermissions', 'policies', 'denyAssignments', 'kubernetes', 'machines'] as const)
    app.put(`/simulator/${key}`, async (request, reply) => {
      const parsed = worldSettings.shape[key].safeParse(json(request.body));
      if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
      const world = worlds.current();
      world.settings = { ...world.settings, [key]: parsed.data };
      return reply.code(204).send();
    });
  app.put('/simulator/azure', async (request, reply) => {
    const parsed = azureSwitchMoves.safeParse(json(request.body));
    if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
    const world = worlds.current();
    world.settings = { ...world.settings, azure: withMoves(world.settings.azure, parsed.data) };
    return reply.code(204).send();
  });
}

function state(worlds: Worlds): SimulatorState {
  const { edition, clock, settings } = worlds.current();
  return { edition, speed: clock.speed, now: clock.now().toISOString(), azure: settings.azure };
}

/** Other people's doings at given moments of the caller's requests. */
function addOthersRoutes(app: FastifyInstance, worlds: Worlds): void {
  app.post('/simulator/others', async (request, reply) => {
    const parsed = othersRule.safeParse(json(request.body));
    if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
    return reply.code(201).send(worlds.current().others.add(parsed.data));
  });
  app.get('/simulator/others', async () => worlds.current().others.list());
  app.delete('/simulator/others', async (_request, reply) => {
    worlds.current().others.clear();
    return reply.code(204).send();
  });
}

/** Snapshots of the world, by name: kept in memory, read and written as JSON, and compared. */
function addSnapshotRoutes(app: FastifyInstance, worlds: Worlds): void {
  const kept = new Map<string, Snapshot>();
  const named = (name: string | undefined): Snapshot | undefined =>
    name === undefined ? snapshotOf(worlds.current()) : kept.get(name);
  const unknown = (name: string) => ({
    problems: [`There is no snapshot ${name}: there are ${[...kept.keys()].join(', ') || 'none'}.`],
  });

  app.get('/simulator/snapshots', async () =>
    [...kept].map(([name, { savedAt, running, resources }]) => ({
      name,
      savedAt,
      running,
      resources: resources.length,
    })),
  );
  app.put<{ Params: { name: string } }>('/simulator/snapshots/:name', async ({ params: { name }, body }, reply) => {
    const sent = json(body);
    if (sent === undefined) {
      kept.set(name, snapshotOf(worlds.current()));
      return reply.code(201).send();
    }
    const parsed = snapshotSchema.safeParse(sent);
    if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
    kept.set(name, parsed.data);
    return reply.code(201).send();
  });
  app.get<{ Params: { name: string } }>(
    '/simulator/snapshots/:name',
    async ({ params: { name } }, reply) => kept.get(name) ?? reply.code(404).send(unknown(name)),
  );
  app.delete<{ Params: { name: string } }>('/simulator/snapshots/:name', async ({ params: { name } }, reply) =>
    kept.delete(name) ? reply.code(204).send() : reply.code(404).send(unknown(name)),
  );
  app.post<{ Params: { name: string } }>('/simulator/snapshots/:name/restore', async ({ params: { name } }, reply) => {
    const snapshot = kept.get(name);
    if (!snapshot) return reply.code(404).send(unknown(name));
    const problems = snapshot.running.map((operation) => `${operation} was running, and cannot be taken up again`);
    if (problems.length > 0) return reply.code(409).send({ problems });
    worlds.restore(snapshot);
    return reply.code(204).send();
  });
  app.get<{ Querystring: { from?: string; to?: string } }>(
    '/simulator/diff',
    async ({ query: { from, to } }, reply) => {
      if (from === undefined) return reply.code(400).send({ problems: ['from: name a snapshot'] });
      const [before, after] = [named(from), named(to)];
      if (!before || !after) return reply.code(404).send(unknown(before ? String(to) : from));
      return compareSnapshots(before, after);
    },
  );
}

/** The server hands bodies over as text, because ARM must see malformed JSON too. */
function json(body: unknown): unknown {
  if (typeof body !== 'string' || body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

export function problems(error: z.ZodError): string[] {
  return error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': '));
}
