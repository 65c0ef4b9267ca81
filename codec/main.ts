import { problemsText } from '../contract/problem.ts';
import { readCodecConfiguration } from './configuration.ts';
import { PayloadEncryption } from './payloadEncryption.ts';
import { codecServer } from './server.ts';
import { withVaultKeys } from './vault.ts';

const env = await withVaultKeys(process.env);
const configuration = Array.isArray(env) ? env : readCodecConfiguration(env);
if (Array.isArray(configuration)) {
  process.stderr.write(`The codec server cannot start:\n${problemsText(configuration)}\n`);
  process.exit(1);
}

const { host, port, origins, authorize, keys } = configuration;
const server = await codecServer({ codec: new PayloadEncryption(keys), authorize, origins });
const address = await server.listen({ host, port });
process.stdout.write(`Codec server: ${address}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
