import { defaultPayloadConverter, RawValue, rawValueTypeInfo, type WorkflowStaticOptions } from '@temporalio/common';
import type { z } from 'zod';
import { errorTypes } from '../../contract/names.ts';
import { type Parsed, parse } from '../../contract/parse.ts';
import type { Problem } from '../../contract/problem.ts';
import { shortened } from '../../contract/shortened.ts';
import { problemsFailure } from './outcome.ts';

/**
 * Has Temporal hand on what was given as it came. It decodes arguments before a workflow begins, and one that it cannot
 * decode would fail the workflow task for ever, with the cluster's lock held. More arguments than one are not looked at;
 * a hundred are more than anybody sends.
 */
export const takesAnything: WorkflowStaticOptions = {
  typeInfo: { inputTypes: Array.from({ length: 100 }, () => rawValueTypeInfo) },
};

const notJson = (why: string): Problem => ({
  where: '(input)',
  problem: `not JSON (${why})`,
  whatToDo: 'Give one JSON object, in the encoding json/plain; the JSON Schema says what is in it.',
});

/** The message of a decoder may repeat the whole input. */
const mostWhyBytes = 400;

/** @throws ApplicationFailure `InvalidInput` with every problem. */
export function checkedInput<Input>(schema: z.ZodType<Input>, given: unknown): Input {
  return checkedBy((decodedInput) => parse(schema, decodedInput), given);
}

/** As {@link checkedInput}, for an input that takes more than a schema to check. */
export function checkedBy<Input>(check: (decodedInput: unknown) => Parsed<Input>, given: unknown): Input {
  const parsed = check(decoded(given));
  if (parsed.ok) return parsed.value;
  throw problemsFailure(errorTypes.invalidInput, parsed.problems);
}

function decoded(given: unknown): unknown {
  const input = decodedInput(given);
  if ('why' in input) throw problemsFailure(errorTypes.invalidInput, [notJson(input.why)]);
  return input.value;
}

/** An argument that came as it was given, see {@link takesAnything}, or why it cannot be decoded. */
export function decodedInput(given: unknown): { value: unknown } | { why: string } {
  if (!(given instanceof RawValue)) return { value: given };
  try {
    return { value: defaultPayloadConverter.fromPayload(given.payload) };
  } catch (error) {
    return { why: shortened(error instanceof Error ? error.message : String(error), mostWhyBytes) };
  }
}
