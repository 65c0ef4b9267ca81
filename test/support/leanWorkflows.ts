import { promiseHooks } from 'node:v8';
import { type Context, type RunningScriptOptions, Script } from 'node:vm';

/**
 * Leaves out what Temporal's SDK does in each workflow and no test needs. That was half of the CPU of a workflow.
 *
 * - It notes the stack of each promise, for the query `__stack_trace`.
 * - It ends a call into a workflow after five seconds, for which Node starts a thread at each call. A busy machine may be as
 *   slow as that.
 * - It gives each worker a thread for its workflows, which loads and compiles everything once more.
 */
export function runLeanWorkflows(): void {
  process.env.TEMPORAL_DEBUG = '1';
  promiseHooks.createHook = () => () => undefined;
  const { runInContext } = Script.prototype;
  Script.prototype.runInContext = function (this: Script, context: Context, options: RunningScriptOptions = {}) {
    const { timeout: _timeout, ...others } = options;
    return runInContext.call(this, context, others);
  };
}
