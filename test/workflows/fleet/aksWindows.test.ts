import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  AksMaintenanceWindow,
  MaintenanceConfigurationFacts,
  MaintenanceSchedule,
} from '../../../resources/maintenanceConfigurations.ts';
import { isOpen } from '../../../simulator/providers/containerService/maintenance.ts';
import { turnOf } from '../../../workflows/fleet/aksWindows.ts';

const name = 'aksManagedNodeOSUpgradeSchedule' as const;
const asked = { configuration: name, without: 'fail', withinDays: 35 } as const;
const at = (text: string): number => Date.parse(text);

const windowOf = (schedule: MaintenanceSchedule, more: Partial<AksMaintenanceWindow> = {}): AksMaintenanceWindow => ({
  schedule,
  durationHours: 4,
  utcOffset: '+00:00',
  startTime: '22:00',
  notAllowedDates: [],
  ...more,
});
const facts = (window: AksMaintenanceWindow): MaintenanceConfigurationFacts => ({
  name,
  window,
  timeInWeek: [],
  notAllowedTime: [],
});
const daily = { daily: { intervalDays: 1 } };
const fridays = (intervalWeeks: number) => ({ weekly: { intervalWeeks, dayOfWeek: 'Friday' } });
const onDay = (dayOfMonth: number, intervalMonths = 1) => ({ absoluteMonthly: { intervalMonths, dayOfMonth } });
const inWeek = (weekIndex: string, dayOfWeek: string, intervalMonths = 1) => ({
  relativeMonthly: { intervalMonths, weekIndex, dayOfWeek },
});
/** 2026-11-26 is a Thursday. */
const thursday = '2026-11-26T12:00:00Z';

const turn = (window: AksMaintenanceWindow, now = thursday, more: object = {}) =>
  turnOf([facts(window)], { ...asked, ...more }, undefined, at(now));

