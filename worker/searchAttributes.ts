import proto from '@temporalio/proto';
import { searchAttributes } from '../contract/names.ts';
import type { Problem } from '../contract/problem.ts';
import type { TemporalConnection } from './temporal.ts';

const names = Object.values(searchAttributes).map(({ name }) => name);
const { INDEXED_VALUE_TYPE_KEYWORD: keyword } = proto.temporal.api.enums.v1.IndexedValueType;

/** Problems keep a worker from starting. Warnings are for somebody to act on although it starts. */
export interface Findings {
  problems: Problem[];
  warnings: Problem[];
}

/**
 * Registers the search attributes that are missing in the namespace. A worker that may not list or register them, as in
 * Temporal Cloud, starts all the same: runs wait until a missing attribute is there, and nothing is lost.
 */
export async function registerSearchAttributes(temporal: TemporalConnection): Promise<Findings> {
  const { operatorService } = temporal.connection;
  const { namespace } = temporal;
  let existing: Readonly<Record<string, proto.temporal.api.enums.v1.IndexedValueType>>;
  try {
    ({ customAttributes: existing } = await operatorService.listSearchAttributes({ namespace }));
  } catch (error) {
    const problem = `its search attributes may not be listed (${reasonOf(error)}), so that some may be missing`;
    return warningOf(temporal, problem, names);
  }
  const others = names.filter((name) => (existing[name] ?? keyword) !== keyword);
  if (others.length > 0) {
    const problem = `search attributes of another type than Keyword: ${others.join(', ')}`;
    const whatToDo = 'Remove them, or take another namespace: a search attribute cannot change its type.';
    return { problems: [{ where: `namespace ${namespace}`, problem, whatToDo }], warnings: [] };
  }
  const missing = names.filter((name) => !(name in existing));
  if (missing.length === 0) return { problems: [], warnings: [] };
  try {
    const wanted = Object.fromEntries(missing.map((name) => [name, keyword]));
    await operatorService.addSearchAttributes({ namespace, searchAttributes: wanted });
    return { problems: [], warnings: [] };
  } catch (error) {
    const problem = `search attributes are missing and could not be registered (${reasonOf(error)}); runs wait for them`;
    return warningOf(temporal, problem, missing);
  }
}

const warningOf = (temporal: TemporalConnection, problem: string, missing: readonly string[]): Findings => {
  const whatToDo = `An administrator runs \`${registration(temporal, missing)}\`.`;
  return { problems: [], warnings: [{ where: `namespace ${temporal.namespace}`, problem, whatToDo }] };
};

/** The command that registers them. Temporal Cloud is closed to that of the Temporal CLI, and has a tool of its own. */
export function registration(
  { address, namespace }: Pick<TemporalConnection, 'address' | 'namespace'>,
  missing: readonly string[],
): string {
  const [command, each] = /\.(?:tmprl\.cloud|temporal\.io):\d+$/.test(address)
    ? ['tcld namespace search-attributes add', (name: string) => `--sa "${name}=Keyword"`]
    : ['temporal operator search-attribute create', (name: string) => `--name ${name} --type Keyword`];
  return [`${command} --namespace ${namespace}`, ...missing.map(each)].join(' ');
}

/** The words of the service, without those of gRPC before them. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && 'details' in cause && cause.details ? String(cause.details) : error.message;
}
