// Walls: which folder may import which. `npm run check` holds them; the message of each says where the code belongs.

/** The product's rooms, with the other rooms that each may import, and what to do about an import that it may not have. */
const rooms = {
  resources: {
    imports: [],
    belongs:
      'names that callers see belong in contract/, steps and problems in workflows/, calls to Azure in activities/',
  },
  contract: {
    imports: ['resources'],
    belongs: 'nouns of Azure belong in resources/, decisions in workflows/, calls to Azure in activities/',
  },
  // And one type of activities, see below.
  workflows: {
    imports: ['contract', 'resources', 'activities'],
    belongs: 'what workflows share with worker/ or client/ belongs in contract/',
  },
  activities: {
    imports: ['contract', 'resources'],
    belongs: 'decisions belong in workflows/, what both need in resources/, configuration in worker/',
  },
  telemetry: {
    imports: ['contract'],
    belongs: 'what is traced belongs beside what is done; here is how traces leave a process',
  },
  temporal: {
    imports: ['contract'],
    belongs: 'here is how processes reach Temporal; what they do there belongs in worker/ or client/',
  },
  codec: { imports: ['contract'], belongs: 'settings belong in worker/, names that callers see in contract/' },
  worker: {
    imports: ['contract', 'resources', 'activities', 'codec', 'telemetry', 'temporal'],
    belongs:
      'the worker bundles workflows by their path; what it shares with them or with clients belongs in contract/',
  },
  client: { imports: ['contract', 'codec', 'temporal'], belongs: 'what callers see belongs in contract/' },
  cli: {
    imports: ['contract', 'client', 'telemetry'],
    belongs: 'what other programs need of Temporal belongs in client/, what callers see in contract/',
  },
};
const product = Object.keys(rooms);
const everyRoom = [...product, 'simulator', 'scripts', 'bench', 'test'];

/** The wings of workflows/, from the bottom to the top. Each may import those of the levels below it. */
const wings = [
  ['engine'],
  ['registrations', 'infrastructure', 'nodes'],
  ['preflight'],
  ['isolation'],
  ['newCluster', 'removal'],
  ['existingCluster'],
  ['reimage', 'fleet'],
];

const folders = (...names) => `^(${names.join('|')})/`;
const wall = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });

const roomWalls = Object.entries(rooms).map(([room, { imports, belongs }]) =>
  wall(
    `room-${room}`,
    `${room}/ imports only ${imports.map((other) => `${other}/`).join(', ') || 'itself'}: ${belongs}.`,
    { path: folders(room) },
    { path: folders(...product), pathNot: folders(room, ...imports) },
  ),
);

const wingWalls = wings.flatMap((level, height) => {
  const below = wings.slice(0, height).flat();
  return level.map((wing) =>
    wall(
      `wing-${wing}`,
      `${wing} imports only ${below.join(', ') || 'itself'}: what it shares with others belongs below it or in resources/, what builds on them above it. The stack of wings stands in .dependency-cruiser.js.`,
      { path: `^workflows/${wing}/` },
      { path: '^workflows/', pathNot: `^workflows/(${[wing, ...below].join('|')})/` },
    ),
  );
});

const apart =
  'the same code runs against Azure and its simulator. What puts them together belongs in scripts/, bench/ or test/; what Azure does belongs in simulator/, what the product knows of Azure in resources/.';
const needsPlace =
  'A new room gets its place in .dependency-cruiser.js, with the rooms that it may import. Until then its code belongs in one that is there.';
const sandboxed =
  'This room loads in the workflow sandbox, which has no Node and no network: what needs them belongs in activities/, worker/ or client/.';