describe("a cluster's own window", () => {
  it.each<[string, AksMaintenanceWindow, string, string]>([
    ['every day', windowOf(daily), thursday, '2026-11-26T22:00:00Z'],
    [
      'every third day from its start date on',
      windowOf({ daily: { intervalDays: 3 } }, { startDate: '2026-11-22' }),
      thursday,
      '2026-11-28T22:00:00Z',
    ],
    ['on a weekday', windowOf(fridays(1)), thursday, '2026-11-27T22:00:00Z'],
    // The first Friday after the Saturday is the 27th, and the interval counts from it.
    [
      'every second week, from the first such day on',
      windowOf(fridays(2), { startDate: '2026-11-21' }),
      '2026-11-28T12:00:00Z',
      '2026-12-11T22:00:00Z',
    ],
    ['on a day of the month', windowOf(onDay(15)), thursday, '2026-12-15T22:00:00Z'],
    ['on day 31, where the month has one', windowOf(onDay(31)), thursday, '2026-12-31T22:00:00Z'],
    ['every third month', windowOf(onDay(1, 3), { startDate: '2026-09-01' }), thursday, '2026-12-01T22:00:00Z'],
    [
      'on the first Monday of the month, not that of its first week',
      windowOf(inWeek('First', 'Monday')),
      thursday,
      '2026-12-07T22:00:00Z',
    ],
    ['on the fourth Thursday', windowOf(inWeek('Fourth', 'Thursday')), thursday, '2026-11-26T22:00:00Z'],
    ['on the last Monday', windowOf(inWeek('Last', 'Monday')), thursday, '2026-11-30T22:00:00Z'],
    ['by the clock of its offset', windowOf(daily, { utcOffset: '+05:30' }), thursday, '2026-11-26T16:30:00Z'],
    ['by a clock that is behind', windowOf(daily, { utcOffset: '-08:00' }), thursday, '2026-11-27T06:00:00Z'],
    ['once its start date has come', windowOf(daily, { startDate: '2026-12-05' }), thursday, '2026-12-05T22:00:00Z'],
    // AKS's own example: with +02:00 the last day ends at 22:00 UTC.
    [
      'after the dates that are not allowed',
      windowOf(daily, {
        utcOffset: '+02:00',
        startTime: '20:00',
        durationHours: 24,
        notAllowedDates: [{ start: '2026-11-20', end: '2026-12-03' }],
      }),
      thursday,
      '2026-12-03T22:00:00Z',
    ],
  ])('opens %s', (_what, window, now, from) => {
    expect(turn(window, now, { withinDays: 40 })).toEqual({ is: 'later', from: at(from) });
  });

  it.each<[string, AksMaintenanceWindow, string]>([
    ['while it lasts', windowOf(daily), '2026-11-26T22:00:00Z'],
    ['over midnight', windowOf(fridays(1)), '2026-11-28T01:59:59Z'],
    ['for a whole day', windowOf(fridays(1), { durationHours: 24 }), '2026-11-28T21:59:59Z'],
  ])('is open %s', (_what, window, now) => {
    expect(turn(window, now)).toEqual({ is: 'now' });
  });

  it.each<[string, AksMaintenanceWindow, RegExp]>([
    [
      'that recurs from nobody knows when',
      windowOf(fridays(2)),
      /every 2 weeks without a startDate, so that nobody can tell which/,
    ],
    ['that opens too late', windowOf(onDay(1, 6), { startDate: '2026-11-01' }), /does not open within 35 days$/],
    ['of two schedules', windowOf({ ...daily, ...fridays(1) }), /cannot be read/],
    ['of no schedule', windowOf({}), /cannot be read/],
    ['without an interval', windowOf({ daily: { intervalDays: 0 } }), /cannot be read/],
    ['without a time', windowOf(daily, { startTime: 'noon' }), /cannot be read/],
    ['with an offset in words', windowOf(daily, { utcOffset: 'CET' }), /cannot be read/],
    ['with dates that are none', windowOf(daily, { notAllowedDates: [{ start: '', end: '' }] }), /cannot be read/],
    ['on a day that no month has', windowOf(onDay(32), { startDate: '2026-01-01' }), /does not open/],
    [
      'that is never allowed',
      windowOf(daily, { notAllowedDates: [{ start: '2000-01-01', end: '2100-01-01' }] }),
      /does not open/,
    ],
  ])('%s is none', (_what, window, why) => {
    expect(turn(window)).toEqual({ is: 'never', outcome: 'failed', why: expect.stringMatching(why) });
  });

  it.each([
    ['fail', { is: 'never', outcome: 'failed', why: `it has no maintenance configuration ${name}, but default` }],
    ['skip', { is: 'never', outcome: 'skipped', why: `it has no maintenance configuration ${name}, but default` }],
    ['begin', { is: 'now' }],
  ] as const)('that is not there is as asked: %s', (without, expected) => {
    const other = { ...facts(windowOf(daily)), name: 'default' };
    expect(turnOf([other], { ...asked, without }, undefined, at(thursday))).toEqual(expected);
  });

  it('opens together with the windows of the rollout', () => {
    const own = (start: string) => [{ days: ['Saturday' as const], start, hours: 6, timeZone: 'UTC' }];
    const both = (start: string) => turnOf([facts(windowOf(daily))], asked, own(start), at(thursday));
    expect(both('20:00')).toEqual({ is: 'later', from: at('2026-11-28T22:00:00Z') });
    expect(both('23:00')).toEqual({ is: 'later', from: at('2026-11-28T23:00:00Z') });
    expect(both('08:00')).toMatchObject({
      is: 'never',
      why: expect.stringMatching(/while the windows of the rollout are open$/),
    });
  });
});

