import { NativeConnection } from '@temporalio/worker';
import type { Problem } from '../contract/problem.ts';
import { temporalConfiguration } from '../temporal/configuration.ts';

export interface TemporalConnection {
  connection: NativeConnection;
  /** `host:port` of the service. */
  address: string;
  namespace: string;
}

/** Connects as Temporal's environment configuration says. */
export async function connectToTemporal(env: NodeJS.ProcessEnv): Promise<TemporalConnection | Problem[]> {
  const config = temporalConfiguration(env);
  if (Array.isArray(config)) return config;
  const { address = '127.0.0.1:7233' } = config.connectionOptions;
  const namespace = config.namespace ?? 'default';
  let connection: NativeConnection | undefined;
  try {
    connection = await NativeConnection.connect({ ...config.connectionOptions, address });
    await connection.workflowService.describeNamespace({ namespace });
    return { connection, address, namespace };
  } catch (error) {
    // It would keep the process alive.
    await connection?.close();
    const reason = error instanceof Error ? error.message : String(error);
    const problem = `namespace ${namespace} cannot be reached (${reason})`;
    return [{ where: `Temporal service ${address}`, problem, whatToDo: adviceOn(reason) }];
  }
}

/** The reasons are those of Temporal's native library, in the words of what it is made of. */
const adviceOn = (reason: string): string =>
  advices.find(([words]) => words.test(reason))?.[1] ??
  'Start the service, or set TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and, for Temporal Cloud, TEMPORAL_API_KEY.';

const advices: readonly [words: RegExp, advice: string][] = [
  [
    /UnknownIssuer|CaUsedAsEndEntity|BadSignature/,
    'Its certificate is of an authority that the worker does not trust: give that one as TEMPORAL_TLS_SERVER_CA_CERT_PATH.',
  ],
  [/NotValidForName/, 'Its certificate has another name: give the one of the certificate as TEMPORAL_TLS_SERVER_NAME.'],
  [/InvalidCertificate/, 'Its certificate is not valid: the reason says why. Renew it.'],
  [
    /InvalidContentType|CorruptMessage/,
    'It speaks no TLS: unset TEMPORAL_TLS… and TEMPORAL_API_KEY, or check TEMPORAL_ADDRESS.',
  ],
  [
    /connection closed|close_notify|CertificateRequired|certificate required|UnknownCA|DecryptError|BadCertificate|broken pipe|reset/i,
    'It has hung up: where it speaks TLS, set TEMPORAL_TLS, and where it wants a client certificate, give one that it trusts (TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH). Otherwise check TEMPORAL_ADDRESS.',
  ],
];
