import { type Problem, problemsText } from '../contract/problem.ts';
import { readCodecConfiguration } from './configuration.ts';
import { PayloadEncryption } from './payloadEncryption.ts';
import { reasonsOf } from './reasons.ts';
import { codecServer } from './server.ts';
import { withVaultKeys } from './vault.ts';

const env = await withVaultKeys(process.env);
const configuration = Array.isArray(env) ? env : readCodecConfiguration(env);
if (Array.isArray(configuration)) giveUp(configuration);

const { host, port, origins, authorize, keys } = configuration;
const server = await codecServer({ codec: new PayloadEncryption(keys), authorize, origins });
const address = await server.listen({ host, port }).catch((error: unknown) => {
  const problem = `${host}:${port} cannot be listened on (${reasonsOf(error)})`;
  const whatToDo = 'Give an address of this machine and a port that is free.';
  return giveUp([{ where: 'CODEC_HOST, CODEC_PORT', problem, whatToDo }]);
});
process.stdout.write(`Codec server: ${address}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());

function giveUp(problems: readonly Problem[]): never {
  process.stderr.write(`The codec server cannot start:\n${problemsText(problems)}\n`);
  process.exit(1);
}
