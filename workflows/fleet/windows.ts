import type { MaintenanceWindow } from '../../contract/inputs/rolloutWindows.ts';
import { type Opening, openingOf, type Span } from './spans.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Every window opens once in so many days; the one of yesterday may still be open. */
const lookedAt = [-1, 0, 1, 2, 3, 4, 5, 6, 7];

/**
 * Where the windows stand at a moment. It asks for no other clock than the one it is given, so that a workflow can ask it. The rules of
 * time zones are Node's: a replay under others may wait for another length, and does the same.
 *
 * @param now Milliseconds since 1970.
 */
export function openingAt(windows: readonly MaintenanceWindow[], now: number): Opening {
  const spans = windows.flatMap((window) => spansAround(window, now));
  return openingOf(spans, now) ?? { isOpen: false, from: now + dayMs };
}

function spansAround({ days, start, hours, timeZone }: MaintenanceWindow, now: number): Span[] {
  const wanted: readonly string[] = days;
  const [hour = 0, minute = 0] = start.split(':').map(Number);
  const clock = clockOf(timeZone);
  const today = clock.partsAt(now);
  return lookedAt.flatMap((offset) => {
    // Noon of a day is that day in the calendar, whatever the clock does at night.
    const day = new Date(Date.UTC(today.year, today.month - 1, today.day + offset, 12));
    if (!wanted.includes(weekday.format(day))) return [];
    const local = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate(), hour, minute);
    const from = clock.instantOf(local);
    return [{ from, until: from + hours * 60 * minuteMs }];
  });
}

const weekday = new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: 'UTC' });

interface Parts {
  year: number;
  month: number;
  day: number;
}

function clockOf(timeZone: string) {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const partsAt = (at: number): Parts & { local: number } => {
    const part = Object.fromEntries(format.formatToParts(new Date(at)).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = part;
    return { year, month, day, local: Date.UTC(year, month - 1, day, hour, minute, second) };
  };
  const offsetAt = (at: number): number => partsAt(at).local - Math.floor(at / 1000) * 1000;
  return {
    partsAt,
    /** When the clock shows this. A time that a change of the clock leaves out comes an hour later. */
    instantOf(local: number): number {
      const near = local - offsetAt(local);
      return local - offsetAt(near);
    },
  };
}
