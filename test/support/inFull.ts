import { it } from '@jest/globals';
import { everyCase } from './sampled.ts';

/** A whole run that puts together what other tests show one by one: `npm run test:every` has it, `npm test` skips it. */
export const inFull = {
  it: (name: string, test: () => Promise<void>): void => (everyCase ? it : it.skip)(name, test),
  concurrent: (name: string, test: () => Promise<void>): void =>
    (everyCase ? it.concurrent : it.concurrent.skip)(name, test),
};
