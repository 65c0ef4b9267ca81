import { z } from 'zod';
import { type KubernetesNode, nodesOf } from '../nodes.ts';
import { pullFailure } from '../pulls.ts';
import { type Output, printed } from './command.ts';
import type { KubectlCall } from './kubectlCall.ts';

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

/** `kubectl run`: pulls the pod's image on a node and runs its command there. */
export function run(call: KubectlCall): Output {
  const { world, cluster, flags } = call;
  let spec: PodSpec = {};
  try {
    spec = overrides.parse(JSON.parse(flags.overrides ?? '{}')).spec ?? {};
  } catch {
    return printed('error: Invalid JSON Patch\n', 1);
  }
  const [container] = spec.containers ?? [];
  const image = container?.image ?? flags.image ?? '';
  const node = nodesOf(world, cluster.id)
    .filter(({ ready, unschedulable }) => ready && (spec.nodeName !== undefined || !unschedulable))
    .find((each) => isWanted(each, spec));
  const timeout = Number.parseInt(flags['pod-running-timeout'] ?? '60', 10);
  const name = call.names[0] ?? '';
  const failure = node ? pullFailure(world, cluster, node, image) : 'no node matches';
  if (!node || failure !== undefined) {
    const why = `Warning: Failed to pull image "${image}": ${failure}`;
    return printed(`${why}\nerror: timed out waiting for the condition\npod "${name}" deleted\n`, 1, timeout);
  }
  const [program = '', ...args] = container?.command ?? call.rest;
  if (program === 'cat') return cat(args[0] ?? '', spec, node);
  if (program === 'echo') return printed(`${args.join(' ')}\n`);
  return program === 'true' || program === ''
    ? printed('')
    : printed(`exec: "${program}": executable file not found in $PATH\n`, 127);
}

function isWanted({ name, pool }: KubernetesNode, { nodeName, nodeSelector = {} }: PodSpec): boolean {
  const labels: Readonly<Record<string, string>> = {
    'kubernetes.io/hostname': name,
    'kubernetes.azure.com/agentpool': pool,
    agentpool: pool,
  };
  return (nodeName ?? name) === name && Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}

/** `cat` of the one file that AKS's isolation writes on nodes (Azure/AgentBaker, cse_config.sh, configureContainerdRegistryHost). */
function cat(file: string, { volumes = [], containers = [] }: PodSpec, { registryServer }: KubernetesNode): Output {
  const mount = containers
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .find(({ mountPath }) => file.startsWith(mountPath));
  const host = volumes.find(({ name }) => name === mount?.name)?.hostPath?.path;
  const path = mount && host !== undefined ? file.replace(mount.mountPath, host) : file;
  if (path !== '/etc/containerd/certs.d/mcr.microsoft.com/hosts.toml' || registryServer === undefined) {
    return printed(`cat: can't open '${file}': No such file or directory\n`, 1);
  }
  const address = registryServer.replace('/', '/v2/');
  return printed(`[host."https://${address}"]\n  capabilities = ["pull", "resolve"]\n  override_path = true\n`);
}
