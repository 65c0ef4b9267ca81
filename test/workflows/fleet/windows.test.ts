import { describe, expect, it } from '@jest/globals';
import { parse } from '../../../contract/index.ts';
import { rolloutFleetInput } from '../../../contract/inputs/rolloutFleet.ts';
import { openingAt } from '../../../workflows/fleet/windows.ts';

const at = (text: string): number => Date.parse(text);
const window = (given: object) => {
  const select = { subscriptions: ['11111111-1111-1111-1111-111111111111'] };
  const parsed = parse(rolloutFleetInput, {
    name: 'x',
    scenario: 'auditCluster',
    select,
    maintenanceWindows: [given],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value.maintenanceWindows ?? [];
};

describe('a maintenance window', () => {
  it.each([
    ['2026-11-26T20:59:59Z', { isOpen: false, from: at('2026-11-26T21:00:00Z') }],
    ['2026-11-26T21:00:00Z', { isOpen: true, until: at('2026-11-27T01:00:00Z') }],
    ['2026-11-27T00:59:59Z', { isOpen: true, until: at('2026-11-27T01:00:00Z') }],
    ['2026-11-27T01:00:00Z', { isOpen: false, from: at('2026-11-27T21:00:00Z') }],
  ])('is open by the clock of its time zone, over midnight: %s', (now, expected) => {
    expect(openingAt(window({ start: '22:00', hours: 4, timeZone: 'Europe/Berlin' }), at(now))).toEqual(expected);
  });

  it.each([
    // In summer Berlin is two hours ahead, in winter one: the window stays at 22:00 of the clock.
    ['2026-07-01T12:00:00Z', '2026-07-01T20:00:00Z'],
    ['2026-12-01T12:00:00Z', '2026-12-01T21:00:00Z'],
    ['2026-10-25T12:00:00Z', '2026-10-25T21:00:00Z'],
  ])('follows summer time: after %s it opens at %s', (now, from) => {
    const opening = openingAt(window({ start: '22:00', hours: 2, timeZone: 'Europe/Berlin' }), at(now));
    expect(opening).toEqual({ isOpen: false, from: at(from) });
  });

  it('opens on its days only', () => {
    const windows = window({ days: ['Saturday'], start: '00:00', hours: 24 });
    // A Thursday.
    expect(openingAt(windows, at('2026-11-26T12:00:00Z'))).toEqual({ isOpen: false, from: at('2026-11-28T00:00:00Z') });
    expect(openingAt(windows, at('2026-11-28T23:59:00Z'))).toEqual({ isOpen: true, until: at('2026-11-29T00:00:00Z') });
  });

  it('joins others that overlap', () => {
    const windows = [...window({ start: '20:00', hours: 2 }), ...window({ start: '21:00', hours: 3 })];
    const opening = openingAt(windows, at('2026-11-26T20:30:00Z'));
    expect(opening).toEqual({ isOpen: true, until: at('2026-11-27T00:00:00Z') });
  });
});
