import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import Runtime from 'jest-runtime';
import { setGlobals } from './jestGlobals.js';

const jestGlobals = new URL('jestGlobals.js', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals' ? { url: jestGlobals, shortCircuit: true } : next(specifier, context),
});

/**
 * Loads test files as Node does, not each into a VM context of its own. A process then loads and compiles packages, product
 * and simulator once, not once a file: that is a third of the CPU of all tests. Files share the state of modules; mocks of
 * modules do not work.
 */
export default class PlainRuntime extends Runtime {
  constructor(config, environment, ...more) {
    super(config, environment, ...more);
    // jest's own code still runs in a context. Its `expect.any(String)` must mean the String of the tests.
    for (const name of Object.getOwnPropertyNames(globalThis))
      if (/^[A-Z]/.test(name) && typeof globalThis[name] === 'function') environment.global[name] = globalThis[name];
  }

  unstable_importModule(path) {
    // jest maps each stack to sources, and makes it ten times as long. Stripped types leave lines where they were.
    Error.prepareStackTrace = undefined;
    Error.stackTraceLimit = 20;
    return import(pathToFileURL(path).href);
  }

  setGlobalsForRuntime(globals) {
    super.setGlobalsForRuntime(globals);
    setGlobals(globals);
  }
}
