import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import type { Results } from '../bench/figures.ts';
import { runBounds } from '../bench/runBounds.ts';
import { tableHead, tableRow } from '../bench/table.ts';
import { eventData, eventNames, eventSchemaId, eventTexts, eventTypes } from '../contract/events.ts';
import { errorSections, profileTable, scenarioInputs } from '../contract/index.ts';
import { rolloutFleetInput } from '../contract/inputs/rolloutFleet.ts';
import { startScenarioInput } from '../contract/inputs/startScenario.ts';
import { metrics, shownName } from '../contract/metrics.ts';
import { workerPolicy } from '../contract/policy.ts';
import { writeSeconds } from '../simulator/arm/arm.ts';
import { azureSwitches } from '../simulator/arm/azureSwitches.ts';
import { behaviours } from '../simulator/behaviours.ts';
import { providers } from '../simulator/providers.ts';
import { observabilityFiles } from './observability/files.ts';
import { outputSchemas } from './outputSchemas.ts';

// Writes the files and sections that are generated from code; with --check it only says which are out of date.
const root = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');
const stale: string[] = [];

function put(file: string, content: string): void {
  const path = join(root, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return;
  if (check) {
    stale.push(relative(root, path));
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Puts a table between the markers of this name in a page. */
function putTable(file: string, name: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
  putSection(file, name, tableText(header, rows));
}

function tableText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

/** Puts text between the markers of this name in a page. */
function putSection(file: string, name: string, text: string): void {
  const page = readFileSync(join(root, file), 'utf8');
  const section = new RegExp(`(<!-- generated: ${name} -->).*?(<!-- /generated -->)`, 's');
  if (!section.test(page)) throw new Error(`${file} has no section <!-- generated: ${name} -->`);
  put(
    file,
    page.replace(section, (_, start, end) => `${start}\n\n${text}\n\n${end}`),
  );
}

function putSchema(file: string, $id: string, title: string, schema: z.ZodType): void {
  const json = { $id, title, ...z.toJSONSchema(schema, { io: 'input' }) };
  put(file, `${JSON.stringify(json, null, 2)}\n`);
}
for (const [name, schema] of Object.entries(outputSchemas()))
  put(`contract/schemas/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`);

for (const [scenario, schema] of Object.entries(scenarioInputs)) {
  const title = `Input of the ${scenario} scenario`;
  putSchema(`contract/schemas/${scenario}.json`, `urn:aks-isolation:input:${scenario}`, title, schema);
}
putSchema(
  'contract/schemas/startScenario.json',
  'urn:aks-isolation:input:startScenario',
  'Input of startScenario, by which schedules start scenarios',
  startScenarioInput,
);
putSchema(
  'contract/schemas/rolloutFleet.json',
  'urn:aks-isolation:input:rolloutFleet',
  'Input of rolloutFleet, which runs a scenario on many clusters',
  rolloutFleetInput,
);
putSchema('contract/schemas/workerPolicy.json', 'urn:aks-isolation:policy', 'Policy of a worker', workerPolicy);

const dataSchema = z.toJSONSchema(eventData);
const eventSchema = { $id: eventSchemaId, title: 'Data of an event', ...dataSchema };
put('contract/schemas/event.json', `${JSON.stringify(eventSchema, null, 2)}\n`);

putTable(
  'docs/how-to/be-told.md',
  'event data',
  ['Key', 'Always', 'Says'],
  Object.entries(dataSchema.properties ?? {}).map(([key, schema]) => [
    `\`${key}\``,
    dataSchema.required?.includes(key) ? 'yes' : '',
    (typeof schema === 'object' && schema.description) || '',
  ]),
);
putTable(
  'docs/how-to/be-told.md',
  'events',
  ['`WEBHOOK_EVENTS`', 'Type', 'Says'],
  eventNames.map((name) => [`\`${name}\``, `\`${eventTypes[name]}\``, eventTexts[name]]),
);
putTable(
  'docs/reference/profiles.md',
  'profiles',
  ['', 'Step', '`current`', '`preview`', 'Why', 'Sources'],
  Object.values(profileTable).map(({ id, step, current, preview, why, sources }) => [
    id,
    step,
    current.does,
    preview.does,
    why,
    sources.join('; '),
  ]),
);
putSection(
  'docs/errors.md',
  'errors',
  Object.entries(errorSections)
    .map(([code, { cause, whatToDo, details }]) =>
      [`### ${code}`, cause, `What to do: ${whatToDo}`, ...(details ? [`Details: \`${details}\`.`] : [])].join('\n\n'),
    )
    .join('\n\n'),
);
for (const [name, content] of Object.entries(observabilityFiles)) put(`deploy/observability/${name}`, content);
putTable(
  'docs/reference/metrics.md',
  'metrics',
  ['Metric', 'Kind', 'Labels', 'What it says'],
  Object.values(metrics).map((metric) => [
    `\`${shownName(metric)}\``,
    metric.kind,
    Object.keys(metric.labels)
      .map((label) => `\`${label}\``)
      .join(', '),
    metric.description,
  ]),
);
putTable(
  'docs/reference/simulator.md',
  'switches',
  ['Switch', 'Positions', 'What it says', 'Why it is not settled'],
  Object.entries(azureSwitches).map(([name, { values, says, source }]) => [
    `\`${name}\``,
    values.map((value) => `\`${value}\``).join(', '),
    says,
    source,
  ]),
);
putTable(
  'docs/reference/simulator-behaviours.md',
  'behaviours',
  ['Resource type', 'Rule', 'Evidence', 'Source', 'Test'],
  behaviours.map(({ resourceType, says, evidence, source, test }) => [resourceType, says, evidence, source, test]),
);

putTable(
  'docs/reference/simulator-behaviours.md',
  'transitions',
  ['Resource type', 'Transition', 'Answers', 'Meanwhile', 'Seconds', 'Then'],
  providers.flatMap((provider) =>
    provider.types.flatMap((type) =>
      Object.entries((type.kind === 'stored' && type.transitions) || {}).map(([name, transition]) => [
        type.type,
        name,
        String(transition.answers),
        transition.during ?? '',
        `${transition.requestSeconds ?? writeSeconds} + ${transition.seconds}`,
        transition.ends,
      ]),
    ),
  ),
);

/** Where an action is needed, in a letter. */
const scopeLetters = { subscription: 'S', resourceGroup: 'G', nodeResourceGroup: 'N' } as const;
const rights: Record<string, Record<keyof typeof scopeLetters, string[]>> = JSON.parse(
  readFileSync(join(root, 'deploy/roles/least-rights.json'), 'utf8'),
);
const scenariosWithRights = Object.keys(rights).sort();
const letters = (scenario: string, action: string): string =>
  Object.entries(scopeLetters)
    .flatMap(([kind, letter]) =>
      rights[scenario]?.[kind as keyof typeof scopeLetters].includes(action) ? [letter] : [],
    )
    .join(' ');
putTable(
  'docs/reference/azure-roles.md',
  'least rights',
  ['Action', ...scenariosWithRights],
  [...new Set(Object.values(rights).flatMap((ofScenario) => Object.values(ofScenario).flat()))]
    .sort()
    .map((action) => [`\`${action}\``, ...scenariosWithRights.map((scenario) => letters(scenario, action))]),
);

const { measured, machine, results }: Results = JSON.parse(readFileSync(join(root, 'bench/result.json'), 'utf8'));
putSection(
  'docs/reference/benchmark.md',
  'benchmark',
  results.length === 0
    ? 'Nothing was measured yet.'
    : `Measured ${measured}: ${machine}.\n\n${tableText(tableHead, results.map(tableRow))}`,
);

putTable(
  'docs/reference/costs.md',
  'run bounds',
  ['Run', 'Discovery reads', 'Steps read', 'Verification reads', 'Writes', 'Actions', 'Events', 'kB'],
  Object.values(runBounds)
    .map(({ title, ...counts }) => [
      title,
      ...[counts.discovery, counts.steps, counts.verification, counts.writes],
      ...[counts.actions, counts.events, counts.kilobytes],
    ])
    .map((row) => row.map(String)),
);

if (stale.length > 0) {
  process.stderr.write(`Out of date: ${stale.join(', ')}. Run: npm run fix\n`);
  process.exit(1);
}
