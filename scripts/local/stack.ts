import { searchAttributes } from '../../contract/index.ts';
import { type Edition, type Simulator, type Speed, startSimulator } from '../../simulator/index.ts';
import { readSession, removeSession, writeSession } from './session.ts';
import { startTemporalServer, type TemporalServer } from './temporal/server.ts';

export interface StackOptions {
  temporalPort?: number;
  uiPort?: number;
  speed?: Speed;
  edition?: Edition;
  record?: string;
  onProgress: (line: string) => void;
  /** Waits for the Temporal server, but may give up: its CLI may have to be built first. Such a build ends with this process. */
  until?: <T>(work: Promise<T>) => Promise<T>;
}

/** A Temporal dev server and a simulated Azure. */
export interface Stack {
  temporal: TemporalServer;
  simulator: Simulator;
  /** Environment variables with which a worker uses both. */
  workerEnvironment: Record<string, string>;
  stop(): Promise<void>;
}

export async function startStack({
  temporalPort,
  uiPort,
  speed,
  edition,
  record,
  onProgress,
  until = (work) => work,
}: StackOptions): Promise<Stack> {
  const temporal = await until(
    startTemporalServer({
      port: temporalPort,
      uiPort,
      onProgress,
      searchAttributes: Object.fromEntries(Object.values(searchAttributes).map(({ name }) => [name, 'Keyword'])),
    }),
  );
  try {
    const simulator = await startSimulator({
      ...(speed === undefined ? {} : { speed }),
      ...(edition === undefined ? {} : { edition }),
      ...(record === undefined ? {} : { recordFile: record }),
    });
    return {
      temporal,
      simulator,
      workerEnvironment: workerEnvironment(temporal, simulator),
      async stop() {
        await Promise.all([temporal.stop(), simulator.close()]);
      },
    };
  } catch (error) {
    await temporal.stop();
    throw error;
  }
}

/** Environment variables with which a worker uses both. */
export const workerEnvironment = (
  temporal: Pick<TemporalServer, 'address'>,
  simulator: Simulator,
): Record<string, string> => ({
  ...ownEnvironment(),
  TEMPORAL_ADDRESS: temporal.address,
  AZURE_RESOURCE_MANAGER_ENDPOINT: simulator.endpoint,
  AZURE_RESOURCE_MANAGER_CA_FILE: simulator.caFile,
  IDENTITY_ENDPOINT: simulator.tokenEndpoint,
  IDENTITY_HEADER: 'simulator',
});

/** A stack that commands in other terminals find. */
export interface AnnouncedStack extends Stack {
  /** A command of the Temporal CLI as it is typed in another terminal: it names the server if another session comes first. */
  temporalCommand(command: string): string;
}

/** Does what {@link startStack} does, and lets `npm run temporal` in other terminals find it. */
export async function startAnnouncedStack(options: StackOptions): Promise<AnnouncedStack> {
  const stack = await startStack(options);
  const { temporal, simulator } = stack;
  const { pid } = process;
  await writeSession({
    pid,
    startedAt: Date.now(),
    temporalAddress: temporal.address,
    uiUrl: temporal.uiUrl,
    armEndpoint: simulator.endpoint,
  });
  const isFirst = (await readSession())?.pid === pid;
  return {
    ...stack,
    temporalCommand: (command) => `npm run temporal -- ${command}${isFirst ? '' : ` --address ${temporal.address}`}`,
    async stop() {
      await removeSession(pid);
      await stack.stop();
    },
  };
}

/** This process's environment without the user's settings for another Temporal service or for the real Azure. */
function ownEnvironment(): Record<string, string> {
  const foreign = /^(TEMPORAL|AZURE|ARM|IDENTITY|MSI)_/;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || foreign.test(name) ? [] : [[name, value]],
    ),
  );
}
