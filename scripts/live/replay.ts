import { createDefaultHttpClient, createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline';
import type { Simulator } from '../../simulator/index.ts';
import { simulatedIdentity } from '../local/simulatorClient.ts';
import { type Exchange, errorCode, inAnswer } from './exchanges.ts';

/** Where the simulator answers otherwise than Azure has. */
export interface Deviation {
  /** Line in the recording, from 1. */
  readonly line: number;
  readonly request: string;
  readonly azure: string;
  readonly simulator: string;
}

type Answered = Pick<Exchange, 'status' | 'answer'>;

/**
 * Sends the requests of a recording to a simulator, one after the other, and compares status, code of an error and the properties of each answer.
 * Values are not compared: names, IDs and times are made up on both sides. Polls are not either: an operation is followed to the end
 * where the recording follows it. A request that was throttled, on either side, depends on the speed, and tells nothing.
 */
export async function replay(exchanges: readonly Exchange[], simulator: Simulator): Promise<Deviation[]> {
  const send = senderTo(simulator);
  /** Names that Azure and then the simulator gave the same thing: addresses of operations, and IDs that both make up. */
  const names = new Map<string, string>();
  const addresses = new Set(
    exchanges.flatMap(({ answer }) => [answer.headers['azure-asyncoperation'], answer.headers.location]),
  );
  const deviations: Deviation[] = [];
  const compare = (line: number, exchange: Exchange, answered: Answered, isPoll: boolean) => {
    learn(exchange.answer, answered.answer, names);
    if (exchange.status === 429 || answered.status === 429) return;
    const { pathname } = new URL(exchange.url);
    for (const differs of deviationsOf(exchange, answered, isPoll))
      deviations.push({ line, request: `${exchange.method} ${pathname}`, ...differs });
  };
  for (const group of alike(exchanges)) {
    const [line, exchange] = group.at(-1) ?? group[0];
    const address = names.get(exchange.url);
    if (address !== undefined) {
      if (exchanges.slice(line).some(({ url }) => url === exchange.url)) continue;
      compare(line, exchange, await followed(() => send({ ...exchange, url: address }, names)), true);
    } else if (!addresses.has(exchange.url)) {
      const answers: Answered[] = [];
      for (const [, each] of group) answers.push(await send(each, names));
      for (const [at, each] of group) {
        const [answered] = answers.splice(
          Math.max(
            0,
            answers.findIndex(({ status }) => status === each.status),
          ),
          1,
        );
        if (answered) compare(at, each, answered, false);
      }
    }
    // Else it is the address of an operation that did not begin here: its request has been told already.
  }
  return deviations;
}

type Numbered = readonly [line: number, exchange: Exchange];

/** Requests that are alike and next to each other: they may have been under way together, and their answers come in any order. */
function alike(exchanges: readonly Exchange[]): (readonly [Numbered, ...Numbered[]])[] {
  const groups: [Numbered, ...Numbered[]][] = [];
  const keyOf = ({ method, url, body }: Exchange) => JSON.stringify([method, url, body]);
  exchanges.forEach((exchange, index) => {
    const group = groups.at(-1);
    if (group && keyOf(group[0][1]) === keyOf(exchange)) group.push([index + 1, exchange]);
    else groups.push([[index + 1, exchange]]);
  });
  return groups;
}

function deviationsOf(azure: Exchange, simulated: Answered, isPoll: boolean): Pick<Deviation, 'azure' | 'simulator'>[] {
  const [ours, theirs] = [summaryOf(azure), summaryOf(simulated)];
  if (ours !== theirs) return [{ azure: ours, simulator: theirs }];
  return isPoll ? [] : shapeDeviations(azure, simulated);
}

const summaryOf = (answered: Answered): string => {
  const code = errorCode(answered as Exchange);
  return `${answered.status}${code === undefined ? '' : ` ${code}`}`;
};

function senderTo({ endpoint, tokenEndpoint, ca }: Simulator) {
  const client = createDefaultHttpClient();
  // One object: its connections are used again.
  const tlsSettings = { ca };
  const token = simulatedIdentity(tokenEndpoint).getToken('https://management.azure.com');
  return async (
    { method, url, headers, body }: Pick<Exchange, 'method' | 'url' | 'headers' | 'body'>,
    names: Map<string, string>,
  ): Promise<Answered> => {
    const request = createPipelineRequest({
      method: method as 'GET',
      url: translated(url, names).replace(/^https:\/\/management\.azure\.com/, endpoint),
      headers: createHttpHeaders({ ...headers, authorization: `Bearer ${(await token)?.token}` }),
      ...(body !== null && { body: translated(JSON.stringify(body), names) }),
    });
    request.tlsSettings = tlsSettings;
    const response = await client.sendRequest(request);
    const text = response.bodyAsText ?? '';
    const isJson = /\bjson\b/i.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      answer: { headers: response.headers.toJSON(), body: text !== '' && isJson ? JSON.parse(text) : text || null },
    };
  };
}

