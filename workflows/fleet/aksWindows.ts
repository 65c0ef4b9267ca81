import type { AksWindow, MaintenanceWindow } from '../../contract/inputs/rolloutWindows.ts';
import type {
  AksMaintenanceWindow,
  CalendarDate,
  MaintenanceConfigurationFacts,
  MaintenanceSchedule,
} from '../../resources/maintenanceConfigurations.ts';
import { openingOf, type Span, without } from './spans.ts';
import { openingAt } from './windows.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Whether a cluster's turn has come, by AKS's own window and the rollout's. */
export type Turn =
  | { is: 'now' }
  /** @property from Milliseconds since 1970. */
  | { is: 'later'; from: number }
  | { is: 'never'; outcome: 'failed' | 'skipped'; why: string };

/**
 * Decides whether work on a cluster may begin. It asks for no other clock than the one it is given.
 *
 * @param seen The cluster's maintenance configurations.
 * @param own The rollout's windows, which must be open as well.
 * @param now Milliseconds since 1970.
 */
export function turnOf(
  seen: readonly MaintenanceConfigurationFacts[],
  { configuration: name, without: whereNone, withinDays }: AksWindow,
  own: readonly MaintenanceWindow[] | undefined,
  now: number,
): Turn {
  const configuration = seen.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!configuration) {
    if (whereNone === 'begin') return { is: 'now' };
    const others = seen.length === 0 ? '' : `, but ${seen.map((each) => each.name).join(' and ')}`;
    return {
      is: 'never',
      outcome: whereNone === 'skip' ? 'skipped' : 'failed',
      why: `it has no maintenance configuration ${name}${others}`,
    };
  }
  const spans = spansOf(configuration, now, withinDays);
  if (typeof spans === 'string') return { is: 'never', outcome: 'failed', why: `${name}: ${spans}` };
  for (let at = now; at <= now + withinDays * dayMs; ) {
    const aks = openingOf(spans, at);
    if (!aks) break;
    const ours = own ? openingAt(own, at) : aks;
    if (aks.isOpen && ours.isOpen) return at === now ? { is: 'now' } : { is: 'later', from: at };
    at = Math.max(aks.isOpen ? at : aks.from, ours.isOpen ? at : ours.from);
  }
  const also = own ? ' while the windows of the rollout are open' : '';
  return { is: 'never', outcome: 'failed', why: `${name} does not open within ${withinDays} days${also}` };
}

/** When a configuration lets AKS work, from now on; or why nobody can tell. */
function spansOf(facts: MaintenanceConfigurationFacts, now: number, days: number): Span[] | string {
  const { window, timeInWeek, notAllowedTime } = facts;
  const forbidden = notAllowedTime.map(({ start, end }) => ({ from: start, until: end }));
  const until = now + (days + 1) * dayMs;
  if (!window && timeInWeek.length === 0 && forbidden.length === 0) return 'it names no time';
  // Only the older form has times that are not allowed and no others: then every other one is.
  const open = window
    ? windowSpans(window, now, until)
    : timeInWeek.length > 0
      ? hourSpans(timeInWeek, now, until)
      : [{ from: now - dayMs, until }];
  if (typeof open === 'string') return open;
  return open.flatMap((span) => without(span, forbidden));
}

function hourSpans(slots: MaintenanceConfigurationFacts['timeInWeek'], now: number, until: number): Span[] {
  return daysBetween(now - dayMs, until).flatMap((day) =>
    slots
      .filter((slot) => isWeekday(day, slot.day))
      .flatMap(({ hourSlots }) =>
        hourSlots.map((hour) => ({ from: day * dayMs + hour * hourMs, until: day * dayMs + (hour + 1) * hourMs })),
      ),
  );
}

