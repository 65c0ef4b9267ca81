import { z } from 'zod';
import type { AzureSwitches } from '../../../arm/azureSwitches.ts';
import type { World } from '../../../arm/world.ts';
import { type KubernetesNode, nodesOf, takesPods } from '../nodes.ts';
import { admissionDenial, findPod, type Pod, podsOf, removePod, savePod } from '../pods.ts';
import { pullFailure } from '../pulls.ts';
import type { ClusterBody } from '../shapes.ts';
import { type Output, printed } from './command.ts';
import { type KubectlCall, namespaceOf } from './kubectlCall.ts';

const overrides = z.looseObject({
  spec: z
    .looseObject({
      nodeName: z.string().optional(),
      nodeSelector: z.record(z.string(), z.string()).optional(),
      containers: z
        .array(
          z.looseObject({
            image: z.string().optional(),
            command: z.array(z.string()).optional(),
            volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).optional(),
          }),
        )
        .optional(),
      volumes: z
        .array(z.looseObject({ name: z.string(), hostPath: z.looseObject({ path: z.string() }).optional() }))
        .optional(),
    })
    .optional(),
});
type PodSpec = NonNullable<z.infer<typeof overrides>['spec']>;

/** `kubectl run`: pulls the pod's image on a node and runs its command there. The pod stays, unless `--rm` takes it away. */
export function kubectlRun(call: KubectlCall): Output {
  const { world, cluster, flags, rest } = call;
  let spec: PodSpec = {};
  try {
    spec = overrides.parse(JSON.parse(flags.overrides ?? '{}')).spec ?? {};
  } catch {
    return printed('error: Invalid JSON Patch\n', 1);
  }
  const attached = flags.attach === true || flags.stdin === true;
  if (flags.rm && !attached) return printed('error: --rm should only be used for attached containers\n', 1);
  const [container] = spec.containers ?? [];
  const wanted = {
    namespace: namespaceOf(call),
    name: call.names[0] ?? '',
    image: container?.image ?? flags.image ?? '',
    labels: labelsOf(flags.labels) ?? { run: call.names[0] ?? '' },
    hostPath: (spec.volumes ?? []).some(({ hostPath }) => hostPath),
  };
  const node = nodesOf(world, cluster.id)
    .filter((each) => (spec.nodeName === undefined ? takesPods(each) : each.ready))
    .find((each) => isWanted(each, spec));
  const started = start(call, wanted, node, (on) => execute(world, container?.command ?? rest, spec, on));
  if ('refused' in started) return started.refused;
  const { pod, output } = started;
  if (!attached) return printed(`pod/${pod.name} created\n`);
  const timeout = Number.parseInt(flags['pod-running-timeout'] ?? '60', 10);
  if (flags.rm) removePod(world, cluster.id, pod);
  if (pod.phase !== 'Pending') {
    // The container has ended before kubectl attaches to it.
    const isLost = world.settings.azure.attachedOutput === 'lost';
    return isLost ? { ...output, output: '' } : output;
  }
  const end = flags.rm ? `pod "${pod.name}" deleted\n` : '';
  return printed(`${output.output}error: timed out waiting for the condition\n${end}`, 1, timeout);
}

/**
 * `kubectl debug node/…`: a pod on that node. Nobody takes it away by itself. Source: Kubernetes documentation, "Debugging
 * Kubernetes Nodes With Kubectl".
 */
export function debug(call: KubectlCall): Output {
  const { world, cluster, flags, rest } = call;
  const name = /^nodes?\/(.+)$/.exec(call.names[0] ?? '')?.[1];
  const node = nodesOf(world, cluster.id).find((each) => each.name === name);
  if (name === undefined || !node) return printed(`Error from server (NotFound): nodes "${name ?? ''}" not found\n`, 1);
  const before = podsOf(world, cluster.id).length;
  const wanted = {
    namespace: namespaceOf(call),
    name: `node-debugger-${name}-${before.toString(36).padStart(5, 'x')}`,
    image: flags.image ?? '',
    labels: {},
    hostPath: true,
  };
  const said = `Creating debugging pod ${wanted.name} with container debugger on node ${name}.\n`;
  const started = start(call, wanted, node, (on) => execute(world, rest, {}, on));
  if ('refused' in started) return started.refused;
  const { exitCode, output, seconds } = started.output;
  return printed(`${said}${started.pod.phase === 'Pending' ? '' : output}`, exitCode, seconds);
}

/** Starts a pod. One whose node is not heard of, or cannot pull its image, waits. */
function start(
  { world, cluster }: KubectlCall,
  wanted: Omit<Pod, 'node' | 'phase' | 'logs' | 'createdAt'>,
  node: KubernetesNode | undefined,
  command: (node: KubernetesNode) => Output,
): { refused: Output } | { pod: Pod; output: Output } {
  if (findPod(world, cluster.id, wanted))
    return { refused: printed(`Error from server (AlreadyExists): pods "${wanted.name}" already exists\n`, 1) };
  const denial = admissionDenial(world, cluster.id, wanted);
  if (denial !== undefined) return { refused: printed(`Error from server (Forbidden): ${denial}\n`, 1) };
  const output = outputOn(world, cluster, node, wanted.image, command);
  const phase = output.waits ? 'Pending' : output.exitCode === 0 ? 'Succeeded' : 'Failed';
  const logs = output.waits ? '' : output.output;
  const createdAt = world.clock.now().toISOString();
  const pod: Pod = { ...wanted, phase, logs, createdAt, ...(node && { node: node.name }) };
  savePod(world, cluster.id, pod);
  return { pod, output };
}

function outputOn(
  world: World,
  cluster: ClusterBody,
  node: KubernetesNode | undefined,
  image: string,
  command: (node: KubernetesNode) => Output,
): Output & { readonly waits: boolean } {
  if (!node?.isHeard) return { ...printed('', 1), waits: true };
  const failure = node.isWindows
    ? 'no matching manifest for windows/amd64 in the manifest list entries'
    : pullFailure(world, cluster, node, image);
  if (failure === undefined) return { ...command(node), waits: false };
  return { ...printed(`Warning: Failed to pull image "${image}": ${failure}\n`, 1), waits: true };
}

function execute(
  { settings }: World,
  [program = '', ...args]: readonly string[],
  spec: PodSpec,
  node: KubernetesNode,
): Output {
  if (program === 'cat') return cat(args[0] ?? '', spec, node, settings.azure);
  if (program === 'echo') return printed(`${args.join(' ')}\n`);
  return program === 'true' || program === ''
    ? printed('')
    : printed(`exec: "${program}": executable file not found in $PATH\n`, 127);
}

/** Labels such as `a=b,c=d`. */
const labelsOf = (text: string | undefined): Record<string, string> | undefined =>
  text === undefined
    ? undefined
    : Object.fromEntries(
        text.split(',').map((pair) => {
          const [key = '', value = ''] = pair.split('=');
          return [key, value];
        }),
      );

function isWanted({ name, pool }: KubernetesNode, { nodeName, nodeSelector = {} }: PodSpec): boolean {
  const labels: Readonly<Record<string, string>> = {
    'kubernetes.io/hostname': name,
    'kubernetes.azure.com/agentpool': pool,
    agentpool: pool,
  };
  return (nodeName ?? name) === name && Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}

/** `cat` of the one file that AKS's isolation writes on nodes (Azure/AgentBaker, cse_config.sh, configureContainerdRegistryHost). */
function cat(
  file: string,
  { volumes = [], containers = [] }: PodSpec,
  { registryServer }: KubernetesNode,
  azure: AzureSwitches,
): Output {
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
