import { randomUUID } from 'node:crypto';
import { note } from './activities.ts';
import { carryOut, changesOf, deployBeside } from './doings.ts';
import { ArmError, gatewayError } from './errors.ts';
import type { ArmRequest, Incoming, Need, Outgoing, Reply } from './exchange.ts';
import { FaultEffects } from './faultEffects.ts';
import { pollAction, route } from './gateway.ts';
import { parseId } from './ids.ts';
import { checkApiVersion, checkBearer, parseJson, requestBody } from './incoming.ts';
import { documentOf, type Operation } from './operations.ts';
import type { Others } from './others.ts';
import { askedDelay, awaitOperation, operationHeaders, refuseOldAddress } from './polls.ts';
import { takeArmToken, takeProviderToken } from './rates.ts';
import type { Recorder } from './recorder.ts';
import { callerObjectId } from './token.ts';
import { isUnfinished } from './transitions.ts';
import type { ResolvedPath, TypeTable } from './typeTable.ts';
import type { World } from './world.ts';

interface Answered {
  readonly reply: Reply;
  /** The operation that the request has started. */
  readonly operation?: Operation | undefined;
  /** In place of the reply's body. */
  readonly text?: string;
  readonly contentType?: string | undefined;
  readonly indent?: number | undefined;
}

/** Simulated seconds until the answer, where the provider does not say. Reads are recorded, writes modelled. */
const readSeconds = 0.1;
export const writeSeconds = 0.5;

/** Answers ARM requests in a world. */
export class Arm {
  readonly #table: TypeTable;
  readonly #recorder: Recorder;

  constructor(table: TypeTable, recorder: Recorder) {
    this.#table = table;
    this.#recorder = recorder;
  }

