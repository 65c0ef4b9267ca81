import { z } from 'zod';
import { scenarios } from '../names.ts';
import { schemaKey } from './cluster.ts';

/** Input of `startScenario`, by which schedules start scenarios. */
export const startScenarioInput = z.strictObject({
  $schema: schemaKey,
  scenario: z.enum(scenarios).describe('The scenario to start.'),
  input: z.record(z.string().max(100), z.unknown()).describe("The scenario's own input."),
});
