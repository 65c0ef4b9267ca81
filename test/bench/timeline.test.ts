import { expect, it } from '@jest/globals';
import { type Span, timelineText } from '../../bench/timeline.ts';

const span = (what: Span['what'], name: string, begin: number, end: number): Span => ({ what, name, begin, end });

it('a timeline has all in the order of its begin, and who ran while Azure did nothing', () => {
  const text = timelineText('run', 20, [
    span('activity', 'discover', 0, 3),
    span('Azure', 'PUT c', 5, 15),
    span('activity', 'create', 4, 18),
    span('step', 'cluster', 3, 18),
    span('poll', 'poll of operations', 17, 17),
  ]);
  expect(text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '))).toEqual([
    'run',
    '0.0 3.0 3.0 discover',
    '3.0 18.0 15.0 cluster',
    '4.0 18.0 14.0 create',
    '5.0 15.0 10.0 PUT c',
    '17.0 17.0 0.0 poll of operations',
    'Azure did nothing for 10.0 s, of which longer than half a second:',
    '0.0 5.0 5.0 discover, create',
    '15.0 20.0 5.0 create',
  ]);
});
