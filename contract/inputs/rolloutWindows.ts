import { z } from 'zod';
import { maintenanceConfigurationNames } from '../../resources/maintenanceConfigurations.ts';
import { matching } from './checks.ts';

/** Two for each day of the week, and some to spare. */
const mostWindows = 20;

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

const maintenanceWindow = z.strictObject({
  days: z
    .array(z.enum(weekdays))
    .min(1, 'no day. Leave the key out for every day.')
    .max(7, 'too many days. A week has 7.')
    .default([...weekdays])
    .describe('The days on which the window opens.'),
  start: matching(/^([01]\d|2[0-3]):[0-5]\d$/, 5, 'not a time of day. Use hours and minutes, such as 22:00.').describe(
    'When it opens, by the clock of timeZone.',
  ),
  hours: z
    .number()
    .positive('too short. Use more than 0 hours.')
    .max(24, 'too long. Use at most 24 hours.')
    .describe('How long it is open.'),
  timeZone: z
    .string()
    .max(64, 'too long. Use at most 64 characters.')
    .refine(isTimeZone, 'not a time zone. Use one of the IANA names, such as Europe/Berlin.')
    .default('UTC')
    .describe('Its time zone, by its IANA name.'),
});

/** The rollout's own windows. */
export const maintenanceWindows = z
  .array(maintenanceWindow)
  .min(1, 'no window, so that nothing could begin. Leave the key out for any time.')
  .max(mostWindows, `too many windows. Use at most ${mostWindows}.`)
  .describe('When work on a cluster may begin. What has begun goes on. Default: at any time.');

/** AKS's own window of each cluster, as a rollout keeps to it. */
export const aksWindow = z
  .strictObject({
    configuration: z
      .enum(maintenanceConfigurationNames)
      .default('aksManagedNodeOSUpgradeSchedule')
      .describe(
        "Which of a cluster's maintenance configurations counts. aksManagedNodeOSUpgradeSchedule: when AKS may give nodes new images. aksManagedAutoUpgradeSchedule: when it may upgrade Kubernetes. default: when it may roll out its own releases.",
      ),
    without: z
      .enum(['fail', 'skip', 'begin'])
      .default('fail')
      .describe(
        'What becomes of clusters that have no such configuration. fail: they count as failed. skip: they are left out. begin: they begin at any time.',
      ),
    withinDays: z
      .int()
      .min(1, 'too short. Use 1 day or more.')
      .max(200, 'too long. Use at most 200 days.')
      .default(35)
      .describe('A cluster whose window does not open within so many days counts as failed, and is not waited for.'),
  })
  .describe(
    "Work on a cluster begins only within its own window, as AKS's planned maintenance has it. Default: at any time.",
  );

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

export type MaintenanceWindow = z.output<typeof maintenanceWindow>;
export type AksWindow = z.output<typeof aksWindow>;