describe('the older form', () => {
  const hours = (more: Partial<MaintenanceConfigurationFacts>, now = thursday) =>
    turnOf(
      [{ name: 'default', timeInWeek: [], notAllowedTime: [], ...more }],
      { ...asked, configuration: 'default' },
      undefined,
      at(now),
    );
  const slots = {
    timeInWeek: [
      { day: 'Thursday', hourSlots: [1, 2] },
      { day: 'thursday', hourSlots: [3] },
    ],
  };

  it('is open in its hours, which are joined', () => {
    expect(hours(slots)).toEqual({ is: 'later', from: at('2026-12-03T01:00:00Z') });
    expect(hours(slots, '2026-11-26T03:59:59Z')).toEqual({ is: 'now' });
    expect(hours(slots, '2026-11-26T04:00:00Z')).toMatchObject({ is: 'later' });
  });

  it('is closed in times that are not allowed, and open in all others where it names no hours', () => {
    const notAllowedTime = [{ start: at('2026-11-26T00:00:00Z'), end: at('2026-12-03T02:30:00Z') }];
    expect(hours({ ...slots, notAllowedTime })).toEqual({ is: 'later', from: at('2026-12-03T02:30:00Z') });
    expect(hours({ notAllowedTime })).toEqual({ is: 'later', from: at('2026-12-03T02:30:00Z') });
    expect(hours({ notAllowedTime }, '2026-12-03T02:30:00Z')).toEqual({ is: 'now' });
  });

  it('that names no time is none', () => {
    expect(hours({})).toEqual({ is: 'never', outcome: 'failed', why: 'default: it names no time' });
  });
});

describe('any window', () => {
  const days = fc.constantFrom('Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday');
  const upTo = (max: number, min = 1) => fc.integer({ min, max });
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = fc.tuple(upTo(23, 0), upTo(59, 0)).map(([hour, minute]) => `${two(hour)}:${two(minute)}`);
  const schedules: fc.Arbitrary<MaintenanceSchedule> = fc.oneof(
    fc.record({ intervalDays: upTo(7) }).map((own) => ({ daily: own })),
    fc.record({ intervalWeeks: upTo(4), dayOfWeek: days }).map((weekly) => ({ weekly })),
    fc.record({ intervalMonths: upTo(3), dayOfMonth: upTo(31) }).map((absoluteMonthly) => ({ absoluteMonthly })),
    fc
      .record({
        intervalMonths: upTo(3),
        weekIndex: fc.constantFrom('First', 'Second', 'Third', 'Fourth', 'Last'),
        dayOfWeek: days,
      })
      .map((relativeMonthly) => ({ relativeMonthly })),
  );
  const windows: fc.Arbitrary<AksMaintenanceWindow> = fc.record({
    schedule: schedules,
    durationHours: upTo(24, 4),
    utcOffset: fc.constantFrom('+00:00', '+05:30', '-07:00', '+13:00', '-11:30'),
    startDate: fc.tuple(upTo(12, 8), upTo(28)).map(([month, day]) => `2026-${two(month)}-${two(day)}`),
    startTime: time,
    notAllowedDates: fc.oneof(
      fc.constant([]),
      upTo(31).map((day) => [{ start: '2026-11-20', end: `2026-12-${two(day)}` }]),
    ),
  });

  it('opens when AKS would open it, and not before', () => {
    const withinDays = 60;
    const now = at(thursday);
    fc.assert(
      fc.property(windows, (window) => {
        const decided = turnOf([facts(window)], { ...asked, withinDays }, undefined, now);
        const isOpenAt = (moment: number) => isOpen(window as never, new Date(moment));
        expect(isOpenAt(now)).toBe(decided.is === 'now');
        if (decided.is === 'now') return;
        const from = decided.is === 'later' ? decided.from : now + withinDays * 24 * 3_600_000;
        if (decided.is === 'later') expect([isOpenAt(from - 1), isOpenAt(from)]).toEqual([false, true]);
        for (let moment = now; moment < from; moment += 3_600_000)
          if (isOpenAt(moment)) throw new Error(new Date(moment).toISOString());
      }),
      { numRuns: 100 },
    );
  });
});
