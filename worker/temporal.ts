import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import type { Problem } from '../contract/problem.ts';

export interface TemporalConnection {
  connection: NativeConnection;
  /** `host:port` of the service. */
  address: string;
  namespace: string;
}

/**
 * Connects as Temporal's environment configuration says: by `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API key, or a
 * profile of a configuration file.
 */
export async function connectToTemporal(): Promise<TemporalConnection | Problem> {
  let config: ClientConnectConfig;
  try {
    config = loadClientConnectConfig();
  } catch (error) {
    const problem = `cannot be read (${text(error)})`;
    return {
      where: 'Temporal configuration',
      problem,
      whatToDo: 'Correct the TEMPORAL_… variables or the configuration file.',
    };
  }
  const { address = '127.0.0.1:7233' } = config.connectionOptions;
  const namespace = config.namespace ?? 'default';
  try {
    const connection = await NativeConnection.connect({ ...config.connectionOptions, address });
    await connection.workflowService.describeNamespace({ namespace });
    return { connection, address, namespace };
  } catch (error) {
    const problem = `namespace ${namespace} cannot be reached (${text(error)})`;
    const whatToDo =
      'Start the service, or set TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and, for Temporal Cloud, TEMPORAL_API_KEY.';
    return { where: `Temporal service ${address}`, problem, whatToDo };
  }
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
