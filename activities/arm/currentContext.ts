import { Context } from '@temporalio/activity';

/** The activity that asks; `undefined` for the worker's checks at its start, which run outside of any. */
export function currentContext(): Context | undefined {
  try {
    return Context.current();
  } catch {
    return undefined;
  }
}
