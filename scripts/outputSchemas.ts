import { join } from 'node:path';
import { createGenerator } from 'ts-json-schema-generator';

/** JSON Schemas of what scenarios answer, by their names in contract/schemas/. */
const outputs = {
  progress: { type: 'Progress', title: 'Answer of the progress query' },
  result: { type: 'ScenarioResult', title: 'Result of a scenario' },
  failureDetails: {
    type: 'FailureDetails',
    title: 'Details of a failed scenario, and of a cancelled one in its memo cancellationReport',
  },
  problems: {
    type: 'Problems',
    title: 'Details of a scenario that was refused: InvalidInput, PreflightFailed and others',
  },
} as const;

/** Made of the types in contract/, whose comments become descriptions. Later versions may add properties, so that others are allowed. */
export function outputSchemas(): Record<string, object> {
  const generator = createGenerator({
    path: join(import.meta.dirname, '../contract/{result,progress,problem}.ts'),
    tsconfig: join(import.meta.dirname, '../tsconfig.json'),
    type: '*',
    // `npm run check` checks the types.
    skipTypeCheck: true,
    additionalProperties: true,
  });
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, title }]) => [
      name,
      { $id: `urn:aks-isolation:output:${name}`, title, ...generator.createSchema(type) },
    ]),
  );
}
