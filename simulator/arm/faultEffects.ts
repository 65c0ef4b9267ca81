import { ArmError } from './errors.ts';
import type { Outgoing, Reply } from './exchange.ts';
import type { Fault } from './faults.ts';
import { isBody, valueAt, withValueAt } from './json.ts';
import { documentOf, type OperationSpec } from './operations.ts';
import { retryAfterHeaders } from './throttling.ts';
import type { World } from './world.ts';

/** Acts out the fault that meets a request, each effect at its moment in the request's life. Most requests meet none. */
export class FaultEffects {
  readonly #world: World;
  readonly #fault: Fault | undefined;

  constructor(world: World, method: string, path: string) {
    this.#world = world;
    this.#fault = world.faults.match(method, path);
  }

  /** Whether the request never reaches Azure, so that it has no effect. */
  get losesRequest(): boolean {
    const { drop, hang, proxy } = this.#fault ?? {};
    return [drop, hang, proxy?.when].includes('before');
  }

  /** Answers the request itself; Azure does nothing. @throws ArmError */
  reply(): Reply | undefined {
    const answer = this.#fault?.answer;
    if (!answer) return undefined;
    const { status, code, message, retryAfter, wrapped } = answer;
    const headers = { ...answer.headers, ...(retryAfter && this.#retryAfter(retryAfter)) };
    if (status === 304) return { status, headers };
    throw new ArmError(status, code, message, { headers, bare: !wrapped });
  }

  /** The body as Azure reads it: an ignored property keeps its present value, as if it had not been sent. */
  body(sent: unknown, path: string): unknown {
    const ignored = this.#fault?.ignore?.path;
    if (ignored === undefined || !isBody(sent)) return sent;
    return withValueAt(sent, ignored, valueAt(this.#world.store.get(path)?.body, ignored));
  }

  /** Keeps what was written from readers for a while. */
  hide(path: string): void {
    if (this.#fault?.unseenSeconds !== undefined) this.#world.hide(path, this.#fault.unseenSeconds);
  }

  /** The operation as it will go: with another end, a late one, or an unknown word for its state. */
  operation(spec: OperationSpec): OperationSpec {
    const { operation } = this.#fault ?? {};
    if (!operation) return spec;
    const { status, code, message, afterSeconds, stuckSeconds = 0, held, runningStatus } = operation;
    const { process, style } = spec;
    return {
      ...spec,
      ...(held && this.#fault && { heldUntil: this.#world.faults.removed(this.#fault) }),
      // A process that is to end as it would says itself when.
      ...((status || !process) && {
        ending: {
          seconds: (afterSeconds ?? spec.seconds) + stuckSeconds,
          status: status ?? 'Succeeded',
          ...(status && status !== 'Succeeded' && { error: { code, message } }),
        },
      }),
      ...(process &&
        stuckSeconds > 0 && {
          process: (control) =>
            process({ ...control, end: (...end) => control.after(stuckSeconds, () => control.end(...end)) }),
        }),
      ...(style &&
        runningStatus !== undefined && {
          style: {
            ...style,
            document: (one) => ({
              ...documentOf({ ...one, style }),
              ...(one.status === 'InProgress' && { status: runningStatus }),
            }),
          },
        }),
    };
  }

  /** Simulated seconds that the answer comes later. */
  get delaySeconds(): number {
    return this.#fault?.delaySeconds ?? 0;
  }

  /** What goes over the wire after so many simulated seconds: the answer, a proxy's instead of it, or nothing. */
  async send(seconds = 0, answer?: () => Outgoing): Promise<Outgoing> {
    const { drop, hang, proxy } = this.#fault ?? {};
    const { clock } = this.#world;
    if (proxy) {
      await clock.sleep(this.delaySeconds);
      return { status: proxy.status, headers: { 'content-type': proxy.contentType }, body: proxy.body };
    }
    const silence = drop ? 'drop' : hang ? 'hang' : undefined;
    if (!answer) return { status: 0, headers: {}, body: '', silence };
    await clock.sleep(seconds + this.delaySeconds);
    if (this.#fault?.held) await this.#world.faults.removed(this.#fault);
    clock.throwIfStopped();
    return { ...answer(), silence };
  }

  /** What becomes of a request for a token. */
  get token(): 'refused' | 'expired' | undefined {
    return this.#fault?.token;
  }

  #retryAfter({ seconds, as }: NonNullable<NonNullable<Fault['answer']>['retryAfter']>): Record<string, string> {
    const { clock } = this.#world;
    clock.notYet('refused', clock.now().getTime() + seconds * 1000);
    if (as === 'seconds') return retryAfterHeaders(seconds, clock);
    const speed = clock.speed === 'demand' ? Infinity : clock.speed;
    return { 'retry-after': new Date(Date.now() + (seconds * 1000) / (speed || 1)).toUTCString() };
  }
}
