import { isMatch } from 'matcher';

/** Actions that somebody has, or is kept from. */
interface Actions {
  readonly actions: readonly string[];
  readonly notActions?: readonly string[] | undefined;
}

/** Whether an action is among them. A wildcard between two slashes also stands for nothing, as in the role Managed Identity Operator. */
export function includesAction(action: string, { actions, notActions = [] }: Actions): boolean {
  const patterns = (given: readonly string[]) => given.flatMap((one) => [one, one.replaceAll('/*/', '/')]);
  return isMatch(action, patterns(actions)) && !isMatch(action, patterns(notActions));
}
