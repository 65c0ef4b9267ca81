import { setTimeout as delay } from 'node:timers/promises';
import { createPipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline';
import { UnreadableAnswerError } from '../../activities/arm/belief.ts';
import { type AzureClients, observed, type Service } from '../../activities/arm/connection.ts';
import { parseRetryAfter } from '../../activities/arm/errors.ts';
import { type Poller, restoredPoller } from '../../activities/arm/poller.ts';
import { shortened } from '../../contract/shortened.ts';
import { withoutSecrets } from '../../contract/withoutSecrets.ts';
import { interruption } from '../local/interruption.ts';
import { type Exchange, inAnswer, type Recording } from './exchanges.ts';

/**
 * How many seconds of Azure's pass in one of this machine's. The real one has 1, a simulated one may be faster; where its time passes
 * by `demand`, nobody needs to wait, and nothing tells how long something takes.
 */
export type Pace = number | 'demand';

/** The outcome of a call to Azure, refused or not: a refusal is what a check may be after. */
export interface Answered<T> {
  /** Left out where Azure refused. */
  readonly value?: T;
  readonly exchanges: readonly Exchange[];
  readonly last: Exchange;
}

/** An operation of Azure's, followed to its end, or to where its address failed. */
export interface Followed<T = unknown> {
  /** The SDK's result, with its real names; left out unless the call succeeded. */
  readonly result?: T | undefined;
  /** `refused`: it did not begin. `lost`: its address gave an error, or no end for {@link longestSeconds}. */
  readonly outcome: 'succeeded' | 'failed' | 'refused' | 'lost';
  /** The answer to the request that began it, or that refused it. */
  readonly first: Exchange;
  /** The answers of its address, in their order. */
  readonly polls: readonly Exchange[];
  readonly last: Exchange;
}

interface Begun<T> {
  readonly first: Exchange;
  readonly poller?: Poller<T>;
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** An answer that says nothing about the operation, but about the service that was asked, or a proxy before it. */
export const isPassing = ({ status }: Exchange): boolean => status === 408 || status === 429 || status >= 500;
/** How many of them one operation may have. */
const mostPassing = 20;

/** No operation of AKS is known to take as long. Nodes cost money meanwhile. */
const longestSeconds = 3 * 3600;

/** Between two polls, where Azure does not say how long to wait. */
const unaskedSeconds = 10;

/**
 * Azure, asked by the product's own connection: its SDKs, credential, endpoint and bounds. Each request is sent once and its answer kept, also a
 * refusal. There is no workflow in between, which would wait, look and send again, so that nothing would show which answer was the first.
 */
export class LiveAzure {
  readonly clients: AzureClients;
  readonly subscriptionScope: string;
  readonly #pace: Pace;
  readonly #recording: Recording;
  /** The check whose requests these are; what is asked between checks is not recorded. */
  check = '';
  /** Azure's own words for its last refusal: for the terminal alone, for they may hold names. */
  lastRefusal: string | undefined;
  /** Ends all waits. */
  signal: AbortSignal = interruption;

  constructor(clients: AzureClients, subscriptionId: string, pace: Pace, recording: Recording) {
    this.clients = clients;
    this.subscriptionScope = `/subscriptions/${subscriptionId}`;
    this.#pace = pace;
    this.#recording = recording;
  }

  get endpoint(): string {
    return this.clients.authorization.$host;
  }

  get isByDemand(): boolean {
    return this.#pace === 'demand';
  }

  /** Sends one request, or reads one page. @throws Error where Azure does not answer */
  async ask<T>(call: () => Promise<T>): Promise<Answered<T>> {
    const exchanges: Exchange[] = [];
    let sentAt = new Date();
    const keep = (response: PipelineResponse) => {
      exchanges.push(this.#recording.write(this.check, sentAt, response));
      // A further page is asked for once the last one is there.
      sentAt = new Date();
    };
    let value: T | undefined;
    let failure: unknown;
    try {
      value = await observed(call, keep);
    } catch (error) {
      if (error instanceof UnreadableAnswerError) keep(error.response);
      failure = error;
    }
    const last = exchanges.at(-1);
    if (last && last.status >= 400) this.lastRefusal = shortened(withoutSecrets(textOf(failure)), 500);
    if (!last) throw failure ?? new Error('the call sent nothing');
    return { ...(failure === undefined && value !== undefined && { value }), exchanges, last };
  }

  /** Reads an address that no SDK has. */
  get(path: string): Promise<Answered<PipelineResponse>> {
    const { authorization } = this.clients;
    return this.ask(() => authorization.sendRequest(createPipelineRequest({ url: `${this.endpoint}${path}` })));
  }

  /** Sends a request and follows its operation. @param service Whose client sends it. @throws Error where Azure does not answer */
  async follow<T>(service: Service, send: () => Poller<T>): Promise<Followed<T>> {
    return this.#followed(service, await this.#begun(send));
  }

  /** Sends requests at once, and follows their operations when all are answered: none may end before another is sent. */
  async followTogether<T>(service: Service, sends: readonly (() => Poller<T>)[]): Promise<Followed<T>[]> {
    const begun = await Promise.all(sends.map((send) => this.#begun(send)));
    return Promise.all(begun.map((each) => this.#followed(service, each)));
  }

  async #begun<T>(send: () => Poller<T>): Promise<Begun<T>> {
    let poller: Poller<T> | undefined;
    const { last: first } = await this.ask(async () => {
      poller = send();
      await poller.submitted();
    });
    return { first, ...(poller && { poller }) };
  }

  async #followed<T>(service: Service, { first, poller: given }: Begun<T>): Promise<Followed<T>> {
    let poller = given;
    const polls: Exchange[] = [];
    const ended = (outcome: Followed['outcome']) => ({ outcome, first, polls, last: polls.at(-1) ?? first });
    if (!poller || first.status >= 300) return ended('refused');
    // There was nothing to delete. The SDK does not expect that for a group.
    if (first.status === 204) return ended('succeeded');
    // The SDK takes any error of a poll for the operation's end.
    const saved = await poller.serialize();
    let waited = 0;
    for (let passing = 0; !poller.isDone; ) {
      waited += this.askedSeconds(polls.at(-1) ?? first) ?? unaskedSeconds;
      if (waited > longestSeconds && !this.isByDemand) return ended('lost');
      const askedMs = this.#askedMs(polls.at(-1) ?? first);
      await (askedMs === undefined ? this.wait(unaskedSeconds) : this.pause(askedMs));
      const operation: Poller<unknown> = poller;
      const { exchanges, last } = await this.ask(() => operation.poll()).catch((error: unknown) => {
        if (passing >= mostPassing) throw error;
        return { exchanges: [], last: undefined };
      });
      polls.push(...exchanges);
      if (!last || (isPassing(last) && passing < mostPassing)) {
        passing += 1;
        poller = restoredPoller(this.clients[service], saved) as Poller<T>;
      } else if (last.status >= 400) return ended('lost');
      else if (/^(failed|canceled)$/i.test(String(inAnswer(last, 'status')))) {
        this.lastRefusal = shortened(String(inAnswer(last, 'error.message') ?? ''), 500);
        return ended('failed');
      }
    }
    return { ...ended('succeeded'), result: poller.result };
  }

  /** Seconds that an answer asks its client to wait; undefined where it says nothing that counts. */
  askedSeconds(exchange: Exchange): number | undefined {
    const ms = this.#askedMs(exchange);
    return ms === undefined ? undefined : Math.round((ms * (this.#pace === 'demand' ? 1 : this.#pace)) / 1000);
  }

  /** Waits so many seconds of Azure's. @throws Error that names the signal */
  async wait(seconds: number): Promise<void> {
    await this.pause(this.#pace === 'demand' ? 1 : (seconds * 1000) / this.#pace);
  }

  /** Waits so many of this machine's milliseconds. @throws Error that names the signal */
  async pause(ms: number): Promise<void> {
    const { signal } = this;
    signal.throwIfAborted();
    await delay(ms, undefined, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }

  /** As long as the answer asks, in this machine's milliseconds. */
  #askedMs({ answer, time }: Exchange): number | undefined {
    return parseRetryAfter({ get: (name) => (name === 'date' ? time : answer.headers[name]) });
  }
}