/** Polls to the end, which comes by demand with the polls. */
async function followed(poll: () => Promise<Answered>): Promise<Answered> {
  for (let polls = 0; ; polls += 1) {
    const answered = await poll();
    const status = inAnswer(answered as Exchange, 'status');
    const isDone = typeof status === 'string' ? /^(succeeded|failed|canceled)$/i.test(status) : answered.status !== 202;
    if (isDone || answered.status >= 400 || polls === 200) return answered;
  }
}

/** Longer names first: one may hold another. */
function translated(text: string, names: ReadonlyMap<string, string>): string {
  const known = [...names].sort(([one], [other]) => other.length - one.length);
  return known.reduce((rest, [azure, simulated]) => rest.replaceAll(azure, simulated), text);
}

/** A value that stands for an ID in a recording has so many zeros. */
const madeUp = /0{6}/;

/** Learns from two answers to the same request how either calls what both make up. */
function learn(azure: unknown, simulated: unknown, names: Map<string, string>): void {
  if (typeof azure === 'string' && typeof simulated === 'string') {
    if (/^https:/.test(azure) && /^https:/.test(simulated)) names.set(azure, simulated);
    const [ours = [], theirs = []] = [azure.match(/[\w.-]+/g) ?? [], simulated.match(/[\w.-]+/g) ?? []];
    if (ours.length !== theirs.length) return;
    ours.forEach((word, index) => {
      const other = theirs[index] ?? word;
      if (word !== other && madeUp.test(word)) names.set(word, other);
    });
  } else if (typeof azure === 'object' && azure !== null && typeof simulated === 'object' && simulated !== null) {
    const others = new Map(Object.entries(simulated));
    for (const [key, value] of Object.entries(azure)) learn(value, others.get(key), names);
  }
}

function shapeDeviations(azure: Answered, simulated: Answered): Pick<Deviation, 'azure' | 'simulator'>[] {
  const [ours, theirs] = [pathsOf(azure.answer.body), pathsOf(simulated.answer.body)];
  const onlyOurs = [...ours].filter((path) => !theirs.has(path));
  const onlyTheirs = [...theirs].filter((path) => !ours.has(path));
  if (onlyOurs.length + onlyTheirs.length === 0) return [];
  const list = (paths: string[]) => (paths.length === 0 ? 'no more' : `also ${paths.join(', ')}`);
  return [{ azure: list(onlyOurs), simulator: list(onlyTheirs) }];
}

/** Paths of all values, without what is made up: keys that are IDs, and indices of lists. */
function pathsOf(body: unknown, path = ''): Set<string> {
  if (typeof body !== 'object' || body === null) return new Set(path === '' ? [] : [path]);
  const children = Object.entries(body).map(([key, value]) => {
    const name = Array.isArray(body) ? '*' : /[/0-9]{6}/.test(key) ? '{id}' : key;
    return pathsOf(value, path === '' ? name : `${path}.${name}`);
  });
  return new Set(children.flatMap((each) => [...each]));
}
