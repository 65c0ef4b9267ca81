import { expect, test } from '@jest/globals';
import { checkNames } from '../../scripts/live/checks.ts';
import { cloudProblems } from '../../scripts/live/preflight.ts';

test.each([
  ['https://management.azure.com', checkNames, undefined],
  [
    'https://management.usgovcloudapi.net',
    checkNames,
    /Azure US Government.*: ownRegistry, entra, deletion would fail/,
  ],
  ['https://management.chinacloudapi.cn', ['deletion'], /21Vianet.*: deletion would fail/],
  ['https://management.usgovcloudapi.net', ['cluster', 'reimage'], undefined],
] as const)('registries have other names in other clouds: %s', (endpoint, chosen, said) => {
  const problems = cloudProblems(endpoint, chosen).map(({ problem }) => problem);
  expect(problems).toEqual(said === undefined ? [] : [expect.stringMatching(said)]);
});