  /** Lets a request take effect at once, records it, and answers after its latency. Rejects with WorldEnded on reset. */
  async handle(world: World, incoming: Incoming): Promise<Outgoing> {
    const time = new Date();
    const origin = `${incoming.secure ? 'https' : 'http'}://${incoming.headers.host ?? '127.0.0.1'}`;
    const url = new URL(`${origin}${incoming.url.replace(/^\/+/, '/')}`);
    const fault = new FaultEffects(world, incoming.method, url.pathname);
    const others = world.others.meet(incoming.method, url.pathname);
    this.#let(world, others, 'before');
    // Forget the notes of other requests: this one does not wait for them.
    world.clock.awaited(false);
    const needs: Need[] = [];
    const answered = fault.losesRequest ? undefined : this.#answer(world, incoming, url, fault, needs);
    const status = answered?.reply.status ?? null;
    const waitsUntil = world.clock.awaited(status !== null && status >= 400);
    const requestId = randomUUID();
    if (answered) this.#note(world, incoming, url, answered, requestId);
    this.#let(world, others, 'after');
    const { authorization: _secret, ...headers } = incoming.headers;
    this.#recorder.write({
      time: time.toISOString(),
      method: incoming.method,
      url: url.href,
      headers,
      body: parseJson(incoming.body)?.value ?? null,
      needs: needs.map(({ action }) => action),
      scopes: needs.map(({ scope }) => scope),
      status,
    });
    world.remember({ time, method: incoming.method, path: url.pathname, status });
    if (!answered) return fault.send();
    const seconds = latency(incoming.method, answered.reply);
    const sent = await fault.send(seconds, () => outgoing(world, incoming, url, answered, requestId));
    if (waitsUntil !== undefined) await world.clock.skip(waitsUntil);
    return sent;
  }

  #answer(world: World, incoming: Incoming, url: URL, fault: FaultEffects, needs: Need[]): Answered {
    try {
      return this.#admitted(world, incoming, url, fault, needs);
    } catch (error) {
      if (!(error instanceof ArmError)) throw error;
      const { headers = {}, seconds } = error.options;
      const reply = { status: error.status, headers, ...(seconds !== undefined && { seconds }) };
      const isText = error.status === 429 && world.settings.azure.gatewayErrors === 'text';
      if (isText) return { reply, text: error.message };
      return { reply: { ...reply, body: error.body() } };
    }
  }

  #admitted(world: World, incoming: Incoming, url: URL, fault: FaultEffects, needs: Need[]): Answered {
    if (!incoming.secure)
      throw gatewayError(403, 'HttpsRequired', 'HTTPS is required for requests to Azure Resource Manager.');
    checkBearer(incoming);
    const instead = fault.reply();
    if (instead) return { reply: instead };
    const apiVersion = checkApiVersion(url);
    const polled = world.operations.find(url.pathname);
    if (polled) {
      needs.push({ action: pollAction(url.pathname), scope: url.pathname });
      return this.#poll(world, incoming, url, polled.operation, polled.view);
    }
    const resolved = this.#table.resolve(url.pathname, apiVersion);
    const request: ArmRequest = {
      method: incoming.method,
      id: resolved.id,
      resourceId: resolved.resourceId,
      apiVersion,
      query: url.searchParams,
      headers: incoming.headers,
      body: fault.body(requestBody(incoming), resolved.id.path),
      caller: callerObjectId,
      world,
      origin: url.origin,
      needs,
    };
    const rates = this.#throttle(world, resolved, request);
    const reply = route(this.#table, resolved, request);
    fault.hide(resolved.id.path);
    if (!reply.operation && request.method !== 'GET') fault.leave(resolved.id.path);
    if (incoming.method === 'GET' && resolved.form === 'resource' && isUnfinished(reply.body))
      world.clock.notYet('any');
    const operation = this.#begin(request, resolved, reply, fault);
    const following = operation ? operationHeaders(operation, request.origin, world) : {};
    return { reply: { ...reply, headers: { ...rates, ...following, ...reply.headers } }, operation };
  }

  #note(world: World, incoming: Incoming, url: URL, { reply, operation }: Answered, requestId: string): void {
    const asked = {
      method: incoming.method,
      path: url.pathname,
      caller: callerObjectId,
      correlationId: correlationOf(incoming, requestId),
      clientRequestId: incoming.headers['x-ms-client-request-id'],
    };
    note(this.#table, world, asked, { status: reply.status, body: reply.body, operation });
  }

  /** Lets others do what they do at this moment. */
  #let(world: World, others: ReturnType<Others['meet']>, when: 'before' | 'after'): void {
    for (const rule of others.filter((one) => one.when === when)) {
      const changes = changesOf(world, () => {
        for (const { status, code } of rule.does.flatMap((doing) => carryOut(this.#table, world, doing)))
          rule.answers.push({ status, ...(code !== undefined && { code }) });
      });
      rule.changes.push(...changes);
      rule.at.push(new Date().toISOString());
    }
  }

  /** Starts the reply's operation, and notes the write for GET /simulator/durations. */
  #begin(request: ArmRequest, resolved: ResolvedPath, reply: Reply, fault: FaultEffects): Operation | undefined {
    const { world, method, apiVersion } = request;
    if (method === 'GET' || method === 'HEAD') return undefined;
    const requestSeconds = latency(method, reply) + fault.delaySeconds;
    const startedAt = world.clock.now();
    const operation =
      reply.operation && world.operations.start(fault.operation(reply.operation), apiVersion, requestSeconds);
    world.writes.push({
      resourceId: resolved.resourceId,
      operation: [method, resolved.action].filter(Boolean).join(' '),
      startedAt,
      requestSeconds,
      longRunning: operation,
    });
    if (method === 'PUT' || method === 'PATCH')
      deployBeside(this.#table, world, resolved, requestSeconds + (operation?.seconds ?? 0));
    return operation;
  }

  #poll(world: World, incoming: Incoming, url: URL, operation: Operation, view: 'status' | 'result'): Answered {
    if (incoming.method !== 'GET') throw gatewayError(405, 'MethodNotAllowed', 'Operations can only be read.');
    const { style } = operation;
    if (!style) throw gatewayError(404, 'NotFound', 'The operation was not found.');
    const { subscriptionId = '' } = parseId(url.pathname);
    const rates = {
      ...takeArmToken(world, subscriptionId, 'GET'),
      ...(style.bucket &&
        takeProviderToken(world, style.bucket(operation), subscriptionId, 'GetOperationStatusHandler.GET')),
    };
    refuseOldAddress(world, operation);
    operation.polls += 1;
    const running = operation.status === 'InProgress';
    awaitOperation(world, operation);
    const repeat = style.repeatHeaders === 'always' || (style.repeatHeaders === 'while-running' && running);
    const headers = {
      ...rates,
      ...(running && askedDelay(world, style, operation.polls)),
      ...(repeat && operationHeaders(operation, url.origin, world)),
    };
    if (view === 'status') {
      const reply = { status: running ? (style.runningStatus ?? 200) : 200, body: documentOf(operation), headers };
      return { reply, contentType: style.contentType, indent: style.indent };
    }
    if (running)
      return { reply: { status: 202, headers: { ...headers, ...operationHeaders(operation, url.origin, world) } } };
    if (operation.error) return { reply: { status: 409, body: { error: operation.error }, headers } };
    return { reply: { ...(style.result?.(operation) ?? { status: 204 }), headers } };
  }

  #throttle(world: World, resolved: ResolvedPath, request: ArmRequest): Record<string, string> {
    const asRead = resolved.type.kind === 'computed' && resolved.type.countsAsRead;
    const rates = takeArmToken(world, resolved.id.subscriptionId ?? '', asRead ? 'GET' : request.method);
    const bucket = resolved.type.bucket?.(request);
    if (bucket)
      takeProviderToken(world, bucket, resolved.id.subscriptionId ?? '', `${resolved.type.type}.${request.method}`);
    return rates;
  }
}

function outgoing(world: World, incoming: Incoming, url: URL, answered: Answered, requestId: string): Outgoing {
  const {
    reply,
    text,
    contentType = text === undefined ? 'application/json; charset=utf-8' : 'text/plain',
    indent,
  } = answered;
  const body = text ?? (reply.body === undefined ? '' : JSON.stringify(reply.body, undefined, indent));
  return {
    status: reply.status,
    headers: {
      ...commonHeaders(world, incoming, url, requestId),
      ...(body !== '' && { 'content-type': contentType }),
      ...reply.headers,
    },
    body,
  };
}

function commonHeaders(world: World, incoming: Incoming, url: URL, requestId: string): Record<string, string> {
  const correlation = correlationOf(incoming, requestId);
  const clientId = incoming.headers['x-ms-client-request-id'];
  const stamp = world.clock
    .now()
    .toISOString()
    .replace(/[-:]|\.\d+/g, '');
  const returned = incoming.headers['x-ms-return-client-request-id'] === 'true' && clientId;
  return {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-ms-request-id': requestId,
    'x-ms-correlation-request-id': correlation,
    'x-ms-routing-request-id': `${url.hostname.toUpperCase()}:${stamp}:${correlation}`,
    ...(returned && { 'x-ms-client-request-id': clientId }),
  };
}

const correlationOf = ({ headers }: Incoming, requestId: string): string =>
  headers['x-ms-correlation-request-id'] ?? requestId;

/** Simulated seconds until the answer, without what a fault adds. */
function latency(method: string, reply: Reply): number {
  return reply.seconds ?? (method === 'GET' || method === 'HEAD' ? readSeconds : writeSeconds);
}
