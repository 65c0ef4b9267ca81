import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { clusterId } from '../../../resources/ids.ts';
import { clustersOf, createExampleClusters } from '../../../scripts/local/exampleClusters.ts';
import { startSimulator } from '../../../simulator/index.ts';
import { armClient } from '../../support/arm.ts';

const root = join(import.meta.dirname, '../../..');

test.each(['current', '2024-preview'] as const)(
  'the clusters that examples find are made in edition %s',
  async (edition) => {
    const simulator = await startSimulator({ edition, speed: 0 });
    try {
      await createExampleClusters(simulator, edition);
      const { body } = await armClient(simulator, async () => '').send('GET', '/simulator/resources');
      const there = JSON.stringify(body).toLowerCase();
      for (const { cluster } of clustersOf(edition)) expect(there).toContain(`"${clusterId(cluster).toLowerCase()}"`);
    } finally {
      await simulator.close();
    }
  },
);

describe('the page about the examples', () => {
  const rollout = '`rolloutFleet`';
  const rows = readFileSync(join(root, 'docs/how-to/try-the-examples.md'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, files = '', scenario = '', cluster = '', there = ''] = line.split('|').map((cell) => cell.trim());
      return [...files.matchAll(/`([\w-]+\.json)`/g)].map(([, file = '']) => ({ file, scenario, cluster, there }));
    });

  test('names each of them, with its scenario and its cluster', () => {
    const examples = globSync('examples/*.json', { cwd: root }).map((path) => {
      const { $schema, cluster } = JSON.parse(readFileSync(join(root, path), 'utf8'));
      const name = cluster && `\`${cluster.resourceGroup}/${cluster.name}\``;
      return { file: basename(path), scenario: `\`${basename($schema, '.json')}\``, cluster: name };
    });
    const named = rows.map(({ file, scenario, cluster }) => ({
      file,
      scenario,
      // A rollout is on many.
      cluster: scenario === rollout ? undefined : cluster,
    }));
    expect(new Set(named)).toEqual(new Set(examples));
  });

  test('says of those clusters that they are there, which are', () => {
    const ofOne = rows.filter(({ scenario }) => scenario !== rollout);
    const said = ofOne.filter(({ there }) => there.startsWith('yes')).map(({ cluster }) => cluster);
    const made = clustersOf('current').map(({ cluster: { resourceGroup, name } }) => `\`${resourceGroup}/${name}\``);
    expect(new Set(said)).toEqual(new Set(made));
  });
});
