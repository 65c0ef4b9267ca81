import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { faultRule } from './arm/faults.ts';
import type { World } from './arm/world.ts';
import { durations } from './durations.ts';

const registrationState = z.enum(['NotRegistered', 'Registering', 'Registered', 'Unregistered']);
const featureState = z.enum(['NotRegistered', 'Pending', 'Registering', 'Registered', 'Unregistered']);

/**
 * Body of POST /simulator/reset. Unnamed providers are Registered, unnamed features NotRegistered; the caller may do
 * everything, or only what `callerPermissions` say; vCPU limits are 350, or what `quotas` say by family or for `cores`.
 */
const resetRequest = z.strictObject({
  providers: z.record(z.string(), registrationState).optional(),
  features: z.record(z.string().regex(/^[^/]+\/[^/]+$/, 'is not {namespace}/{feature}'), featureState).optional(),
  roleDelaySeconds: z.number().nonnegative().default(30),
  callerPermissions: z
    .array(
      z.strictObject({
        scope: z.string().startsWith('/'),
        actions: z.array(z.string()),
        notActions: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  /** Other tenants, by the subscriptions that are in them. */
  tenants: z.record(z.string(), z.string()).default({}),
  quotas: z.record(z.string(), z.int().nonnegative()).default({}),
});
export type ResetRequest = z.input<typeof resetRequest>;
export type Seed = z.output<typeof resetRequest>;

/** GET /simulator/state. */
export interface SimulatorState {
  readonly edition: 'current' | '2024-preview';
  readonly speed: number;
  /** Simulated now. */
  readonly now: string;
}

/** The world in use and the way to a fresh one. */
export interface Worlds {
  current(): World;
  reset(seed: Seed): void;
}

/** The control API: not part of ARM, no token needed, http or https. */
export function addControlRoutes(app: FastifyInstance, worlds: Worlds): void {
  app.post('/simulator/reset', async (request, reply) => {
    const parsed = resetRequest.safeParse(json(request.body) ?? {});
    if (!parsed.success) return reply.code(400).send({ problems: problems(parsed.error) });
    worlds.reset(parsed.data);
    return reply.code(204).send();
  });
  app.post('/simulator/node-image', async (_request, reply) => {
    worlds.current().nodeImageWeeks += 1;
    return reply.code(204).send();
  });
  app.get('/simulator/durations', async () => durations(worlds.current()));
  app.get('/simulator/resources', async () =>
    worlds
      .current()
      .store.all()
      .map(({ id, type, body }) => ({ ...body, id, type })),
  );
  app.post('/simulator/faults', async (request, reply) => {
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
  app.get('/simulator/state', async (): Promise<SimulatorState> => {
    const { edition, clock } = worlds.current();
    return { edition, speed: clock.speed, now: clock.now().toISOString() };
  });
}

/** Bodies arrive as text, for ARM must see malformed JSON too. */
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
