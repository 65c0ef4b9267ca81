import { afterEach, expect, it } from '@jest/globals';
import { errorPage } from '../../contract/index.ts';

const { DOCUMENTATION_URL } = process.env;
afterEach(() => {
  if (DOCUMENTATION_URL === undefined) delete process.env.DOCUMENTATION_URL;
  else process.env.DOCUMENTATION_URL = DOCUMENTATION_URL;
});

it.each([
  ['', 'docs/errors.md#stepfailed'],
  ['https://example.com/docs', 'https://example.com/docs/errors.md#stepfailed'],
  ['https://example.com/docs/', 'https://example.com/docs/errors.md#stepfailed'],
])('with DOCUMENTATION_URL %j failures link to %s', (url, page) => {
  process.env.DOCUMENTATION_URL = url;
  expect(errorPage('StepFailed')).toBe(page);
});
