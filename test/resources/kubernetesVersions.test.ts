import { expect, it } from '@jest/globals';
import { isAtLeast } from '../../resources/kubernetesVersions.ts';

it.each([
  ['1.29', '1.30', false],
  ['1.29.15', '1.30', false],
  ['1.30', '1.30', true],
  ['1.30.0', '1.30', true],
  ['1.30.9', '1.30', true],
  ['1.9', '1.30', false],
  ['1.100', '1.30', true],
  ['2.0', '1.30', true],
  ['0.99', '1.30', false],
  ['', '1.30', false],
  ['Unknown', '1.30', false],
])('%p is at least %s: %p', (version, minor, expected) => {
  expect(isAtLeast(version, minor)).toBe(expected);
});
