import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Both want modules loaded anew for each file, as jest does. */
const isWatchOrCoverage = process.argv.some((argument) => /^--(watch|coverage)/.test(argument));

// Every process of the tests, those that they start included, finds there what another has compiled.
if (!isWatchOrCoverage) process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'aks-isolation-compile-cache');

/** Settings of every project. */
const common = {
  testEnvironment: 'node',
  ...(!isWatchOrCoverage && { runtime: '<rootDir>/test/support/plainRuntime.js' }),
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  // Where jest looks for files: to list those in node_modules takes longer than a test.
  roots: [
    'contract',
    'resources',
    'workflows',
    'activities',
    'worker',
    'client',
    'cli',
    'codec',
    'telemetry',
    'temporal',
    'simulator',
    'scripts',
    'bench',
    'test',
  ].map((folder) => `<rootDir>/${folder}`),
};

/** For projects that need a Temporal server. */
const server = {
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

const testsIn = (...folders) => folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`);

/** Tests in folders without a server that share one, and the bundle: to start and make their own takes them longer than all else. */
const onServer = ['deploy/image', 'worker/start'].map((name) => `<rootDir>/test/${name}.test.ts`);

/** @type {import('jest').Config} */
export default {
  projects: [
    {
      ...common,
      displayName: 'pure',
      testMatch: testsIn('contract', 'resources', 'workflows', 'docs', 'cli/text', 'temporal', 'bench'),
    },
    {
      ...common,
      displayName: 'azure',
      testMatch: testsIn('simulator', 'activities'),
    },
    {
      ...common,
      // They start programs, and servers of their own.
      displayName: 'programs',
      testMatch: testsIn('deploy', 'scripts', 'worker'),
      testPathIgnorePatterns: onServer,
    },
    {
      ...common,
      displayName: 'server',
      testMatch: [
        ...testsIn('cli/commands', 'client', 'codec', 'e2e', 'histories', 'scenarios', 'sweep', 'worlds'),
        ...onServer,
      ],
      ...server,
    },
    {
      ...common,
      // Not part of `npm test`: they install what others have, from the registries of three languages.
      displayName: 'outside',
      testMatch: testsIn('outside'),
    },
    {
      ...common,
      // Not part of `npm test`: what is measured must not share its machine.
      displayName: 'measured',
      testMatch: testsIn('measured'),
      ...server,
    },
  ],
  // A deadline only ends a test that hangs: a busy machine must not reach it.
  testTimeout: 600_000,
  // Nothing is open when a process is told to end, but to give its memory back takes a busy machine a second. jest would wait half
  // a second, and then call it a leak.
  workerGracefulExitTimeout: 60_000,
  testSequencer: '<rootDir>/test/support/sequencer.js',
  // Tests wait for servers and processes half of their time: with one jest process a core, cores would be idle.
  maxWorkers: availableParallelism() * 2,
  coverageProvider: 'v8',
  collectCoverageFrom: [
    '{contract,resources,workflows,activities,worker,client,cli,codec,telemetry,temporal,simulator,scripts}/**/*.ts',
  ],
};