const sandboxedRooms = { path: folders('resources', 'contract', 'workflows') };

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    wall(
      'no-circle',
      'Files import each other in a circle: put what they share into a file of its own.',
      {},
      { circular: true },
    ),
    wall(
      'product-without-simulator',
      `The product does not know the simulator: ${apart}`,
      { path: folders(...product) },
      { path: folders('simulator') },
    ),
    wall(
      'simulator-without-product',
      `The simulator does not know the product: ${apart}`,
      { path: folders('simulator') },
      { path: folders(...product) },
    ),
    wall(
      'nothing-builds-on-scripts',
      'Only bench/ and tests import scripts/: what others need belongs in their own room.',
      { pathNot: folders('scripts', 'bench', 'test') },
      { path: folders('scripts') },
    ),
    wall(
      'nothing-builds-on-bench',
      'Only tests import bench/, and what generates its page: what others need belongs in scripts/ or in their own room.',
      { pathNot: [folders('bench', 'test'), '^scripts/generated\\.ts$'] },
      { path: folders('bench') },
    ),
    wall(
      'nothing-builds-on-tests',
      'Nothing imports test/: what scripts, the benchmark and tests share belongs in scripts/.',
      { pathNot: folders('test') },
      { path: folders('test') },
    ),
    ...roomWalls,
    wall('room-without-place', needsPlace, {}, { path: '\\.[jt]s$', pathNot: folders(...everyRoom, 'node_modules') }),
    wall('room-without-walls', needsPlace, { path: '/', pathNot: folders(...everyRoom, 'node_modules') }, {}),
    wall(
      'one-import-of-activities',
      'Workflows call activities through workflows/engine/azure.ts alone: what both need belongs in resources/.',
      { path: folders('workflows'), pathNot: '^workflows/engine/azure\\.ts$' },
      { path: folders('activities') },
    ),
    wall(
      'one-type-of-activities',
      'Workflows see activities as one type, `import type { Activities }`: what both need belongs in resources/.',
      { path: folders('workflows') },
      { path: folders('activities'), dependencyTypesNot: ['type-only'] },
    ),
    ...wingWalls,
    wall(
      'wing-without-place',
      'A new wing of workflows/ gets its place in the stack in .dependency-cruiser.js.',
      {},
      { path: '^workflows/[^/]+/', pathNot: `^workflows/(${wings.flat().join('|')})/` },
    ),
    wall(
      'scenarios-apart',
      'A scenario file imports no other: what two scenarios share belongs in a wing.',
      { path: '^workflows/[^/]+\\.ts$', pathNot: '^workflows/index\\.ts$' },
      { path: '^workflows/[^/]+\\.ts$' },
    ),
    wall('sandbox-without-node', sandboxed, sandboxedRooms, { dependencyTypes: ['core'] }),
    wall('sandbox-without-services', sandboxed, sandboxedRooms, {
      path: '^node_modules/@temporalio/(worker|client|activity|testing)/',
    }),
    wall(
      'resources-without-temporal',
      'resources/ knows Azure, not Temporal: what needs both belongs in contract/, workflows/ or activities/.',
      { path: folders('resources') },
      { path: '^node_modules/@temporalio/' },
    ),
    wall(
      'client-is-a-package',
      'The client is published: what its files import, and what those import, is installed by everybody who uses it. Do without the package, or add it in .dependency-cruiser.js.',
      // Nexus is for workflows, which have its package.
      { path: folders('client', 'contract'), pathNot: '^contract/nexus\\.ts$' },
      {
        path: '^node_modules/',
        // Azure's two are loaded for keys in Key Vault alone, and optional peers.
        pathNot:
          '^node_modules/(@azure/(identity|keyvault-secrets)|@opentelemetry/api|@temporalio/(client|common|envconfig|proto)|ipaddr\\.js|zod)/',
        reachable: true,
      },
    ),
    wall(
      'azure-in-activities',
      'Only activities/ speak with Azure: put the call there, and what is decided from its answer in resources/ or workflows/.',
      { pathNot: folders('activities', 'scripts', 'bench', 'test') },
      { path: '^node_modules/@azure/arm-' },
    ),
    wall(
      'no-development-dependencies',
      'Workers are installed without development dependencies: list the package under `dependencies` in package.json.',
      { path: folders(...product) },
      { dependencyTypes: ['npm-dev'] },
    ),
  ],
  options: {
    // The default parser needs TypeScript's API, which version 7 does not have.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(contract/schemas|test/histories/[^/]+)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
