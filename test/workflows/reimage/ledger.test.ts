import { expect, it } from '@jest/globals';
import { nextOf } from '../../../workflows/reimage/ledger.ts';

it.each([
  ['unsent', 'send', 'send'],
  ['sent', 'send', 'unknown'],
  ['ended', 'inVain', 'unknown'],
  ['seen', 'send', 'unknown'],
] as const)('a request that is %s: nodes as they were mean %s, and a failed look %s', (requests, old, unseen) => {
  expect(nextOf(requests, false, false)).toBe(old);
  expect(nextOf(requests, false, true)).toBe(unseen);
  expect(nextOf(requests, true, true)).toBe('done');
});
