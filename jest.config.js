/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 60_000,
  // Most tests wait for servers: jest's default of one process fewer than there are cores leaves the machine idle.
  maxWorkers: '100%',
  // The Temporal SDK's native runtime lives as long as the process and has kept it from ending.
  forceExit: true,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  coverageProvider: 'v8',
  collectCoverageFrom: ['{contract,workflows,activities,worker,client,simulator,scripts}/**/*.ts'],
};
