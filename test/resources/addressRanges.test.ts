import { describe, expect, it } from '@jest/globals';
import {
  addressIn,
  contains,
  isRange,
  overlaps,
  prefixLength,
  usableAddresses,
} from '../../resources/addressRanges.ts';

describe('an IPv4 range', () => {
  it.each([
    ['10.0.0.0/8', true],
    ['0.0.0.0/0', true],
    ['192.168.1.0/24', true],
    ['192.168.1.4/30', true],
    ['192.168.1.7/32', true],
    ['255.255.255.255/32', true],
    ['192.168.1.1/24', false],
    ['192.168.1.2/30', false],
    ['128.0.0.0/0', false],
    ['192.168.1.0', false],
    ['192.168.1.0/', false],
    ['192.168.1.0/33', false],
    ['192.168.1.0/-1', false],
    ['192.168.1/24', false],
    ['192.168.1.256/32', false],
    ['192.168.01.0/24', false],
    ['0xc0.168.1.0/24', false],
    [' 192.168.1.0/24', false],
    ['fd00::/64', false],
    ['', false],
  ])('is %p: %p', (text, expected) => {
    expect(isRange(text)).toBe(expected);
  });

  it.each([
    ['0.0.0.0/0', 0],
    ['10.0.0.0/8', 8],
    ['10.0.0.4/32', 32],
  ])('%s has prefix length %p', (range, expected) => {
    expect(prefixLength(range)).toBe(expected);
  });

  it.each([
    ['10.0.0.0/16', '10.0.0.10'],
    ['192.168.1.0/28', '192.168.1.10'],
    ['192.168.1.240/28', '192.168.1.250'],
  ])('%s has %s as its tenth address', (range, expected) => {
    expect(addressIn(range, 10)).toBe(expected);
  });

  it.each([
    ['192.168.1.0/24', 251],
    ['192.168.1.0/28', 11],
    ['192.168.1.0/29', 3],
    ['192.168.1.0/30', 0],
    ['192.168.1.0/32', 0],
    ['10.0.0.0/8', 2 ** 24 - 5],
    ['0.0.0.0/0', 2 ** 32 - 5],
  ])('%s leaves %p addresses beside the five that Azure keeps', (range, expected) => {
    expect(usableAddresses(range)).toBe(expected);
  });
});

describe('two ranges', () => {
  it.each<[one: string, other: string, overlap: boolean, oneContains: boolean, otherContains: boolean]>([
    ['192.168.1.0/24', '192.168.1.0/24', true, true, true],
    ['192.168.0.0/16', '192.168.1.0/24', true, true, false],
    ['192.168.0.0/16', '192.168.255.255/32', true, true, false],
    ['192.168.0.0/16', '192.168.0.0/32', true, true, false],
    ['192.168.0.0/16', '192.169.0.0/32', false, false, false],
    ['192.168.0.0/16', '192.167.255.255/32', false, false, false],
    ['192.168.1.0/25', '192.168.1.128/25', false, false, false],
    ['10.0.0.0/8', '10.224.0.0/12', true, true, false],
    ['0.0.0.0/0', '255.255.255.255/32', true, true, false],
    ['128.0.0.0/1', '127.255.255.255/32', false, false, false],
    ['128.0.0.0/1', '192.168.0.0/16', true, true, false],
    ['fd00::/64', 'fd00::/64', false, false, false],
    ['0.0.0.0/0', 'fd00::/64', false, false, false],
  ])('%s and %s overlap: %p; first in second: %p', (one, other, overlap, oneContains, otherContains) => {
    expect([overlaps(one, other), overlaps(other, one)]).toEqual([overlap, overlap]);
    expect([contains(one, other), contains(other, one)]).toEqual([oneContains, otherContains]);
  });
});
