import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseInput } from '../../../cli/input.ts';
import { parse, parseRolloutFleet, rolloutFleet, scenarioInputs, scenarios } from '../../../contract/index.ts';

const root = join(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Schema {
  $id?: string;
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
}

/** Paths of all keys, each with its schema. */
const keysOf = ({ properties = {}, items, oneOf = [], anyOf = [] }: Schema, path = ''): [string, Schema][] => [
  ...Object.entries(properties).flatMap(([key, value]): [string, Schema][] => [
    [`${path}.${key}`, value],
    ...keysOf(value, `${path}.${key}`),
  ]),
  ...(items ? keysOf(items, `${path}[]`) : []),
  ...[...oneOf, ...anyOf].flatMap((each) => keysOf(each, path)),
];

describe.each([...scenarios, rolloutFleet])('the JSON Schema of %s', (scenario) => {
  const schema: Schema = JSON.parse(read(`contract/schemas/${scenario}.json`));

  it('has an ID, by which a file can name its scenario', () => {
    expect(schema.$id).toBe(`urn:aks-isolation:input:${scenario}`);
    expect(parseInput('f', JSON.stringify({ $schema: schema.$id }), undefined).scenario).toBe(scenario);
  });

  it('describes every key, for editors', () => {
    const keys = keysOf(schema);
    expect(keys.map(([path]) => path)).toContain(scenario === rolloutFleet ? '.clusters[].name' : '.cluster.name');
    expect(keys.flatMap(([path, { description }]) => (description ? [] : [path]))).toEqual([]);
  });
});

describe.each(readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.json')))('examples/%s', (file) => {
  it('names its JSON Schema, and its scenario takes it with that key', () => {
    const content = read(`examples/${file}`);
    const { scenario } = parseInput(file, content, undefined);
    const given: { $schema: string } = JSON.parse(content);
    expect(JSON.parse(read(join('examples', given.$schema))).$id).toContain(scenario);
    const parsed =
      scenario === rolloutFleet ? parseRolloutFleet(given) : parse<unknown>(scenarioInputs[scenario], given);
    expect(parsed).toMatchObject({ ok: true });
  });
});
