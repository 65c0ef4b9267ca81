import type rootManifest from '../../package.json';

/** Callers may hand over a Temporal client of their own, and catch Temporal's errors: these must be the caller's own packages. */
const peers = ['@temporalio/client', '@temporalio/common'];

/** Only for keys of payloads in Azure Key Vault. */
const optional = ['@azure/identity', '@azure/keyvault-secrets'];

/** @param imported Packages that the compiled files import. */
export function manifest(
  { version, license, dependencies }: Pick<typeof rootManifest, 'version' | 'license' | 'dependencies'>,
  imported: ReadonlySet<string>,
) {
  const versions: Readonly<Record<string, string>> = dependencies;
  const ranges = (names: readonly string[]) =>
    Object.fromEntries(
      names.toSorted().map((name) => {
        if (!versions[name]) throw new Error(`The client imports ${name}, which is no dependency in package.json`);
        return [name, `^${versions[name]}`];
      }),
    );
  return {
    name: 'aks-isolation-client',
    version,
    description: 'Starts, follows and steers the workflows of aks-isolation: network isolated AKS clusters on Temporal',
    keywords: ['aks', 'azure', 'kubernetes', 'network-isolated', 'temporal'],
    license,
    type: 'module',
    // require() of an ES module, by which Temporal loads a failure converter, came with 20.19.
    engines: { node: '^20.19.0 || >=22.12.0' },
    files: ['dist', 'schemas'],
    types: './dist/client/index.d.ts',
    exports: {
      '.': { types: './dist/client/index.d.ts', default: './dist/client/index.js' },
      './schemas/*.json': './schemas/*.json',
      './package.json': './package.json',
    },
    dependencies: {
      ...ranges([...imported].filter((name) => !peers.includes(name) && !optional.includes(name))),
      // Temporal's declarations use those of `ms`, which its version 3.0.0-canary.1 has and does not export.
      '@types/ms': '^2.1.0',
    },
    peerDependencies: ranges([...peers, ...optional]),
    peerDependenciesMeta: Object.fromEntries(optional.map((name) => [name, { optional: true }])),
  };
}
