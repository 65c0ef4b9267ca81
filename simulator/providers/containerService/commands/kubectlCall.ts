import { parseArgs } from 'node:util';
import type { CommandContext } from './command.ts';

const options = {
  'request-timeout': { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  'all-namespaces': { type: 'boolean', short: 'A' },
  output: { type: 'string', short: 'o' },
  selector: { type: 'string', short: 'l' },
  'no-headers': { type: 'boolean' },
  image: { type: 'string' },
  replicas: { type: 'string' },
  'min-available': { type: 'string' },
  'max-unavailable': { type: 'string' },
  restart: { type: 'string' },
  rm: { type: 'boolean' },
  attach: { type: 'boolean' },
  stdin: { type: 'boolean', short: 'i' },
  quiet: { type: 'boolean', short: 'q' },
  'image-pull-policy': { type: 'string' },
  'pod-running-timeout': { type: 'string' },
  overrides: { type: 'string' },
  labels: { type: 'string' },
  command: { type: 'boolean' },
  'ignore-not-found': { type: 'boolean' },
  tcp: { type: 'string' },
  'dry-run': { type: 'string' },
  for: { type: 'string' },
  timeout: { type: 'string' },
  wait: { type: 'string' },
  overwrite: { type: 'boolean' },
} as const;

/** A parsed kubectl command line. */
export interface KubectlCall extends CommandContext {
  readonly names: readonly string[];
  /** The words after `--`. */
  readonly rest: readonly string[];
  readonly flags: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
}

/** @throws Error for a flag that is not known here. */
export function parseKubectl(context: CommandContext, args: readonly string[]): { verb: string; call: KubectlCall } {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const { positionals, values } = parseArgs({ args: args.slice(0, end), options, allowPositionals: true });
  const [verb = '', ...names] = positionals;
  return { verb, call: { ...context, names, rest: args.slice(end + 1), flags: values } };
}

export const namespaceOf = ({ flags }: KubectlCall): string => flags.namespace ?? 'default';

export type KubectlKind = 'nodes' | 'pods' | 'poddisruptionbudgets' | 'deployments';

/** The names that kubectl takes for each kind. */
export const kubectlKinds: Readonly<Record<string, KubectlKind>> = {
  node: 'nodes',
  nodes: 'nodes',
  no: 'nodes',
  pod: 'pods',
  pods: 'pods',
  poddisruptionbudget: 'poddisruptionbudgets',
  poddisruptionbudgets: 'poddisruptionbudgets',
  pdb: 'poddisruptionbudgets',
  deployment: 'deployments',
  deployments: 'deployments',
};
