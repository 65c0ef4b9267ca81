import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Arm } from './arm/arm.ts';
import { WorldEnded } from './arm/clock.ts';
import { FaultEffects } from './arm/faultEffects.ts';
import { tokenPath } from './arm/faults.ts';
import { issueToken } from './arm/token.ts';
import type { World } from './arm/world.ts';
import { addControlRoutes, type Worlds } from './control.ts';
import { page } from './page.ts';

/** Everything that the simulator answers: Azure Resource Manager, tokens, its own control API, and a page for people. */
export function createApp(arm: Arm, worlds: Worlds): FastifyInstance {
  // ARM takes requests of up to 4 MB.
  const app = fastify({ bodyLimit: 4 * 1024 * 1024 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    if (isControl(request) && isOfPage(request))
      return reply.code(403).send({ problems: ['Pages of others may not ask this.'] });
  });
  app.get(tokenPath, (request, reply) => token(request, reply, worlds.current()));
  app.get('/metadata/endpoints', async (request) => cloudMetadata(`https://${request.headers.host}`));
  addControlRoutes(app, worlds);
  const answer = (request: FastifyRequest, reply: FastifyReply) => answerAsArm(arm, worlds.current(), request, reply);
  // ARM answers HEAD.
  app.get('/', { exposeHeadRoute: false }, async (request, reply) => {
    const query = new URL(request.raw.url ?? '/', 'http://localhost').searchParams;
    if ([...query.keys()].some((name) => name.toLowerCase() === 'api-version')) return answer(request, reply);
    const content = page(worlds.current(), {
      endpoint: `https://${request.headers.host}`,
      group: query.get('group') ?? undefined,
      resource: query.get('resource') ?? undefined,
      refresh: query.get('refresh') !== '0',
    });
    return reply.type('text/html; charset=utf-8').send(content);
  });
  app.setNotFoundHandler(answer);
  return app;
}

const isControl = ({ raw: { url = '' } }: FastifyRequest): boolean => /^\/+simulator\//i.test(url);

/**
 * Whether a page of somebody else asks, as any that a browser has open can: it names its origin, and its host where that name leads
 * here. A command names no origin. Source: Fetch Standard, "Origin header" (2026-11-27).
 */
function isOfPage({ headers: { origin, host = '' } }: FastifyRequest): boolean {
  const isLoopback = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host);
  const isOwn = origin === undefined || [`http://${host}`, `https://${host}`].includes(origin);
  return !isLoopback || !isOwn;
}

async function answerAsArm(
  arm: Arm,
  world: World,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
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
