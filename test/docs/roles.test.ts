import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { builtInRoles } from '../../resources/roles.ts';
import { matchesWildcard } from '../../resources/wildcards.ts';
import { rareOperations } from '../sweep/rareOperations.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const actionsOf = (file: string): string[] => JSON.parse(read(`deploy/roles/${file}.json`)).Actions;
const page = read('docs/reference/azure-roles.md');
/** Azure asks for them on resources that a request names. */
const linked = ['*/join/action', '*/assign/action', '*Approval/action'];

describe('the custom roles', () => {
  it('let a worker assign, and take away, only roles that clusters need', () => {
    const { owner: _owner, contributor: _contributor, ...granted } = builtInRoles;
    const [write = [], remove = []] = read('deploy/roles/assignments-condition.txt')
      .split('\nAND\n')
      .map((part) => part.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? []);
    const ids = new Set(Object.values(granted).map(({ id }) => id));
    expect(write).toHaveLength(ids.size);
    expect(remove).toHaveLength(ids.size);
    expect([new Set(write), new Set(remove)]).toEqual([ids, ids]);
  });

  it('have no wildcard', () => {
    const files = ['worker', 'group-worker', 'node-group-worker', 'read-only-worker'];
    expect(files.flatMap(actionsOf).filter((each) => each.includes('*'))).toEqual([]);
  });

  it('are explained where no recorded request tells the reason', () => {
    const unexplained = [
      ...actionsOf('worker').filter((action) => linked.some((pattern) => matchesWildcard(pattern, action))),
      ...Object.keys(rareOperations),
    ].filter((action) => !page.includes(`\`${action}\``));
    expect(unexplained).toEqual([]);
  });
});
