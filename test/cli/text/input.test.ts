import { describe, expect, it } from '@jest/globals';
import { parseInput } from '../../../cli/input.ts';

describe('an input file', () => {
  it.each([
    ['the comment that editors read', '# yaml-language-server: $schema=../createCluster.json\nlocation: westeurope\n'],
    [
      'the key $schema, which is no part of the input',
      '{"$schema": "https://x.org/createCluster.json", "location": "westeurope"}',
    ],
  ])('says by %s which scenario it is for', (_what, content) => {
    expect(parseInput('f', content, undefined)).toEqual({
      scenario: 'createCluster',
      input: { location: 'westeurope' },
    });
  });

  it('is for the scenario that is given, whatever it says itself', () => {
    expect(parseInput('f', '$schema: createCluster.json', 'auditCluster').scenario).toBe('auditCluster');
  });

  it.each([
    ['nothing', '', 'is not an object'],
    ['a list', '- a', 'is not an object'],
    ['a key twice', 'a: 1\na: 2', 'Map keys must be unique at line 2'],
    ['text that ends too early', '{"a": ', 'at line 1'],
    ['two documents', 'a: 1\n---\na: 2', 'holds 2 YAML documents, and an input is one. Give each a file'],
    ['three documents, the last one empty', '---\na: 1\n---\nb: [\n---\n', 'holds 3 YAML documents'],
    ['aliases that would fill the memory', bomb(), 'Excessive alias count'],
    ['no word about its scenario', 'a: 1', 'Which scenario'],
    ['a schema of nothing that is known', '$schema: other.json', 'Which scenario'],
  ])('is refused where it has %s', (_what, content, reason) => {
    expect(() => parseInput('input.yaml', content, undefined)).toThrow(reason);
    expect(() => parseInput('input.yaml', content, undefined)).toThrow('input.yaml');
  });
});

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level += 1) {
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  }
  return lines.join('\n');
}