function windowSpans(window: AksMaintenanceWindow, now: number, until: number): Span[] | string {
  const { schedule, durationHours, notAllowedDates } = window;
  const offset = offsetMs(window.utcOffset);
  const start = minutesOf(window.startTime) * 60_000;
  const startDay = window.startDate === undefined ? undefined : dayOf(window.startDate);
  const recurrence = recurrenceOf(schedule);
  const forbidden = notAllowedDates.map((dates) => ({
    from: dayOf(dates.start) * dayMs - offset,
    until: (dayOf(dates.end) + 1) * dayMs - offset,
  }));
  const numbers = [offset, start, startDay ?? 0, durationHours, ...forbidden.map(({ from, until: end }) => from + end)];
  if (!recurrence || !Number.isInteger(recurrence.every) || recurrence.every < 1 || !numbers.every(Number.isFinite))
    return 'its window cannot be read';
  const { every, of, matches, turns } = recurrence;
  if (every > 1 && startDay === undefined)
    return `it recurs every ${every} ${of} without a startDate, so that nobody can tell which`;
  // Without an interval every day counts, whatever the first one is.
  const first = startDay === undefined ? Number.NEGATIVE_INFINITY : firstDay(startDay, matches);
  return daysBetween(now + offset - durationHours * hourMs - dayMs, until + offset)
    .filter((day) => matches(day) && day >= first && (every === 1 || turns(first, day) % every === 0))
    .map((day) => day * dayMs + start - offset)
    .flatMap((from) => without({ from, until: from + durationHours * hourMs }, forbidden));
}

/** A calendar's rule. Days are counted from 1970. */
interface Recurrence {
  every: number;
  of: 'days' | 'weeks' | 'months';
  matches(day: number): boolean;
  /** How many days, weeks or months lie between. */
  turns(first: number, day: number): number;
}

/** `undefined` where it is none of AKS's. */
function recurrenceOf(schedule: MaintenanceSchedule): Recurrence | undefined {
  const { daily, weekly, absoluteMonthly: absolute, relativeMonthly: relative } = schedule;
  if ([daily, weekly, absolute, relative].filter(Boolean).length !== 1) return undefined;
  const months = (first: number, day: number): number => monthOf(day) - monthOf(first);
  if (daily) return { every: daily.intervalDays, of: 'days', matches: () => true, turns: (first, day) => day - first };
  if (weekly)
    return {
      every: weekly.intervalWeeks,
      of: 'weeks',
      matches: (day) => isWeekday(day, weekly.dayOfWeek),
      turns: (first, day) => (day - first) / 7,
    };
  if (absolute)
    return {
      every: absolute.intervalMonths,
      of: 'months',
      matches: (day) => dateOf(day).getUTCDate() === absolute.dayOfMonth,
      turns: months,
    };
  if (relative)
    return {
      every: relative.intervalMonths,
      of: 'months',
      matches: (day) => isWeekday(day, relative.dayOfWeek) && isInWeek(day, relative.weekIndex),
      turns: months,
    };
  return undefined;
}

const dateOf = (day: number): Date => new Date(day * dayMs);
const dayOf = (date: CalendarDate): number => Date.parse(`${date}T00:00:00Z`) / dayMs;
const monthOf = (day: number): number => dateOf(day).getUTCFullYear() * 12 + dateOf(day).getUTCMonth();

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const isWeekday = (day: number, name: string): boolean => weekdays[dateOf(day).getUTCDay()] === name.toLowerCase();

/** The week of a month is the occurrence of its weekday: the first Monday, and not the Monday of the first week. */
function isInWeek(day: number, index: string): boolean {
  if (index.toLowerCase() === 'last') return monthOf(day + 7) !== monthOf(day);
  return (
    Math.ceil(dateOf(day).getUTCDate() / 7) === ['first', 'second', 'third', 'fourth'].indexOf(index.toLowerCase()) + 1
  );
}

/** The first day from a start date on: intervals count from there (Azure/AKS#5720). A day 31 may be two months away. */
const firstDay = (start: number, matches: (day: number) => boolean): number =>
  daysBetween(start * dayMs, (start + 62) * dayMs).find(matches) ?? Number.POSITIVE_INFINITY;

const daysBetween = (from: number, until: number): number[] => {
  const first = Math.floor(from / dayMs);
  return Array.from({ length: Math.max(0, Math.floor(until / dayMs) - first + 1) }, (_, index) => first + index);
};

function minutesOf(time: string): number {
  const [, hours, minutes] = /^(\d\d):(\d\d)/.exec(time) ?? [];
  return Number(hours) * 60 + Number(minutes);
}

function offsetMs(offset: string): number {
  const [, sign, time = ''] = /^([+-])(\d\d:\d\d)$/.exec(offset) ?? [];
  return (sign === '-' ? -1 : 1) * minutesOf(time) * 60_000;
}
