import { ArmError } from './errors.ts';
import type { Outgoing, Reply } from './exchange.ts';
import type { Fault } from './faults.ts';
import { isBody, valueAt, withValueAt } from './json.ts';
import { documentOf, type OperationSpec } from './operations.ts';
import { retryAfterHeaders } from './throttling.ts';
import type { World } from './world.ts';

/** Acts out the fault that meets a request: each effect has its moment in the life of the request. Most requests meet none. */
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

  /** The answer that the fault gives in place of Azure, which then does nothing. @throws ArmError for an error */
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

  /** Hides the written resource from readers for a while. */
  hide(path: string): void {
    if (this.#fault?.unseenSeconds !== undefined) this.#world.hide(path, this.#fault.unseenSeconds);
  }

  /** The operation with the fault's end, delay, or word for its state. */
  operation(given: OperationSpec): OperationSpec {
    const { operation, leaves } = this.#fault ?? {};
    const spec = leaves === undefined ? given : { ...given, onEnd: this.#leaving(given, leaves) };
    if (!operation) return spec;
    const { status, code, message, afterSeconds, stuckSeconds = 0, held, runningStatus } = operation;
    const { process, style } = spec;
    return {
      ...spec,
      ...(held && this.#fault && { heldUntil: this.#world.faults.removed(this.#fault) }),
      // Without a status, a process still ends when it says so.
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

  /** Leaves a resource whose write has no operation in the fault's state. */
  leave(path: string): void {
    if (this.#fault?.leaves !== undefined) this.#world.setState(path, this.#fault.leaves);
  }

  #leaving({ resourceId, onEnd }: OperationSpec, state: string): OperationSpec['onEnd'] {
    return (...end) => {
      onEnd(...end);
      this.#world.setState(resourceId, state);
    };
  }

  /** Simulated seconds by which the answer is late. */
  get delaySeconds(): number {
    return this.#fault?.delaySeconds ?? 0;
  }

  /** Waits so many simulated seconds and gives what goes over the wire: the answer, a proxy's instead of it, or nothing. */
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

  /** How a request for a token goes wrong, if it does. */
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
