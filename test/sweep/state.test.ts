import { expect, it } from '@jest/globals';
import type { RecordedRequest } from '../../simulator/index.ts';
import { acceptedWrites, writtenTwice, writtenTwiceInARow } from './state.ts';

const pool =
  '/subscriptions/11111111-1111-1111-1111-111111111111/resourcegroups/rg/providers/a/clusters/c/agentpools/late';

const request = (method: string, path: string, body: unknown = null, status = 200): RecordedRequest => ({
  time: '',
  method,
  url: `https://azure${path}?api-version=1`,
  headers: {},
  body,
  needs: [],
  scopes: [],
  status,
});
const reimage = request('POST', `${pool}/upgrade`);
const change = request('PUT', pool, { mode: 'new' });
const back = request('PUT', pool, { mode: 'old' });
const refused = request('PUT', pool, { mode: 'old' }, 409);
const look = request('GET', pool);

it('what others have made may be changed and put back, and not changed twice', () => {
  const twice = (...requests: RecordedRequest[]) => writtenTwiceInARow(requests, new Set([pool]));
  expect(twice(reimage, change, look, back, reimage, change)).toEqual([]);
  expect(twice(change, refused, look, change)).toEqual([expect.stringMatching(/^PUT .*late: twice in a row$/)]);
  expect(twice(reimage, look, reimage)).toEqual([expect.stringMatching(/^POST .*upgrade: twice in a row$/)]);
  expect(writtenTwiceInARow([change, change], new Set([`${pool}r`]))).toEqual([]);
});

it('what a run makes of its own is counted', () => {
  const usual = acceptedWrites([change, back]);
  expect(writtenTwice(usual, acceptedWrites([change, refused, back]))).toEqual([]);
  expect(writtenTwice(usual, acceptedWrites([change, back, change]))).toEqual([
    expect.stringMatching(/3 times instead of 2$/),
  ]);
});
