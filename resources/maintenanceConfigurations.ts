/** The maintenance configurations that AKS knows by name. */
export const maintenanceConfigurationNames = [
  'aksManagedNodeOSUpgradeSchedule',
  'aksManagedAutoUpgradeSchedule',
  'default',
] as const;

/** A date of the calendar, as `2026-11-27`. */
export type CalendarDate = string;

/** How often a window opens. AKS has one of them in each schedule. */
export interface MaintenanceSchedule {
  daily?: { intervalDays: number };
  weekly?: { intervalWeeks: number; dayOfWeek: string };
  absoluteMonthly?: { intervalMonths: number; dayOfMonth: number };
  relativeMonthly?: { intervalMonths: number; weekIndex: string; dayOfWeek: string };
}

/** A window as AKS has it. Its offset stays the same in summer and winter. */
export interface AksMaintenanceWindow {
  schedule: MaintenanceSchedule;
  durationHours: number;
  /** `+05:30` and the like. */
  utcOffset: string;
  startDate?: CalendarDate;
  /** `22:00` and the like, by the clock of the offset. */
  startTime: string;
  /** By the calendar of the offset. The last day is one of them. */
  notAllowedDates: readonly { start: CalendarDate; end: CalendarDate }[];
}

/** When AKS may maintain a cluster: a window, or the hours of a week, which is the older form. */
export interface MaintenanceConfigurationFacts {
  name: string;
  window?: AksMaintenanceWindow;
  /** Hours of UTC: 1 is the hour from 01:00 to 02:00. */
  timeInWeek: readonly { day: string; hourSlots: readonly number[] }[];
  /** Milliseconds since 1970. */
  notAllowedTime: readonly { start: number; end: number }[];
}
