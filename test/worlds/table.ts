import { type AzureSwitches, type AzureSwitchMoves, azureSwitches, azureSwitchesIn } from '../../simulator/index.ts';
import type { Slot } from '../sweep/scenarios.ts';
import { type Claim, type Judgement, judge } from './judge.ts';
import type { DrawnWorld } from './world.ts';

type AzureSwitch = keyof AzureSwitches;

/** A cluster with nothing odd about it, and the newest node image on its nodes. */
const ordinary: Omit<DrawnWorld, 'scenario'> = {
  registry: 'managed',
  apiServer: 'privateLink',
  network: 'managed',
  isolated: false,
  has: 'managed',
  pools: [
    { mode: 'System', count: 1 },
    { mode: 'User', count: 1 },
  ],
  settings: [],
  oddities: [],
  neighbours: false,
  newImage: false,
  marked: false,
  pods: false,
  probes: 'required',
  accept: [],
  deletes: false,
  dryRun: false,
  switches: {},
};

/** Every scenario, and its ways: under the defaults each ends verified. */
const columns = {
  create: { scenario: 'create' },
  'create, own registry': { scenario: 'create', registry: 'own', apiServer: 'vnetIntegration' },
  'create, preview': { scenario: 'create', profile: 'preview' },
  isolate: { scenario: 'isolate' },
  'isolate, own registry': { scenario: 'isolate', registry: 'own', network: 'own' },
  'isolate, 1.37': { scenario: 'isolate', kubernetesVersion: '1.37' },
  'isolate, preview': { scenario: 'isolate', profile: 'preview' },
  changeRegistry: { scenario: 'changeRegistry', registry: 'own', network: 'own', isolated: true },
  disable: { scenario: 'disable', isolated: true },
  'disable, 1.37': { scenario: 'disable', isolated: true, kubernetesVersion: '1.37' },
  reimage: { scenario: 'reimage', newImage: true },
  'reimage, newest image': { scenario: 'reimage' },
  audit: { scenario: 'audit', isolated: true },
  delete: { scenario: 'delete', isolated: true },
  'delete with all': { scenario: 'delete', isolated: true, network: 'own', has: 'own', marked: true, deletes: true },
} as const satisfies Record<string, Partial<DrawnWorld> & Pick<DrawnWorld, 'scenario'>>;

export type Column = keyof typeof columns;
export const columnNames = Object.keys(columns) as Column[];

/** Conditions without which a switch has nothing to do in an ordinary world. */
const besides: { readonly [S in AzureSwitch]?: Pick<Partial<DrawnWorld>, 'switches' | 'fault'> } = {
  commandFailure: { switches: { commandStart: 'cold' } },
  poolSettingReimages: { switches: { reimageOnNewestImage: 'ignored' } },
  localDNSLeftOut: { switches: { reimageOnNewestImage: 'ignored' } },
  gatewayErrors: { fault: { kind: 'throttled', request: 5 } },
};

interface Row {
  readonly name: string;
  readonly switches: AzureSwitchMoves;
}

const switchNames = Object.keys(azureSwitches) as AzureSwitch[];
const movesIn = (positions: readonly string[]): AzureSwitchMoves => azureSwitchesIn(positions.join()).moves;
const textOf = (switches: AzureSwitchMoves): string =>
  Object.entries(switches)
    .map(([name, value]) => `${name}=${value}`)
    .join();

/** Each position of each switch, the others where they are by default. */
function singleRows(): Row[] {
  const moved = switchNames.flatMap((name) =>
    azureSwitches[name].values.slice(1).map((value): Row => {
      const position = `${name}=${value}`;
      return { name: position, switches: { ...besides[name]?.switches, ...movesIn([position]) } };
    }),
  );
  return [{ name: 'defaults', switches: {} }, ...moved];
}

/** Any two positions of two switches stand together in one of these: what two switches make of each other is seen. */
function pairRows(): Row[] {
  const positions = switchNames.map((name) => azureSwitches[name].values.map((value) => `${name}=${value}`));
  const open = new Set(
    positions.flatMap((some, index) =>
      positions.slice(index + 1).flatMap((others) => some.flatMap((one) => others.map((other) => `${one} ${other}`))),
    ),
  );
  const newIn = (chosen: readonly string[], position: string): string[] =>
    chosen.flatMap((other) => [`${other} ${position}`, `${position} ${other}`]).filter((pair) => open.has(pair));
  const rows: Row[] = [];
  while (open.size > 0) {
    // Pairs that are still open come first: each row closes one pair at least.
    const chosen = [...open][0]?.split(' ') ?? [];
    for (const some of positions.filter((each) => !each.some((position) => chosen.includes(position)))) {
      const best = some.toSorted((a, b) => newIn(chosen, b).length - newIn(chosen, a).length)[0];
      if (best !== undefined) chosen.push(best);
    }
    for (const position of chosen) for (const pair of newIn(chosen, position)) open.delete(pair);
    rows.push({ name: 'any two positions together', switches: movesIn(chosen) });
  }
  return rows;
}

