import { expect, it } from '@jest/globals';
import { matchesWildcard } from '../../resources/wildcards.ts';

it.each([
  ['*', 'Microsoft.Network/a/write', true],
  ['microsoft.network/*', 'Microsoft.Network/a/write', true],
  ['*/write', 'Microsoft.Network/a/write', true],
  ['Microsoft.*/a/*', 'Microsoft.Network/a/write', true],
  ['**', 'a', true],
  ['a*a', 'a', false],
  ['a*b*a', 'aba', true],
  ['a', 'ab', false],
  ['', '', true],
])('%s matches %s: %p', (pattern, text, expected) => {
  expect(matchesWildcard(pattern, text)).toBe(expected);
});

it('is done at once with any pattern', () => {
  expect(matchesWildcard(`${'*a'.repeat(5000)}b`, 'a'.repeat(10_000))).toBe(false);
});
