import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  auditClusterInput,
  changeRegistryInput,
  createClusterInput,
  deleteClusterInput,
  disableIsolationInput,
  isolateClusterInput,
  parse,
  reimageNodePoolsInput,
} from '../../../contract/index.ts';
import { anyInput, changed } from '../../support/inputs.ts';

const schemas = {
  auditClusterInput,
  changeRegistryInput,
  createClusterInput,
  deleteClusterInput,
  disableIsolationInput,
  isolateClusterInput,
  reimageNodePoolsInput,
};

describe('any input', () => {
  it.each(Object.entries(schemas))('of %s is accepted, or refused with where, what and what to do', (_name, schema) => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json().map((text) => JSON.parse(text)),
          changed(anyInput),
        ),
        (given) => {
          const parsed = parse<unknown>(schema, given);
          if (parsed.ok) {
            // An accepted input is accepted again with its defaults filled in, so that a run started from a report is the same.
            expect(parse<unknown>(schema, parsed.value)).toEqual(parsed);
            return;
          }
          expect(parsed.problems.length).toBeGreaterThan(0);
          for (const { where, problem, whatToDo } of parsed.problems)
            expect([where, problem, whatToDo].every((text) => text.trim().length > 0)).toBe(true);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});
