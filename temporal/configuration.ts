import { existsSync } from 'node:fs';
import {
  type ClientConfigProfile,
  type ClientConnectConfig,
  loadClientConfigProfile,
  toClientOptions,
} from '@temporalio/envconfig';
import type { Problem } from '../contract/problem.ts';
import { tlsProblems } from './tlsFiles.ts';

/**
 * How to connect, as Temporal's environment configuration says: by `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API key, or a
 * profile of a configuration file. Or everything that is wrong with it. Empty variables count as not set.
 */
export function temporalConfiguration(env: NodeJS.ProcessEnv): ClientConnectConfig | Problem[] {
  const given = givenVariables(env);
  let profile: ClientConfigProfile;
  try {
    profile = loadClientConfigProfile({ overrideEnvVars: given });
  } catch (error) {
    return [
      {
        where: 'Temporal configuration',
        problem: `cannot be read (${error instanceof Error ? error.message : String(error)})`,
        whatToDo: 'Correct the TEMPORAL_… variables or the configuration file.',
      },
    ];
  }
  const problems = [...misread(given), ...tlsProblems(profile.tls)];
  return problems.length > 0 ? problems : toClientOptions(profile);
}

/** An empty `TEMPORAL_GRPC_META_…` has a meaning of its own: it takes a header of the profile away. */
const givenVariables = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || (value === '' && !name.startsWith('TEMPORAL_GRPC_META_')) ? [] : [[name, value]],
    ),
  );

/** Finds settings that Temporal's library takes for something else than they say, without a word: `TEMPORAL_TLS=True` would be no TLS. */
function misread(env: Readonly<Record<string, string>>): Problem[] {
  const { TEMPORAL_TLS: tls, TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: unverified, TEMPORAL_CONFIG_FILE: file } = env;
  return [
    ...(tls === undefined || ['true', 'false', '1', '0'].includes(tls)
      ? []
      : [{ where: 'TEMPORAL_TLS', problem: `${tls} is neither true nor false`, whatToDo: 'Use true or false.' }]),
    ...(unverified === undefined || ['false', '0'].includes(unverified)
      ? []
      : [
          {
            where: 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION',
            problem: 'the name of the host is verified always',
            whatToDo: 'Leave it out, and give the name in the certificate of the service as TEMPORAL_TLS_SERVER_NAME.',
          },
        ]),
    ...(file === undefined || existsSync(file)
      ? []
      : [{ where: 'TEMPORAL_CONFIG_FILE', problem: `there is no ${file}`, whatToDo: 'Give the path of the file.' }]),
  ];
}
