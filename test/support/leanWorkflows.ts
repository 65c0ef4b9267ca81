import { promiseHooks } from 'node:v8';
import { type Context, type RunningScriptOptions, Script } from 'node:vm';
import { Worker } from '@temporalio/worker';
import type { WorkflowCreator } from '@temporalio/worker/lib/workflow/interface.js';

/**
 * Leaves out what Temporal's SDK does in each workflow and no test needs. That was half of the CPU of a workflow.
 *
 * - It notes the stack of each promise, for the query `__stack_trace`.
 * - It ends a call into a workflow after five seconds, for which Node starts a thread at each call. A busy machine may be as
 *   slow as that.
 * - It gives each worker a thread for its workflows, which loads and compiles everything once more.
 * - It gives each worker a context of its own, with another copy of each module that V8 has yet to see run before it makes it
 *   fast. The workers of a test process share one, as the runs of a worker do.
 */
export function runLeanWorkflows(): void {
  process.env.TEMPORAL_DEBUG = '1';
  promiseHooks.createHook = () => () => undefined;
  const { runInContext } = Script.prototype;
  Script.prototype.runInContext = function (this: Script, context: Context, options: RunningScriptOptions = {}) {
    const { timeout: _timeout, ...others } = options;
    return runInContext.call(this, context, others);
  };
  shareContexts();
}

/** Properties that the SDK keeps for itself. */
interface Internals {
  getOrCreateBundle(options: { workflowBundle?: { codePath?: string } }, ...more: unknown[]): Promise<object>;
  createWorkflowCreator(
    bundle: { filename: string },
    options: { activities: ReadonlyMap<string, unknown> },
    ...more: unknown[]
  ): Promise<WorkflowCreator>;
}

function shareContexts(): void {
  const internals = Worker as unknown as Internals;
  const { getOrCreateBundle, createWorkflowCreator } = internals;
  const bundles = new Map<string | undefined, Promise<object>>();
  const creators = new Map<string, Promise<WorkflowCreator>>();
  internals.getOrCreateBundle = function (options, ...more) {
    const path = options.workflowBundle?.codePath;
    const bundle = bundles.get(path) ?? getOrCreateBundle.call(this, options, ...more);
    if (path !== undefined) bundles.set(path, bundle);
    return bundle;
  };
  internals.createWorkflowCreator = async function (bundle, options, ...more) {
    const shared = creators.get(bundle.filename) ?? createWorkflowCreator.call(this, bundle, options, ...more);
    creators.set(bundle.filename, shared);
    return Object.assign(Object.create(await shared), {
      registeredActivityNames: new Set(options.activities.keys()),
      destroy: async () => undefined,
    });
  };
}
