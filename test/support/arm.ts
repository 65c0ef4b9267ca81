import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { Difference, FaultRule, Simulator } from '../../simulator/index.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The value in the body at a dotted path; array items by their index. */
  at(path: string): unknown;
}

/** A resource as the simulator keeps it. */
export type StoredResource = { id: string; type: string } & Record<string, unknown>;

/** Plain ARM requests: for what the SDKs hide, and for what somebody else does in Azure. */
export interface ArmClient {
  /** The path may be relative to the endpoint. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Polls the operation of an answer to its end and gives the last status document. */
  answerAtEnd(answer: Answer): Promise<Answer>;
  /** Creates or changes a resource, to the end of the operation if there is one. Fails on anything but success. */
  put(id: string, body: unknown, method?: 'PUT' | 'PATCH'): Promise<Answer>;
  get(id: string): Promise<Answer>;
  remove(id: string): Promise<void>;
  /** Injects a fault into the simulator; the result takes it away, which releases what it holds. */
  fault(rule: FaultRule): Promise<() => Promise<void>>;
  /** Keeps this moment; the result tells what has changed since. */
  moment(): Promise<() => Promise<Difference[]>>;
  /** Everything that is there, by ID in lower case. */
  state(): Promise<Record<string, StoredResource>>;
}

export function armClient(simulator: Simulator, token: () => Promise<string>): ArmClient {
  const send: ArmClient['send'] = async (method, path, body, headers = {}) =>
    exchange(simulator, method, path, body, { authorization: `Bearer ${await token()}`, ...headers });

  async function answerAtEnd(answer: Answer): Promise<Answer> {
    const url = answer.headers['azure-asyncoperation'];
    if (url === undefined) throw new Error(`no operation: ${answer.status} ${JSON.stringify(answer.body)}`);
    for (;;) {
      const poll = await send('GET', url);
      // Private DNS ends without a body.
      if (poll.status === 200 && poll.body === undefined) return poll;
      if (['Succeeded', 'Failed', 'Canceled'].includes(String(poll.at('status')))) return poll;
      await delay(Number(poll.headers['retry-after-ms'] ?? 10));
    }
  }

  const get = (id: string): Promise<Answer> => send('GET', versioned(id));

  return {
    send,
    answerAtEnd,
    get,
    async put(id, body, method = 'PUT') {
      const answer = await send(method, versioned(id), body);
      if (answer.status >= 300) throw new Error(`${method} ${id}: ${answer.status} ${JSON.stringify(answer.body)}`);
      if (answer.headers['azure-asyncoperation'] === undefined) return answer;
      const end = await answerAtEnd(answer);
      if (end.body !== undefined && end.at('status') !== 'Succeeded') throw new Error(JSON.stringify(end.body));
      return get(id);
    },
    async remove(id) {
      const answer = await send('DELETE', versioned(id));
      if (answer.status >= 300) throw new Error(`DELETE ${id}: ${answer.status} ${JSON.stringify(answer.body)}`);
      while ((await get(id)).status !== 404) await delay(10);
    },
    async fault(rule) {
      const id = rule.id ?? randomUUID();
      const { status, body } = await send('POST', '/simulator/faults', { ...rule, id });
      if (status !== 201) throw new Error(JSON.stringify(body));
      return async () => {
        await send('DELETE', `/simulator/faults/${id}`);
      };
    },
    async moment() {
      const name = randomUUID();
      await send('PUT', `/simulator/snapshots/${name}`);
      return async () => (await send('GET', `/simulator/diff?from=${name}`)).body as Difference[];
    },
    async state() {
      const resources = (await send('GET', '/simulator/resources')).body as StoredResource[];
      return Object.fromEntries(resources.map((resource) => [resource.id.toLowerCase(), resource]));
    },
  };
}

/** The path with an API version that its type has. */
export const versioned = (id: string): string => `${id}?api-version=${apiVersion(id)}`;

/** API version of the innermost provider in the ID. */
function apiVersion(id: string): string {
  const [, provider = 'resources', type = ''] = /.*\/providers\/([^/]+)\/([^/]+)/.exec(id.toLowerCase()) ?? [];
  switch (type === 'register' ? 'resources' : provider) {
    case 'microsoft.containerservice':
      return '2026-06-01';
    case 'microsoft.containerregistry':
      return '2025-11-01';
    case 'microsoft.network':
      // The version of networks that is older than the rule by which subnets are private.
      return type === 'privatednszones' ? '2024-06-01' : '2024-05-01';
    case 'microsoft.managedidentity':
      return '2024-11-30';
    case 'microsoft.compute':
      return '2024-07-01';
    case 'microsoft.features':
      return '2021-07-01';
    case 'microsoft.authorization':
      return type === 'locks' ? '2020-05-01' : '2022-04-01';
    default:
      return '2024-11-01';
  }
}

function exchange(
  simulator: Simulator,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const url = path.startsWith('http') ? path : `${simulator.endpoint}${path}`;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        ca: simulator.ca,
        headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString();
          const isJson = String(response.headers['content-type']).includes('json');
          const parsed: unknown = answer === '' ? undefined : isJson ? JSON.parse(answer) : answer;
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
            body: parsed,
            at: (path) => path.split('.').reduce(child, parsed),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

function child(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}
