import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { Arm } from './arm/arm.ts';
import { type Speed, WorldEnded } from './arm/clock.ts';
import { carryOut } from './arm/doings.ts';
import { FaultEffects } from './arm/faultEffects.ts';
import { type FaultRuleInput, faultRule, faultRules, tokenPath } from './arm/faults.ts';
import { Recorder } from './arm/recorder.ts';
import { issueToken } from './arm/token.ts';
import { TypeTable } from './arm/typeTable.ts';
import { type Edition, World } from './arm/world.ts';
import { addControlRoutes, emptySeed, problems, type Seed } from './control.ts';
import { page } from './page.ts';
import { providers } from './providers.ts';
import { seedWorld } from './seed.ts';
import { listen, makeCertificate } from './server.ts';
import { worldFrom } from './snapshots.ts';

export type { Speed } from './arm/clock.ts';
export type { FaultRuleInput as FaultRule } from './arm/faults.ts';
export type { OthersRuleInput as OthersRule } from './arm/others.ts';
export type { RecordedRequest } from './arm/recorder.ts';
export type { Edition } from './arm/world.ts';
export type { ResetRequest } from './control.ts';
export type { Duration } from './durations.ts';
export type { Truth } from './oracle/truth.ts';
export type { Difference, Snapshot } from './snapshots.ts';

export interface SimulatorOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /**
   * Simulated seconds per real second, default 1; at 0 time stands still but for POST /simulator/clock; by `demand` it
   * passes also when a client waits.
   */
  readonly speed?: Speed;
  /** Default `current`. */
  readonly edition?: Edition;
  /** Every ARM request as a JSON line; truncated at start. */
  readonly recordFile?: string;
  /** Fault rules that act from the start. */
  readonly faults?: readonly FaultRuleInput[];
  /** File for the CA certificate; default: one in a fresh temporary folder, which is removed at close. */
  readonly caFile?: string;
}

export interface Simulator {
  /** `https://127.0.0.1:{port}` */
  readonly endpoint: string;
  /** For IDENTITY_ENDPOINT; answers over http and https. */
  readonly tokenEndpoint: string;
  readonly caFile: string;
  /** The CA certificate as PEM, for `tlsOptions.ca`. */
  readonly ca: string;
  readonly port: number;
  readonly clock: SimulatedClock;
  /** Stops at once, open connections included. */
  close(): Promise<void>;
}

