import type { TokenCredential } from '@azure/identity';
import type { SecretClientOptions } from '@azure/keyvault-secrets';
import type { Problem } from '../contract/problem.ts';
import { reasonsOf } from './reasons.ts';

/** How Key Vault is reached. */
export interface VaultOptions extends SecretClientOptions {
  /** Default: `DefaultAzureCredential`. */
  credential?: TokenCredential;
}

/** The address of a secret, as the portal shows it: the newest version, or one. */
const secretAddress = /^(https:\/\/[^/]+)\/secrets\/([^/]+)(?:\/([^/]+))?\/?$/;

/**
 * The same environment, with the keys in place of the address of the secret in Azure Key Vault that holds them. The secret is read
 * once; its value is what `PAYLOAD_KEYS` would be.
 */
export async function withVaultKeys(
  env: NodeJS.ProcessEnv,
  options: VaultOptions = {},
): Promise<NodeJS.ProcessEnv | Problem[]> {
  const where = 'PAYLOAD_KEYS';
  const { PAYLOAD_KEYS: address = '' } = env;
  if (!address.startsWith('https://')) return env;
  const [, vault, name, version] = secretAddress.exec(address) ?? [];
  if (vault === undefined || name === undefined) {
    const whatToDo = 'Use for example https://VAULT.vault.azure.net/secrets/NAME.';
    return [{ where, problem: 'not the address of a secret in Azure Key Vault', whatToDo }];
  }
  const secret = `secret ${name} of ${vault}`;
  try {
    const client = await secretClient(vault, options);
    // Key Vault itself gives out secrets before and after their time: AzureKeyVault#19.
    const { value, properties } = await client.getSecret(name, version === undefined ? {} : { version });
    if (properties.expiresOn && properties.expiresOn.getTime() < Date.now()) {
      const whatToDo = 'Make a new version with the keys so far and a new one before them, or lengthen its life.';
      return [{ where, problem: `${secret} has expired (${properties.expiresOn.toISOString()})`, whatToDo }];
    }
    if (properties.notBefore && properties.notBefore.getTime() > Date.now()) {
      const whatToDo = 'Give the version that is valid now, or let this one begin earlier.';
      return [{ where, problem: `${secret} is not valid before ${properties.notBefore.toISOString()}`, whatToDo }];
    }
    return { ...env, PAYLOAD_KEYS: value || 'an empty secret' };
  } catch (error) {
    const whatToDo =
      'Check the address, the network, and that the secret is enabled; give the identity the role Key Vault Secrets User on it.';
    return [{ where, problem: `${secret} cannot be read (${reasonsOf(error)})`, whatToDo }];
  }
}

/** Loaded here: others do without Azure's packages. */
async function secretClient(vault: string, { credential, ...options }: VaultOptions) {
  const [{ SecretClient }, { DefaultAzureCredential }] = await Promise.all([
    import('@azure/keyvault-secrets'),
    import('@azure/identity'),
  ]);
  return new SecretClient(vault, credential ?? new DefaultAzureCredential(), options);
}
