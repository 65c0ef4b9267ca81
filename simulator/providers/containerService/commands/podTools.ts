import { hostUnreached } from '../../network/reach.ts';
import { placeOfPods } from '../egress.ts';
import type { PodSpec } from '../podSecurity.ts';
import { type CommandContext, type Output, printed } from './command.ts';
import { runScript } from './script.ts';

/** Runs the command of a container, in an image with the tools of BusyBox: sh, cat, echo, wget, true. */
export function runInContainer(context: CommandContext, words: readonly string[], spec: PodSpec): Output {
  const [program = '', ...args] = words;
  switch (program) {
    case 'sh':
      return runScript(args[args.indexOf('-c') + 1] ?? '', (each) => runInContainer(context, each, spec));
    case 'cat':
      return cat(context, args[0] ?? '', spec);
    case 'echo':
      return printed(`${args.join(' ')}\n`);
    case 'wget':
      return wget(context, args);
    case 'true':
    case '':
      return printed('');
    default:
      return printed(`exec: "${program}": executable file not found in $PATH\n`, 127);
  }
}

/** BusyBox's wget, which ends with 1 whatever went wrong. Source: BusyBox 1.36, networking/wget.c; SPECS/busybox of Azure Linux. */
function wget({ world, cluster, host }: CommandContext, args: readonly string[]): Output {
  const url = args.find((argument) => /^https?:\/\//.test(argument));
  if (url === undefined) return printed('BusyBox v1.36.1 multi-call binary.\n', 1);
  const { hostname } = new URL(url);
  const place = placeOfPods(world, cluster, host);
  const unreached = place ? hostUnreached(world, place, hostname) : 'no network';
  if (unreached === undefined) return printed('');
  if (unreached.startsWith('lookup ')) return printed(`wget: bad address '${hostname}'\n`, 1);
  const seconds = args.includes('-T') ? Number(args[args.indexOf('-T') + 1]) : 900;
  return printed('wget: download timed out\n', 1, seconds);
}

/** `cat` of the one file that AKS's isolation writes on nodes (Azure/AgentBaker, cse_config.sh, configureContainerdRegistryHost). */
function cat(
  { world, host: { registryServer } }: CommandContext,
  file: string,
  { volumes = [], containers = [] }: PodSpec,
): Output {
  const { azure } = world.settings;
  const mount = containers
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .find(({ mountPath }) => file.startsWith(mountPath));
  const host = volumes.find(({ name }) => name === mount?.name)?.hostPath?.path;
  const path = mount && host !== undefined ? file.replace(mount.mountPath, host) : file;
  if (path !== '/etc/containerd/certs.d/mcr.microsoft.com/hosts.toml' || registryServer === undefined) {
    return printed(`cat: can't open '${file}': No such file or directory\n`, 1);
  }
  const [server = '', prefix] = registryServer.split('/');
  const root = azure.mirrorAddress === 'withSlash' ? `${server}/v2/` : `${server}/v2`;
  const address = prefix === undefined ? root : `${server}/v2/${prefix}`;
  return printed(`[host."https://${address}"]\n  capabilities = ["pull", "resolve"]\n  override_path = true\n`);
}
