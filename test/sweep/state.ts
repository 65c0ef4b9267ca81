import type { RecordedRequest } from '../../simulator/index.ts';
import { withoutMadeUp } from './kinds.ts';
import type { Slot } from './scenarios.ts';

/** Every property that there is, by resource and path. */
export type State = Map<string, unknown>;

/** Everything that is there now. */
export async function stateOf({ azure }: Slot): Promise<State> {
  const state: State = new Map();
  for (const [id, resource] of Object.entries(await azure.state())) flatten(state, withoutMadeUp(id), resource);
  return state;
}

/** Nodes are made anew to be taken back. */
const time = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** Changes with every write. */
const volatile = new Set(['etag', 'nodeImageVersion']);

function flatten(state: State, path: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    state.set(path, typeof value === 'string' ? withoutMadeUp(value.replace(time, '*')) : value);
    return;
  }
  for (const [key, each] of Object.entries(value))
    if (!volatile.has(key) && each !== undefined) flatten(state, `${path} ${withoutMadeUp(key)}`, each);
}

/** Everything that is not as it was. */
export function stateChanges(before: State, after: State): string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  return paths.flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    return was === is ? [] : [`${path}: ${was} before, ${is} after`];
  });
}

/** How often each write was accepted, by its method and path. */
export type Accepted = Map<string, number>;

/** Commands that are run in the cluster leave nothing behind, and are run again where their answer was lost. */
export function acceptedWrites(recorded: readonly RecordedRequest[]): Accepted {
  const accepted: Accepted = new Map();
  for (const { method, url, status } of recorded) {
    const { pathname } = new URL(url);
    if (method === 'GET' || status === null || status >= 300 || /runCommand|checkName/i.test(pathname)) continue;
    const place = `${method} ${withoutMadeUp(pathname)}`;
    accepted.set(place, (accepted.get(place) ?? 0) + 1);
  }
  return accepted;
}

/** Writes that were sent more often than in an undisturbed run. */
export function writtenTwice(usual: Accepted, now: Accepted): string[] {
  return [...now].flatMap(([place, times]) => {
    const most = usual.get(place) ?? 0;
    return times > most ? [`${place}: ${times} times instead of ${most}`] : [];
  });
}