export interface TableOptions {
  columns?: readonly Column[] | undefined;
  /** One row with these moves instead of all. */
  azure?: AzureSwitchMoves | undefined;
  /** One cell in so many, from this one on. Default: all. */
  oneIn?: number | undefined;
  first?: number | undefined;
  onCell?: (cell: Cell, done: number, of: number) => void;
}

/** A scenario under positions of switches, and what came of it. */
export interface Cell {
  readonly row: Row;
  readonly column: Column;
  readonly judgement: Judgement;
}

/** Slots with today's Azure, and one with that of the preview. Without one its columns are left out. */
export interface TableSlots {
  readonly current: readonly Slot[];
  readonly preview?: Slot;
}

/** Runs every scenario under every position of every switch. */
export async function runTable(options: TableOptions, slots: TableSlots): Promise<Cell[]> {
  const { azure, oneIn = 1, first = 0, onCell } = options;
  const rows = azure ? [{ name: textOf(azure) || 'defaults', switches: azure }] : [...singleRows(), ...pairRows()];
  const wanted = (options.columns ?? columnNames).filter((column) => slots.preview || !isPreview(column));
  const all = rows
    .flatMap((row) => wanted.map((column) => ({ row, column })))
    .filter((_cell, index) => index % oneIn === first % oneIn);
  const cells: Cell[] = [];
  const work = async (slot: Slot, queue: typeof all): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const judgement = await judge(slot, worldOf(next)).catch(
        (error: unknown): Judgement => ({ claim: 'unknown', refuted: [String(error)] }),
      );
      const cell = { ...next, judgement };
      cells.push(cell);
      onCell?.(cell, cells.length, all.length);
    }
  };
  const current = all.filter(({ column }) => !isPreview(column));
  const preview = all.filter(({ column }) => isPreview(column));
  await Promise.all([
    ...slots.current.map((slot) => work(slot, current)),
    ...(slots.preview ? [work(slots.preview, preview)] : []),
  ]);
  return cells;
}

const isPreview = (column: Column): boolean => 'profile' in columns[column];

function worldOf({ row: { switches }, column }: Pick<Cell, 'row' | 'column'>): DrawnWorld {
  const moved = Object.keys(switches) as AzureSwitch[];
  const fault = moved.flatMap((name) => besides[name]?.fault ?? [])[0];
  return { ...ordinary, ...columns[column], switches, ...(fault && { fault }) };
}

/** In an ordinary world a run does what it is for, or says why it does not, and leaves everything as it was. */
const rightClaims: ReadonlySet<Claim> = new Set<Claim>(['verified', 'refused', 'rolledBack', 'isolated']);
export const isWrong = ({ column, row: { switches }, judgement: { claim, refuted } }: Cell): boolean => {
  // A leftover of AKS from a cluster that is gone is named, and no run of the product's deletes it.
  const isKept = columns[column].scenario === 'delete' && switches.managedRegistryOnDelete === 'stays';
  return refuted.length > 0 || !(rightClaims.has(claim) || (isKept && claim === 'incomplete'));
};

/** A wrong cell in words, with the command that repeats it. */
export const wrongText = ({ row, column, judgement: { claim, refuted } }: Cell): string =>
  [
    `${column} under ${textOf(row.switches) || 'the defaults'}: ${claim}`,
    ...refuted.map((why) => `  ${why}`),
    `  npm run test:worlds -- --table --column '${column}' --azure '${textOf(row.switches)}'`,
  ].join('\n');

/** A row for each position, a column for each scenario. */
export function tableOf(cells: readonly Cell[]): Record<string, Partial<Record<Column, string>>> {
  const byRow = Map.groupBy(cells, ({ row }) => row.name);
  return Object.fromEntries(
    [...byRow].map(([name, ofRow]) => {
      const byColumn = Map.groupBy(ofRow, ({ column }) => column);
      const shown = columnNames.flatMap((column) => {
        const some = byColumn.get(column);
        return some ? [[column, cellText(some)] as const] : [];
      });
      return [name, Object.fromEntries(shown)];
    }),
  );
}

function cellText(cells: readonly Cell[]): string {
  const words = Map.groupBy(cells, (cell) =>
    isWrong(cell) ? `WRONG (${cell.judgement.claim})` : cell.judgement.claim,
  );
  return [...words].map(([word, some]) => (cells.length === 1 ? word : `${some.length} ${word}`)).join(', ');
}