/** Simulated time for clients in the same process, in milliseconds like the machine's. */
interface SimulatedClock {
  now(): number;
  /** The simulated time when the machine's clock showed this. */
  at(machineMs: number): number;
  /** Lets so much simulated time pass. @throws AbortError */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Starts a local Azure Resource Manager. @throws when the port is taken or a file cannot be written. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port: wanted = 0, speed = 1, edition = 'current' } = options;
  if (speed !== 'demand' && !(speed >= 0 && Number.isFinite(speed)))
    throw new Error(`speed must not be negative: ${speed}`);
  const table = new TypeTable(providers);
  const arm = new Arm(table, new Recorder(options.recordFile));
  const freshWorld = (start: Date, seed: Seed) => seedWorld(new World(edition, speed, start), table, providers, seed);
  let world = freshWorld(new Date(), emptySeed);
  for (const rule of options.faults ?? []) world.faults.add(faultRule.parse(rule));

  // ARM takes requests of up to 4 MB.
  const app = fastify({ bodyLimit: 4 * 1024 * 1024 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.get(tokenPath, (request, reply) => token(request, reply, world));
  app.get('/metadata/endpoints', async (request) => cloudMetadata(`https://${request.headers.host}`));
  addControlRoutes(app, {
    current: () => world,
    reset(seed) {
      world.end();
      world = freshWorld(world.clock.now(), seed);
    },
    restore(snapshot) {
      world.end();
      world = worldFrom(snapshot, speed);
    },
    carryOut: (doing) => carryOut(table, world, doing),
  });
  // ARM answers HEAD.
  app.get('/', { exposeHeadRoute: false }, async (request, reply) => {
    const query = new URL(request.raw.url ?? '/', 'http://localhost').searchParams;
    if ([...query.keys()].some((name) => name.toLowerCase() === 'api-version')) return answer(request, reply);
    const content = page(world, {
      endpoint: `https://${request.headers.host}`,
      group: query.get('group') ?? undefined,
      resource: query.get('resource') ?? undefined,
      refresh: query.get('refresh') !== '0',
    });
    return reply.type('text/html; charset=utf-8').send(content);
  });
  app.setNotFoundHandler((request, reply) => answer(request, reply));

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    try {
      const answer = await arm.handle(world, {
        method: request.method,
        url: request.raw.url ?? '/',
        headers: plainHeaders(request),
        body: typeof request.body === 'string' ? request.body : '',
        secure: 'encrypted' in request.raw.socket,
      });
      if (answer.silence === 'drop') return hangUp(reply);
      if (answer.silence === 'hang') return reply.hijack();
      // Sent as bytes: fastify adds a charset to JSON text, and AKS sends none.
      return await reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body));
    } catch (error) {
      if (error instanceof WorldEnded) return hangUp(reply);
      throw error;
    }
  }

  const certificate = await makeCertificate();
  const server = await listen(app, certificate, wanted);
  const folder = options.caFile === undefined ? mkdtempSync(join(tmpdir(), 'simulated-arm-')) : undefined;
  const caFile = options.caFile ?? join(folder ?? tmpdir(), 'ca.pem');
  const close = async () => {
    world.end();
    await server.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  try {
    writeFileSync(caFile, certificate.cert);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    endpoint: `https://127.0.0.1:${server.port}`,
    tokenEndpoint: `http://127.0.0.1:${server.port}${tokenPath}`,
    caFile,
    ca: certificate.cert,
    port: server.port,
    clock: {
      now: () => world.clock.now().getTime(),
      at: (machineMs) => world.clock.at(machineMs),
      async sleep(ms, signal) {
        // Leaves the processor to those for whom the caller waits.
        await delay(Math.min(ms, 10), undefined, { signal });
        await world.clock.sleep(ms / 1000);
      },
    },
    close,
  };
}

/** The problems of a file of fault rules; none if they can be used. */
export function faultProblems(rules: unknown): string[] {
  const { error } = faultRules.safeParse(rules);
  return error ? problems(error) : [];
}

/** The App Service managed identity endpoint, api-version 2019-08-01. */
async function token(request: FastifyRequest, reply: FastifyReply, world: World): Promise<unknown> {
  const query = new URL(request.raw.url ?? '/', 'http://localhost').searchParams;
  if (!request.headers['x-identity-header']) {
    return reply.code(401).send({ statusCode: 401, message: 'The X-IDENTITY-HEADER header is missing.' });
  }
  const resource = query.get('resource');
  if (!resource || !query.get('api-version')) {
    return reply.code(400).send({ statusCode: 400, message: 'The parameters resource and api-version are required.' });
  }
  const fault = new FaultEffects(world, 'GET', tokenPath).token;
  if (fault === 'refused') return reply.code(400).send({ statusCode: 400, message: 'No identity was found.' });
  return issueToken(resource, query.get('client_id') ?? undefined, fault === 'expired');
}

/** `az cloud register --endpoint-resource-manager` reads this, without a token. */
function cloudMetadata(endpoint: string): Record<string, unknown> {
  return {
    name: 'SimulatedAzure',
    portal: endpoint,
    authentication: {
      loginEndpoint: 'https://login.microsoftonline.com/',
      audiences: ['https://management.core.windows.net/', 'https://management.azure.com/'],
      tenant: 'common',
      identityProvider: 'AAD',
    },
    resourceManager: endpoint,
    microsoftGraphResourceId: `${endpoint}/`,
    suffixes: { acrLoginServer: 'azurecr.io', storage: 'core.windows.net', keyVaultDns: 'vault.azure.net' },
  };
}

function hangUp(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.destroy();
  return reply;
}

function plainHeaders(request: FastifyRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
}
