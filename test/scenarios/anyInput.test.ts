import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RawValue } from '@temporalio/common';
import { clusterWorkflowId, type Problem, type Scenario, scenarios } from '../../contract/index.ts';
import { input, subscriptionId } from '../support/azure.ts';
import { type Harness, problemsOf, startHarness } from '../support/harness.ts';

type Payload = RawValue['payload'];

/** A payload as it is, not encoded once more. */
const raw = (encoding: string, data: string): RawValue =>
  new RawValue<Payload>(
    { metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) },
    { toPayload: <T>(payload: T) => payload as Payload, fromPayload: <T>(payload: Payload) => payload as T },
  );

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const megabytes = 1.9e6;

const odd: [what: string, given: unknown, where: string, problem: RegExp][] = [
  ['what is no JSON', raw('json/plain', '{"cluster": '), '(input)', /^not JSON \(.+\)$/],
  ['another encoding', raw('json/protobuf', '{}'), '(input)', /^not JSON \(.+\)$/],
  ['bytes', raw('binary/plain', 'x'.repeat(megabytes)), '(input)', /^binary data$/],
  ['nothing', raw('binary/null', ''), '(input)', /^missing$/],
  ['a list in a list in a list …', raw('json/plain', nested(900_000)), /./.source, /^nested too deeply$/],
  ['one long text', 'x'.repeat(megabytes), '(input)', /^a text of 1900000 characters is too long$/],
  ['a long key', { ['k'.repeat(megabytes)]: 1 }, /^k+…/.source, /characters is too long$/],
  [
    'many keys',
    Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, 1])),
    '(input)',
    /^100000 entries/,
  ],
  ['20,000 pools', pools(20_000), 'agentPoolProfiles', /^20000 entries are too many$/],
  ['101 pools', pools(101), 'agentPoolProfiles', /^too many node pools$/],
  ['__proto__', raw('json/plain', '{"tags": {"__proto__": "x"}}'), 'tags.__proto__', /^not a usable key$/],
  ['half a character', { location: '\ud800' }, 'location', /^half a character$/],
];

function pools(count: number): object {
  return { ...input('pools'), agentPoolProfiles: Array.from({ length: count }, () => ({})) };
}

describe('an input of any shape', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  /** By Temporal's client: the product's own refuses bad input itself. */
  const refused = (scenario: Scenario, name: string, ...args: unknown[]) => {
    const workflowId = clusterWorkflowId({ subscriptionId, resourceGroup: 'any', name });
    return problemsOf(
      harness.temporal.workflow.execute(scenario, {
        taskQueue: harness.taskQueue,
        workflowId,
        args,
        // A workflow task that is tried again for ever ends here.
        workflowExecutionTimeout: '10 minutes',
      }),
    );
  };

  it.each(odd)('is refused at once: %s', async (_what, given, where, problem) => {
    const { type, problems } = await refused('createCluster', 'odd', given);
    expect(type).toBe('InvalidInput');
    expect(problems).toContainEqual({
      where: expect.stringMatching(where),
      problem: expect.stringMatching(problem),
      whatToDo: expect.stringMatching(/\.$/),
    });
    expect(sizeOf(problems)).toBeLessThan(100_000);
  });

  it.each(scenarios)('is refused by %s', async (scenario) => {
    expect(await refused(scenario, scenario, raw('json/protobuf', '{}'))).toMatchObject({ type: 'InvalidInput' });
    expect(await refused(scenario, scenario)).toMatchObject({ type: 'InvalidInput' });
  });

  it('does not depend on more arguments than one', async () => {
    const { problems } = await refused('auditCluster', 'more', {}, raw('json/protobuf', '{}'), raw('', ''));
    expect(problems).toEqual([expect.objectContaining({ where: 'cluster', problem: 'missing' })]);
  });
});

const sizeOf = (problems: readonly Problem[]): number => JSON.stringify(problems).length;
