import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createApp } from './app.ts';
import { Arm } from './arm/arm.ts';
import { type AzureSwitchMoves, azureSwitchMoves } from './arm/azureSwitches.ts';
import type { Speed } from './arm/clock.ts';
import { carryOut } from './arm/doings.ts';
import { type FaultRuleInput, faultRule, faultRules, tokenPath } from './arm/faults.ts';
import { Recorder } from './arm/recorder.ts';
import { TypeTable } from './arm/typeTable.ts';
import { type Edition, World } from './arm/world.ts';
import { emptySeed, problems, type Seed, type Worlds } from './control.ts';
import { providers } from './providers.ts';
import { seedWorld } from './seed.ts';
import { listen, makeCertificate } from './server.ts';
import { worldFrom } from './snapshots.ts';

export { type AzureSwitches, type AzureSwitchMoves, azureSwitches } from './arm/azureSwitches.ts';
export type { Speed } from './arm/clock.ts';
export type { FaultRuleInput as FaultRule } from './arm/faults.ts';
export type { Change as SomebodysChange, OthersRuleInput as OthersRule } from './arm/others.ts';
export type { RecordedRequest } from './arm/recorder.ts';
export type { Edition } from './arm/world.ts';
export type { ResetRequest } from './control.ts';
export type { Duration } from './durations.ts';
export type { Truth } from './oracle/truth.ts';
export type { Difference, Snapshot } from './snapshots.ts';

export interface SimulatorOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /**
   * Simulated seconds per real second, default 1; at 0 time stands still but for POST /simulator/clock; by `demand` it
   * passes also when a client waits.
   */
  readonly speed?: Speed;
  /** Default `current`. */
  readonly edition?: Edition;
  /** Every ARM request as a JSON line; truncated at start. */
  readonly recordFile?: string;
  /** Switches of what is not settled about Azure, moved from the start and after each reset that does not name them. */
  readonly azure?: AzureSwitchMoves;
  /** Fault rules that act from the start. */
  readonly faults?: readonly FaultRuleInput[];
  /** File for the CA certificate; default: one in a fresh temporary folder, which is removed at close. */
  readonly caFile?: string;
}

export interface Simulator {
  /** `https://127.0.0.1:{port}` */
  readonly endpoint: string;
  /** For IDENTITY_ENDPOINT; answers over http and https. */
  readonly tokenEndpoint: string;
  readonly caFile: string;
  /** The CA certificate as PEM, for `tlsOptions.ca`. */
  readonly ca: string;
  readonly port: number;
  readonly clock: SimulatedClock;
  /** Stops at once, open connections included. */
  close(): Promise<void>;
}

/** Simulated time for clients in the same process, in milliseconds like the machine's. */
interface SimulatedClock {
  now(): number;
  /** The simulated time when the machine's clock showed this. */
  at(machineMs: number): number;
  /** How many simulated milliseconds pass in one of the machine's, where time passes by itself; otherwise 1. */
  readonly rate: number;
  /** Whether time passes when a client waits. */
  readonly jumps: boolean;
  /** Lets so much simulated time pass. @throws AbortError */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Starts a local Azure Resource Manager. @throws when the port is taken or a file cannot be written. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port: wanted = 0, speed = 1 } = options;
  if (speed !== 'demand' && !(speed >= 0 && Number.isFinite(speed)))
    throw new Error(`speed must not be negative: ${speed}`);
  const table = new TypeTable(providers);
  const worlds = startWorlds(table, speed, options);
  const app = createApp(new Arm(table, new Recorder(options.recordFile)), worlds);
  const certificate = await makeCertificate();
  const server = await listen(app, certificate, wanted);
  const folder = options.caFile === undefined ? mkdtempSync(join(tmpdir(), 'simulated-arm-')) : undefined;
  const caFile = options.caFile ?? join(folder ?? tmpdir(), 'ca.pem');
  const close = async () => {
    worlds.current().end();
    await server.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  try {
    writeFileSync(caFile, certificate.cert);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    endpoint: `https://127.0.0.1:${server.port}`,
    tokenEndpoint: `http://127.0.0.1:${server.port}${tokenPath}`,
    caFile,
    ca: certificate.cert,
    port: server.port,
    clock: clockOf(worlds),
    close,
  };
}

/** The world that is simulated, and how another takes its place. */
function startWorlds(
  table: TypeTable,
  speed: Speed,
  { edition = 'current', faults = [], azure = {} }: SimulatorOptions,
): Worlds {
  const freshWorld = (start: Date, seed: Seed) =>
    seedWorld(new World(edition, speed, start), table, providers, { ...seed, azure: { ...azure, ...seed.azure } });
  let world = freshWorld(new Date(), emptySeed);
  for (const rule of faults) world.faults.add(faultRule.parse(rule));
  return {
    current: () => world,
    reset(seed) {
      world.end();
      world = freshWorld(world.clock.now(), seed);
    },
    restore(snapshot) {
      world.end();
      world = worldFrom(snapshot, speed);
    },
    carryOut: (doing) => carryOut(table, world, doing),
  };
}

const clockOf = ({ current }: Worlds): SimulatedClock => ({
  now: () => current().clock.now().getTime(),
  at: (machineMs) => current().clock.at(machineMs),
  get jumps() {
    return current().clock.speed === 'demand';
  },
  get rate() {
    return rateOf(current().clock.speed);
  },
  async sleep(ms, signal) {
    const { speed } = current().clock;
    if (typeof speed === 'number' && speed > 0) return delay(ms / speed, undefined, { signal });
    // Leaves the processor to those for whom the caller waits.
    await delay(Math.min(ms, 10), undefined, { signal });
    await current().clock.sleep(ms / 1000);
  },
});

const rateOf = (speed: Speed): number => (typeof speed === 'number' && speed > 0 ? speed : 1);

/** The problems of a file of fault rules; none if they can be used. */
export function faultProblems(rules: unknown): string[] {
  const { error } = faultRules.safeParse(rules);
  return error ? problems(error) : [];
}

/** Reads switches as they are given on a command line: `reimageOnNewestImage=304,retryAfter=none`. */
export function azureSwitchesIn(text: string): { moves: AzureSwitchMoves; problems: string[] } {
  const pairs = text
    .split(',')
    .filter(Boolean)
    .map((pair) => pair.split('='));
  const { data, error } = azureSwitchMoves.safeParse(Object.fromEntries(pairs));
  return { moves: data ?? {}, problems: error ? problems(error) : [] };
}
