import pWaitFor from 'p-wait-for';

/** Long enough for any machine: it only ends a test that hangs. */
const deadlineMs = 120_000;

/** Waits until something holds. @throws Error with this message when it never does. */
export const waitFor = (condition: () => boolean | Promise<boolean>, otherwise: string): Promise<void> =>
  pWaitFor(condition, { timeout: { milliseconds: deadlineMs, message: otherwise } });
