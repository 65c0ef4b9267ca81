import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isOpen } from '../../../simulator/providers/containerService/maintenance.ts';
import { type Started, versioned, wireCluster } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('rg');
  await azure.put(id('c'), wireCluster());
});
afterAll(() => azure.simulator.close());

const { id } = clustersIn('rg', () => azure);
const monday = { weekly: { intervalWeeks: 1, dayOfWeek: 'Monday' } };
const window = (more: object) => ({
  properties: { maintenanceWindow: { schedule: monday, durationHours: 4, startTime: '22:00', ...more } },
});
const nodes = 'aksManagedNodeOSUpgradeSchedule';

describe('a maintenance configuration', () => {
  test.each<[string, string, object, number]>([
    ['a window of nodes', nodes, window({}), 201],
    ['a window of every third day', nodes, window({ schedule: { daily: { intervalDays: 3 } } }), 200],
    ['the hours of a week', 'default', { properties: { timeInWeek: [{ day: 'Monday', hourSlots: [1, 2] }] } }, 201],
    ['no other name', 'other', window({}), 400],
    ['no two schedules', nodes, window({ schedule: { ...monday, daily: { intervalDays: 1 } } }), 400],
    ['no schedule of nothing', nodes, window({ schedule: {} }), 400],
    ['no window of three hours', nodes, window({ durationHours: 3 }), 400],
    ['no days by default', 'default', window({ schedule: { daily: { intervalDays: 1 } } }), 400],
    ['no time without minutes', nodes, window({ startTime: '22' }), 400],
    ['no property that AKS does not know', nodes, window({ endTime: '23:00' }), 400],
  ])('takes %s', async (_what, name, body, status) => {
    const path = versioned(id('c', `/maintenanceConfigurations/${name}`));
    expect((await azure.send('PUT', path, body)).status).toBe(status);
  });

  test('begins on the day on which it was made, and is listed', async () => {
    const { body } = await azure.get(id('c', '/maintenanceConfigurations'));
    const today = new Date(azure.simulator.clock.now()).toISOString().slice(0, 10);
    expect(body).toMatchObject({
      value: expect.arrayContaining([
        expect.objectContaining({
          name: nodes,
          properties: { maintenanceWindow: expect.objectContaining({ startDate: today, utcOffset: '+00:00' }) },
        }),
      ]),
    });
  });
});

const given = { durationHours: 4, startTime: '22:00', utcOffset: '+00:00' };
const everyMonday = { ...given, schedule: monday };

describe('a maintenance window', () => {
  // 2026-11-23 is a Monday.
  test.each<[string, Parameters<typeof isOpen>[0], string, boolean]>([
    ['on its weekday', everyMonday as never, '2026-11-23T22:00:00Z', true],
    ['over midnight', everyMonday as never, '2026-11-24T01:59:59Z', true],
    ['no longer than it lasts', everyMonday as never, '2026-11-24T02:00:00Z', false],
    ['by its offset', { ...everyMonday, utcOffset: '+02:00' } as never, '2026-11-23T20:00:00Z', true],
    [
      'not before it begins to count',
      { ...everyMonday, startDate: '2026-11-24' } as never,
      '2026-11-23T23:00:00Z',
      false,
    ],
    [
      'not on the last of the dates that are not allowed',
      { ...everyMonday, notAllowedDates: [{ start: '2026-11-20', end: '2026-11-23' }] } as never,
      '2026-11-23T22:00:00Z',
      false,
    ],
    [
      'every second week, from the first such day on',
      { ...given, startDate: '2026-11-10', schedule: { weekly: { intervalWeeks: 2, dayOfWeek: 'Monday' } } } as never,
      '2026-11-23T22:00:00Z',
      false,
    ],
    [
      'on the last Monday of a month',
      {
        ...given,
        schedule: { relativeMonthly: { intervalMonths: 1, weekIndex: 'Last', dayOfWeek: 'Monday' } },
      } as never,
      '2026-11-30T22:00:00Z',
      true,
    ],
    [
      'on no day 31 of November',
      { ...given, schedule: { absoluteMonthly: { intervalMonths: 1, dayOfMonth: 31 } } } as never,
      '2026-12-01T22:00:00Z',
      false,
    ],
  ])('opens %s', (_what, each, now, expected) => {
    expect(isOpen(each, new Date(now))).toBe(expected);
  });
});
