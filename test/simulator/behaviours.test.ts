import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { behaviours } from '../../simulator/behaviours.ts';
import { providers } from '../../simulator/providers.ts';

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.test.ts'),
);
const sources = new Map(files.map((file) => [file, readFileSync(join(import.meta.dirname, file), 'utf8')]));
const types = providers.flatMap((provider) => provider.types.map(({ type }) => type));

test.each(behaviours.map((behaviour) => [behaviour.id, behaviour] as const))(
  '%s names its type, its source and a test that is there',
  (_id, { resourceType, says, source, test: proof }) => {
    const [file = '', title = ''] = proof.split(/: (.*)/s);
    const quoted = [`'${title}'`, `"${title}"`, `\`${title}\``];
    expect(
      sources
        .get(file)
        ?.split('\n')
        .filter((line) => quoted.some((each) => line.includes(each))),
    ).not.toEqual([]);
    expect([says, source].filter((text) => text.trim() === '')).toEqual([]);
    const known =
      resourceType === 'any' || types.some((type) => type === resourceType || type.startsWith(`${resourceType}/`));
    expect(known ? undefined : resourceType).toBeUndefined();
  },
);

test('no behaviour is there twice', () => {
  const ids = behaviours.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});
