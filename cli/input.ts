import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parse, parseAllDocuments } from 'yaml';
import { rolloutFleet, type Scenario, scenarios } from '../contract/index.ts';
import type { Streams } from './commandContext.ts';
import { UserError } from './userError.ts';

/** Workflow types that a file can be an input of. */
export const startable = [...scenarios, rolloutFleet] as const;
export type Startable = Scenario | typeof rolloutFleet;

/** A scenario's input as a file has it. Its schema is checked where it is used. */
export interface GivenInput {
  scenario: Startable;
  input: Record<string, unknown>;
}

/**
 * Reads an input, in YAML or JSON.
 *
 * @param file `-`: standard input.
 * @param scenario Default: the one that the file's JSON Schema is for.
 */
export async function readInput(
  { stdin }: Streams,
  file: string,
  scenario: Startable | undefined,
): Promise<GivenInput> {
  return parseInput(file, file === '-' ? await text(stdin) : await fileText(file), scenario);
}

/** Takes the text of a file apart. JSON is YAML as well. */
export function parseInput(file: string, content: string, scenario: Startable | undefined): GivenInput {
  const given = yamlValue(file, content);
  if (!isRecord(given)) throw new UserError(`${file} is not an object. Give the keys of the scenario's JSON Schema.`);
  const { $schema, ...input } = given;
  const known = scenario ?? schemaScenario($schema) ?? schemaScenario(modeline.exec(content)?.[1]);
  if (known) return { scenario: known, input };
  throw new UserError(
    `Which scenario is ${file} for? Give --scenario, or a $schema whose name is one of: ${startable.join(', ')}.`,
  );
}

function yamlValue(file: string, content: string): unknown {
  // The one that runs would be anybody's guess.
  const { length } = parseAllDocuments(content);
  if (length > 1)
    throw new UserError(
      `${file} holds ${length} YAML documents, and an input is one. Give each a file and a command of its own, or remove the lines ---.`,
    );
  try {
    return parse(content);
  } catch (error) {
    throw new UserError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The comment by which editors with the YAML language server find a schema. */
const modeline = /^\s*#\s*yaml-language-server:\s*\$schema=(\S+)/m;

function schemaScenario(schema: unknown): Startable | undefined {
  const name = typeof schema === 'string' ? /([^/\\:]+?)(?:\.json)?$/.exec(schema)?.[1] : undefined;
  return startable.find((scenario) => scenario === name);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function fileText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`Cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
