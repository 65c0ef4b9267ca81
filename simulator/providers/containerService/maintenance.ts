import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { echoed } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { invalidParameter } from './errors.ts';
import { clusterType } from './stored.ts';

const type = `${clusterType}/maintenanceConfigurations`;

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const weeks = ['First', 'Second', 'Third', 'Fourth', 'Last'] as const;
const date = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const schedule = z.looseObject({
  daily: z.looseObject({ intervalDays: z.int().min(1) }).nullish(),
  weekly: z.looseObject({ intervalWeeks: z.int().min(1), dayOfWeek: z.enum(weekdays) }).nullish(),
  absoluteMonthly: z.looseObject({ intervalMonths: z.int().min(1), dayOfMonth: z.int().min(1).max(31) }).nullish(),
  relativeMonthly: z
    .looseObject({ intervalMonths: z.int().min(1), weekIndex: z.enum(weeks), dayOfWeek: z.enum(weekdays) })
    .nullish(),
});
const maintenanceWindow = z.looseObject({
  schedule,
  durationHours: z.int(),
  startDate: date.nullish(),
  startTime: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  utcOffset: z
    .string()
    .regex(/^[+-]\d\d:\d\d$/)
    .default('+00:00'),
  notAllowedDates: z.array(z.looseObject({ start: date, end: date })).nullish(),
});
type Window = z.output<typeof maintenanceWindow>;
type Kind = 'daily' | 'weekly' | 'absoluteMonthly' | 'relativeMonthly';
const configuration = z.looseObject({ properties: z.looseObject({ maintenanceWindow: maintenanceWindow.nullish() }) });

const kinds: Readonly<Record<string, readonly Kind[]>> = {
  default: ['weekly'],
  aksmanagedautoupgradeschedule: ['daily', 'weekly', 'absoluteMonthly', 'relativeMonthly'],
  aksmanagednodeosupgradeschedule: ['daily', 'weekly', 'absoluteMonthly', 'relativeMonthly'],
};

/** When AKS may maintain a cluster. */
export const maintenanceTypes: readonly ResourceType[] = [{ kind: 'stored', type, put, delete: remove }];

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { properties } = parseBody(request, configuration);
  const { world } = request;
  const id = existing?.id ?? request.resourceId;
  const name = request.id.names[1] ?? '';
  const { maintenanceWindow: window } = properties;
  const allowed = kinds[name.toLowerCase()];
  if (!allowed)
    throw invalidParameter(
      'name',
      `'${name}' is none of default, aksManagedAutoUpgradeSchedule, aksManagedNodeOSUpgradeSchedule.`,
    );
  if (window) checkWindow(window, allowed);
  const today = world.clock.now().toISOString().slice(0, 10);
  const kept = {
    ...properties,
    ...(window && { maintenanceWindow: { ...window, startDate: window.startDate ?? today } }),
  };
  const { body } = world.store.put(id, type, { id, name, type, properties: echoed(kept) });
  return { status: existing ? 200 : 201, body };
}

/** @throws ArmError 400 InvalidParameter */
function checkWindow({ schedule: given, durationHours }: Window, allowed: readonly Kind[]): void {
  const present = (Object.keys(given) as Kind[]).filter((kind) => given[kind]);
  const [only] = present;
  if (!only || present.length > 1)
    throw invalidParameter('maintenanceWindow.schedule', 'one and only one of the schedule types should be specified.');
  if (!allowed.includes(only))
    throw invalidParameter('maintenanceWindow.schedule', `'${only}' is not supported by this configuration.`);
  if (durationHours < 4 || durationHours > 24)
    throw invalidParameter('maintenanceWindow.durationHours', `'${durationHours}' is not between 4 and 24.`);
}

function remove({ world }: ArmRequest, { id }: Resource): Reply {
  world.remove(id);
  return { status: 200 };
}

/** Whether AKS may make nodes of a cluster anew. Without such a window there is nothing to wait for. */
export function mayReimageNow(world: World, clusterId: string): boolean {
  const own = world.store.get(`${clusterId}/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule`);
  const window = own && configuration.parse(own.body).properties.maintenanceWindow;
  return !window || isOpen(window, world.clock.now());
}

const minutesIn = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** Walks back over the last days, for a window may have begun the day before. */
export function isOpen(window: Window, now: Date): boolean {
  const { utcOffset, startTime, durationHours } = window;
  const offset = minutesIn(utcOffset.slice(1)) * (utcOffset.startsWith('-') ? -1 : 1);
  const local = new Date(now.getTime() + offset * 60_000);
  if (window.notAllowedDates?.some(({ start, end }) => start <= dateOf(local) && dateOf(local) <= end)) return false;
  return [0, 1].some((ago) => {
    const day = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() - ago));
    const minutes = (local.getTime() - day.getTime()) / 60_000 - minutesIn(startTime);
    return minutes >= 0 && minutes < durationHours * 60 && occursOn(window, day);
  });
}

const dateOf = (day: Date): string => day.toISOString().slice(0, 10);
const dayAfter = (day: Date): Date => new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + 1));

function occursOn({ schedule: given, startDate }: Window, day: Date): boolean {
  if (!fits(given, day)) return false;
  if (!startDate) return true;
  let first = new Date(`${startDate}T00:00:00Z`);
  while (first <= day && !fits(given, first)) first = dayAfter(first);
  if (first > day) return false;
  const days = (day.getTime() - first.getTime()) / 86_400_000;
  const months = (day.getUTCFullYear() - first.getUTCFullYear()) * 12 + day.getUTCMonth() - first.getUTCMonth();
  if (given.daily) return days % given.daily.intervalDays === 0;
  if (given.weekly) return days % (7 * given.weekly.intervalWeeks) === 0;
  return months % (given.absoluteMonthly?.intervalMonths ?? given.relativeMonthly?.intervalMonths ?? 1) === 0;
}

/** Whether a schedule has such a day, its interval apart. */
function fits({ weekly, absoluteMonthly, relativeMonthly }: Window['schedule'], day: Date): boolean {
  const weekday = weekdays[day.getUTCDay()];
  if (weekly) return weekly.dayOfWeek === weekday;
  if (absoluteMonthly) return absoluteMonthly.dayOfMonth === day.getUTCDate();
  if (!relativeMonthly) return true;
  if (relativeMonthly.dayOfWeek !== weekday) return false;
  const number = Math.floor((day.getUTCDate() - 1) / 7);
  const weekLater = new Date(day.getTime() + 7 * 86_400_000);
  return relativeMonthly.weekIndex === 'Last'
    ? weekLater.getUTCMonth() !== day.getUTCMonth()
    : weeks[number] === relativeMonthly.weekIndex;
}
