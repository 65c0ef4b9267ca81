import proto from '@temporalio/proto';
import { searchAttributes } from '../contract/names.ts';
import type { Problem } from '../contract/problem.ts';
import type { TemporalConnection } from './temporal.ts';

/**
 * Registers the search attributes that are missing in the namespace. Temporal Cloud does not let a worker do that: the
 * problem then tells the operator which command to run.
 */
export async function registerSearchAttributes({ connection, namespace }: TemporalConnection): Promise<Problem[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(searchAttributes)
    .map(({ name }) => name)
    .filter((name) => !(name in customAttributes));
  if (missing.length === 0) return [];
  try {
    const { INDEXED_VALUE_TYPE_KEYWORD: keyword } = proto.temporal.api.enums.v1.IndexedValueType;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
    });
    return [];
  } catch {
    const whatToDo = [
      'Run',
      `temporal operator search-attribute create --namespace ${namespace}`,
      ...missing.map((name) => `--name ${name} --type Keyword`),
    ].join(' ');
    return [
      {
        where: `namespace ${namespace}`,
        problem: 'search attributes are missing and could not be registered',
        whatToDo,
      },
    ];
  }
}
